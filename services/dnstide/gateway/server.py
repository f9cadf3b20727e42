"""A server's life in three steps: start shards, serve, drain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Final
from wsgiref.simple_server import WSGIServer

import dnstide.gateway.ray_cluster as ray_cluster
import grpc
import uvloop
from dnstide.gateway.admission import Admission
from dnstide.gateway.answering import Answering
from dnstide.gateway.audit import AuditLog, check_audit
from dnstide.gateway.config import Settings, split_address, with_port
from dnstide.gateway.health import SERVICE, Health, probe_server
from dnstide.gateway.member import Backend
from dnstide.gateway.memory import NodeMemory
from dnstide.gateway.metrics import Metrics
from dnstide.gateway.pool import Pool
from dnstide.gateway.rpc import Rpc
from dnstide.gateway.service import DnstideService
from dnstide.gateway.supervisor import Intervals, StartError, Supervisor
from dnstide.gateway.tracing import Tracing, TracingError, check_tracing
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


STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Each asks the gateway to drain and end; SIGHUP where it comes of a terminal that is closed, and has another
meaning for a service, which has none: to open the audit log anew.
"""


class GatewayError(Exception):
    """The gateway cannot start; the text says why and what to do."""


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
        self._audit = _audit_log(settings)
        self._tracing = _tracing(settings, number)
        self.metrics = Metrics(self.pool, self.admission, backend, number, self._audit)
        intervals = Intervals(
            settings.rescan_seconds, settings.discover_seconds, settings.ping_seconds, settings.ping_timeout
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
        rpc = Rpc(settings, self.admission, self.metrics, number, self._audit, self._tracing)
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
            credentials = _credentials(self.settings)
            if credentials is None:
                port = server.add_insecure_port(self.settings.listen)
            else:
                port = server.add_secure_port(self.settings.listen, credentials)
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
            self._metrics_server, self.metrics_address = self.metrics.serve(self.settings.metrics_listen)
        except OSError as error:
            raise GatewayError(
                f"cannot serve metrics on {self.settings.metrics_listen}: {error.strerror or error}"
            ) from error
        log.info("serving metrics on %s", self.metrics_address)


def run(settings: Settings, ready: Callable[[str], None] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; the exit code of the process. Logs to standard error.

    ready is called with the address once questions are answered. A second signal ends the drain at once.
    """
    level = getattr(logging, settings.log_level.upper())
    # Libraries debug themselves at length; what they do is not what the operator asks about.
    logging.basicConfig(
        level=max(level, logging.INFO), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("dnstide").setLevel(level)
    try:
        check_start(settings)
        ray_cluster.start(settings.ray_address, insecure=settings.insecure)
    except (GatewayError, ray_cluster.ClusterError) as error:
        log.error("%s", error)
        return 1
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(settings, ready))
    finally:
        for number in STOPPING:  # the loop's handlers are gone, and Ray needs a moment
            signal.signal(number, signal.SIG_IGN)
        ray_cluster.stop()


async def _serve(settings: Settings, ready: Callable[[str], None] | None) -> int:
    # Not before Ray has started: what it reads from the environment at import is set then.
    from dnstide.gateway.ray_backend import RayBackend

    backend = RayBackend(
        str(settings.mtbl_dir),
        settings.shards,
        settings.threads,
        settings.direct_channel,
        all_files=settings.all_files,
        cache_dir=None if settings.cache_dir is None else str(settings.cache_dir),
        summarize=settings.summarize,
        block_cache_bytes=settings.block_cache_mib << 20,
        log_level=settings.log_level,
    )
    try:
        gateway = Gateway(settings, backend)
    except GatewayError as error:
        log.error("%s", error)
        return 1
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Ray has put its own handlers in place of what was there; these replace them.
    for number in STOPPING:
        # nohup lets a process ignore SIGHUP, and it is to stay so.
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue
        service = number is signal.SIGHUP and not _has_terminal()
        loop.add_signal_handler(number, gateway.reopen if service else asked_to_stop.set)
    starting = asyncio.ensure_future(gateway.start())
    stopping = asyncio.ensure_future(asked_to_stop.wait())
    lost = gateway.supervisor.lost
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            if ready is not None:
                ready(gateway.address)
            await asyncio.wait((stopping, lost), return_when=asyncio.FIRST_COMPLETED)
        if lost.done():
            log.error("%s: the gateway ends, to be started again", lost.result())
            return 1
        log.info("asked to stop")
        return 0
    except GatewayError as error:
        log.error("%s", error)
        return 1
    finally:
        starting.cancel()
        stopping.cancel()
        asked_to_stop.clear()
        await _stop(gateway, asked_to_stop)


async def _stop(gateway: Gateway, force: asyncio.Event) -> None:
    draining = asyncio.ensure_future(gateway.stop())
    forced = asyncio.ensure_future(force.wait())
    await asyncio.wait((draining, forced), return_when=asyncio.FIRST_COMPLETED)
    forced.cancel()
    if not draining.done():
        log.info("asked to stop again: running questions are cut off")
        draining.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await draining
        await gateway.stop(grace=0)


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


def check_start(settings: Settings) -> None:
    """What can be known before the cluster takes its seconds to start. Raises GatewayError."""
    if settings.ray_address is None and not settings.mtbl_dir.is_dir():
        raise GatewayError(f"{settings.mtbl_dir} is not a directory; give the one with the MTBL tables")
    for address in filter(None, (settings.listen, settings.health_listen, settings.metrics_listen)):
        _check_address(address)
    _credentials(settings)
    try:
        if settings.audit_log is not None:
            check_audit(settings.audit_log)
        if settings.traces:
            check_tracing()
    except (OSError, TracingError) as error:
        raise _not_possible(error) from error


def _check_address(address: str) -> None:
    host, port = split_address(address)
    try:
        family, _, _, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "; choose another port or stop what uses it" if "in use" in reason else ""
        raise GatewayError(f"cannot listen on {address}: {reason.lower()}{hint}") from error


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        chain = (settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())
        ca = settings.tls_client_ca.read_bytes() if settings.tls_client_ca is not None else None
    except OSError as error:
        raise GatewayError(f"cannot read {error.filename}: {error.strerror}") from error
    return grpc.ssl_server_credentials([chain], root_certificates=ca, require_client_auth=ca is not None)


def _audit_log(settings: Settings) -> AuditLog | None:
    try:
        return None if settings.audit_log is None else AuditLog(settings.audit_log)
    except OSError as error:
        raise _not_possible(error) from error


def _tracing(settings: Settings, number: str) -> Tracing | None:
    try:
        return Tracing(number) if settings.traces else None
    except TracingError as error:
        raise _not_possible(error) from error


def _not_possible(error: OSError | TracingError) -> GatewayError:
    if isinstance(error, TracingError):
        return GatewayError(str(error))
    return GatewayError(f"cannot write the audit log {error.filename}: {error.strerror}")


def _has_terminal() -> bool:
    """Whether a terminal controls the process, so that SIGHUP tells of its end."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _close(server: WSGIServer) -> None:
    server.shutdown()
    server.server_close()
