"""Who may ask, by the token that a call brings."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.cli.main import run
from dnstide.client import AccessDenied, AsyncClient, Client, InvalidQuestion, ServerBusy, Tls
from dnstide.gateway.testing import running_gateway
from dnstide.gateway.tokens import Tokens, TokensError
from grpc_health.v1 import health_pb2, health_pb2_grpc

FILES = Path(__file__).with_name("tls")


@pytest.fixture
def make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A new token of that name, as the command makes it."""

    def made(name: str, *options: str) -> str:
        assert run(["token", name, "--tokens", str(tmp_path / "tokens.toml"), *options]) == 0
        told = capsys.readouterr()
        assert f"the token {name} is let in" in told.err
        return told.out.strip()

    return made


def refused(address: str, token: str | None, **options: Any) -> str:
    with Client(address, token=token, **options) as client, pytest.raises(AccessDenied) as caught:
        client.info()
    return str(caught.value)


async def test_only_those_with_a_token_are_answered(
    small_dir: Path, tmp_path: Path, make: Callable[..., str]
) -> None:
    """Every call, of both clients; health is for all. A token that is added is let in at once, and one that
    is taken away is not any more.
    """
    ours, old = make("ours"), make("old", "--expires", "2020-01-31")
    file = tmp_path / "tokens.toml"
    log = tmp_path / "audit"
    with running_gateway(small_dir, tokens=file, audit_log=str(log)) as running:
        address = running.address
        with Client(address, token=ours) as client:
            assert client.volume("www.example.com").complete
            assert client.top(1).complete
            assert client.tables()
            assert client.info().ready
        async with AsyncClient(address, token=ours) as waiting:
            assert (await waiting.volume("www.example.com")).complete
        assert "asks for a token: bring one" in refused(address, None)
        assert "does not know this token" in refused(address, ours[:-1])
        assert "the token old has expired at 2020-02-01T00:00:00+00:00" in refused(address, old)
        with Client(address) as client, pytest.raises(AccessDenied):
            client.volume("www.example.com")
        with grpc.insecure_channel(address) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert check.status == health_pb2.HealthCheckResponse.SERVING
        fresh = make("fresh")
        with Client(address, token=fresh) as client:
            assert client.info().ready
        text = file.read_text()
        file.write_text("nonsense")
        with Client(address, token=fresh) as client:
            assert client.info().ready
        file.write_text(text[: text.index("[tokens.fresh]")])
        assert "does not know this token" in refused(address, fresh)
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["client"] for line in told if line["status"] == "OK"} == {"ours", "fresh"}
    assert {line["client"] for line in told if line["status"] == "UNAUTHENTICATED"} == {None}
    assert not any(token in text + log.read_text() for token in (ours, old, fresh))


def test_a_token_asks_as_many_questions_at_once_as_it_may(tmp_path: Path, make: Callable[..., str]) -> None:
    """One too many is refused, another token is not; afterwards there is room again."""
    few, many = make("few", "--concurrency", "2"), make("many")
    tokens = Tokens(tmp_path / "tokens.toml")
    assert tokens.caller(f"bearer  {few}") == "few"
    assert tokens.caller(f"Bearer {many}") == "many"
    with tokens.asking("few"), tokens.asking("few"):
        with (
            pytest.raises(ServerBusy, match="2 questions of the token few are under way"),
            tokens.asking("few"),
        ):
            pass
        with tokens.asking("many"), tokens.asking("many"), tokens.asking("many"):
            pass
    with tokens.asking("few"):
        pass


def test_a_limit_of_questions_is_that_of_a_running_server(
    small_dir: Path, tmp_path: Path, make: Callable[..., str]
) -> None:
    """Clients ask again in a moment, so that all are answered."""
    few = make("few", "--concurrency", "1")

    async def ask(address: str) -> list[bool]:
        async with AsyncClient(address, token=few) as client:
            answers = await asyncio.gather(*(client.volume("*.example.com") for _ in range(8)))
        return [answer.complete for answer in answers]

    with running_gateway(small_dir, tokens=tmp_path / "tokens.toml") as running:
        assert asyncio.run(ask(running.address)) == [True] * 8


def test_a_token_does_not_travel_in_clear(small_dir: Path, tmp_path: Path, make: Callable[..., str]) -> None:
    """To this machine it may, and over TLS; what is no token is told before any call."""
    token = make("ours")
    with pytest.raises(InvalidQuestion, match=r"token: it would travel to dns\.example\.com:8453 in clear"):
        Client("dns.example.com:8453", token=token)
    for wrong in ("", "two words", "ü", "a\nb", "a" * 513):
        with pytest.raises(InvalidQuestion, match="token: a token is one word"):
            AsyncClient("127.0.0.1:8453", token=wrong)
    files = {"tls_cert": FILES / "server.pem", "tls_key": FILES / "server.key"}
    with (
        running_gateway(small_dir, tokens=tmp_path / "tokens.toml", **files) as running,
        Client(running.address, token=token, tls=Tls(ca=FILES / "server.pem")) as client,
    ):
        assert client.volume("www.example.com").complete


def test_the_command_line_brings_it(
    small_dir: Path,
    tmp_path: Path,
    make: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From a file or the environment; without one the error says how."""
    token = make("ours")
    file = tmp_path / "ours.token"
    file.write_text(f"{token}\n")
    with running_gateway(small_dir, tokens=tmp_path / "tokens.toml") as running:
        asked = ["vot", "www.example.com", "--server", running.address]
        assert run([*asked, "--token-file", str(file)]) == 0
        assert run(asked) == 1
        assert "bring one (--token-file, DNSTIDE_TOKEN)" in capsys.readouterr().err
        monkeypatch.setenv("DNSTIDE_TOKEN", token)
        assert run(asked) == 0
        assert run([*asked, "--token-file", str(tmp_path / "none")]) == 2
        assert "--token-file: " in capsys.readouterr().err
    assert run(["vot", "a.", "--mtbl-dir", str(small_dir), "--token-file", str(file)]) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a", "is not TOML"),
        ("[tokens.a]\n", "tokens.a.sha256: Field required"),
        ("[tokens.a]\nsha256 = 'x'\n", "tokens.a.sha256: String should match"),
        (
            f"[tokens.a]\nsha256 = '{'0' * 64}'\nscope = 'b'\n",
            "tokens.a.scope: Extra inputs are not permitted",
        ),
        (f"[tokens.a]\nsha256 = '{'0' * 64}'\nconcurrency = 0\n", "tokens.a.concurrency: "),
        (f"[tokens.a]\nsha256 = '{'0' * 64}'\nexpires = 2020-01-01T00:00:00\n", "tokens.a.expires: "),
        (f"[tokens.'a b']\nsha256 = '{'0' * 64}'\n", "String should match pattern"),
        ("[other]\n", "Field required"),
        ("\xff", "is not UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path: Path, content: str | None, said: str) -> None:
    """With the field and what is wrong with it."""
    file = tmp_path / "tokens.toml"
    if content is not None:
        file.write_text(content, "latin-1")
    with pytest.raises(TokensError, match=said) as caught:
        Tokens(file)
    assert str(file) in str(caught.value)


def test_a_file_that_anybody_can_write_is_refused(tmp_path: Path, make: Callable[..., str]) -> None:
    """Whoever writes it lets himself in. The command makes it so that others cannot even read it."""
    make("ours")
    file = tmp_path / "tokens.toml"
    assert file.stat().st_mode & 0o007 == 0
    file.chmod(0o666)
    with pytest.raises(TokensError, match="any user can write to it"):
        Tokens(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a b"], "letters, digits"),
        (["ours"], "has a token ours already"),
        (["b", "--expires", "soon"], "--expires: "),
        (["b", "--concurrency", "0"], "--concurrency"),
    ],
)
def test_a_token_that_cannot_be_made(
    tmp_path: Path,
    make: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    """The file stays as it was."""
    make("ours")
    file = tmp_path / "tokens.toml"
    before = file.read_bytes()
    assert run(["token", *arguments, "--tokens", str(file)]) == 2
    assert said in capsys.readouterr().err
    assert file.read_bytes() == before
    os.unlink(file)
    file.write_text("[profile]\nserver = 'a:1'\n")
    assert run(["token", "b", "--tokens", str(file)]) == 2
    assert "is no file of tokens" in capsys.readouterr().err
