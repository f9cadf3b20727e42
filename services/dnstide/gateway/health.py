"""The health of the gateway by `grpc.health.v1`: whether it answers questions, and whether it lives at all.

A gateway that cannot answer for now is not helped by being started anew, so the two are services of different
names: balancers ask for readiness, and whoever restarts what hangs for liveness.
"""

from __future__ import annotations

from typing import Any, Final

import grpc
from dnstide.api.v1 import service_pb2
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2

SERVICE: Final = service_pb2.DESCRIPTOR.services_by_name["Dnstide"].full_name
READINESS: Final = ("", SERVICE)
"""Services that serve while questions are answered."""

LIVENESS: Final = "liveness"
"""The service that serves from the start to the end of the process, in a drain too."""

_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 1024),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 60_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Tells the health on any number of servers. Belongs to one event loop."""

    def __init__(self) -> None:
        self._servicer = health.aio.HealthServicer()

    async def show(self, *, ready: bool) -> None:
        """Tell this from now on; those who watch hear of it."""
        for name in READINESS:
            await self._servicer.set(name, _SERVING if ready else _NOT_SERVING)
        await self._servicer.set(LIVENESS, _SERVING)

    def add_to(self, server: grpc.aio.Server, *, watch: bool = True) -> None:
        """Serve Check, and Watch where wanted: who watches keeps a call for as long as he likes."""
        handlers = {"Check": grpc.unary_unary_rpc_method_handler(self._check, _decoded, _encoded)}
        if watch:
            handlers["Watch"] = grpc.unary_stream_rpc_method_handler(self._watch, _decoded, _encoded)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(health.SERVICE_NAME, handlers),)
        )

    async def _check(self, request: Any, context: Any) -> Any:
        await _refuse_what_is_no_request(request, context)
        return await self._servicer.Check(request, context)

    async def _watch(self, request: Any, context: Any) -> None:
        await _refuse_what_is_no_request(request, context)
        await self._servicer.Watch(request, context)


def probe_server(health: Health, address: str) -> tuple[grpc.aio.Server, int]:
    """A server in clear that tells the health alone, and its port. Raises RuntimeError where it cannot listen
    there.
    """
    server = grpc.aio.server(options=_OPTIONS)
    health.add_to(server, watch=False)
    return server, server.add_insecure_port(address)


def _decoded(data: bytes) -> health_pb2.HealthCheckRequest | None:
    try:
        return health_pb2.HealthCheckRequest.FromString(data)
    except DecodeError:
        return None


def _encoded(message: health_pb2.HealthCheckResponse) -> bytes:
    data: bytes = message.SerializeToString()
    return data


async def _refuse_what_is_no_request(request: Any, context: Any) -> None:
    if request is None:
        await context.abort(
            grpc.StatusCode.INVALID_ARGUMENT, "the bytes are no grpc.health.v1.HealthCheckRequest"
        )
