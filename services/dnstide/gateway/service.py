"""The RPCs of the service: from messages to questions, and from answers to messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from dnstide.api.v1 import analysis_pb2, info_pb2, service_pb2_grpc, tables_pb2, top_pb2, volume_pb2
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
from google.protobuf.message import Message

T = TypeVar("T")


class DnstideService(service_pb2_grpc.DnstideServicer):
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

    async def QueryVolume(  # noqa: N802
        self, request: volume_pb2.QueryVolumeRequest, context: Context
    ) -> bytes:
        """Write every message but the last, and return that one, serialized."""
        return await self._rpc.run("volume", context, partial(self._volume, request), counted=True)

    async def RankNames(  # noqa: N802
        self, request: top_pb2.RankNamesRequest, context: Context
    ) -> bytes:
        """Write every message but the last, and return that one, serialized."""
        return await self._rpc.run("top", context, partial(self._top, request), counted=True)

    async def AnalyzeVolume(  # noqa: N802
        self, request: analysis_pb2.AnalyzeVolumeRequest, context: Context
    ) -> analysis_pb2.AnalyzeVolumeResponse:
        return await self._rpc.run("analysis", context, partial(self._analysis, request), counted=True)

    async def ListTables(  # noqa: N802
        self, request: tables_pb2.ListTablesRequest, context: Context
    ) -> tables_pb2.ListTablesResponse:
        return await self._rpc.run("tables", context, partial(self._tables, request))

    async def GetServerInfo(  # noqa: N802
        self, request: info_pb2.GetServerInfoRequest, context: Context
    ) -> info_pb2.GetServerInfoResponse:
        return await self._rpc.run("info", context, self._info)

    async def _volume(self, request: volume_pb2.QueryVolumeRequest, call: Call) -> bytes:
        call.names = len(request.names)
        question = await self._read(volume_question, request, len(request.names))
        volume = await self._answering.volume(
            question, call.seconds, lambda progress: call.write(volume_progress(progress))
        )
        _note(call, volume.summary)
        return await call.all_but_last(volume_messages(volume))

    async def _top(self, request: top_pb2.RankNamesRequest, call: Call) -> bytes:
        loop = asyncio.get_running_loop()
        # A long list of exclusions takes a while to read.
        question = await loop.run_in_executor(None, top_question, request, TopQuery.parse)
        top = await self._answering.top(
            question, call.seconds, lambda progress: call.write(top_progress(progress))
        )
        call.tables_asked, call.tables_answered = top.summary.tables_asked, top.summary.tables_answered
        return await call.all_but_last(await loop.run_in_executor(None, _top_messages, top))

    async def _analysis(
        self, request: analysis_pb2.AnalyzeVolumeRequest, call: Call
    ) -> analysis_pb2.AnalyzeVolumeResponse:
        call.names = len(request.question.names)
        question = await self._read(analysis_question, request, len(request.question.names))
        findings = await self._answering.analysis(question, call.seconds)
        _note(call, findings.summary)
        return findings_message(findings)

    async def _tables(
        self, request: tables_pb2.ListTablesRequest, call: Call
    ) -> tables_pb2.ListTablesResponse:
        self._admission.check_ready()
        if request.page_size < 0:
            raise InvalidQuestion.of("page_size", request.page_size, "give 0 or the number of tables wanted")
        page_size = min(request.page_size or PAGE_SIZE, MAX_PAGE_SIZE)
        page = self._answering.tables_page(request.dataset, page_size, request.page_token)
        return tables_response(
            page.tables,
            version=page.catalog_version,
            total_count=page.total_count,
            ignored=page.ignored,
            next_page_token=page.next_page_token,
        )

    async def _info(self, call: Call) -> info_pb2.GetServerInfoResponse:
        pool, settings, draining = self._pool, self._settings, self._admission.draining
        tables = pool.catalog.tables
        info = ServerInfo(
            version=self._version,
            ready=pool.serving and not draining,
            draining=draining,
            started=self._started,
            shards=tuple(member.info(len(pool.owned(name))) for name, member in sorted(pool.members.items())),
            tables_total=len(tables),
            tables_damaged=sum(table.problem is not None for table in tables),
            catalog_version=pool.catalog.version,
            limits=ServerLimits(
                settings.max_names,
                MAX_BUCKETS,
                settings.max_inflight,
                settings.default_deadline,
                settings.max_deadline,
            ),
        )
        return server_info_message(info)

    async def _read(
        self, read: Callable[[Any, Callable[[Any], object]], T], request: Message, names: int
    ) -> T:
        """The question of a request, read in a thread where it has many names."""
        if names > MANY_NAMES:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, read, request, self._answering.parse_volume)
        return read(request, self._answering.parse_volume)


def _note(call: Call, summary: Summary) -> None:
    """Keep what the log and the metrics tell of an answer."""
    call.tables_asked, call.tables_answered = summary.tables_asked, summary.tables_answered
    call.rows, call.blocks = summary.rows_read, summary.blocks_read


def _top_messages(top: Top) -> list[top_pb2.RankNamesResponse]:
    return list(top_messages(top))
