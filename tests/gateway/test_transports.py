"""The ways to a shard: calls, errors, loss, and who is let in."""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dnstide.shard.channel as channel_module
import numpy as np
import pytest
from dnstide.gateway.transports import FarAddress, SocketTransport
from dnstide.mtbl import BadChecksum
from dnstide.shard.channel import LENGTH, MAX_STRANGERS, ChannelServer, frame
from dnstide.shard.client import ShardGoneError
from dnstide.shard.wire import Wire


class Methods:
    """What the server offers in these tests."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()

    def echo(self, *values: Any) -> Any:
        return values

    def fail(self) -> None:
        raise BadChecksum("/data/t.mtbl", 12, "the checksum does not match")

    def odd(self) -> None:
        class OddError(Exception):
            pass

        raise OddError("of a kind that does not travel")

    def wait(self) -> str:
        self.entered.set()
        self.go.wait(10)
        return "done"


@pytest.fixture
def methods() -> Methods:
    return Methods()


SECRET = bytes(range(32))


def far_server(methods: Methods) -> ChannelServer:
    """A channel that is reached over TCP too."""
    call = lambda method, arguments: getattr(methods, method)(*arguments)  # noqa: E731
    return ChannelServer(call, "127.0.0.1", SECRET)


@pytest.fixture
def far(methods: Methods) -> Iterator[tuple[ChannelServer, FarAddress]]:
    """A channel that is reached over TCP too."""
    server = ChannelServer(
        lambda method, arguments: getattr(methods, method)(*arguments), "127.0.0.1", SECRET
    )
    yield server, FarAddress("127.0.0.1", server.port, SECRET)
    methods.go.set()
    server.close()


@pytest.fixture
def server(methods: Methods) -> Iterator[ChannelServer]:
    """A channel over the methods; whoever still waits in one is let go at the end."""
    server = ChannelServer(lambda method, arguments: getattr(methods, method)(*arguments))
    yield server
    methods.go.set()
    server.close()


async def test_values_go_there_and_back(server: ChannelServer) -> None:
    """Small ones, and arrays far larger than a socket's buffer."""
    channel = SocketTransport("s", server.address, lambda: None)
    large = np.arange(1_000_000, dtype=np.uint64)
    text, back = await channel.call("echo", "a", large)
    assert text == "a"
    assert np.array_equal(back, large)
    await channel.close()


async def test_an_exception_of_the_shard_arrives_as_itself(server: ChannelServer) -> None:
    """With its fields, so that nothing is lost on the way; and the connection goes on."""
    channel = SocketTransport("s", server.address, lambda: None)
    with pytest.raises(BadChecksum) as caught:
        await channel.call("fail")
    assert (caught.value.path, caught.value.offset) == ("/data/t.mtbl", 12)
    assert await channel.call("echo", 1) == [1]
    await channel.close()


async def test_an_exception_that_cannot_travel_is_told_in_words(server: ChannelServer) -> None:
    """A local class does not travel; its name and text do."""
    channel = SocketTransport("s", server.address, lambda: None)
    with pytest.raises(RuntimeError, match="OddError: of a kind that does not travel"):
        await channel.call("odd")
    await channel.close()


async def test_calls_run_side_by_side(server: ChannelServer, methods: Methods) -> None:
    """A second call gets through while the first one is at work: that is how a cancel arrives."""
    channel = SocketTransport("s", server.address, lambda: None)
    slow = asyncio.ensure_future(channel.call("wait"))
    assert await asyncio.to_thread(methods.entered.wait, 10)
    assert await channel.call("echo", 2) == [2]
    methods.go.set()
    assert await slow == "done"
    await channel.close()


async def test_a_call_that_is_given_up_does_not_mix_up_the_next_one(
    server: ChannelServer, methods: Methods
) -> None:
    """The late reply of the first call is not taken for that of the second."""
    channel = SocketTransport("s", server.address, lambda: None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(channel.call("wait"), 0.05)
    methods.go.set()
    assert await channel.call("echo", 3) == [3]
    await channel.close()


async def test_a_connection_that_breaks_is_a_loss_told_once() -> None:
    """The running call fails and the owner is told, although nobody called again."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    address = f"\0dnstide-test-{os.getpid()}"
    listener.bind(address)
    listener.listen()
    listener.setblocking(False)
    lost = []
    channel = SocketTransport("s", address, lambda: lost.append(1))
    call = asyncio.ensure_future(channel.call("echo"))
    loop = asyncio.get_running_loop()
    peer, _ = await loop.sock_accept(listener)
    await loop.sock_recv(peer, 1)
    peer.close()
    with pytest.raises(ShardGoneError):
        await call
    listener.close()
    with pytest.raises(ShardGoneError):
        await channel.call("echo")
    assert lost == [1]


async def test_nobody_there_is_a_loss() -> None:
    """An address that nobody serves fails at once."""
    with pytest.raises(ShardGoneError):
        await SocketTransport("s", "\0dnstide-nobody", lambda: None).call("echo")


def test_a_frame_cut_short_ends_the_connection_and_nothing_else(server: ChannelServer) -> None:
    """Half a frame is no call; the server goes on for others."""
    for cut in (3, 9):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
            raw.connect(server.address)
            raw.sendall(frame(Wire().encode_call("echo", (1,)))[:cut])
            raw.shutdown(socket.SHUT_WR)
            assert raw.recv(1) == b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(server.address)
        raw.sendall(frame(Wire().encode_call("echo", (1,))))
        assert raw.recv(1) != b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_not_let_in(server: ChannelServer) -> None:
    """The connection of another user ends before a byte of it is read."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
                raw.connect(server.address)
                raw.settimeout(10)
                code = 0 if raw.recv(1) == b"" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


async def test_a_server_without_descriptors_takes_connections_again(
    server: ChannelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call waits for a while; the server does not end for it."""
    listener, refused = server._listeners[0], threading.Event()

    class Short:
        def accept(self) -> Any:
            if not refused.is_set():
                refused.set()
                raise OSError(errno.EMFILE, "Too many open files")
            return listener.accept()

    wake = SocketTransport("s", server.address, lambda: None)
    monkeypatch.setattr(server, "_listeners", [Short()])
    assert await wake.call("echo", 1) == [1]  # taken by the call of accept that was under way
    channel = SocketTransport("s", server.address, lambda: None)
    assert await asyncio.wait_for(channel.call("echo", 2), 10) == [2]
    assert refused.is_set()
    await wake.close()
    await channel.close()
    monkeypatch.undo()


async def test_the_way_between_machines_is_the_same(
    far: tuple[ChannelServer, FarAddress], methods: Methods
) -> None:
    """Values, errors, calls side by side, and the loss of the other end."""
    server, address = far
    lost: list[int] = []
    channel = SocketTransport("s", address, lambda: lost.append(1))
    large = np.arange(1_000_000, dtype=np.uint64)
    text, back = await channel.call("echo", "a", large)
    assert (text, np.array_equal(back, large)) == ("a", True)
    with pytest.raises(BadChecksum):
        await channel.call("fail")
    slow = asyncio.ensure_future(channel.call("wait"))
    assert await asyncio.to_thread(methods.entered.wait, 10)
    assert await channel.call("echo", 2) == [2]
    methods.go.set()
    assert await slow == "done"
    await channel.close()
    assert lost == []
    server.close()
    with pytest.raises(ShardGoneError, match=r"127\.0\.0\.1:\d+: "):
        await SocketTransport("s", address, lambda: None).call("echo")


async def test_neither_end_speaks_to_one_that_does_not_know_the_secret(
    far: tuple[ChannelServer, FarAddress], methods: Methods
) -> None:
    """No method is called for a stranger, and no question goes to one."""
    _, address = far
    with pytest.raises(ShardGoneError, match="it does not know the secret"):
        await SocketTransport("s", replace(address, secret=bytes(32)), lambda: None).call("wait")
    assert not methods.entered.is_set()
    heard = bytearray()

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readexactly(8 + 32))
        writer.write(frame(bytes(64)))
        heard.extend(await reader.read())
        writer.close()

    async with await asyncio.start_server(impostor, "127.0.0.1", 0) as other:
        there = FarAddress("127.0.0.1", other.sockets[0].getsockname()[1], SECRET)
        with pytest.raises(ShardGoneError, match="it does not know the secret"):
            await SocketTransport("s", there, lambda: None).call("echo", "a secret name")
    assert len(heard) == 40


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        frame(Wire().encode_call("wait", ())),
        frame(bytes(32)) + frame(bytes(32)),
        frame(bytes(32)) + frame(Wire().encode_call("wait", ())),
        LENGTH.pack(1 << 60),
    ],
)
def test_strangers_are_sent_away(
    far: tuple[ChannelServer, FarAddress], methods: Methods, said: bytes
) -> None:
    """Whatever they say, nothing is called, little is read, and others are served."""
    _, address = far
    with socket.create_connection((address.host, address.port), timeout=30) as raw:
        raw.sendall(said)
        raw.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert len(answer) <= 8 + 64
    assert not methods.entered.is_set()
    assert asyncio.run(SocketTransport("s", address, lambda: None).call("echo", 1)) == [1]


def test_strangers_who_say_nothing_do_not_keep_others_out(
    far: tuple[ChannelServer, FarAddress], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have their time, and there are only so many of them."""
    monkeypatch.setattr(channel_module, "PROOF_SECONDS", 0.2)
    _, address = far
    silent = [socket.create_connection((address.host, address.port)) for _ in range(MAX_STRANGERS + 20)]
    try:
        for raw in silent:
            raw.settimeout(30)
            assert raw.recv(1) == b""
    finally:
        for raw in silent:
            raw.close()
    assert asyncio.run(SocketTransport("s", address, lambda: None).call("echo", 1)) == [1]


def test_rays_certificates_are_asked_for_where_ray_has_some(
    methods: Methods, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way is encrypted, and a caller without a certificate of the cluster comes to no proof."""
    names = {"SERVER_CERT": "server.pem", "SERVER_KEY": "server.key", "CA_CERT": "server.pem"}
    for name, file in names.items():
        monkeypatch.setenv(f"RAY_TLS_{name}", str(Path(__file__).with_name("tls") / file))
    monkeypatch.setenv("RAY_USE_TLS", "1")
    server = ChannelServer(
        lambda method, arguments: getattr(methods, method)(*arguments), "127.0.0.1", SECRET
    )
    try:
        address = FarAddress("127.0.0.1", server.port, SECRET)
        assert asyncio.run(SocketTransport("s", address, lambda: None).call("echo", 1)) == [1]
        monkeypatch.delenv("RAY_USE_TLS")
        with pytest.raises(ShardGoneError):
            asyncio.run(SocketTransport("s", address, lambda: None).call("echo", 1))
    finally:
        server.close()
