"""The ways to a shard that need no cluster: threads of this process, and the direct channel to another one.

The third way, a call through Ray, stands in `ray_backend`: Ray must not be imported before it is configured.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

from dnstide.shard.channel import LENGTH, NONCE_BYTES, frame, proof, same_user, tls_context
from dnstide.shard.client import ShardGoneError, Transport
from dnstide.shard.dispatch import ASK, ShardDispatch
from dnstide.shard.shard import Shard
from dnstide.shard.wire import Wire

CONNECT_SECONDS = 5.0
"""Longest wait for a shard on another machine to take a connection."""

ASK_THREADS = 4
CONTROL_THREADS = 2


class ThreadTransport:
    """Calls a shard in threads of this process."""

    def __init__(self, name: str, shard: Shard) -> None:
        self._name = name
        self.shard = shard
        self._dispatch = ShardDispatch(shard)
        self._ask = ThreadPoolExecutor(ASK_THREADS, thread_name_prefix=f"{name}-ask")
        self._control = ThreadPoolExecutor(CONTROL_THREADS, thread_name_prefix=f"{name}-control")
        self._closed = False

    async def call(self, method: str, *arguments: Any) -> Any:
        """What the method returns or raises. Raises ShardGoneError once closed."""
        if self._closed:
            raise ShardGoneError(self._name, "it was closed")
        threads = self._ask if method in ASK else self._control
        return await asyncio.get_running_loop().run_in_executor(
            threads, self._dispatch.call, method, arguments
        )

    async def close(self) -> None:
        """Take no further call."""
        self._closed = True
        self._ask.shutdown(wait=False, cancel_futures=True)
        self._control.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class FarAddress:
    """Where a shard on another machine is reached, and the secret that both ends know."""

    host: str
    port: int
    secret: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SocketTransport:
    """Calls a shard over its direct channel (`dnstide.shard.channel`), on this machine or another one.

    Calls run side by side, as many as wanted, each on a connection of its own; connections are kept.
    """

    def __init__(
        self,
        name: str,
        address: str | FarAddress,
        on_lost: Callable[[], None],
        owner: Transport | None = None,
    ) -> None:
        """`on_lost` is called once, when the first connection breaks that was not closed from here.

        `owner` is closed with this transport: it ends the process at the other end.
        """
        self._name = name
        self._address = address
        self._on_lost: Callable[[], None] | None = on_lost
        self._owner = owner
        self._wire = Wire()
        self._idle: list[_Connection] = []
        self._closed = False

    async def call(self, method: str, *arguments: Any) -> Any:
        """What the method returns or raises. Raises ShardGoneError where there is no reply."""
        request = frame(self._wire.encode_call(method, arguments))
        connection = self._idle.pop() if self._idle else await self._connect()
        try:
            reply = await connection.request(request)
        except ConnectionError as error:
            raise ShardGoneError(self._name, str(error)) from error
        except BaseException:
            connection.close()  # a late reply must not be taken for that of the next call
            raise
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
        succeeded, value = self._wire.decode_reply(method, reply)
        if succeeded:
            return value
        raise value

    async def close(self) -> None:
        """Close what is idle; running calls end by themselves."""
        self._closed = True
        self._on_lost = None
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        if self._owner is not None:
            await self._owner.close()

    async def _connect(self) -> _Connection:
        if self._closed:
            raise ShardGoneError(self._name, "the channel is closed")
        if isinstance(self._address, str):
            return await self._connect_here(self._address)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect_far(self._address)
        except TimeoutError as error:
            reason = f"{self._address} does not answer within {CONNECT_SECONDS:.0f} s"
            raise ShardGoneError(self._name, reason) from error
        except OSError as error:
            reason = f"{self._address}: {error.strerror or error}"
            raise ShardGoneError(self._name, reason) from error

    async def _connect_far(self, address: FarAddress) -> _Connection:
        """Raises OSError, also where the other end does not know the secret."""
        loop, tls = asyncio.get_running_loop(), tls_context(server=False)
        _, connection = await loop.create_connection(_Connection, address.host, address.port, ssl=tls)
        try:
            ours = secrets.token_bytes(NONCE_BYTES)
            reply = bytes(await connection.request(frame(ours)))
            theirs, proved = reply[:NONCE_BYTES], reply[NONCE_BYTES:]
            if not hmac.compare_digest(proved, proof(address.secret, b"shard", ours, theirs)):
                raise ConnectionError("it is not the shard that was started: it does not know the secret")
            await connection.request(frame(proof(address.secret, b"gateway", ours, theirs)))
        except BaseException:
            connection.close()
            raise
        connection.on_lost = self._lost
        return connection

    async def _connect_here(self, address: str) -> _Connection:
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        raw.setblocking(False)
        try:
            # A Unix socket connects or fails at once: the backlog is larger than the calls in flight.
            raw.connect(address)
            if not same_user(raw):
                raise ShardGoneError(self._name, "the socket belongs to another user")
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_unix_connection(lambda: _Connection(self._lost), sock=raw)
        except OSError as error:
            raw.close()
            raise ShardGoneError(self._name, str(error)) from error
        except BaseException:
            raw.close()
            raise
        return connection

    def _lost(self, connection: _Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        if self._on_lost is not None:
            on_lost, self._on_lost = self._on_lost, None
            on_lost()


class _Connection(asyncio.Protocol):
    """One call after another; `request` raises ConnectionError where the other end closes."""

    def __init__(self, on_lost: Callable[[_Connection], None] | None = None) -> None:
        self.on_lost = on_lost
        self._reply: asyncio.Future[memoryview] | None = None
        self._buffer = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    async def request(self, data: bytes) -> memoryview:
        if self._transport.is_closing():
            raise ConnectionError("the shard closed the connection")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return await self._reply

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        size = LENGTH.size
        if len(self._buffer) < size:
            return
        end = size + LENGTH.unpack_from(self._buffer)[0]
        if len(self._buffer) < end:
            return
        reply, self._buffer = self._buffer, bytearray()
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(memoryview(reply)[size:end])

    def connection_lost(self, error: Exception | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionError("the shard closed the connection"))
        if self.on_lost is not None:
            self.on_lost(self)

    def close(self) -> None:
        self.on_lost = None
        self._transport.close()
