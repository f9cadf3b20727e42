"""The certificates of the server, read anew when their files are replaced."""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import grpc

log = logging.getLogger(__name__)


class CertificateError(Exception):
    """The files hold no certificate that can be served; the text says why."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the server's chain, its key, and the CAs whose clients are let in, None for all clients."""

    cert: Path
    key: Path
    client_ca: Path | None

    def read(self) -> grpc.ServerCertificateConfiguration:
        """What they hold now. Raises CertificateError: gRPC itself takes any bytes, listens, and then fails
        every handshake.
        """
        try:
            chain = (self.key.read_bytes(), self.cert.read_bytes())
            ca = None if self.client_ca is None else self.client_ca.read_bytes()
        except OSError as error:
            raise CertificateError(f"cannot read {error.filename}: {error.strerror}") from error
        self._check()
        return grpc.ssl_server_certificate_configuration([chain], root_certificates=ca)

    def identity(self) -> list[tuple[int, int, int]]:
        """Changes when one of the files is replaced or written. Raises OSError."""
        paths = [path for path in (self.cert, self.key, self.client_ca) if path is not None]
        return [(status.st_ino, status.st_size, status.st_mtime_ns) for status in map(Path.stat, paths)]

    def _check(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.cert, self.key, password="")  # gRPC cannot ask for a password either
        except (ssl.SSLError, ValueError) as error:
            raise CertificateError(
                f"{self.cert} and {self.key} are not a certificate in PEM and its key without a password: "
                f"{_reason(error)}"
            ) from error
        if self.client_ca is not None:
            try:
                context.load_verify_locations(self.client_ca)
            except ssl.SSLError as error:
                raise CertificateError(
                    f"{self.client_ca} holds no certificates in PEM: {_reason(error)}"
                ) from error


class Certificates:
    """What new connections are served with. Connections that are open keep what they began with."""

    def __init__(self, files: CertificateFiles) -> None:
        """Raises CertificateError."""
        self._files = files
        self._lock = threading.Lock()
        self._first = files.read()
        self._seen: object = self._look()

    def credentials(self) -> grpc.ServerCredentials:
        """For the port of a server."""
        mutual = self._files.client_ca is not None
        return grpc.dynamic_ssl_server_credentials(
            self._first, self._fetch, require_client_authentication=mutual
        )

    def _look(self) -> object:
        try:
            return self._files.identity()
        except OSError as error:
            return error.errno

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Called before each handshake: the new configuration, None where the last one stays. Whoever
        replaces the files one by one is waited for: what does not fit together is not served.
        """
        with self._lock:
            seen = self._look()
            if seen == self._seen:
                return None
            self._seen = seen
        try:
            fresh = self._files.read()
        except CertificateError as error:
            log.error("the certificate is served as it was: %s", error)
            return None
        log.info("the certificate of %s is served from now on", self._files.cert)
        return fresh


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error)
    return str(reason).lower().replace("_", " ")
