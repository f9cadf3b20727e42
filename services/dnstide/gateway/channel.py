"""The gateway's end of the direct channel to a shard (dnstide.shard.channel), for the event loop."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import Callable
from typing import Any, cast

from dnstide.shard.channel import LENGTH, pack, same_user


class ChannelLostError(Exception):
    """The other end closed the connection, or nobody is there."""


class Channel:
    """Calls to one shard. Side by side as many as wanted, each on a connection of its own; connections
    are kept.
    """

    def __init__(self, address: str, on_lost: Callable[[], None]) -> None:
        """on_lost is called once, when the first connection breaks that was not closed from here."""
        self._address = address
        self._on_lost: Callable[[], None] | None = on_lost
        self._free: list[_Connection] = []
        self._closed = False

    async def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """What the method returns or raises. Raises ChannelLostError where there is no reply."""
        connection = self._free.pop() if self._free else await self._connect()
        try:
            succeeded, value = await connection.request(pack((method, arguments)))
        except BaseException:
            connection.close()  # a late reply must not be taken for that of the next call
            raise
        if self._closed:
            connection.close()
        else:
            self._free.append(connection)
        if succeeded:
            return value
        raise value

    def close(self) -> None:
        """Closes what is idle; running calls end by themselves."""
        self._closed = True
        self._on_lost = None
        for connection in self._free:
            connection.close()
        self._free.clear()

    async def _connect(self) -> _Connection:
        if self._closed:
            raise ChannelLostError("the channel is closed")
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        raw.setblocking(False)
        try:
            # A Unix socket connects or fails at once: the backlog is larger than the calls in flight.
            raw.connect(self._address)
            if not same_user(raw):
                raise ChannelLostError("the socket belongs to another user")
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_unix_connection(lambda: _Connection(self._lost), sock=raw)
        except OSError as error:
            raw.close()
            raise ChannelLostError(str(error)) from error
        except BaseException:
            raw.close()
            raise
        return connection

    def _lost(self, connection: _Connection) -> None:
        if connection in self._free:
            self._free.remove(connection)
        if self._on_lost is not None:
            on_lost, self._on_lost = self._on_lost, None
            on_lost()


class _Connection(asyncio.Protocol):
    def __init__(self, on_lost: Callable[[_Connection], None]) -> None:
        self._on_lost: Callable[[_Connection], None] | None = on_lost
        self._reply: asyncio.Future[tuple[bool, Any]] | None = None
        self._buffer = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    async def request(self, frame: bytes) -> tuple[bool, Any]:
        if self._transport.is_closing():
            raise ChannelLostError("the shard closed the connection")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(frame)
        return await self._reply

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        size = LENGTH.size
        if len(self._buffer) < size:
            return
        end = size + LENGTH.unpack_from(self._buffer)[0]
        if len(self._buffer) < end:
            return
        with memoryview(self._buffer) as view:
            value = pickle.loads(view[size:end])
        self._buffer.clear()
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(value)

    def connection_lost(self, error: Exception | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ChannelLostError("the shard closed the connection"))
        if self._on_lost is not None:
            self._on_lost(self)

    def close(self) -> None:
        self._on_lost = None
        self._transport.close()
