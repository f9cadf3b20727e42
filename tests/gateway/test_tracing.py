"""Traces as a collector receives them: by OTLP over a real socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import volume_pb2
from dnstide.gateway import GatewayError, Settings
from dnstide.gateway.startup import check_start
from dnstide.gateway.testing import LocalBackend, running_gateway
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.gateway.test_failures import DyingBackend
from tests.gateway.test_rpc import CALLS, end

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = [("traceparent", f"00-{TRACE}-{CALLER}-01")]
SERVICE = "dnstide.api.v1.Dnstide"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.spans: list[trace_pb2.Span] = []
        self.resources: list[dict[str, Any]] = []

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        for resource in request.resource_spans:
            self.resources.append(values(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return trace_service_pb2.ExportTraceServiceResponse()

    def named(self, name: str) -> list[trace_pb2.Span]:
        return [span for span in self.spans if span.name == name]


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """One that the environment names."""
    kept = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    yield kept
    server.stop(0).wait()


def test_calls_are_spans_in_the_trace_of_their_caller(
    small_dir: Path, collector: Collector, tmp_path: Path
) -> None:
    """One for each call, below the span of the caller, and below it one for each request to a shard."""
    with running_gateway(small_dir, cache_dir=tmp_path, traces=True) as running:
        for kind in CALLS:
            end(running.address, kind, [*PARENT, ("dnstide-request-id", f"id-{kind}")])
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    for kind, (method, _) in CALLS.items():
        (span,) = collector.named(f"{SERVICE}/{method}")
        assert span.parent_span_id.hex() == CALLER
        assert span.kind == trace_pb2.Span.SPAN_KIND_SERVER
        told = values(span.attributes)
        assert told["rpc.system.name"] == "grpc"
        assert told["rpc.method"] == f"{SERVICE}/{method}"
        assert told["rpc.response.status_code"] == "OK"
        assert told["client.address"] == "127.0.0.1"
        assert told["dnstide.request_id"] == f"id-{kind}"
        assert span.status.code == trace_pb2.Status.STATUS_CODE_UNSET
        assert span.start_time_unix_nano < span.end_time_unix_nano
    (volume,) = collector.named(f"{SERVICE}/QueryVolume")
    told = values(volume.attributes)
    assert (told["dnstide.names"], told["dnstide.tables_answered"], told["dnstide.rows"]) == (2, 60, 180)
    asks = [span for span in collector.named("shard answer") if span.parent_span_id == volume.span_id]
    shards = {values(span.attributes)["dnstide.shard"]: values(span.attributes) for span in asks}
    assert set(shards) == {"local/0", "local/1"}
    assert sum(told["dnstide.tables"] for told in shards.values()) == 60
    for told in shards.values():
        assert (told["dnstide.node"], told["dnstide.attempt"]) == ("local", 1)
        assert told["dnstide.queue_seconds"] >= 0
        assert "dnstide.retry_cause" not in told
    assert all(span.kind == trace_pb2.Span.SPAN_KIND_CLIENT for span in asks)
    (top,) = collector.named(f"{SERVICE}/RankNames")
    below = {span.name for span in collector.spans if span.parent_span_id == top.span_id}
    assert below == {"shard summarize", "shard rank"}
    assert all(resource["service.name"] == "dnstide-gateway" for resource in collector.resources)
    assert b"example" not in b"".join(span.SerializeToString() for span in collector.spans)


def test_a_call_without_a_trace_begins_one(small_dir: Path, collector: Collector) -> None:
    """Also where what stands in the metadata is none."""
    with running_gateway(small_dir, traces=True) as running:
        end(running.address, "info")
        end(running.address, "info", [("traceparent", "00-nonsense")])
    assert [len(span.trace_id) for span in collector.spans] == [16, 16]
    assert not any(span.parent_span_id for span in collector.spans)


def test_requests_that_are_repeated_tell_why(small_dir: Path, collector: Collector) -> None:
    """The lost one ends with an error; the one to the other shard is the second attempt, after a loss."""
    backend = DyingBackend({"local": small_dir}, {"local/0"})
    with running_gateway(small_dir, backend=backend, traces=True) as running:
        assert end(running.address, "volume")[1] is None
    asks = collector.named("shard answer")
    lost, *answered = sorted(asks, key=lambda span: -span.status.code)
    assert (lost.status.code, lost.status.message) == (
        trace_pb2.Status.STATUS_CODE_ERROR,
        "shard local/0 is gone: killed",
    )
    again = [values(span.attributes) for span in answered if values(span.attributes)["dnstide.attempt"] == 2]
    assert [(told["dnstide.shard"], told["dnstide.retry_cause"]) for told in again] == [("local/1", "loss")]
    assert again[0]["dnstide.tables"] == values(lost.attributes)["dnstide.tables"]
    assert len(answered) == 2


def test_damaged_tables_are_named(
    small_dir: Path, tables: Path, damage: Callable[[Path], None], collector: Collector
) -> None:
    """In the request that met the damage; a sound copy elsewhere is another one, and the call ends well."""
    damage(tables / "dns.20240110.D.mtbl")
    backend = LocalBackend({"bad": tables, "good": small_dir}, shards=1)
    with running_gateway(small_dir, backend=backend, traces=True) as running:
        end(running.address, "volume")
    failed = [event for span in collector.named("shard answer") for event in span.events]
    assert {event.name for event in failed} <= {"table failed"}
    for event in failed:
        assert values(event.attributes)["dnstide.table"] == "dns.20240110.D.mtbl"


def test_faults_of_the_server_are_errors_and_those_of_callers_are_not(
    small_dir: Path, collector: Collector
) -> None:
    """By the status of the call."""
    backend = DyingBackend({"local": small_dir}, {"local/0"}, shards=1)
    with running_gateway(small_dir, backend=backend, traces=True) as running:
        end(running.address, "volume")
        end(running.address, "volume", request=volume_pb2.QueryVolumeRequest(names=["a..b"]))
    lost, refused = collector.named(f"{SERVICE}/QueryVolume")
    assert values(lost.attributes)["rpc.response.status_code"] == "UNAVAILABLE"
    assert (lost.status.code, lost.status.message) == (
        trace_pb2.Status.STATUS_CODE_ERROR,
        "SHARD_UNREACHABLE",
    )
    assert values(lost.attributes)["error.type"] == "UNAVAILABLE"
    assert values(refused.attributes)["rpc.response.status_code"] == "INVALID_ARGUMENT"
    assert refused.status.code == trace_pb2.Status.STATUS_CODE_UNSET


def test_the_caller_and_the_environment_say_what_is_recorded(
    small_dir: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace that its caller does not sample is not sent, nor are the requests to shards within it."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    with running_gateway(small_dir, traces=True) as running:
        end(running.address, "volume", [("traceparent", f"00-{TRACE}-{CALLER}-00")])
        end(running.address, "info")
    assert [span.name for span in collector.spans] == [f"{SERVICE}/GetServerInfo"]
    (resource,) = collector.resources
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("ours", "test")


def test_traces_are_off_unless_asked_for(small_dir: Path, collector: Collector) -> None:
    """Whatever the environment names; and nothing of OpenTelemetry is loaded then."""
    with running_gateway(small_dir) as running:
        end(running.address, "volume", PARENT)
    program = (
        "import sys; from dnstide.gateway.testing import running_gateway; from dnstide.client import Client\n"
        "with running_gateway(sys.argv[1]) as running, Client(running.address) as client:\n"
        "    client.volume('www.example.com')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(small_dir)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"
    assert collector.spans == []


def test_a_collector_that_is_away_costs_no_answer(
    small_dir: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Any]
) -> None:
    """Nor the end of the gateway."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with running_gateway(small_dir, traces=True) as running:
        for _ in range(20):
            assert ask(running.address, names=["www.example.com"])[-1].summary.complete


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
    ],
)
def test_what_is_not_supported_is_told_at_the_start(
    small_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A variable that asks for another way is not passed over in silence."""
    monkeypatch.setenv(name, value)
    settings = Settings(mtbl_dir=small_dir, listen="127.0.0.1:0", traces=True)
    with pytest.raises(GatewayError, match=f"{name}={value} is not supported"):
        check_start(settings)


def test_a_missing_extra_is_told_at_the_start(small_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(GatewayError, match=r"pip install 'dnstide\[otel\]'"):
        check_start(Settings(mtbl_dir=small_dir, listen="127.0.0.1:0", traces=True))


def test_the_audit_log_tells_the_trace(small_dir: Path, collector: Collector, tmp_path: Path) -> None:
    """So that a line leads to its spans."""
    path = tmp_path / "audit.json"
    with running_gateway(small_dir, traces=True, audit_log=str(path)) as running:
        end(running.address, "info", PARENT)
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["trace"] == TRACE
