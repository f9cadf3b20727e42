"""The RPCs of the service: from messages to questions, and from answers to messages.

Requests come and answers leave as bytes: what cannot be decoded is then refused within the frame of its call,
as any other mistake, and streams end as `handlers` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import grpc
from dnstide.api.v1 import analysis_pb2, info_pb2, service_pb2, tables_pb2, top_pb2, volume_pb2
from dnstide.codec.analysis import analysis_question, findings_message
from dnstide.codec.catalog import MAX_PAGE_SIZE, PAGE_SIZE, server_info_message, tables_response
from dnstide.codec.top import top_messages, top_progress, top_question
from dnstide.codec.volume import volume_messages, volume_progress, volume_question
from dnstide.engine.top.query import TopQuery
from dnstide.gateway.admission import Admission
from dnstide.gateway.answering import MANY_NAMES, Answering
from dnstide.gateway.config import Settings
from dnstide.gateway.pool import Pool
from dnstide.gateway.rpc import Call, Context, Rpc
from dnstide.model.catalog import ServerInfo, ServerLimits
from dnstide.model.errors import InvalidQuestion
from dnstide.model.top import Top
from dnstide.model.vocabulary import MAX_BUCKETS
from dnstide.model.volume import Summary
from google.protobuf.message import DecodeError, Message

T = TypeVar("T")


M = TypeVar("M", bound=Message)

METHODS = service_pb2.DESCRIPTOR.services_by_name["Dnstide"].methods


class DnstideService:
    """Serves the shards of a pool. See service.proto."""

    def __init__(
        self,
        rpc: Rpc,
        answering: Answering,
        pool: Pool,
        admission: Admission,
        settings: Settings,
        version: str,
    ) -> None:
        self._rpc = rpc
        self._answering = answering
        self._pool = pool
        self._admission = admission
        self._settings = settings
        self._version = version
        self._started = datetime.now(UTC)

    def handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        """The handler of each method of the contract, by its name.

        A method that streams is handled as if it answered with one message: then the last message, the
        metadata and the status leave in one batch. The generated handler sends three, which is a third of
        what a small question costs. On the wire both are the same stream.
        """
        return {
            method.name: grpc.unary_unary_rpc_method_handler(getattr(self, method.name)) for method in METHODS
        }

    async def QueryVolume(self, data: bytes, context: Context) -> bytes:  # noqa: N802
        """Write every message but the last, and return that one."""
        return await self._rpc.run("volume", context, partial(self._volume, data), counted=True)

    async def RankNames(self, data: bytes, context: Context) -> bytes:  # noqa: N802
        """Write every message but the last, and return that one."""
        return await self._rpc.run("top", context, partial(self._top, data), counted=True)

    async def AnalyzeVolume(self, data: bytes, context: Context) -> bytes:  # noqa: N802
        return await self._rpc.run("analysis", context, partial(self._analysis, data), counted=True)

    async def ListTables(self, data: bytes, context: Context) -> bytes:  # noqa: N802
        return await self._rpc.run("tables", context, partial(self._tables, data))

    async def GetServerInfo(self, data: bytes, context: Context) -> bytes:  # noqa: N802
        return await self._rpc.run("info", context, partial(self._info, data))

    async def _volume(self, data: bytes, call: Call) -> bytes:
        request = call.request = decoded(volume_pb2.QueryVolumeRequest, data)
        call.names = len(request.names)
        question = await self._read(volume_question, request, len(request.names))
        volume = await self._answering.volume(
            question, call.seconds, lambda progress: call.write(volume_progress(progress))
        )
        _note(call, volume.summary)
        return await call.all_but_last(volume_messages(volume))

    async def _top(self, data: bytes, call: Call) -> bytes:
        request = call.request = decoded(top_pb2.RankNamesRequest, data)
        loop = asyncio.get_running_loop()
        # A long list of exclusions takes a while to read.
        question = await loop.run_in_executor(None, top_question, request, TopQuery.parse)
        top = await self._answering.top(
            question, call.seconds, lambda progress: call.write(top_progress(progress))
        )
        call.tables_asked, call.tables_answered = top.summary.tables_asked, top.summary.tables_answered
        call.rows_skipped = top.summary.rows_skipped
        return await call.all_but_last(await loop.run_in_executor(None, _top_messages, top))

    async def _analysis(self, data: bytes, call: Call) -> bytes:
        request = call.request = decoded(analysis_pb2.AnalyzeVolumeRequest, data)
        call.names = len(request.question.names)
        question = await self._read(analysis_question, request, len(request.question.names))
        findings = await self._answering.analysis(question, call.seconds)
        _note(call, findings.summary)
        return encoded(findings_message(findings))

    async def _tables(self, data: bytes, call: Call) -> bytes:
        request = call.request = decoded(tables_pb2.ListTablesRequest, data)
        self._admission.check_ready()
        if request.page_size < 0:
            raise InvalidQuestion.of("page_size", request.page_size, "give 0 or the number of tables wanted")
        page_size = min(request.page_size or PAGE_SIZE, MAX_PAGE_SIZE)
        page = self._answering.tables_page(request.dataset, page_size, request.page_token)
        response = tables_response(
            page.tables,
            version=page.catalog_version,
            total_count=page.total_count,
            ignored=page.ignored,
            next_page_token=page.next_page_token,
            unlisted=page.unlisted,
        )
        return encoded(response)

    async def _info(self, data: bytes, call: Call) -> bytes:
        call.request = decoded(info_pb2.GetServerInfoRequest, data)
        pool, settings, draining = self._pool, self._settings, self._admission.draining
        tables, problem = pool.count_tables(), pool.problem
        if draining:
            problem = "the server is shutting down"
        info = ServerInfo(
            version=self._version,
            ready=not problem,
            draining=draining,
            started=self._started,
            shards=tuple(member.info(len(pool.owned(name))) for name, member in sorted(pool.members.items())),
            tables_total=len(pool.catalog.tables),
            tables_damaged=tables.damaged,
            tables_unreachable=tables.unreachable,
            catalog_version=pool.catalog.version,
            limits=ServerLimits(
                settings.max_names,
                MAX_BUCKETS,
                settings.max_inflight,
                settings.default_deadline,
                settings.max_deadline,
            ),
            problem=problem,
        )
        return encoded(server_info_message(info))

    async def _read(
        self, read: Callable[[Any, Callable[[Any], object]], T], request: Message, names: int
    ) -> T:
        """The question of a request, read in a thread where it has many names."""
        if names > MANY_NAMES:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, read, request, self._answering.parse_volume)
        return read(request, self._answering.parse_volume)


def decoded(kind: type[M], data: bytes) -> M:
    """The message that the bytes of a request hold. Raises InvalidQuestion where they hold none."""
    try:
        message: M = kind.FromString(data)
    except DecodeError:
        reason = f"the {len(data):,} bytes are no {kind.DESCRIPTOR.full_name}"
        raise InvalidQuestion([("request", reason)]) from None
    return message


def encoded(message: Message) -> bytes:
    """The bytes of a message."""
    data: bytes = message.SerializeToString()
    return data


def _note(call: Call, summary: Summary) -> None:
    """Keep what the log and the metrics tell of an answer."""
    call.tables_asked, call.tables_answered = summary.tables_asked, summary.tables_answered
    call.rows, call.blocks = summary.rows_read, summary.blocks_read
    call.rows_skipped = summary.rows_skipped


def _top_messages(top: Top) -> list[top_pb2.RankNamesResponse]:
    return list(top_messages(top))
