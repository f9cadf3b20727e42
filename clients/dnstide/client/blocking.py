"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import grpc
import tenacity
from dnstide.api.v1 import info_pb2, service_pb2_grpc
from dnstide.client.address import check_address
from dnstide.client.asking import Asking
from dnstide.client.channel import Tls, channel_options
from dnstide.client.report import Steps, run
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


class Client(Asking[Volume, Findings, Top, Report]):
    """Asks one dnstide server, over one channel that all calls and threads share. Use as a context manager.

    `server` is HOST:PORT; `timeout` the deadline in seconds of a call that gives none of its own (None: no
    deadline); `tls` is None for a server in clear, `Tls()` or `Tls(ca=FILE)` for one with TLS; `token` is for
    servers that ask for one.

    >>> with Client("localhost:50051") as client:
    ...     print(client.volume("www.example.com", start="2018-10-31", smooth=14))
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
        if tls is None:
            self._channel = grpc.insecure_channel(server, options=channel_options(server))
        else:
            self._channel = grpc.secure_channel(server, tls.credentials(), options=channel_options(server))
        self._methods = service_pb2_grpc.DnstideStub(self._channel)  # type: ignore[no-untyped-call]
        self._closed = False

    @property
    def _stub(self) -> service_pb2_grpc.DnstideStub:
        """The methods of the server. Raises ClientClosed."""
        if self._closed:
            raise ClientClosed.now()
        return self._methods

    def tables(self, dataset: DatasetWord | None = None, *, timeout: Timeout = DEFAULT) -> Catalog:
        """The tables that the server knows, of one dataset or of all, and the files that it ignores."""
        request = tables_request(check_dataset(dataset))
        page, _ = self._unary(self._stub.ListTables, request, timeout)
        pages = [page]
        while token := pages[-1].next_page_token:
            page, _ = self._unary(self._stub.ListTables, tables_request(dataset, token), timeout)
            pages.append(page)
        return catalog(pages)

    def info(self, *, timeout: Timeout = DEFAULT) -> ServerInfo:
        """The server's version, readiness and shards."""
        message, _ = self._unary(self._stub.GetServerInfo, info_pb2.GetServerInfoRequest(), timeout)
        return server_info(message)

    def wait_until_ready(self, seconds: float) -> ServerInfo:
        """Wait until the server answers questions. Raises ServerUnreachable or ServerNotReady."""
        end = time.monotonic() + seconds
        error: DnstideError = ServerUnreachable(f"no server answers at {self.server} within {seconds:g} s")
        while True:
            try:
                info = self.info(timeout=min(max(end - time.monotonic(), 0.5), DEFAULT_TIMEOUT))
                if info.ready:
                    return info
                error = not_ready(self.server, seconds, info)
            except (ServerUnreachable, ServerNotReady) as refused:
                error = refused
            except DeadlineExceeded:
                pass  # the attempt was cut short; what the one before met says more
            if time.monotonic() >= end:
                raise error
            time.sleep(min(0.2, max(0.0, end - time.monotonic())))

    def close(self) -> None:
        """Give up the channel and what is still under way on it."""
        self._closed = True
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _volume(
        self,
        names: str | Iterable[str],
        options: VolumeOptions,
        timeout: Timeout,
        progress: Callable[[Progress], None] | None,
    ) -> Volume:
        question = volume_question(names, options)
        reader = VolumeReader(question, progress)
        request = volume_request(question)
        return reader.finish(self._stream(self._stub.QueryVolume, request, reader.feed, timeout))

    def _analyze(
        self,
        analysis: AnalysisWord,
        names: str | Iterable[str],
        options: AnalysisOptions,
        settings: AnalysisSettings | None,
        timeout: Timeout,
    ) -> Findings:
        question = analysis_question(analysis, names, options, settings)
        message, request_id = self._unary(self._stub.AnalyzeVolume, analysis_request(question), timeout)
        return findings(question, message, request_id)

    def _top(
        self,
        limit: int,
        options: TopOptions,
        timeout: Timeout,
        progress: Callable[[TopProgress], None] | None,
    ) -> Top:
        question = top_question(limit, options)
        reader = TopReader(question, progress)
        return reader.finish(self._stream(self._stub.RankNames, top_request(question), reader.feed, timeout))

    def _report(self, steps: Steps, timeout: Timeout) -> Report:
        return run(steps, self, seconds_of(timeout, self._timeout))

    def _unary(self, method: Any, request: Any, timeout: Timeout) -> tuple[Any, str]:
        """The answer to a call, and its request id."""
        seconds = seconds_of(timeout, self._timeout)
        end = None if seconds is None else time.monotonic() + seconds
        try:
            for attempt in retrying(tenacity.Retrying, seconds):
                with attempt:
                    answer, call = method.with_call(
                        request, timeout=left(end, time.monotonic()), metadata=self._caller
                    )
        except grpc.RpcError as error:
            raise error_from_rpc(error, self.server, self._tls) from None
        trailers = call.trailing_metadata()
        accept(self.server, trailers)
        return answer, told(trailers, REQUEST_ID_KEY) or ""

    def _stream(self, method: Any, request: Any, feed: Callable[[Any], None], timeout: Timeout) -> str:
        """Feed the messages of an answer to a reader; return the request's id. The server stops working when
        the reader goes away.
        """
        seconds = seconds_of(timeout, self._timeout)
        end = None if seconds is None else time.monotonic() + seconds
        call: Any = None
        try:
            for attempt in retrying(tenacity.Retrying, seconds):
                with attempt:
                    call = method(request, timeout=left(end, time.monotonic()), metadata=self._caller)
                    message = next(call, None)
            initial = call.initial_metadata()
            # An answer of one message brings its version at its end; any other brings it ahead.
            if told(initial, VERSION_KEY) is None and next(call, None) is None:
                initial = call.trailing_metadata()
            accept(self.server, initial)
            while message is not None:
                feed(message)
                message = next(call, None)
            return told(call.trailing_metadata(), REQUEST_ID_KEY) or ""
        except grpc.RpcError as error:
            raise error_from_rpc(error, self.server, self._tls) from None
        finally:
            if call is not None:
                call.cancel()
