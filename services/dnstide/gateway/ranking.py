"""The RPC of RankingService: the engine's steps, each put to the shards that own the tables."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from dnstide.api.v1 import top_pb2, top_pb2_grpc
from dnstide.engine.top.answer import TopAnswer
from dnstide.engine.top.question import TopQuestion
from dnstide.engine.top.run import Fresh, ShardsAsk, TopSteps, plan_spans, top_steps
from dnstide.gateway.handles import ShardGoneError, ShardHandle
from dnstide.gateway.pool import Pool
from dnstide.gateway.ranking_messages import progress_message, top_messages, top_question
from dnstide.gateway.service import Context, DnstideService, Write, abort, all_but_last
from dnstide.mtbl import Cancelled, CountOverflow, DeadlinePassed
from dnstide.shard import SHARD_UNREACHABLE, Failure, ShardError
from dnstide.shard.partial import CANCELLED, COUNT_OVERFLOW, DEADLINE_PASSED
from dnstide.shard.ranking.requests import RankReply, RankScope

SUMMARIES_AT_ONCE = 16  # between two signs of progress
MARGIN = 0.05  # seconds by which shards stop before the call does, so that the reason arrives

_IDS = itertools.count()
_STOPS: dict[str, type[Exception]] = {
    CANCELLED: Cancelled,
    DEADLINE_PASSED: DeadlinePassed,
    COUNT_OVERFLOW: CountOverflow,
}


class RankingService(top_pb2_grpc.RankingServiceServicer):
    """Stands beside the service that answers questions about volume, and shares its limits."""

    def __init__(self, volume: DnstideService, pool: Pool, refresh: Callable[[], Awaitable[bool]]) -> None:
        self._volume = volume
        self._pool = pool
        self._refresh = refresh

    async def RankNames(  # noqa: N802
        self, request: top_pb2.RankNamesRequest, context: Context
    ) -> bytes:
        """See top.proto. Writes every message but the last, and returns that one, serialized."""
        self._volume.introduce(context)
        write = self._volume.early(context)
        try:
            with self._volume.admission:
                loop = asyncio.get_running_loop()
                # A long list of exclusions takes a while to read.
                question = await loop.run_in_executor(None, top_question, request)
                asking = _Asking(self._pool, loop.time() + self._volume.granted(context) - MARGIN)
                await self._summarize(question, asking, write)
                answer = await self._answer(question, asking)
                messages = await loop.run_in_executor(None, _listed, answer, request.explain)
                return await all_but_last(messages, write)
        except Exception as error:
            await abort(context, error)
            raise

    async def _answer(self, question: TopQuestion, asking: _Asking) -> TopAnswer:
        loop = asyncio.get_running_loop()
        steps = top_steps(self._pool.catalog, question)
        reply: Any = None
        while True:
            # The arithmetic of a long ranking would hold up the loop that serves all calls.
            ask = await loop.run_in_executor(None, _step, steps, reply)
            if isinstance(ask, TopAnswer):
                return ask
            if isinstance(ask, Fresh):
                await self._refresh()
                reply = self._pool.catalog
            else:
                reply = await asking.ask(ask)

    async def _summarize(self, question: TopQuestion, asking: _Asking, write: Write) -> None:
        """Makes the summaries that are missing, a few at a time; a table that fails, fails the ranking
        later.
        """
        tables = {name for plan in plan_spans(self._pool.catalog, question) for name in plan.tables}
        # Tables do not change under their catalog: what was found whole is not looked at again.
        known = self._pool.catalog.plans.setdefault("summarized", set())
        assert isinstance(known, set)
        tables -= known
        if len(tables) < 2:
            return
        left = wanted = len(tables)
        first = True
        while left:
            before, left = (
                left,
                await asking.summarize(tables, 0 if first else SUMMARIES_AT_ONCE, question.scope),
            )
            if first:
                wanted, first = left, False
            elif left >= before:
                break  # what is left cannot be read
            if left or wanted:
                await write(progress_message(wanted, wanted - left))
        if question.scope.under is None:  # else some may have been as well off without
            known |= tables


class _Asking:
    """Puts asks to the shards, side by side, until a time of the event loop."""

    def __init__(self, pool: Pool, give_up: float) -> None:
        self._pool = pool
        self._give_up = give_up
        self._farewells: set[asyncio.Future[None]] = set()

    async def ask(self, ask: ShardsAsk) -> list[RankReply]:
        """One reply for each shard asked. What no shard can read comes as failures."""
        parts, stranded = self._divide(ask.tables, {})
        replies = await asyncio.gather(
            *(self._part(ask, shard, own, {shard}) for shard, own in parts.items())
        )
        found = [reply for some in replies for reply in some]
        return found + ([self._lost(stranded)] if stranded else [])

    async def summarize(self, tables: set[str], most: int, scope: RankScope) -> int:
        """Has up to `most` of the summaries that the ranking needs made by each shard; how many lack then."""
        parts, _ = self._divide(sorted(tables), {})

        async def one(shard: str, own: list[str]) -> int:
            try:
                return int(await self._within(self._handle(shard).summarize(own, most, scope)))
            except ShardGoneError as error:
                self._pool.lost(error.shard, self._pool.members[error.shard].handle)
                return 0

        return sum(await asyncio.gather(*(one(shard, own) for shard, own in parts.items())))

    async def _part(self, ask: ShardsAsk, shard: str, tables: list[str], tried: set[str]) -> list[RankReply]:
        """The reply of one shard; of others for its tables, where it is gone."""
        handle = self._handle(shard)
        question_id = f"rank-{os.getpid()}-{next(_IDS)}"
        left = self._give_up - asyncio.get_running_loop().time()
        question = ask.share(tables, question_id, max(left, 0.0))
        try:
            reply = await self._within(handle.rank(question))
        except ShardGoneError as error:
            self._pool.lost(error.shard, self._pool.members[error.shard].handle)
            parts, stranded = self._divide(tables, dict.fromkeys(tables, tried))
            replies = [await self._part(ask, s, own, tried | {s}) for s, own in parts.items()]
            found = [one for some in replies for one in some]
            return found + ([self._lost(stranded)] if stranded else [])
        except BaseException:
            # Nobody waits any more; the shard need not go on. It may be gone itself.
            farewell = asyncio.ensure_future(_quietly(handle.cancel([question_id])))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
            raise
        if isinstance(reply, ShardError):
            raise _STOPS[reply.code](reply.reason)
        return [reply]

    async def _within(self, work: Awaitable[Any]) -> Any:
        left = self._give_up - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(work, max(left, 0.0) + MARGIN)
        except TimeoutError:
            raise DeadlinePassed("no whole answer before the deadline") from None

    def _divide(
        self, tables: Sequence[str], tried: dict[str, set[str]]
    ) -> tuple[dict[str, list[str]], list[str]]:
        parts: dict[str, list[str]] = {}
        stranded: list[str] = []
        for table in tables:
            shard = self._pool.choose(table, tried.get(table, ()))
            if shard is None:
                stranded.append(table)
            else:
                parts.setdefault(shard, []).append(table)
        return parts, stranded

    def _handle(self, shard: str) -> ShardHandle:
        handle = self._pool.members[shard].handle
        if handle is None:
            raise ShardGoneError(shard, "it never came up")
        return handle

    def _lost(self, tables: Sequence[str]) -> RankReply:
        reason = "no shard that can read it is alive"
        failures = tuple(Failure(t, SHARD_UNREACHABLE, reason, retryable=True) for t in tables)
        return RankReply(None, failures)


def _step(steps: TopSteps, reply: Any) -> ShardsAsk | Fresh | TopAnswer:
    """What comes next; a future could not carry the exception that ends a generator."""
    try:
        return steps.send(reply)
    except StopIteration as done:
        answer: TopAnswer = done.value
        return answer


def _listed(answer: TopAnswer, explain: bool) -> list[top_pb2.RankNamesResponse]:
    messages: Iterator[top_pb2.RankNamesResponse] = top_messages(answer, explain)
    return list(messages)


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:
        return
