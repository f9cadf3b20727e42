"""Settings: from keywords and environment, and what is refused."""

from pathlib import Path

import pytest
from dnstide.gateway.config import Settings, is_loopback, split_address
from pydantic import ValidationError


def test_environment_fills_what_keywords_leave_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNSTIDE_<NAME> is read; a keyword wins over it."""
    monkeypatch.setenv("DNSTIDE_MTBL_DIR", "/data")
    monkeypatch.setenv("DNSTIDE_SHARDS", "3")
    monkeypatch.setenv("DNSTIDE_REFLECTION", "true")
    settings = Settings(shards=4)
    assert (settings.mtbl_dir, settings.shards, settings.reflection) == (Path("/data"), 4, True)


def test_settings_are_frozen() -> None:
    """What the server started with is what it runs with."""
    settings = Settings(mtbl_dir="/data")
    with pytest.raises(ValidationError):
        settings.shards = 2


@pytest.mark.parametrize("address", ["0.0.0.0:1", "[::]:1", "192.0.2.1:8453", "dns.example.net:8453"])
def test_an_open_address_needs_tls_or_a_word(address: str, tmp_path: Path) -> None:
    """Serving others in clear happens on demand only."""
    with pytest.raises(ValidationError, match="is open to others"):
        Settings(mtbl_dir="/data", listen=address)
    assert Settings(mtbl_dir="/data", listen=address, insecure=True).insecure
    pem = tmp_path / "x.pem"
    secure = {"mtbl_dir": "/data", "listen": address, "tls_cert": pem, "tls_key": pem}
    with pytest.raises(ValidationError, match="anybody could ask: set --tokens or"):
        Settings(**secure)
    for known in ({"tokens": pem}, {"tls_client_ca": pem}, {"anonymous": True}):
        assert Settings(**secure, **known).tls_cert == pem


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:8453", "localhost:8453", "127.9.9.9:1"])
def test_loopback_needs_nothing(address: str) -> None:
    """Only this machine can reach these."""
    assert is_loopback(address)
    assert Settings(mtbl_dir="/data", listen=address).listen == address


@pytest.mark.parametrize("address", ["", "8453", ":8453", "host:", "host:65536", "host:-1", "host:１"])
def test_an_address_has_host_and_port(address: str) -> None:
    """Anything else is named in the error."""
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        split_address(address)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tls_cert": "x"},
        {"tls_key": "x"},
        {"tls_client_ca": "x"},
        {"shards": -1},
        {"max_inflight": 0},
        {"rescan_seconds": 0},
        {"log_level": "loud"},
        {"no_such_setting": 1},
        {"metrics_listen": "9453"},
    ],
)
def test_settings_that_do_not_hold_are_refused(wrong: dict[str, object]) -> None:
    """Halves of pairs, numbers out of range, unknown words."""
    with pytest.raises(ValidationError):
        Settings(mtbl_dir="/data", **wrong)
