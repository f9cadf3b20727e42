"""What reaches the edges of a client: wrong arguments, large requests, proxies, deadlines without end."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from dnstide.client import AsyncClient, Client, ClientClosed, LocalClient
from dnstide.client.address import is_loopback, proxy_of
from dnstide.gateway.testing import running_gateway
from dnstide.model.errors import InvalidQuestion, ServerUnreachable
from dnstide.model.vocabulary import MAX_NAME_TEXT, MAX_NAMES, MAX_REQUEST_BYTES

PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")
WRONG: list[tuple[str, Any, dict[str, Any]]] = [
    ("volume", 3, {}),
    ("volume", [3], {}),
    ("volume", None, {}),
    ("volume", "a.", {"rrtypes": 5}),
    ("volume", "a.", {"rrtypes": ["A"] * 1_000_000}),
    ("volume", "a.", {"start": []}),
    ("volume", "a.", {"dataset": []}),
    ("volume", "a" * (MAX_NAME_TEXT + 1), {}),
    ("top", "x", {}),
    ("top", 3, {"against": "2018-12-02", "start": "2018-12-03", "stop": "2018-12-03"}),
    ("top", 3, {"exclude": 5}),
    ("top", 3, {"under": "a" * 5_000_000}),
]


@pytest.mark.parametrize(("method", "first", "options"), WRONG)
async def test_every_wrong_argument_is_an_invalid_question(
    small_dir, gateway, method: str, first: Any, options: dict[str, Any]
) -> None:
    """In all three clients, with a text that a person can read."""
    with LocalClient(small_dir) as local, Client(gateway) as client:
        for one in (local, client):
            with pytest.raises(InvalidQuestion) as caught:
                getattr(one, method)(first, **options)
            assert len(str(caught.value)) < 500
    async with AsyncClient(gateway) as waiting:
        with pytest.raises(InvalidQuestion):
            await getattr(waiting, method)(first, **options)


@pytest.mark.parametrize("timeout", [math.inf, math.nan, 1e10, -1, 0, True, "5"])
async def test_deadlines_that_are_none(small_dir, gateway, timeout: Any) -> None:
    """The same refusal of all three clients, when they are made and when they are asked."""
    for make in (lambda: LocalClient(small_dir, timeout=timeout), lambda: Client(gateway, timeout=timeout)):
        with pytest.raises(InvalidQuestion, match="timeout"):
            make()
    with LocalClient(small_dir) as local, Client(gateway) as client:
        for one in (local, client):
            with pytest.raises(InvalidQuestion, match="timeout"):
                one.volume("www.example.com", timeout=timeout)
    async with AsyncClient(gateway) as waiting:
        with pytest.raises(InvalidQuestion, match="timeout"):
            await waiting.volume("www.example.com", timeout=timeout)


def test_a_request_within_the_limits_is_not_too_large(small_dir, gateway) -> None:
    """As many names as may be asked, each as long as a name can be: the same answer as in process."""
    label = "a" * 63
    names = [f"{i:05}.{label}.{label}.{label}.example.com" for i in range(MAX_NAMES)]
    excluded = [f"{i:06}.{label}.{label}.{label}.example.com" for i in range(100_000)]
    span = {"start": "2024-01-01", "stop": "2024-01-02"}
    with Client(gateway) as client, LocalClient(small_dir) as local:
        assert not client.volume(names, **span).found
        there = client.top(3, exclude=excluded, **span)
        assert [rank.name for rank in there] == [rank.name for rank in local.top(3, **span)]
        with pytest.raises(InvalidQuestion, match="too large"):
            client.top(3, exclude=["x" * (MAX_REQUEST_BYTES // 1000)] * 1001, **span)


@pytest.mark.parametrize("name", PROXIES)
def test_no_proxy_stands_before_this_machine(gateway, monkeypatch, name: str) -> None:
    """A proxy that the environment names, and that nobody runs, does not cut off a server on loopback."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Client(gateway) as client:
        assert client.info().version


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@proxy.example:3128/", "http://proxy.example:3128"),
        ("user:secret@proxy.example:3128", "proxy.example:3128"),
        ("http://user:se@cret@proxy.example:3128", "http://proxy.example:3128"),
        ("http://secret@[::1", "[::1"),
        ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
    ],
)
def test_the_password_of_a_proxy_is_not_told(url: str, shown: str) -> None:
    assert proxy_of("dns.example:50151", {"http_proxy": url}) == shown


def test_a_proxy_is_named_where_it_matters(monkeypatch) -> None:
    """Whoever cannot reach a server elsewhere learns by which way it was tried."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Client("192.0.2.1:8453", timeout=5) as client, pytest.raises(ServerUnreachable) as caught:
        client.info()
    assert "by way of the proxy http://127.0.0.1:9" in str(caught.value)


def test_addresses_of_this_machine() -> None:
    """Loopback in all its spellings; names and addresses of others are not."""
    here = ("127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "a.localhost:1", "unix:/run/dnstide")
    assert all(map(is_loopback, here))
    assert not any(
        map(is_loopback, ("192.0.2.1:1", "[2001:db8::1]:1", "example.com:1", "localhost.example:1"))
    )
    away = {"https_proxy": "http://p:1", "no_proxy": "example.com, 192.0.2.1"}
    asked = ("a.test:1", "a.example.com:1", "192.0.2.1:1", "[::1]:1")
    assert [proxy_of(server, away) for server in asked] == ["http://p:1", None, None, None]


async def test_a_closed_client_says_so(small_dir, gateway) -> None:
    """All three in the same words, whatever they are asked; closing again is no error."""
    local, client, waiting = LocalClient(small_dir), Client(gateway), AsyncClient(gateway)
    assert (await waiting.info()).version
    local.close()
    client.close()
    await waiting.close()
    for one in (local, client):
        for ask in (
            lambda one=one: one.volume("a."),
            lambda one=one: one.top(1),
            lambda one=one: one.tables(),
        ):
            with pytest.raises(ClientClosed, match="make a new one"):
                ask()
        one.close()
    for waited in (waiting.volume("a."), waiting.top(1), waiting.tables(), waiting.info()):
        with pytest.raises(ClientClosed, match="make a new one"):
            await waited
    await waiting.close()


def test_a_client_made_outside_its_loop(gateway) -> None:
    """It belongs to the loop in which it is first asked."""
    waiting = AsyncClient(gateway)

    async def ask() -> int:
        async with waiting:
            return (
                (await waiting.volume("www.example.com", start="2024-01-01", stop="2024-01-01"))
                .series[0]
                .total
            )

    assert asyncio.run(ask()) == 11


async def test_hundreds_of_calls_at_once(small_dir, tmp_path) -> None:
    """A server that takes four questions answers four hundred: the client waits and asks again."""
    with running_gateway(small_dir, max_inflight=4, cache_dir=tmp_path) as running:
        async with AsyncClient(running.address, timeout=60) as waiting:
            days = [f"2024-01-{1 + i % 20:02}" for i in range(400)]
            answers = await asyncio.gather(
                *(waiting.volume("www.example.com", start=day, stop=day) for day in days)
            )
    assert [answer.series[0].total for answer in answers] == [11 + i % 20 for i in range(400)]
