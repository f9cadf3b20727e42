"""HTTP for Prometheus, from threads: few connections at once, and none for long, whoever holds them."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dnstide.gateway.config import split_address, with_port
from prometheus_client import CollectorRegistry, make_wsgi_app

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 16
"""Connections at once. Further ones are closed at once."""

SILENT_SECONDS, LIFE_SECONDS = 5.0, 30.0
"""Longest silence of a connection, and longest life."""


class _Handler(WSGIRequestHandler):
    timeout = SILENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments: Any) -> None:
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(*arguments)

    def server_bind(self) -> None:
        """Without asking the DNS for a name of the host, which can take long and is of no use here."""
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread is to be had
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        timer = threading.Timer(LIFE_SECONDS, _hang_up, (request,))
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever goes away, or sends what is no HTTP, is none of our errors."""
        log.debug("a request for metrics failed", exc_info=True)


class _ServerV6(_Server):
    address_family = socket.AF_INET6


def serve_metrics(registry: CollectorRegistry, address: str) -> tuple[WSGIServer, str]:
    """Serve the metrics of a registry from a thread. Returns the server and its HOST:PORT. Raises OSError."""
    host, port = split_address(address)
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, where = infos[0]
    kind = _ServerV6 if family is socket.AF_INET6 else _Server
    server = make_server(str(where[0]), port, make_wsgi_app(registry), kind, _Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server, with_port(address, server.server_port)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
