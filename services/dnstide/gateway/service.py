"""The RPCs of DnstideService: check, plan, ask, merge, send."""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter, time
from typing import TypeAlias

import grpc
from dnstide.api.v1 import info_pb2, service_pb2_grpc, tables_pb2, volume_pb2
from dnstide.engine import (
    FailurePolicy,
    InvalidQuestion,
    TableInfo,
    Timings,
    VolumeAnswer,
    VolumeQuestion,
    parse_table_name,
)
from dnstide.engine.volume.execution import Looks
from dnstide.gateway.admission import Admission
from dnstide.gateway.config import Settings
from dnstide.gateway.convert import volume_question
from dnstide.gateway.describe import ignored_message, server_info, table_message
from dnstide.gateway.fanout import Fanout
from dnstide.gateway.messages import progress_message, volume_messages
from dnstide.gateway.pool import Pool
from dnstide.gateway.status import DETAILS_KEY, INTERNAL, rich_status, status_of
from dnstide.mtbl import DeadlinePassed
from dnstide.shard import Partial
from google.protobuf.message import Message

log = logging.getLogger(__name__)

VERSION_KEY = "dnstide-version"
PROGRESS_SECONDS = 0.1
PAGE_SIZE, MAX_PAGE_SIZE = 1000, 5000
# A partial answer is sent a little before the deadline, so that it arrives within it.
PARTIAL_MARGIN, MAX_PARTIAL_MARGIN = 0.1, 0.25
# From here on the work is done in a thread, since it would hold up the other questions of the event loop.
MANY_NAMES = 200

Context: TypeAlias = grpc.aio.ServicerContext
Refresh = Callable[[], Awaitable[bool]]
# Sends a message ahead of the last one.
Write = Callable[[Message], Awaitable[None]]
# Tables asked, answered and failed, and shards that are still at work.
Tell = Callable[[int, int, int, int], Awaitable[None]]


class DnstideService(service_pb2_grpc.DnstideServiceServicer):
    """Serves the shards of a pool. refresh looks at the directories again when tables vanish or break."""

    def __init__(self, pool: Pool, refresh: Refresh, settings: Settings, version: str) -> None:
        self._pool = pool
        self._refresh = refresh
        self._settings = settings
        self._version = version
        self._metadata = ((VERSION_KEY, version),)
        self._started = time()
        self.admission = Admission(pool, settings.max_inflight)

    async def QueryVolume(  # noqa: N802
        self, request: volume_pb2.QueryVolumeRequest, context: Context
    ) -> bytes:
        """See service.proto. Writes every message but the last, and returns that one, serialized."""
        self.introduce(context)
        try:
            with self.admission:
                return await self._volume(request, context)
        except Exception as error:
            await abort(context, error)
            raise

    async def ListTables(  # noqa: N802
        self, request: tables_pb2.ListTablesRequest, context: Context
    ) -> tables_pb2.ListTablesResponse:
        """See service.proto."""
        self.introduce(context)
        try:
            self.admission.check_ready()
            return self._tables(request)
        except Exception as error:
            await abort(context, error)
            raise

    async def GetServerInfo(  # noqa: N802
        self, request: info_pb2.GetServerInfoRequest, context: Context
    ) -> info_pb2.GetServerInfoResponse:
        """See service.proto."""
        self.introduce(context)
        return server_info(self._pool, self._settings, self._version, self._started, self.admission.draining)

    def introduce(self, context: Context) -> None:
        """Tells the version at the end of the call. Headers sent ahead would cost a batch of their own, and
        end gRPC's retries of a call that is refused as UNAVAILABLE.
        """
        context.set_trailing_metadata(self._metadata)

    def early(self, context: Context) -> Write:
        """What writes the messages before the last one; the version goes ahead of the first of them."""
        introduced = False

        async def write(message: Message) -> None:
            nonlocal introduced
            if not introduced:
                introduced = True
                await context.send_initial_metadata(self._metadata)
            await context.write(message.SerializeToString())

        return write

    async def _volume(self, request: volume_pb2.QueryVolumeRequest, context: Context) -> bytes:
        write = self.early(context)

        async def tell(asked: int, answered: int, failed: int, pending: int) -> None:
            await write(progress_message(asked, answered, failed, pending))

        answer = await self.answer(await self.question(request), context, tell)
        return await all_but_last(volume_messages(answer, request.explain), write)

    async def question(self, request: volume_pb2.QueryVolumeRequest) -> VolumeQuestion:
        """The question that a request asks. Raises BadRequestError."""
        max_names = self._settings.max_names
        if len(request.names) > MANY_NAMES:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, volume_question, request, max_names)
        return volume_question(request, max_names)

    async def answer(self, question: VolumeQuestion, context: Context, tell: Tell | None) -> VolumeAnswer:
        """The whole answer within the time that the call has; `tell` hears of progress."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        granted = self.granted(context)
        margin = 0.0
        if question.policy is FailurePolicy.PARTIAL:
            margin = min(granted * PARTIAL_MARGIN, MAX_PARTIAL_MARGIN)
        clock = _Clock()
        looks = Looks(self._pool.catalog, question)
        clock.plan += clock.lap()
        fanout = Fanout(self._pool, question.queries(), question.split_by_rrtype, began + granted - margin)
        await self._ask(looks, fanout, clock, tell)
        if question.policy is FailurePolicy.FAIL and loop.time() >= began + granted:
            raise DeadlinePassed(f"no whole answer within {granted:.3g} s")
        if len(question.targets) > MANY_NAMES:
            return await loop.run_in_executor(None, looks.finish, clock.timings())
        return looks.finish(clock.timings())

    async def _ask(self, looks: Looks, fanout: Fanout, clock: _Clock, tell: Tell | None) -> None:
        """Asks until every table of the plan has answered or failed for good."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while looks.todo:
            async for event in fanout.events(looks.shard_plan):
                pending = 0
                if isinstance(event, Partial):
                    looks.add(event)
                else:
                    pending = event.shards
                if tell is not None and loop.time() - last >= PROGRESS_SECONDS:
                    last = loop.time()
                    await tell(looks.plan.asked, looks.answered, len(looks.failed), pending)
            clock.look += clock.lap()
            if not looks.may_replan or fanout.gave_up:
                break
            await self._refresh()
            looks.replan(self._pool.catalog)
            clock.plan += clock.lap()

    def granted(self, context: Context) -> float:
        """Seconds that the call may take."""
        left = context.time_remaining()
        wanted = self._settings.default_deadline if left is None else float(left)
        return min(wanted, self._settings.max_deadline)

    def _tables(self, request: tables_pb2.ListTablesRequest) -> tables_pb2.ListTablesResponse:
        if request.page_size < 0:
            raise InvalidQuestion("page_size", request.page_size, "give 0 or the number of tables wanted")
        if request.dataset not in ("", "dns", "dnssec"):
            raise InvalidQuestion("dataset", request.dataset, "take dns, dnssec or nothing")
        size = min(request.page_size or PAGE_SIZE, MAX_PAGE_SIZE)
        catalog, placement = self._pool.catalog, self._pool.placement
        tables = [t for t in catalog.tables if request.dataset in ("", t.dataset)]
        first = 0
        if request.page_token:
            # The token is the last table sent, so pages fit together although tables come and go.
            last = parse_table_name(request.page_token)
            if isinstance(last, str):
                raise InvalidQuestion("page_token", request.page_token, "not a token of this server")
            first = bisect_right(tables, _order(last), key=_order)
        page = tables[first : first + size]
        response = tables_pb2.ListTablesResponse(
            tables=[table_message(table, placement.get(table.name, ())) for table in page],
            catalog_version=catalog.version,
            total_count=len(tables),
        )
        if first + size < len(tables):
            response.next_page_token = page[-1].name
        if not request.page_token:
            response.ignored.extend(ignored_message(name, reason) for name, reason in catalog.ignored[:1000])
        return response


class _Clock:
    """Seconds of each phase, in the clock that counts them finely: the loop's own counts milliseconds."""

    def __init__(self) -> None:
        self.plan = self.look = 0.0
        self._began = perf_counter()

    def lap(self) -> float:
        """Seconds since the last lap."""
        began, self._began = self._began, perf_counter()
        return self._began - began

    def timings(self) -> Timings:
        return Timings(plan=self.plan, look=self.look)


def _order(table: TableInfo) -> tuple[str, int, int, str]:
    return table.dataset, table.start, -table.granularity.rank, table.name


async def all_but_last(messages: Iterable[Message], write: Write) -> bytes:
    """Writes the messages, at least one, as they are made, but the last: that one it returns, serialized."""
    last: Message | None = None
    for message in messages:
        if last is not None:
            await write(last)
        last = message
    assert last is not None
    data: bytes = last.SerializeToString()
    return data


async def abort(context: Context, error: Exception) -> None:
    """Ends the call with the status of the error. Never returns."""
    if status_of(error) is INTERNAL:
        log.error("a question failed", exc_info=error)
    rich = rich_status(error)
    code = status_of(error).code
    details = (DETAILS_KEY, rich.SerializeToString())
    await context.abort(code, rich.message, (*context.trailing_metadata(), details))
