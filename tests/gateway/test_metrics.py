"""What is told to Prometheus: by documented names, and true."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from dnstide.gateway import metrics_server
from dnstide.gateway.config import split_address
from dnstide.gateway.member import ShardSpec
from dnstide.gateway.testing import LocalBackend, RunningGateway, running_gateway
from dnstide.shard import Shard
from dnstide.shard.client import ShardClient
from dnstide.shard.dispatch import ShardDispatch
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.test_server import wait_until

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NAME = "www.example.com"


def scrape(running: RunningGateway) -> str:
    with urlopen(f"http://{running.gateway.metrics_address}/metrics") as response:
        text: str = response.read().decode()
    return text


def value(running: RunningGateway, name: str, **labels: str) -> float | None:
    """A sample as it is now, None where there is none."""
    return running.gateway.metrics.registry.get_sample_value(name, labels)


def test_the_table_names_what_is_told(small_dir: Path, tmp_path: Path) -> None:
    """Every metric of a scrape stands in docs/operations.md, and every one that stands there is told; each
    explains itself.
    """
    text = OPERATIONS.read_text()
    table = text[text.index("| metric | tells |") :].partition("\n\n")[0]
    documented = re.findall(r"`((?:dnstide|process)_\w+)`", table)
    with running_gateway(small_dir, cache_dir=tmp_path, metrics_listen="127.0.0.1:0") as running:
        families = list(text_string_to_metric_families(scrape(running)))
    told = [family.name + ("_total" if family.type == "counter" else "") for family in families]
    assert sorted(told) == sorted(documented)
    assert all(family.documentation.endswith(".") for family in families if family.name.startswith("dnstide"))


def test_shards_tell_of_their_work(small_dir: Path, tmp_path: Path, ask: Callable[..., Any]) -> None:
    """Questions, the blocks that they found or not, and descriptors; each shard of its own."""
    with running_gateway(small_dir, cache_dir=tmp_path, ping_seconds=0.05) as running:
        for _ in range(4):
            ask(running.address, names=[NAME])
        shards = list(running.gateway.pool.members)

        def told(what: str) -> list[float]:
            return [value(running, f"dnstide_shard_{what}", shard=shard) or 0.0 for shard in shards]

        wait_until(lambda: told("questions_ended_total") == [4, 4])
        wait_until(lambda: told("questions") == [0, 0])
        assert all(seconds > 0 for seconds in told("question_seconds_total"))
        # Each table has one block: missed twice, and found from then on.
        owned = told("tables_owned")
        assert sum(owned) == 62
        hits, misses = told("block_cache_hits_total"), told("block_cache_misses_total")
        assert (sum(hits), sum(misses)) == (120, 120)
        assert all(30 < opened < most for opened, most in zip(told("open_fds"), told("max_fds"), strict=True))
        assert all(memory > 1 << 20 for memory in told("resident_memory_bytes"))
        assert told("alive") == [0, 0]  # it is told with the node
        assert [value(running, "dnstide_shard_alive", shard=s, node="local") for s in shards] == [1, 1]
        assert value(running, "dnstide_shard_queue_seconds_count") == 8


def test_background_work_is_told(small_dir: Path, tmp_path: Path) -> None:
    """Summaries made, those of tables that cannot be read, and what is still to be looked at."""
    tables = Path(shutil.copytree(small_dir, tmp_path / "tables"))
    odd = tables / "dns.20240105.D.mtbl"
    shard = Shard(tables, 1, tmp_path / "cache")
    dispatch = ShardDispatch(shard, summarize=True)
    names = [status.name for status in shard.inventory()]
    shard.open(names)
    raw = bytearray(odd.read_bytes())
    raw[12:16] = bytes(byte ^ 0xFF for byte in raw[12:16])
    odd.write_bytes(raw)
    dispatch.open(names)
    wait_until(lambda: dispatch.ping().summaries.waiting == 0)
    load = dispatch.ping().summaries
    assert (load.made, load.failed, load.unkept) == (61, 1, 0)
    shard.close()


def test_summaries_that_cannot_be_kept_are_told(small_dir: Path, tmp_path: Path) -> None:
    """They are made all the same: the cache is a file, so nothing can be written there."""
    (tmp_path / "cache").write_text("no folder")
    shard = Shard(small_dir, 1, tmp_path / "cache")
    assert shard.load.summaries.made == 0
    shard.ranker.make([status.name for status in shard.inventory()])
    assert (shard.load.summaries.made, shard.load.summaries.unkept) == (62, 62)
    shard.close()


def test_tables_are_counted_by_health(
    small_dir: Path, tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any]
) -> None:
    """Damaged ones as soon as a question met the damage, unreachable ones while nobody is there who sees
    them; and what is not a table at all.
    """

    class Mortal(LocalBackend):
        async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
            if spec.node in dead:
                raise OSError("the node is away")
            return await super().start(spec, on_lost)

    dead: set[str] = set()
    for path in tables.glob("dns.202402*.mtbl"):
        path.unlink()
    (tables / "README").write_text("no table")
    own = Path(shutil.copy(tables / "dns.20240110.D.mtbl", tables / "dns.20231001.D.mtbl"))
    backend = Mortal({"some": tables, "all": small_dir}, shards=1)
    with running_gateway(small_dir, backend=backend, ping_seconds=0.05) as running:

        def counts() -> list[float | None]:
            return [
                value(running, "dnstide_catalog_tables", health=health)
                for health in ("sound", "damaged", "unreachable")
            ]

        assert counts() == [63, 0, 0]
        assert value(running, "dnstide_catalog_ignored_files") == 1
        assert value(running, "dnstide_catalog_latest_timestamp_seconds", dataset="dns") == 1_709_251_200
        dead.add("all")
        running.call(running.gateway.pool.members["all/0"].client.close)
        ask(running.address, names=[NAME])
        wait_until(lambda: counts() == [34, 0, 29])
        damage(own)
        day = {"start": {"seconds": 1_696_118_400}, "stop": {"seconds": 1_696_204_800}}
        ask(running.address, names=[NAME], span=day)
        running.call(running.gateway.supervisor.inventories.refresh)
        assert counts() == [33, 1, 29]


def test_restarts_are_counted(small_dir: Path, ask: Callable[..., Any]) -> None:
    """A shard that is made anew begins its own figures anew, as Prometheus expects of counters."""
    with running_gateway(small_dir, shards=1, ping_seconds=0.05) as running:
        ask(running.address, names=[NAME])
        wait_until(lambda: value(running, "dnstide_shard_questions_ended_total", shard="local/0") == 1)
        assert value(running, "dnstide_shard_restarts_total", shard="local/0") == 0
        running.call(running.gateway.pool.members["local/0"].client.close)
        wait_until(lambda: value(running, "dnstide_shard_restarts_total", shard="local/0") == 1)
        wait_until(lambda: value(running, "dnstide_shard_questions_ended_total", shard="local/0") == 0)


def test_a_scrape_gets_through_beside_those_who_hold_connections(
    small_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent ones and those that send a letter now and then lose their places; no thread is left of them."""
    monkeypatch.setattr(metrics_server._Handler, "timeout", 0.3)
    monkeypatch.setattr(metrics_server, "LIFE_SECONDS", 1.0)
    with running_gateway(small_dir, metrics_listen="127.0.0.1:0") as running, ExitStack() as stack:
        before = threading.active_count()
        where = split_address(running.gateway.metrics_address)
        held = [stack.enter_context(socket.create_connection(where, 30)) for _ in range(100)]
        assert threading.active_count() <= before + 2 * metrics_server.MAX_CONNECTIONS + 1
        slow = stack.enter_context(socket.create_connection(where, 30))

        def scraped() -> bool:
            with suppress(OSError):
                slow.send(b"G")
            try:
                return "dnstide_serving 1.0" in scrape(running)
            except OSError:
                return False

        wait_until(scraped)
        for connection in (*held, slow):
            with suppress(ConnectionError):
                assert not connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
        wait_until(lambda: threading.active_count() <= before + 1)


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /" + b"a" * 70_000,
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_what_is_no_request_for_metrics_ends_in_order(
    small_dir: Path, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """The connection is closed, nothing is printed, and the next scrape is answered."""
    with running_gateway(small_dir, metrics_listen="127.0.0.1:0") as running:
        where = split_address(running.gateway.metrics_address)
        with socket.create_connection(where, 30) as connection, suppress(ConnectionError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
        assert "dnstide_serving 1.0" in scrape(running)
    assert "Traceback" not in capfd.readouterr().err


def test_metrics_are_served_over_ipv6_too(small_dir: Path) -> None:
    """With the brackets that a URL needs."""
    with running_gateway(small_dir, metrics_listen="[::1]:0") as running:
        assert running.gateway.metrics_address.startswith("[::1]:")
        assert "dnstide_serving 1.0" in scrape(running)
