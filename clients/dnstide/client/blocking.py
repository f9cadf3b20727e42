"""The blocking client: a channel, and `calls`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, Unpack

import grpc
from dnstide.api.v1 import analysis_pb2_grpc, info_pb2, service_pb2_grpc, tables_pb2, top_pb2_grpc

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


class Client:
    """Asks one dnstide server, over one channel that all calls and threads share. Use as a context manager.

    `server` is HOST:PORT; `timeout` the deadline in seconds of a call that gives none of its own (None: no
    deadline); `tls` is None for a server in clear, `Tls()` or `Tls(ca=FILE)` for one with TLS.

    >>> with Client("localhost:50051") as client:
    ...     print(client.volume("www.example.com", start="2018-10-31", smooth=14))
    """

    def __init__(
        self,
        server: str,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        tls: Tls | None = None,
    ) -> None:
        self.server = check_address(server)
        self._timeout = timeouts.seconds(timeout, None)
        if tls is None:
            self._channel = grpc.insecure_channel(server, options=channel.options())
        else:
            self._channel = grpc.secure_channel(server, tls.credentials(), options=channel.options())
        self._stub = service_pb2_grpc.DnstideServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._analyses = analysis_pb2_grpc.AnalysisServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._rankings = top_pb2_grpc.RankingServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def volume(
        self,
        names: str | Iterable[str],
        *,
        timeout: Timeout = DEFAULT,
        progress: calls.ProgressHook | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Volume:
        """Counts of one name, or of several, over time.

        Options: rrtypes, bailiwick, start, stop, days_back, granularity, bucket_by, split_by_rrtype, smooth,
        fill, partial, dataset, explain; `QuestionOptions` says what each means. `progress` is called while
        the server works. A name without rows is an empty series. Raises DnstideError.
        """
        question = make_question(names, options)
        reader = calls.VolumeReader(question, progress)
        request = calls.volume_request(question)
        call = self._stub.QueryVolume(request, timeout=self._seconds(timeout))
        for message in self._messages(call):
            reader.feed(message)
        return reader.finish()

    def analyze(
        self,
        analysis: str,
        names: str | Iterable[str],
        *,
        timeout: Timeout = DEFAULT,
        settings: AnalysisSettings | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Findings:
        """What the counts show: shifts, spikes, gaps, correlation, shape or breakdown of one name, or of
        several.

        Options are those of `volume`; smooth, fill and explain have no part in it. A correlation is that of
        each further series on the first. Raises DnstideError; InvalidQuestion where there is nothing to
        analyse, such as series that do not vary.
        """
        request = analysis_request(make_question(names, options), analysis, settings)
        return findings(analysis, self._unary(self._analyses.AnalyzeVolume, request, timeout))

    def top(
        self,
        limit: int = 10,
        *,
        timeout: Timeout = DEFAULT,
        progress: TopProgressHook | None = None,
        **options: Unpack[TopOptions],
    ) -> Top:
        """The largest names, domains, last labels, record types or rdata, exactly and proved; or, with
        `against`, the largest rises and falls since another span.

        Options: by, rrtypes, under, exclude, start, stop, days_back, series, against, ratio_from, partial,
        dataset, explain; `TopOptions` says what each means. `progress` is called while summaries of tables
        are made. Raises DnstideError.
        """
        reader = TopReader(progress)
        request = top_request(make_top_question(limit, options))
        for message in self._messages(self._rankings.RankNames(request, timeout=self._seconds(timeout))):
            reader.feed(message)
        return reader.finish()

    def tables(self, dataset: str | None = None, *, timeout: Timeout = DEFAULT) -> Catalog:
        """The tables that the server knows, of one dataset or of all, and the files that it ignores."""
        return calls.catalog(self._pages(dataset, timeout))

    def info(self, *, timeout: Timeout = DEFAULT) -> ServerInfo:
        """The server's version, readiness and shards."""
        return calls.server_info(
            self._unary(self._stub.GetServerInfo, info_pb2.GetServerInfoRequest(), timeout)
        )

    def wait_until_ready(self, seconds: float) -> ServerInfo:
        """Wait until the server answers questions. Raises ServerUnreachable or ServerNotReady."""
        end = time.monotonic() + seconds
        error: DnstideError = ServerUnreachable(f"no server answers at {self.server} within {seconds:g} s")
        while True:
            try:
                info = self.info(timeout=min(max(end - time.monotonic(), 0.5), DEFAULT_TIMEOUT))
                if info.ready:
                    return info
                error = ServerNotReady(f"server {self.server} is not ready after {seconds:g} s")
            except (ServerUnreachable, ServerNotReady) as refused:
                error = refused
            except DeadlineExceeded:
                pass  # the attempt was cut short; what the one before met says more
            if time.monotonic() >= end:
                raise error
            time.sleep(min(0.2, max(0.0, end - time.monotonic())))

    def close(self) -> None:
        """Give up the channel and what is still under way on it."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _pages(self, dataset: str | None, timeout: Timeout) -> Iterator[tables_pb2.ListTablesResponse]:
        token = ""
        while True:
            page = self._unary(self._stub.ListTables, calls.tables_request(dataset, token), timeout)
            yield page
            token = page.next_page_token
            if not token:
                return

    def _unary(self, method: Callable[..., Any], request: Any, timeout: Timeout) -> Any:
        try:
            answer, call = method.with_call(request, timeout=self._seconds(timeout))  # type: ignore[attr-defined]
        except grpc.RpcError as error:
            raise error_from_rpc(error, self.server) from None
        check_version(self.server, told_version(call.trailing_metadata()))
        return answer

    def _messages(self, call: Any) -> Iterator[Any]:
        """The messages of a stream; the server stops working when the reader goes away."""
        try:
            for number, message in enumerate(call):
                if number == 0:
                    # An answer of one message brings its version at the end, which is there by now.
                    version = told_version(call.initial_metadata()) or told_version(call.trailing_metadata())
                    check_version(self.server, version)
                yield message
        except grpc.RpcError as error:
            raise error_from_rpc(error, self.server) from None
        finally:
            call.cancel()

    def _seconds(self, timeout: Timeout) -> float | None:
        return timeouts.seconds(timeout, self._timeout)
