"""Why a server that is there does not answer: gRPC says "connection refused" of every mistake with TLS.

The connection is tried once more, with the standard library, which tells one mistake from another.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from dnstide.client.address import split_address

if TYPE_CHECKING:
    from dnstide.client.channel import Tls

_CERTIFICATE = "it asks for a certificate of the client that it trusts (--cert and --key)"

SECONDS = 1.0
"""A server that is there answers a handshake at once."""


def tls_mistake(server: str, tls: Tls | None) -> str | None:
    """What is wrong with the TLS of a call to this server, and what to do; None for all else."""
    target = split_address(server)
    if target is None:
        return None
    try:
        with socket.create_connection(target, SECONDS) as plain:
            plain.settimeout(SECONDS)
            return _without_tls(plain) if tls is None else _with_tls(plain, target[0], tls)
    except OSError:
        return None


def _without_tls(plain: socket.socket) -> str | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with context.wrap_socket(plain):
            return "it speaks TLS: call it with TLS (--tls or --ca)"
    except ssl.SSLError:
        return None


def _with_tls(plain: socket.socket, host: str, tls: Tls) -> str | None:
    context = ssl.create_default_context(cafile=tls.ca)
    context.set_alpn_protocols(["h2"])
    if tls.cert is not None and tls.key is not None:
        context.load_cert_chain(tls.cert, tls.key)
    try:
        with context.wrap_socket(plain, server_hostname=host) as secure, suppress(TimeoutError):
            # Since TLS 1.3 a server tells only after the handshake that it wants a certificate; gRPC's
            # closes.
            if not secure.read(1):
                return _CERTIFICATE
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not trusted ({error.verify_message}): name its authority (--ca)"
    except ssl.SSLError as error:
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
            return "it does not speak TLS: call it in clear"
        if "CERTIFICATE" in (error.reason or ""):
            return _CERTIFICATE
        return f"the handshake failed ({error.reason})"
    return None
