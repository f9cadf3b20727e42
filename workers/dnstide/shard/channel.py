"""The direct way to a shard on the same machine: calls over a Unix socket, without a cluster in between.

A frame is a u64 little-endian length and that many bytes of msgpack (`wire`). A call is the frame [method,
arguments], its reply the frame [True, result] or [False, exception]. A connection carries one call after
another; calls that shall run side by side, such as a question and its cancel, take one connection each.

The socket lives in the abstract namespace, so it vanishes with the process. Both ends talk only to processes
of their own user.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
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

    def __init__(self, call: Callable[[str, Sequence[Any]], Any]) -> None:
        self._call = call
        self._wire = Wire()
        self.address = f"\0dnstide-{os.getpid()}-{secrets.token_hex(8)}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.address)
        self._listener.listen(64)
        threading.Thread(target=self._accept, name="channel", daemon=True).start()

    def close(self) -> None:
        """Take no further connection; those that are open go on until the other end closes them."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if error.errno not in SHORTAGES:  # closed
                    return
                time.sleep(SHORTAGE_SECONDS)
                continue
            try:
                if same_user(connection):
                    threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
                else:
                    connection.close()
            except (OSError, RuntimeError):  # no thread is to be had: the caller asks elsewhere
                connection.close()

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
