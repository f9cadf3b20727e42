"""The token file of Ray, which Ray itself would write readable for all."""

import stat
from pathlib import Path

import pytest
from dnstide.gateway.ray_cluster import ensure_token


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home, and no word about tokens in the environment."""
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_token_is_for_its_owner_only(home: Path) -> None:
    """256 bits in hexadecimal, file 0600 in a folder 0700."""
    ensure_token()
    path = home / ".ray" / "auth_token"
    assert len(bytes.fromhex(path.read_text())) == 32
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_an_old_token_is_kept_and_closed(home: Path) -> None:
    """A file that Ray wrote for all to read keeps its token and loses its readers."""
    path = home / ".ray" / "auth_token"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o644)
    ensure_token()
    assert (path.read_text(), mode(path)) == ("old", 0o600)


def test_a_token_elsewhere_is_respected(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path from the environment is used, and with a token in the environment no file is written."""
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "elsewhere"))
    ensure_token()
    assert mode(home / "elsewhere") == 0o600
    monkeypatch.setenv("RAY_AUTH_TOKEN", "given")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "third"))
    ensure_token()
    assert not (home / "third").exists()
    assert not (home / ".ray").exists()
