"""A real gRPC server whose answers are scripts: generators that yield messages, and may then fail."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import common_pb2, info_pb2, service_pb2_grpc, tables_pb2, volume_pb2
from dnstide.client.version import client_version
from dnstide.codec.metadata import REQUEST_ID_KEY, VERSION_KEY
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2


@dataclass
class Scripted(service_pb2_grpc.DnstideServicer):
    """`volume` is run for every question, `calls` and `requests` tell what came."""

    volume: Callable[[Any], Iterable[Any]] = lambda request: [small_answer(request)]
    pages: dict[str, tables_pb2.ListTablesResponse] = field(default_factory=dict)
    info: info_pb2.GetServerInfoResponse = field(default_factory=info_pb2.GetServerInfoResponse)
    version: str | None = field(default_factory=client_version)
    early: bool = True  # whether the version is told before the first message, or only at the end
    requests: list[Any] = field(default_factory=list)
    cancelled: list[bool] = field(default_factory=list)
    address: str = ""

    def QueryVolume(self, request, context):  # noqa: N802
        self._begin(request, context)
        context.add_callback(lambda: self.cancelled.append(True))
        try:
            yield from self.volume(request)
        except Refused as refused:
            refused.end(context, self.version)
        except Dropped:
            context.set_trailing_metadata(())
            context.abort(grpc.StatusCode.CANCELLED, "CANCELLED")

    def ListTables(self, request, context):  # noqa: N802
        self._begin(request, context)
        return self.pages[request.page_token]

    def GetServerInfo(self, request, context):  # noqa: N802
        self._begin(request, context)
        return self.info

    def _begin(self, request, context):
        self.requests.append(request)
        if self.version is not None:
            if self.early:
                context.send_initial_metadata(((VERSION_KEY, self.version),))
            context.set_trailing_metadata(((VERSION_KEY, self.version), (REQUEST_ID_KEY, "r7")))


class Dropped(Exception):
    """Ends a script as gRPC does with calls that are too many."""


class Refused(Exception):
    """Ends a script with a rich status."""

    def __init__(self, code: str, text: str, reason: str = "", *details: Message) -> None:
        self.code, self.text = code, text
        info = error_details_pb2.ErrorInfo(reason=reason, domain="dnstide")
        self.details = [info, *details] if reason else []

    def end(self, context, version):
        rich = status_pb2.Status(code=code_pb2.Code.Value(self.code), message=self.text)
        for detail in self.details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            rich.details.append(packed)
        details = ("grpc-status-details-bin", rich.SerializeToString())
        context.set_trailing_metadata((details, (VERSION_KEY, version), (REQUEST_ID_KEY, "r7")))
        context.abort(grpc.StatusCode[self.code], self.text)


def small_answer(request):
    """Three days of one count each for every name, as one message."""
    days = [1540944000, 1541030400, 1541116800]
    complete = common_pb2.COVERAGE_COMPLETE
    return volume_pb2.QueryVolumeResponse(
        axis=common_pb2.Axis(
            granularity=common_pb2.GRANULARITY_DAY,
            starts=days,
            stop=1541203200,
            coverage=[complete] * 3,
        ),
        series=[
            volume_pb2.SeriesChunk(name=name, buckets=[0, 2], counts=[2**64 - 1, 7], last=True)
            for name in request.names
        ],
        summary=volume_pb2.Summary(
            complete=True,
            tables_asked=3,
            tables_answered=3,
            rows_read=2,
            bucket_by=volume_pb2.BUCKET_BY_FILE,
        ),
    )


@pytest.fixture(name="refused")
def refused_class():
    """The exception that ends a script."""
    return Refused


@pytest.fixture
def dropped_call():
    """The exception that ends a script as gRPC ends a call that it does not begin."""
    return Dropped


@pytest.fixture(scope="session")
def server() -> Iterator[Scripted]:
    """The one server of the session: making and ending many in a process is not what is under test."""
    service = Scripted()
    with ThreadPoolExecutor(8) as threads:
        server = grpc.server(threads, options=(("grpc.so_reuseport", 0),))
        service_pb2_grpc.add_DnstideServicer_to_server(service, server)
        service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        yield service
        server.stop(grace=None).wait()


@pytest.fixture
def scripted(server: Scripted) -> Scripted:
    """A running server with its first answers; set its fields before asking."""
    server.__dict__.update(vars(Scripted(address=server.address)))
    return server
