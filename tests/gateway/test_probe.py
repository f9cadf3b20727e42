"""Health on an address of its own: in clear beside TLS, and nothing else there."""

import socket
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from dnstide.api.v1 import info_pb2, service_pb2_grpc
from dnstide.client.probe import main
from dnstide.gateway import Settings
from dnstide.gateway.startup import GatewayError, check_start
from dnstide.gateway.testing import running_gateway

TLS = Path(__file__).parent / "tls"


def test_health_is_told_in_clear_beside_tls(small_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SERVING, then nobody there; on the way NOT_SERVING, as the drain has it."""
    chosen = {"tls_cert": TLS / "server.pem", "tls_key": TLS / "server.key", "health_listen": "127.0.0.1:0"}
    with running_gateway(small_dir, **chosen) as running:
        address = running.gateway.health_address
        assert address is not None
        assert main([address]) == 0
        assert capsys.readouterr().out == "SERVING\n"
        with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refused:
            service_pb2_grpc.DnstideStub(channel).GetServerInfo(info_pb2.GetServerInfoRequest(), timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        running.gateway.pool.ready = False
        running.call(running.gateway._show_health)
        assert main([address]) == 1
        assert capsys.readouterr().out == "NOT_SERVING\n"
        assert main([address, "liveness"]) == 0  # it is well, and waits
        assert capsys.readouterr().out == "SERVING\n"
        assert main([running.address]) == 1  # which speaks TLS
        assert capsys.readouterr().out.startswith("UNAVAILABLE: ")
    assert main([address]) == 1
    assert "refused" in capsys.readouterr().out


def test_the_probe_wants_one_address(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one it says how it is used."""
    assert main([]) == 2
    assert "HOST:PORT" in capsys.readouterr().err


def test_the_probe_is_light() -> None:
    """It runs every few seconds, for as long as a container lives."""
    code = (
        "import sys, dnstide.client.probe; "
        "print([m for m in ('numpy', 'ray', 'rich', 'click', 'dnstide.api') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_address_in_use_is_told(small_dir: Path) -> None:
    """Before anything starts, as for the other addresses."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        with pytest.raises(GatewayError, match="cannot listen on"):
            check_start(Settings(mtbl_dir=small_dir, listen="127.0.0.1:0", health_listen=address))
