"""The direct way to a shard: calls over a socket, without a cluster in between.

A frame is a u64 little-endian length and that many bytes of msgpack (`wire`). A call is the frame [method,
arguments], its reply the frame [True, result] or [False, exception]. A connection carries one call after
another; calls that shall run side by side, such as a question and its cancel, take one connection each.

On the same machine it is a Unix socket in the abstract namespace, which vanishes with the process; both ends
talk only to processes of their own user. Between machines it is TCP, and both ends prove first that they know
a secret (`handshake`), which the cluster has carried to the shard.
"""

from __future__ import annotations

import contextlib
import errno
import hmac
import os
import secrets
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from dnstide.shard.wire import Wire

LENGTH = struct.Struct("<Q")
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED)
"""What passes: the process or the machine has no descriptor or memory left, or the caller went away."""
SHORTAGE_SECONDS = 0.1
_CREDENTIALS = struct.Struct("3i")
"""struct ucred: pid, uid, gid."""


PROOF_SECONDS = 5.0
"""Longest time in which a caller from another machine has to prove that it knows the secret."""
MAX_STRANGERS = 64
"""Callers that may be about to prove it at the same time."""
NONCE_BYTES = PROOF_BYTES = 32


def proof(secret: bytes, role: bytes, of_gateway: bytes, of_shard: bytes) -> bytes:
    """That whoever plays this role knows the secret: HMAC-SHA256 over both ends' random bytes."""
    return hmac.digest(secret, role + of_gateway + of_shard, "sha256")


def tls_context(*, server: bool) -> ssl.SSLContext | None:
    """TLS with certificates on both sides where Ray's own traffic has it (RAY_USE_TLS), with Ray's files.

    Raises OSError for files that cannot be read, or are none.
    """
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return None
    files = [os.environ.get(f"RAY_TLS_{name}", "") for name in ("SERVER_CERT", "SERVER_KEY", "CA_CERT")]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # Ray's certificates are of the cluster, not of one node
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(files[0], files[1])
    context.load_verify_locations(files[2])
    return context


def _read_exactly(connection: socket.socket, size: int) -> bytes:
    """The body of a frame of that size. Raises OSError for any other, and where the caller goes away."""
    wanted, data = LENGTH.size + size, b""
    while len(data) < wanted:
        part = connection.recv(wanted - len(data))
        if not part:
            raise ConnectionError("the caller went away")
        data += part
    if LENGTH.unpack_from(data)[0] != size:
        raise ConnectionError("the caller proves nothing")
    return data[LENGTH.size :]


def frame(body: bytes) -> bytes:
    """The bytes of a value as one frame."""
    return LENGTH.pack(len(body)) + body


def same_user(connection: socket.socket) -> bool:
    """Whether the process at the other end belongs to the user of this one."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(raw)[1] == os.geteuid())


def machine() -> str:
    """Equal for two processes that can meet over an abstract socket: same boot, same network namespace."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        boot = file.read().strip()
    return f"{boot}/{os.stat('/proc/self/ns/net').st_ino}"


class ChannelServer:
    """Serves `call(method, arguments)` to any number of connections, a thread for each."""

    def __init__(
        self, call: Callable[[str, Sequence[Any]], Any], host: str | None = None, secret: bytes = b""
    ) -> None:
        """With a host also over TCP, on a free `port`, to whoever knows the secret. Raises OSError."""
        self._call = call
        self._wire = Wire()
        self._secret = secret
        self._strangers = threading.BoundedSemaphore(MAX_STRANGERS)
        self.address = f"\0dnstide-{os.getpid()}-{secrets.token_hex(8)}"
        self.port = 0
        here = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        here.bind(self.address)
        here.listen(64)
        self._listeners = [here]
        self._start(self._admit)
        if host is not None:
            self._tls = tls_context(server=True)
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            far = socket.create_server((host, 0), family=family, backlog=64)
            self.port = far.getsockname()[1]
            self._listeners.append(far)
            self._start(self._admit_far)

    def close(self) -> None:
        """Take no further connection; those that are open go on until the other end closes them."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _start(self, admit: Callable[[socket.socket], None]) -> None:
        """Serve the last listener, in a thread of its own."""
        place = len(self._listeners) - 1
        threading.Thread(target=self._accept, args=(place, admit), name="channel", daemon=True).start()

    def _accept(self, place: int, admit: Callable[[socket.socket], None]) -> None:
        while True:
            try:
                connection, _ = self._listeners[place].accept()
            except OSError as error:
                if error.errno not in SHORTAGES:  # closed
                    return
                time.sleep(SHORTAGE_SECONDS)
                continue
            try:
                admit(connection)
            except (OSError, RuntimeError):  # no thread is to be had: the caller asks elsewhere
                connection.close()

    def _admit(self, connection: socket.socket) -> None:
        if same_user(connection):
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        else:
            connection.close()

    def _admit_far(self, connection: socket.socket) -> None:
        """A thread of its own for the proof too, which may never come; but only so many at a time."""
        if not self._strangers.acquire(blocking=False):
            connection.close()
            return
        try:
            threading.Thread(target=self._serve_far, args=(connection,), daemon=True).start()
        except BaseException:
            self._strangers.release()
            raise

    def _serve_far(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(PROOF_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            proved = self._is_proved(connection)
        except OSError:  # ssl.SSLError is one
            proved = False
        finally:
            self._strangers.release()
        if not proved:
            connection.close()
            return
        connection.settimeout(None)
        self._serve(connection)

    def _is_proved(self, connection: socket.socket) -> bool:
        theirs = _read_exactly(connection, NONCE_BYTES)
        ours = secrets.token_bytes(NONCE_BYTES)
        connection.sendall(frame(ours + proof(self._secret, b"shard", theirs, ours)))
        if not hmac.compare_digest(
            _read_exactly(connection, PROOF_BYTES), proof(self._secret, b"gateway", theirs, ours)
        ):
            return False
        connection.sendall(frame(b""))
        return True

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb", buffering=1 << 16) as stream, contextlib.suppress(OSError):
            while len(head := stream.read(LENGTH.size)) == LENGTH.size:
                size = LENGTH.unpack(head)[0]
                body = stream.read(size)
                if len(body) < size:
                    return
                connection.sendall(frame(self._reply(body)))

    def _reply(self, body: bytes) -> bytes:
        method = ""
        try:
            method, arguments = self._wire.decode_call(body)
            return self._wire.encode_reply(method, True, self._call(method, arguments))
        except Exception as error:
            return self._wire.encode_reply(method, False, error)
