"""How a channel to a server is set up; shared by both clients. Every constant says why it has its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from dnstide.client.address import is_loopback
from dnstide.client.version import client_version
from dnstide.model.errors import InvalidQuestion
from dnstide.model.vocabulary import MAX_REQUEST_BYTES

CONNECT_MS = 5_000
"""A silent address (gRPC waits 20 s for it) is given up after this."""

MAX_ANSWER_BYTES = 16 << 20
"""The server keeps messages near 1 MiB."""

KEEPALIVE_MS = 120_000
"""Servers of dnstide allow a ping a minute; finds a dead link under a long call."""


def channel_options(server: str) -> Sequence[tuple[str, Any]]:
    """Channel arguments of both clients, for a server at this address."""
    # gRPC sends calls to this very machine through the proxy of http_proxy, which cannot reach it.
    direct = (("grpc.enable_http_proxy", 0),) if is_loopback(server) else ()
    return (
        *direct,
        ("grpc.primary_user_agent", f"dnstide/{client_version()}"),
        # A call that gRPC repeats by itself can outlive its deadline where the server dies; see `transport`.
        ("grpc.enable_retries", 0),
        # A name with several addresses, as a headless service of Kubernetes: calls are shared out among them.
        ("grpc.lb_policy_name", "round_robin"),
        ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
        ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.min_reconnect_backoff_ms", CONNECT_MS),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    )


@dataclass(frozen=True, slots=True)
class Tls:
    """What a TLS channel rests on, as PEM files.

    `ca` holds the certificates to trust (None: the system's); `cert` and `key` are this client's own, for
    servers that ask for them.
    """

    ca: str | Path | None = None
    cert: str | Path | None = None
    key: str | Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Reads the files. Raises InvalidQuestion for one that cannot be read or holds no PEM."""
        if (self.cert is None) != (self.key is None):
            raise InvalidQuestion([("cert", "a client certificate and its key go together, give both")])
        return grpc.ssl_channel_credentials(
            root_certificates=_pem("ca", self.ca),
            private_key=_pem("key", self.key),
            certificate_chain=_pem("cert", self.cert),
        )


def _pem(field: str, path: str | Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise InvalidQuestion([(field, f"cannot read {path}: {error.strerror}")]) from None
    if b"-----BEGIN " not in text:
        raise InvalidQuestion([(field, f"{path} is not a PEM file")])
    return text
