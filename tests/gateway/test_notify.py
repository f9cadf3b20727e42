"""What systemd hears of the gateway, over a socket such as it opens."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnstide.gateway.notify import ServiceManager

from tests.gateway.test_server import COMMAND, environment


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that takes notices."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(90)
        yield receiver


def test_both_kinds_of_addresses(systemd: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, and a name of the abstract namespace; children inherit neither."""
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.getsockname())
    ServiceManager.take().tell("READY=1", "STATUS=well")
    assert systemd.recv(1000) == b"READY=1\nSTATUS=well"
    assert "NOTIFY_SOCKET" not in os.environ
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(b"\0dnstide-test-%d" % os.getpid())
        receiver.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@dnstide-test-{os.getpid()}")
        ServiceManager.take().tell("STOPPING=1")
        assert receiver.recv(1000) == b"STOPPING=1"


def test_without_systemd_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No variable: silence. A socket that is gone: a line in the log, and on."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    ServiceManager.take().tell("READY=1")
    assert not caplog.records
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    ServiceManager.take().tell("READY=1")
    assert "cannot tell systemd READY=1: No such file or directory" in caplog.text


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [("60000000", "", 60.0), ("60000000", "1", None), ("0", "", None), ("soon", "", None), ("", "", None)],
)
def test_a_watchdog_is_served_where_it_is_ours(
    microseconds: str, pid: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WATCHDOG_PID may name another process, and nonsense is no time."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert ServiceManager.take().watchdog_seconds == seconds


async def test_the_watchdog_hears_of_a_loop_that_runs(systemd: socket.socket) -> None:
    """Again and again, until it is cancelled."""
    watching = asyncio.ensure_future(ServiceManager(systemd.getsockname(), 0.02).watch())
    heard = [await asyncio.to_thread(systemd.recv, 1000) for _ in range(3)]
    watching.cancel()
    assert heard == [b"WATCHDOG=1"] * 3


@pytest.mark.cluster
def test_the_gateway_tells_when_it_serves_and_when_it_stops(
    systemd: socket.socket, small_dir: Path, tmp_path: Path
) -> None:
    """READY=1 with the address once questions are answered, STOPPING=1 on SIGTERM."""
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "--mtbl-dir", str(small_dir), "--listen", "127.0.0.1:0", "--no-summarize"],
            env=environment(tmp_path) | {"NOTIFY_SOCKET": systemd.getsockname()},
            stderr=log,
        )
    try:
        ready, _, status = systemd.recv(1000).decode().partition("\n")
        assert (ready, status[:27]) == ("READY=1", "STATUS=serving on 127.0.0.1")
        host, port = status.split()[-1].split(":")
        socket.create_connection((host, int(port)), timeout=10).close()
        process.send_signal(signal.SIGTERM)
        assert systemd.recv(1000) == b"STOPPING=1"
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
