"""Joining a Ray cluster that somebody else started: what is wrong is told within moments, in one line."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from dnstide.gateway.ray_join import JoinError, check_join, wait_to_join

from tests.gateway.test_server import COMMAND, environment, wait_until

TOKEN = "0123456789abcdef" * 4
RAY = str(Path(sys.executable).with_name("ray"))


@contextmanager
def head(home: Path, port: int = 0, **variables: str) -> Iterator[tuple[str, int]]:
    """A head with two CPUs on that port of this machine, or a free one: its address and process group."""
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
    folder = tempfile.mkdtemp(dir="/tmp", prefix="d")
    words = f"start --head --block --port {port} --num-cpus 2 --include-dashboard=false --temp-dir {folder}/r"
    with (home / "head.log").open("wb") as log:
        process = subprocess.Popen(
            [RAY, *words.split()],
            env=environment(home) | {"RAY_USAGE_STATS_ENABLED": "0"} | variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "--block" in (home / "head.log").read_text() or process.poll() is not None, 60)
        assert process.poll() is None, (home / "head.log").read_text()
        yield f"127.0.0.1:{port}", process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def raylet_of(group: int) -> int:
    """The raylet among the processes of a session."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text() == "raylet\n" and os.getsid(int(entry.name)) == group:
                return int(entry.name)
        except OSError:
            continue
    raise AssertionError("no raylet")


def kill_raylet_of(group: int) -> None:
    """Kills it, and returns when it is dead: until then its port takes connections."""
    with open(os.pidfd_open(raylet_of(group)), "rb") as raylet:
        signal.pidfd_send_signal(raylet.fileno(), signal.SIGKILL)
        assert select.select([raylet], [], [], 30)[0]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ray://head:10001", "ray:// is the way of remote clients"),
        ("head", "--ray-address 'head' is neither HOST:PORT nor auto"),
        ("127.0.0.1:1", "no Ray head answers at 127.0.0.1:1 (Connection refused): start one"),
    ],
)
def test_what_is_no_cluster_is_told_at_once(address: str, said: str, small_dir: Path, tmp_path: Path) -> None:
    """One line and exit code 1, within the time that the program takes to start."""
    done = subprocess.run(
        [*COMMAND, "--mtbl-dir", str(small_dir), "--listen", "127.0.0.1:0", "--ray-address", address],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.cluster
def test_tokens_and_nodes_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reason by its name; with the right token the cluster is joined until its raylet here is dead."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    with head(tmp_path, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=TOKEN) as (address, group):
        monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
        with pytest.raises(JoinError, match="asks for a token: set RAY_AUTH_MODE=token"):
            check_join(address)
        monkeypatch.setenv("RAY_AUTH_MODE", "token")
        with pytest.raises(JoinError, match=r"\.ray/auth_token cannot be read: No such file"):
            check_join(address)
        (tmp_path / ".ray").mkdir(exist_ok=True)
        (tmp_path / ".ray" / "auth_token").write_text(TOKEN + "\n")
        check_join(address)
        monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN[::-1])
        with pytest.raises(JoinError, match="refuses the token of RAY_AUTH_TOKEN"):
            check_join(address)
        monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
        kill_raylet_of(group)
        with pytest.raises(JoinError, match=r"no Ray (node of the cluster at \S+ runs on this machine|head)"):
            check_join(address)


@pytest.mark.cluster
def test_a_cluster_that_takes_everybody_is_joined_on_request_only(tmp_path: Path) -> None:
    with head(tmp_path, RAY_AUTH_MODE="disabled") as (address, _):
        with pytest.raises(JoinError, match=r"asks for no token, .* or give --insecure"):
            check_join(address)
        check_join(address, insecure=True)


@pytest.mark.cluster
def test_a_gateway_ends_when_its_node_is_lost(small_dir: Path, tmp_path: Path) -> None:
    """It serves until its raylet is killed, and ends with code 1 soon after, with the reason."""
    log = tmp_path / "log"
    variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
    with head(tmp_path, **variables) as (address, group), log.open("wb") as file:
        process = subprocess.Popen(
            [*COMMAND, "--mtbl-dir", str(small_dir), "--listen", "127.0.0.1:0", "--ray-address", address],
            env=environment(tmp_path) | variables,
            stdout=file,
            stderr=file,
        )
        try:
            wait_until(lambda: "serving 62 tables" in log.read_text() or process.poll() is not None, 60)
            assert process.poll() is None, log.read_text()
            kill_raylet_of(group)
            assert process.wait(60) == 1
        finally:
            process.kill()
            process.wait()
    assert "the raylet of this machine has died" in log.read_text()
    assert "the gateway ends, to be started again" in log.read_text()


@pytest.mark.cluster
def test_a_cluster_that_starts_beside_the_gateway_is_waited_for(tmp_path: Path) -> None:
    """Where that is asked; what no waiting mends is told at once."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    with pytest.raises(JoinError, match="no Ray head answers"):
        wait_to_join(f"127.0.0.1:{port}", 1.0)
    with pytest.raises(JoinError, match="neither HOST:PORT nor auto"):
        wait_to_join("head", 3600.0)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(wait_to_join, f"127.0.0.1:{port}", 60.0, insecure=True)
        with head(tmp_path, port, RAY_AUTH_MODE="disabled"):
            waiting.result(60)
