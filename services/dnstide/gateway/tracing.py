"""OpenTelemetry traces: a span for each call, within the trace of its caller, and one for each ask of a
shard.

What is sent, and where to, is said by the OTEL_ variables that all programs share. The libraries are an
extra: nothing of them is imported where traces are off.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any

from dnstide.gateway.metrics import Work
from dnstide.model.errors import Failure

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

FLUSH_SECONDS = 2.0
"""Longest wait for the last spans to leave, when the gateway ends."""

MAX_FAILED_TABLES = 8
"""Failed tables that a span names."""

FAULTS = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
"""Statuses that are errors of a server, by OpenTelemetry's conventions for RPC; others are the caller's."""

_EXPORTERS = ("OTEL_TRACES_EXPORTER", ("", "otlp"))
_PROTOCOLS = (
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", ("", "grpc")),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", ("", "grpc")),
)


class TracingError(Exception):
    """Traces cannot be sent as asked; the text says why and what to do."""


class Tracing:
    """Makes the spans of one gateway. Safe for several threads."""

    def __init__(self, version: str) -> None:
        """Raises TracingError."""
        check_tracing()
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({SERVICE_VERSION: version})
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: "dnstide-gateway"}))
        try:
            self._exporter = OTLPSpanExporter()
        except ValueError as error:
            raise TracingError(f"traces cannot be sent: {error}") from error
        # Not at the exit of the process, which would wait there for a collector that is away.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("dnstide.gateway", version)

    def call(
        self, method: str, metadata: Mapping[str, str | bytes], host: str, port: int | None
    ) -> CallTrace:
        """The span of a call that begins now, in the trace that its metadata tell of. `method` is
        SERVICE/NAME.
        """
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind, set_span_in_context

        carrier = {key: value for key, value in metadata.items() if isinstance(value, str)}
        attributes: dict[str, Any] = {
            "rpc.system.name": "grpc",
            "rpc.method": method,
            "client.address": host,
        }
        if port is not None:
            attributes["client.port"] = port
        span = self._tracer.start_span(
            method, propagate.extract(carrier), SpanKind.SERVER, attributes=attributes
        )
        return CallTrace(self._tracer, span, set_span_in_context(span))

    def close(self) -> None:
        """Send what is there, within FLUSH_SECONDS. Blocks."""
        flushing = threading.Thread(target=self._provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)
        if flushing.is_alive():
            self._exporter.shutdown()  # no further tries: the collector is away


class CallTrace:
    """The span of one call."""

    def __init__(self, tracer: Tracer, span: Span, context: Context) -> None:
        self._tracer = tracer
        self._span = span
        self._context = context

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return format(self._span.get_span_context().trace_id, "032x")

    def ask(
        self, method: str, shard: str, node: str, tables: int, attempt: int, cause: str
    ) -> AskTrace | None:
        """The span of a request to a shard about so many tables, None where the trace is not recorded.
        `cause` says why another shard did not answer for them; `attempt` counts the shards, this one
        included.
        """
        from opentelemetry.trace import SpanKind

        if not self._span.is_recording():
            return None
        attributes: dict[str, Any] = {
            "dnstide.shard": shard,
            "dnstide.node": node,
            "dnstide.tables": tables,
            "dnstide.attempt": attempt,
        }
        if cause:
            attributes["dnstide.retry_cause"] = cause
        name = f"shard {method}"
        return AskTrace(self._tracer.start_span(name, self._context, SpanKind.CLIENT, attributes=attributes))

    def ended(self, call: Work, status: str, reason: str) -> None:
        """The call ends with the name of a gRPC status; `reason` says which error it was, empty for none."""
        from opentelemetry.trace import StatusCode

        span = self._span
        span.set_attributes(
            {
                "rpc.response.status_code": status,
                "dnstide.request_id": call.request_id,
                "dnstide.names": call.names,
                "dnstide.tables_asked": call.tables_asked,
                "dnstide.tables_answered": call.tables_answered,
                "dnstide.rows": call.rows,
                "dnstide.blocks": call.blocks,
            }
        )
        if status in FAULTS:
            span.set_attribute("error.type", status)
            span.set_status(StatusCode.ERROR, reason or None)
        span.end()


class AskTrace:
    """The span of one request to a shard."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._began = perf_counter()

    def sent(self) -> None:
        """It leaves for the shard; until now it waited for those before it."""
        self._span.set_attribute("dnstide.queue_seconds", perf_counter() - self._began)

    def answered(self, failures: Sequence[Failure]) -> None:
        """The shard has answered, but for these tables."""
        if failures:
            self._span.set_attribute("dnstide.tables_failed", len(failures))
        for failure in failures[:MAX_FAILED_TABLES]:
            self._span.add_event(
                "table failed", {"dnstide.table": failure.table, "dnstide.code": failure.code}
            )
        self._span.end()

    def lost(self, why: str) -> None:
        """No answer comes, or none is waited for any more."""
        from opentelemetry.trace import StatusCode

        self._span.set_status(StatusCode.ERROR, why)
        self._span.end()


CALL_TRACE: ContextVar[CallTrace | None] = ContextVar("dnstide_call_trace", default=None)
"""The span of the call that is being answered, None where there is none."""


def check_tracing() -> None:
    """Raises TracingError where traces cannot be sent as the environment says."""
    try:
        import opentelemetry.exporter.otlp.proto.grpc.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ModuleNotFoundError:
        raise TracingError("--traces needs OpenTelemetry: pip install 'dnstide[otel]'") from None
    for name, known in (_EXPORTERS, *_PROTOCOLS):
        value = os.environ.get(name, "").strip()
        if value not in known:
            raise TracingError(f"{name}={value} is not supported: traces are sent by OTLP over gRPC")
