"""The asyncio client: the same as `blocking`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
import tenacity
from dnstide.api.v1 import info_pb2, service_pb2_grpc
from dnstide.client.address import check_address
from dnstide.client.asking import Asking
from dnstide.client.channel import Tls, channel_options
from dnstide.client.report import Steps, run_awaited
from dnstide.client.timeouts import DEFAULT, DEFAULT_TIMEOUT, Timeout, seconds_of
from dnstide.client.transport import accept, caller, error_from_rpc, left, not_ready, retrying, told
from dnstide.codec.analysis import analysis_request, findings
from dnstide.codec.catalog import catalog, server_info, tables_request
from dnstide.codec.metadata import REQUEST_ID_KEY, VERSION_KEY
from dnstide.codec.top import TopReader, top_request
from dnstide.codec.volume import VolumeReader, volume_request
from dnstide.model.analysis import Findings
from dnstide.model.arguments import (
    AnalysisOptions,
    TopOptions,
    VolumeOptions,
    analysis_question,
    top_question,
    volume_question,
)
from dnstide.model.catalog import Catalog, ServerInfo
from dnstide.model.errors import (
    ClientClosed,
    DeadlineExceeded,
    DnstideError,
    ServerNotReady,
    ServerUnreachable,
)
from dnstide.model.question import check_dataset
from dnstide.model.report import Report
from dnstide.model.top import Top, TopProgress
from dnstide.model.vocabulary import AnalysisSettings
from dnstide.model.volume import Progress, Volume
from dnstide.model.words import AnalysisWord, DatasetWord

_kept: list[bool] = []


def _keep_poller() -> None:
    """Hold gRPC's poller for the life of the process.

    It ends with the last object that uses it, and in ending races with its own thread (grpc/grpc 43364), so
    that a process which makes one client after another can crash.
    """
    if not _kept:
        grpc.aio.init_grpc_aio()
        _kept.append(True)


CALLS_AT_ONCE = 64
"""Calls of one client that a server sees at the same time; the others wait here, within their deadlines. A
server refuses those that are too many for it."""


class AsyncClient(
    Asking[
        Coroutine[Any, Any, Volume],
        Coroutine[Any, Any, Findings],
        Coroutine[Any, Any, Top],
        Coroutine[Any, Any, Report],
    ]
):
    """As `Client`, for one event loop: use it there, wherever it was made. Cancelling a task cancels its
    call.

    >>> async with AsyncClient("localhost:50051") as client:
    ...     answers = await asyncio.gather(*(client.volume(name) for name in names))
    """

    def __init__(
        self,
        server: str,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        tls: Tls | None = None,
        token: str | None = None,
    ) -> None:
        self.server = check_address(server)
        self._caller = caller(server, token, tls)
        self._timeout = seconds_of(timeout, None)
        self._tls = tls
        self._credentials = None if tls is None else tls.credentials()
        self._channel: grpc.aio.Channel | None = None
        self._methods: service_pb2_grpc.DnstideStub | None = None
        self._places = asyncio.Semaphore(CALLS_AT_ONCE)
        self._closed = False

    @property
    def _stub(self) -> service_pb2_grpc.DnstideStub:
        """The methods of the server; the channel is of the loop of the first call. Raises ClientClosed."""
        if self._closed:
            raise ClientClosed.now()
        if self._methods is None:
            _keep_poller()
            options = channel_options(self.server)
            if self._credentials is None:
                self._channel = grpc.aio.insecure_channel(self.server, options=options)
            else:
                self._channel = grpc.aio.secure_channel(self.server, self._credentials, options=options)
            self._methods = service_pb2_grpc.DnstideStub(self._channel)  # type: ignore[no-untyped-call]
        return self._methods

    async def tables(self, dataset: DatasetWord | None = None, *, timeout: Timeout = DEFAULT) -> Catalog:
        """As `Client.tables`."""
        request = tables_request(check_dataset(dataset))
        page, _ = await self._unary(self._stub.ListTables, request, timeout)
        pages = [page]
        while token := pages[-1].next_page_token:
            page, _ = await self._unary(self._stub.ListTables, tables_request(dataset, token), timeout)
            pages.append(page)
        return catalog(pages)

    async def info(self, *, timeout: Timeout = DEFAULT) -> ServerInfo:
        """As `Client.info`."""
        message, _ = await self._unary(self._stub.GetServerInfo, info_pb2.GetServerInfoRequest(), timeout)
        return server_info(message)

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
                error = not_ready(self.server, seconds, info)
            except (ServerUnreachable, ServerNotReady) as refused:
                error = refused
            except DeadlineExceeded:
                pass  # the attempt was cut short; what the one before met says more
            if loop.time() >= end:
                raise error
            await asyncio.sleep(min(0.2, max(0.0, end - loop.time())))

    async def close(self) -> None:
        """Give up the channel and what is still under way on it."""
        self._closed = True
        if self._channel is not None:
            await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _volume(
        self,
        names: str | Iterable[str],
        options: VolumeOptions,
        timeout: Timeout,
        progress: Callable[[Progress], None] | None,
    ) -> Volume:
        question = volume_question(names, options)
        reader = VolumeReader(question, progress)
        request = volume_request(question)
        return reader.finish(await self._stream(self._stub.QueryVolume, request, reader.feed, timeout))

    async def _analyze(
        self,
        analysis: AnalysisWord,
        names: str | Iterable[str],
        options: AnalysisOptions,
        settings: AnalysisSettings | None,
        timeout: Timeout,
    ) -> Findings:
        question = analysis_question(analysis, names, options, settings)
        request = analysis_request(question)
        message, request_id = await self._unary(self._stub.AnalyzeVolume, request, timeout)
        return findings(question, message, request_id)

    async def _top(
        self,
        limit: int,
        options: TopOptions,
        timeout: Timeout,
        progress: Callable[[TopProgress], None] | None,
    ) -> Top:
        question = top_question(limit, options)
        reader = TopReader(question, progress)
        request = top_request(question)
        return reader.finish(await self._stream(self._stub.RankNames, request, reader.feed, timeout))

    async def _report(self, steps: Steps, timeout: Timeout) -> Report:
        return await run_awaited(steps, self, seconds_of(timeout, self._timeout))

    @asynccontextmanager
    async def _place(self, end: float | None) -> AsyncIterator[None]:
        """A place among the calls that a server sees. Raises DeadlineExceeded where none comes free."""
        seconds = left(end, asyncio.get_running_loop().time())
        try:
            if self._places.locked():
                await asyncio.wait_for(self._places.acquire(), seconds)
            else:
                await self._places.acquire()
        except TimeoutError:
            reason = f"no answer from {self.server} in time: {CALLS_AT_ONCE} other calls of this client go on"
            raise DeadlineExceeded(reason) from None
        try:
            yield
        finally:
            self._places.release()

    async def _unary(self, method: Any, request: Any, timeout: Timeout) -> tuple[Any, str]:
        """As `Client._unary`."""
        seconds = seconds_of(timeout, self._timeout)
        now = asyncio.get_running_loop().time
        end = None if seconds is None else now() + seconds
        try:
            async for attempt in retrying(tenacity.AsyncRetrying, seconds):
                async with self._place(end):
                    with attempt:
                        call = method(request, timeout=left(end, now()), metadata=self._caller)
                        answer = await call
            trailers = await call.trailing_metadata()
        except grpc.aio.AioRpcError as error:
            raise await asyncio.to_thread(error_from_rpc, error, self.server, self._tls) from None
        accept(self.server, trailers)
        return answer, told(trailers, REQUEST_ID_KEY) or ""

    async def _stream(self, method: Any, request: Any, feed: Callable[[Any], None], timeout: Timeout) -> str:
        """As `Client._stream`."""
        seconds = seconds_of(timeout, self._timeout)
        now = asyncio.get_running_loop().time
        end = None if seconds is None else now() + seconds
        async with self._place(end):
            return await self._read_stream(method, request, feed, seconds, end)

    async def _read_stream(
        self,
        method: Any,
        request: Any,
        feed: Callable[[Any], None],
        seconds: float | None,
        end: float | None,
    ) -> str:
        now = asyncio.get_running_loop().time
        call: Any = None
        try:
            async for attempt in retrying(tenacity.AsyncRetrying, seconds):
                with attempt:
                    call = method(request, timeout=left(end, now()), metadata=self._caller)
                    message = await _read(call)
            initial = await call.initial_metadata()
            # An answer of one message brings its version at its end; any other brings it ahead.
            if told(initial, VERSION_KEY) is None and await _read(call) is None:
                initial = await call.trailing_metadata()
            accept(self.server, initial)
            while message is not None:
                feed(message)
                message = await _read(call)
            return told(await call.trailing_metadata(), REQUEST_ID_KEY) or ""
        except grpc.aio.AioRpcError as error:
            raise await asyncio.to_thread(error_from_rpc, error, self.server, self._tls) from None
        finally:
            if call is not None:
                call.cancel()


async def _read(call: Any) -> Any:
    """The next message of a stream, None at its end."""
    message = await call.read()
    return None if message is grpc.aio.EOF else message
