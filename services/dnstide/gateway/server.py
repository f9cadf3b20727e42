"""A server's life in three steps: start shards, serve, drain."""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version
from typing import Final
from wsgiref.simple_server import WSGIServer

import grpc
from dnstide.gateway.admission import Admission
from dnstide.gateway.answering import Answering
from dnstide.gateway.config import Settings, with_port
from dnstide.gateway.health import SERVICE, Health, probe_server
from dnstide.gateway.member import Backend
from dnstide.gateway.memory import NodeMemory
from dnstide.gateway.metrics import Metrics
from dnstide.gateway.metrics_server import serve_metrics
from dnstide.gateway.pool import Pool
from dnstide.gateway.rpc import Rpc
from dnstide.gateway.service import DnstideService
from dnstide.gateway.startup import GatewayError, audit_log, credentials, token_file, tracing
from dnstide.gateway.supervisor import Intervals, StartError, Supervisor
from dnstide.model.vocabulary import MAX_REQUEST_BYTES
from dnstide.shard.summaries.cache import default_cache_dir
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

log = logging.getLogger(__name__)

OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # two servers on one port would share its calls without a word
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 60_000),
    # Connections that nobody uses, or whose other end is gone, hold descriptors and memory.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 600_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
)
FLUSH_GRACE: Final = 0.5
"""Seconds in which the last answers leave the server."""


class Gateway:
    """start() returns once it serves, stop() once everything is let go. Belongs to one event loop."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self.settings = settings
        self.address = settings.listen
        self.metrics_address: str | None = None
        self.health_address: str | None = None
        number = version("dnstide-gateway")
        self.pool = Pool()
        self.admission = Admission(self.pool, settings.max_inflight)
        self._audit = audit_log(settings)
        self._tracing = tracing(settings, number)
        self.metrics = Metrics(self.pool, self.admission, backend, number, self._audit)
        intervals = Intervals(
            settings.rescan_seconds,
            settings.discover_seconds,
            settings.ping_seconds,
            settings.ping_timeout,
            settings.watch_directory,
        )
        self.supervisor = Supervisor(
            self.pool,
            backend,
            intervals,
            self._show_health,
            self.metrics.shard_call_ended,
            self.metrics.question_sent,
            memory=_memory(settings),
            wait_nodes=settings.wait_nodes,
        )
        answering = Answering(
            self.pool, self.supervisor.inventories.refresh, settings.max_names, self.metrics.tables_reassigned
        )
        rpc = Rpc(
            settings, self.admission, self.metrics, number, self._audit, self._tracing, token_file(settings)
        )
        self.service = DnstideService(rpc, answering, self.pool, self.admission, settings, number)
        self._health = Health()
        self._server: grpc.aio.Server | None = None
        self._probe_server: grpc.aio.Server | None = None
        self._metrics_server: WSGIServer | None = None

    async def start(self) -> None:
        """Raises GatewayError. Until it returns, questions are refused with what the server waits for."""
        await self._show_health()
        await self._serve_health()
        self._server = self._build()
        self._serve_metrics()
        await self._server.start()
        try:
            await self.supervisor.start()
        except StartError as error:
            raise GatewayError(str(error)) from error
        await self._show_health()
        log.info("serving %d tables on %s", len(self.pool.catalog.tables), self.address)

    async def stop(self, grace: float | None = None) -> None:
        """Refuses new questions, gives the running ones `grace` seconds, and ends the shards."""
        grace = self.settings.drain_seconds if grace is None else grace
        admission = self.admission
        admission.draining = True
        await self._show_health()
        if self._server is not None:
            if admission.inflight:
                log.info("draining: %d questions have %.0f s to end", admission.inflight, grace)
            await admission.drain(grace)
            # Answers are out, but those who watch the health would stay for ever.
            await self._server.stop(min(grace, FLUSH_GRACE))
        await self.supervisor.stop()
        if self._probe_server is not None:
            await self._probe_server.stop(0)
        if self._metrics_server is not None:
            metrics_server, self._metrics_server = self._metrics_server, None
            await asyncio.get_running_loop().run_in_executor(None, _close, metrics_server)
        ending = [each.close for each in (self._audit, self._tracing) if each is not None]
        self._audit = self._tracing = None
        await asyncio.gather(*(asyncio.to_thread(close) for close in ending))

    def reopen(self) -> None:
        """Open the audit log anew, where there is one."""
        if self._audit is None:
            log.info("asked to open files anew: there are none")
        else:
            log.info("the audit log is opened anew")
            self._audit.reopen()

    async def _show_health(self) -> None:
        await self._health.show(ready=not (self.pool.problem or self.admission.draining))

    def _build(self) -> grpc.aio.Server:
        server = grpc.aio.server(options=OPTIONS)
        handlers = self.service.handlers()
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        server.add_registered_method_handlers(SERVICE, handlers)  # found without a search
        self._health.add_to(server)
        if self.settings.reflection:
            names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, server)
        try:
            tls = credentials(self.settings)
            if tls is None:
                port = server.add_insecure_port(self.settings.listen)
            else:
                port = server.add_secure_port(self.settings.listen, tls)
        except RuntimeError as error:
            raise GatewayError(f"cannot listen on {self.settings.listen}: {error}") from error
        self.address = with_port(self.settings.listen, port)
        return server

    async def _serve_health(self) -> None:
        """Before all else: whoever asks while the shards start is told that they do."""
        address = self.settings.health_listen
        if address is None:
            return
        try:
            self._probe_server, port = probe_server(self._health, address)
        except RuntimeError as error:
            raise GatewayError(f"cannot listen on {address}: {error}") from error
        await self._probe_server.start()
        self.health_address = with_port(address, port)
        log.info("serving health checks on %s", self.health_address)

    def _serve_metrics(self) -> None:
        if self.settings.metrics_listen is None:
            return
        try:
            self._metrics_server, self.metrics_address = serve_metrics(
                self.metrics.registry, self.settings.metrics_listen
            )
        except OSError as error:
            raise GatewayError(
                f"cannot serve metrics on {self.settings.metrics_listen}: {error.strerror or error}"
            ) from error
        log.info("serving metrics on %s", self.metrics_address)


def _memory(settings: Settings) -> NodeMemory | None:
    """Where it is kept what nodes hold; a cluster of our own has one node, whose directory tells."""
    if settings.ray_address is None:
        return None
    memory = NodeMemory(
        settings.cache_dir or default_cache_dir(), settings.ray_address, str(settings.mtbl_dir)
    )
    if settings.forget_nodes:
        memory.forget()
    return memory


def _close(server: WSGIServer) -> None:
    server.shutdown()
    server.server_close()
