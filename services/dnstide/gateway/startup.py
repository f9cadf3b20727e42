"""What is needed to start, and what can be known to be wrong with it before anything runs."""

from __future__ import annotations

import socket

import grpc
from dnstide.gateway.audit import AuditLog, check_audit
from dnstide.gateway.certificates import CertificateError, CertificateFiles, Certificates
from dnstide.gateway.config import Settings, split_address
from dnstide.gateway.tokens import Tokens, TokensError
from dnstide.gateway.tracing import Tracing, TracingError, check_tracing


class GatewayError(Exception):
    """The gateway cannot start; the text says why and what to do. The process ends with `code`."""

    code = 1
    """It may work the next time."""


class SettingError(GatewayError):
    """It cannot start with these settings, however often it is tried."""

    code = 2


def check_start(settings: Settings) -> None:
    """What can be known before the cluster takes its seconds to start. Raises GatewayError, as a SettingError
    where only other settings or other files help.
    """
    if settings.ray_address is None and not settings.mtbl_dir.is_dir():
        raise SettingError(f"{settings.mtbl_dir} is not a directory; give the one with the MTBL tables")
    for address in filter(None, (settings.listen, settings.health_listen, settings.metrics_listen)):
        _check_address(address)
    credentials(settings)
    token_file(settings)
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


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """None where the server speaks in clear. Raises SettingError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        files = CertificateFiles(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
        return Certificates(files).credentials()
    except CertificateError as error:
        raise SettingError(str(error)) from error


def token_file(settings: Settings) -> Tokens | None:
    """None where callers need no token. Raises SettingError."""
    try:
        return None if settings.tokens is None else Tokens(settings.tokens)
    except TokensError as error:
        raise SettingError(str(error)) from error


def audit_log(settings: Settings) -> AuditLog | None:
    try:
        return None if settings.audit_log is None else AuditLog(settings.audit_log)
    except OSError as error:
        raise _not_possible(error) from error


def tracing(settings: Settings, number: str) -> Tracing | None:
    try:
        return Tracing(number) if settings.traces else None
    except TracingError as error:
        raise _not_possible(error) from error


def _not_possible(error: OSError | TracingError) -> GatewayError:
    if isinstance(error, TracingError):
        return SettingError(str(error))
    return SettingError(f"cannot write the audit log {error.filename}: {error.strerror}")
