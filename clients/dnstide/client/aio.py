"""The asyncio client: the same as `blocking`, awaited."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable
from types import TracebackType
from typing import Any, Self, Unpack

import grpc
import grpc.aio
from dnstide.api.v1 import analysis_pb2_grpc, info_pb2, service_pb2_grpc, top_pb2_grpc

from . import calls, channel, timeouts
from .address import check_address
from .analyses import AnalysisSettings, Findings
from .analysis_calls import analysis_request, findings
from .catalog import Catalog, ServerInfo
from .channel import Tls
from .errors import DeadlineExceeded, DnstideError, ServerNotReady, ServerUnreachable
from .question import QuestionOptions, make_question
from .ranking_calls import TopProgressHook, TopReader, top_request
from .ranking_question import TopOptions, make_top_question
from .rankings import Top
from .results import Volume
from .status import error_from_rpc, told_version
from .timeouts import DEFAULT, DEFAULT_TIMEOUT, Timeout
from .version import check_version

_kept: list[bool] = []


def _keep_poller() -> None:
    """Hold gRPC's poller for the life of the process.

    It ends with the last object that uses it, and in ending races with its own thread (grpc/grpc 43364), so
    that a process which makes one client after another can crash.
    """
    if not _kept:
        grpc.aio.init_grpc_aio()
        _kept.append(True)


class AsyncClient:
    """As `Client`, for one event loop: make it and use it there. Cancelling a task cancels its call.

    >>> async with AsyncClient("localhost:50051") as client:
    ...     answers = await asyncio.gather(*(client.volume(name) for name in names))
    """

    def __init__(
        self,
        server: str,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        tls: Tls | None = None,
    ) -> None:
        self.server = check_address(server)
        _keep_poller()
        self._timeout = timeouts.seconds(timeout, None)
        if tls is None:
            self._channel = grpc.aio.insecure_channel(server, options=channel.options())
        else:
            self._channel = grpc.aio.secure_channel(server, tls.credentials(), options=channel.options())
        self._stub = service_pb2_grpc.DnstideServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._analyses = analysis_pb2_grpc.AnalysisServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._rankings = top_pb2_grpc.RankingServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def volume(
        self,
        names: str | Iterable[str],
        *,
        timeout: Timeout = DEFAULT,
        progress: calls.ProgressHook | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Volume:
        """As `Client.volume`."""
        question = make_question(names, options)
        reader = calls.VolumeReader(question, progress)
        request = calls.volume_request(question)
        call = self._stub.QueryVolume(request, timeout=self._seconds(timeout))
        async with contextlib.aclosing(self._messages(call)) as messages:
            async for message in messages:
                reader.feed(message)
        return reader.finish()

    async def analyze(
        self,
        analysis: str,
        names: str | Iterable[str],
        *,
        timeout: Timeout = DEFAULT,
        settings: AnalysisSettings | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Findings:
        """As `Client.analyze`."""
        request = analysis_request(make_question(names, options), analysis, settings)
        return findings(analysis, await self._unary(self._analyses.AnalyzeVolume, request, timeout))

    async def top(
        self,
        limit: int = 10,
        *,
        timeout: Timeout = DEFAULT,
        progress: TopProgressHook | None = None,
        **options: Unpack[TopOptions],
    ) -> Top:
        """As `Client.top`."""
        reader = TopReader(progress)
        request = top_request(make_top_question(limit, options))
        call = self._rankings.RankNames(request, timeout=self._seconds(timeout))
        async with contextlib.aclosing(self._messages(call)) as messages:
            async for message in messages:
                reader.feed(message)
        return reader.finish()

    async def tables(self, dataset: str | None = None, *, timeout: Timeout = DEFAULT) -> Catalog:
        """As `Client.tables`."""
        pages = [await self._unary(self._stub.ListTables, calls.tables_request(dataset, ""), timeout)]
        while token := pages[-1].next_page_token:
            request = calls.tables_request(dataset, token)
            pages.append(await self._unary(self._stub.ListTables, request, timeout))
        return calls.catalog(pages)

    async def info(self, *, timeout: Timeout = DEFAULT) -> ServerInfo:
        """As `Client.info`."""
        request = info_pb2.GetServerInfoRequest()
        return calls.server_info(await self._unary(self._stub.GetServerInfo, request, timeout))

    async def wait_until_ready(self, seconds: float) -> ServerInfo:
        """As `Client.wait_until_ready`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        error: DnstideError = ServerUnreachable(f"no server answers at {self.server} within {seconds:g} s")
        while True:
            try:
                info = await self.info(timeout=min(max(end - loop.time(), 0.5), DEFAULT_TIMEOUT))
                if info.ready:
                    return info
                error = ServerNotReady(f"server {self.server} is not ready after {seconds:g} s")
            except (ServerUnreachable, ServerNotReady) as refused:
                error = refused
            except DeadlineExceeded:
                pass  # the attempt was cut short; what the one before met says more
            if loop.time() >= end:
                raise error
            await asyncio.sleep(min(0.2, max(0.0, end - loop.time())))

    async def close(self) -> None:
        """Give up the channel and what is still under way on it."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _unary(self, method: Callable[..., Any], request: Any, timeout: Timeout) -> Any:
        call = method(request, timeout=self._seconds(timeout))
        try:
            answer = await call
            metadata = await call.trailing_metadata()
        except grpc.aio.AioRpcError as error:
            raise error_from_rpc(error, self.server) from None
        check_version(self.server, told_version(metadata))
        return answer

    async def _messages(self, call: Any) -> AsyncGenerator[Any]:
        """The messages of a stream; the server stops working when the reader goes away."""
        fresh = True
        try:
            async for message in call:
                if fresh:
                    fresh = False
                    # An answer of one message brings its version at the end, which is there by now.
                    version = told_version(await call.initial_metadata()) or told_version(
                        await call.trailing_metadata()
                    )
                    check_version(self.server, version)
                yield message
        except grpc.aio.AioRpcError as error:
            raise error_from_rpc(error, self.server) from None
        finally:
            call.cancel()

    def _seconds(self, timeout: Timeout) -> float | None:
        return timeouts.seconds(timeout, self._timeout)
