"""The life of a server: start, serve, drain; and every way in which it does not start."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import info_pb2, service_pb2_grpc, volume_pb2
from dnstide.gateway import GatewayError, Settings
from dnstide.gateway.startup import SettingError, check_start
from dnstide.gateway.testing import LocalBackend, running_gateway
from grpc_health.v1 import health_pb2, health_pb2_grpc

TLS = Path(__file__).parent / "tls"
COMMAND = [sys.executable, "-m", "dnstide.gateway"]


def environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "DNSTIDE_"))}
    return kept | {"HOME": str(home)}


def test_a_port_in_use_is_told_before_anything_starts(small_dir: Path, tmp_path: Path) -> None:
    """Exit code 1 within moments, one line that names the address and what to do, and no Ray processes."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, "--mtbl-dir", str(small_dir), "--listen", address],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"cannot listen on {address}: address already in use; choose another port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mtbl-dir", "/nowhere"], "/nowhere is not a directory"),
        (["--mtbl-dir", "/tmp", "--listen", "0.0.0.0:0"], "is open to others"),
        (["--mtbl-dir", "/tmp", "--listen", "nonsense"], "is not HOST:PORT"),
        (["--mtbl-dir", "/tmp", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"], "cannot read /nowhere"),
        (["--mtbl-dir", "/tmp", "--tls-cert", __file__, "--tls-key", __file__], "not a certificate in PEM"),
        ([], "mtbl_dir"),
    ],
)
def test_settings_that_cannot_work_are_told_in_one_line(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    """Wrong values and missing files, each named, without a traceback; 2 tells systemd not to try again."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_certificates_that_do_not_fit_are_told(small_dir: Path, tmp_path: Path) -> None:
    """A key of another certificate, and a file of CAs without one."""
    other, empty = tmp_path / "other.key", tmp_path / "empty.pem"
    empty.touch()
    command = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]
    subprocess.run([*command, str(other)], check=True, capture_output=True)
    ours = {"mtbl_dir": small_dir, "listen": "127.0.0.1:0", "tls_cert": TLS / "server.pem"}
    with pytest.raises(SettingError, match="and its key without a password: key "):
        check_start(Settings(**ours, tls_key=other))
    with pytest.raises(SettingError, match="holds no certificates in PEM"):
        check_start(Settings(**ours, tls_key=TLS / "server.key", tls_client_ca=empty))
    check_start(Settings(**ours, tls_key=TLS / "server.key", tls_client_ca=TLS / "server.pem"))


@pytest.mark.parametrize("listen", ["no-such-host.invalid:1", "192.0.2.77:1"])
def test_an_address_that_is_not_ours_is_told(small_dir: Path, listen: str) -> None:
    """Neither a name that nobody knows nor an address of another machine can be listened on."""
    with pytest.raises(GatewayError, match="cannot listen on"):
        check_start(Settings(mtbl_dir=small_dir, listen=listen, insecure=True))


def test_an_empty_directory_serves_and_says_so(tmp_path: Path, ask: Callable[..., Any]) -> None:
    """Tables may come later; until then there is nothing to answer from."""
    with running_gateway(tmp_path) as running:
        refused = ask(running.address, names=["example.com"])
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_TABLES")


def test_tls_keeps_strangers_out(small_dir: Path) -> None:
    """With a certificate in clear nothing is served; with a client CA nobody without a certificate is."""
    chain, key = (TLS / "server.pem").read_bytes(), (TLS / "server.key").read_bytes()
    settings = {"tls_cert": TLS / "server.pem", "tls_key": TLS / "server.key"}
    mutual = {**settings, "tls_client_ca": TLS / "server.pem"}
    ours = grpc.ssl_channel_credentials(chain)
    known = grpc.ssl_channel_credentials(chain, key, chain)
    for chosen, credentials, served in [
        (settings, ours, True),
        (settings, None, False),
        (mutual, known, True),
        (mutual, ours, False),
    ]:
        with running_gateway(small_dir, **chosen) as running:
            if credentials is None:
                channel = grpc.insecure_channel(running.address)
            else:
                channel = grpc.secure_channel(running.address, credentials)
            with channel:
                stub = service_pb2_grpc.DnstideStub(channel)
                try:
                    ready = stub.GetServerInfo(info_pb2.GetServerInfoRequest(), timeout=10).ready
                except grpc.RpcError:
                    ready = False
        assert ready is served


def test_a_drain_lets_running_questions_end_and_takes_no_new_ones(
    small_dir: Path, ask: Callable[..., Any]
) -> None:
    """NOT_SERVING first, DRAINING for newcomers, a whole answer for who was there, and watchers do not
    delay.
    """
    go, entered = threading.Event(), threading.Event()
    with running_gateway(small_dir, drain_seconds=20) as running:
        for member in running.gateway.pool.members.values():
            shard = member.client.transport.shard

            def wait(*arguments: Any, answer: Callable[..., Any] = shard.answer) -> Any:
                entered.set()
                assert go.wait(20)
                return answer(*arguments)

            shard.answer = wait
        with grpc.insecure_channel(running.address) as channel:
            stub = service_pb2_grpc.DnstideStub(channel)
            health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert next(health).status == health_pb2.HealthCheckResponse.SERVING
            stream = stub.QueryVolume(volume_pb2.QueryVolumeRequest(names=["www.example.com"]), timeout=30)
            assert entered.wait(10)
            stopping = threading.Thread(target=lambda: running.call(running.gateway.stop))
            stopping.start()
            assert next(health).status == health_pb2.HealthCheckResponse.NOT_SERVING
            refused = ask(running.address, names=["x.example"])
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
            assert stub.GetServerInfo(info_pb2.GetServerInfoRequest(), timeout=10).draining
            go.set()
            assert list(stream)[-1].summary.complete
            stopping.join(20)
            assert not stopping.is_alive()


def test_no_shard_is_no_server(small_dir: Path) -> None:
    """Where nothing comes up the start fails and says why, rather than serve UNAVAILABLE."""

    class Broken(LocalBackend):
        async def start(self, spec: Any, on_lost: Any) -> Any:
            raise OSError("no memory")

    with (
        pytest.raises(GatewayError, match="no shard came up: no memory"),
        running_gateway(small_dir, backend=Broken({"local": small_dir})),
    ):
        pass


@pytest.mark.cluster
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_server_with_everything_it_started(
    number: signal.Signals, small_dir: Path, tmp_path: Path
) -> None:
    """`python -m dnstide.gateway` serves, answers, drains on SIGTERM, as on a terminal that is closed, exits
    0, and leaves no process and no file behind.
    """
    log = tmp_path / "log"
    terminal, end = os.openpty()
    temporary = tempfile.mkdtemp(dir="/tmp", prefix="d")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*COMMAND, "--mtbl-dir", str(small_dir), "--listen", "127.0.0.1:0", "--shards", "2"],
            env=environment(tmp_path) | {"DNSTIDE_TEST_MARK": str(tmp_path), "TMPDIR": temporary},
            stderr=file,
            stdout=file,
            stdin=end,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    os.close(end)
    try:
        wait_until(lambda: "serving 62 tables on " in log.read_text() or process.poll() is not None, 90)
        assert process.poll() is None, log.read_text()
        address = log.read_text().split("tables on ")[1].split()[0]
        with grpc.insecure_channel(address) as channel:
            stub = service_pb2_grpc.DnstideStub(channel)
            answer = list(
                stub.QueryVolume(volume_pb2.QueryVolumeRequest(names=["www.example.com"]), timeout=20)
            )
        assert answer[-1].summary.tables_answered == 60
        assert len(marked(tmp_path)) > 3
        (session,) = Path(temporary).glob("dnstide-ray-*")
        assert session.stat().st_mode & 0o777 == 0o700
        if number is signal.SIGHUP:
            os.close(terminal)  # the kernel sends it
        else:
            process.send_signal(number)
        assert process.wait(60) == 0
        wait_until(lambda: not marked(tmp_path))
        assert not list(Path(temporary).iterdir())
    finally:
        process.kill()
        process.wait()
        if number is not signal.SIGHUP:
            os.close(terminal)
        shutil.rmtree(temporary)
    assert "Traceback" not in log.read_text()
    assert "all interfaces" not in log.read_text()
    token = tmp_path / ".ray" / "auth_token"
    assert token.stat().st_mode & 0o777 == 0o600


def marked(mark: Path) -> list[int]:
    """The living processes that inherited the mark of a test."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"DNSTIDE_TEST_MARK={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Fails unless the condition comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
