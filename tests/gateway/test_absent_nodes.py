"""A gateway that starts while nodes of its cluster are away: it waits for them where that is asked, expects
what they held, and never takes a part of the tables for all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.cli.main import run
from dnstide.client import Client, ServerNotReady, ShardsUnreachable
from dnstide.gateway.member import ShardSpec
from dnstide.gateway.memory import NodeMemory
from dnstide.gateway.testing import LocalBackend, RunningGateway, running_gateway
from dnstide.model.vocabulary import Coverage
from dnstide.shard.client import ShardClient
from dnstide.shard.directory import list_directory
from grpc_health.v1 import health_pb2, health_pb2_grpc

CLUSTER = "head:6379"


class Cluster(LocalBackend):
    """Nodes that come and go, and shards that fail on some of them."""

    def __init__(self, nodes: dict[str, Path], away: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        super().__init__(nodes, shards=1)
        self.away, self.failing = set(away), set[str]()

    async def discover(self) -> list[ShardSpec]:
        return [spec for spec in await super().discover() if spec.node not in self.away]

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        if spec.node in self.failing:
            raise OSError("no such directory")
        return await super().start(spec, on_lost)


@pytest.fixture
def halves(tables: Path, small_dir: Path, tmp_path: Path) -> dict[str, Path]:
    """Two nodes: one holds the tables of January, the other those of February."""
    nodes = {"one": tmp_path / "one", "two": tmp_path / "two"}
    for node, month in (("one", "01"), ("two", "02")):
        nodes[node].mkdir()
        for path in small_dir.glob(f"dns.2024{month}*.mtbl"):
            (nodes[node] / path.name).symlink_to(path)
    return nodes


def settings(tmp_path: Path, **more: Any) -> dict[str, Any]:
    return {
        "ray_address": CLUSTER,
        "cache_dir": tmp_path / "cache",
        "discover_seconds": 0.05,
        "ping_seconds": 0.05,
        "rescan_seconds": 0.05,
        **more,
    }


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def memory_of(tmp_path: Path, mtbl_dir: Path) -> NodeMemory:
    return NodeMemory(tmp_path / "cache", CLUSTER, str(mtbl_dir))


def test_the_tables_of_a_node_that_was_there_before_stay_expected(
    halves: dict[str, Path], small_dir: Path, tmp_path: Path
) -> None:
    """A gateway that starts while it is away fails the question, or marks the answer; when the node is back
    all is as before.
    """
    with running_gateway(small_dir, backend=Cluster(halves), **settings(tmp_path)) as running:
        whole = ranking(running)
        wait_until(lambda: {*memory_of(tmp_path, small_dir).load()} == {"one", "two"})
    backend = Cluster(halves, {"two"})
    with running_gateway(small_dir, backend=backend, **settings(tmp_path)) as running:
        with Client(running.address) as client:
            for ask in (client.volume, lambda name: client.top(3)):
                with pytest.raises(ShardsUnreachable, match=r"dns\.202402\d\d\.D\.mtbl"):
                    ask("www.example.com")
            volume = client.volume("www.example.com", partial=True)
            assert not volume.complete
            assert {*volume.axis.coverage[31:].tolist()} == {Coverage.UNREACHABLE}
            assert not client.top(3, partial=True).complete
            assert [shard.alive for shard in client.info().shards] == [True, False]
        backend.away.clear()
        wait_until(lambda: running.gateway.pool.members["two/0"].restarts == 1)
        assert ranking(running) == whole


def test_what_absent_nodes_held_is_forgotten_on_request_and_where_others_hold_it(
    halves: dict[str, Path], small_dir: Path, tmp_path: Path
) -> None:
    """A replaced node leaves nothing to expect; one that is gone for good is given up by --forget-nodes."""
    memory_of(tmp_path, small_dir).save({"gone": tuple(list_directory(str(small_dir)))})
    both = {"one": small_dir}
    with running_gateway(small_dir, backend=Cluster(both), **settings(tmp_path)) as running:
        wait_until(lambda: running.gateway.pool.members.keys() == {"one/0"})
        ranking(running)
    memory_of(tmp_path, small_dir).save({"two": tuple(list_directory(str(halves["two"])))})
    backend = Cluster(halves, {"two"})
    with (
        running_gateway(small_dir, backend=backend, **settings(tmp_path, forget_nodes=True)) as running,
        Client(running.address) as client,
    ):
        assert client.volume("www.example.com").summary.tables_asked == 31


def test_a_node_that_cannot_start_its_shard_is_told_of(
    halves: dict[str, Path], small_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody knows what it holds, so that no answer is whole, and no span without a table is one without
    data; a node that joins later is not counted on before it tells.
    """
    backend = Cluster({**halves, "three": small_dir}, {"three"})
    backend.failing = {"two", "three"}
    with running_gateway(small_dir, backend=backend, **settings(tmp_path)) as running:
        told = r"node two: it has not told which tables it holds \(no such directory\)"
        with Client(running.address) as client:
            for ask in (
                lambda: client.volume("www.example.com"),
                lambda: client.top(3),
                lambda: client.volume("www.example.com", start="2030-01-01", stop="2030-01-02", partial=True),
            ):
                with pytest.raises(ShardsUnreachable, match=told):
                    ask()
            volume = client.volume("www.example.com", stop="2024-02-02", partial=True, fill=True)
            assert not volume.complete
            assert volume.axis.coverage.tolist() == [Coverage.COMPLETE] * 31 + [Coverage.UNREACHABLE] * 2
            assert [stretch.coverage for stretch in volume.coverage.lacking()] == [Coverage.UNREACHABLE]
            assert not client.top(3, partial=True).complete
        assert run(["tables", "--server", running.address]) == 3
        assert "incomplete: node two: it has not told" in capsys.readouterr().err
        backend.failing = {"three"}
        backend.away.clear()
        with Client(running.address) as client:
            wait_until(lambda: not client.tables().unlisted)
            wait_until(lambda: "three/0" in running.gateway.pool.members)
            assert client.volume("www.example.com").complete


@pytest.fixture
def waiting(halves: dict[str, Path], small_dir: Path, tmp_path: Path) -> Iterator[tuple[Cluster, list[Any]]]:
    """A gateway in another thread that waits for two nodes, and the gateway itself."""
    backend, gateways, over = Cluster(halves, {"two"}), [], threading.Event()  # type: ignore[var-annotated]

    def serve() -> None:
        more = settings(tmp_path, wait_nodes=2)
        with running_gateway(small_dir, backend=backend, on_made=gateways.append, **more):
            over.wait(60)

    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(serve)
        try:
            wait_until(lambda: bool(gateways))
            yield backend, gateways
        finally:
            backend.away.clear()
            over.set()
            served.result(60)


def test_questions_wait_for_the_nodes_that_there_should_be(
    waiting: tuple[Cluster, list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Until then the server listens, says what it waits for, and refuses."""
    backend, (gateway,) = waiting
    wait_until(lambda: bool(gateway.pool.waiting))
    with grpc.insecure_channel(gateway.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert check.status == health_pb2.HealthCheckResponse.NOT_SERVING
    with Client(gateway.address) as client:
        with pytest.raises(ServerNotReady, match="the tables of 1 of 2 nodes are known; here are one"):
            client.volume("www.example.com", timeout=2)
        assert not client.info().ready
        assert run(["status", "--server", gateway.address]) == 1
        said = capsys.readouterr().err
        assert (
            "questions: the server is starting: the tables of 1 of 2 nodes are known; here are one\n" in said
        )
        backend.away.clear()
        assert client.wait_until_ready(30).ready
        assert client.volume("www.example.com").complete
        assert client.info().problem == ""


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"one": [{"name": 3}]}', b"\xff\xfe"])
def test_a_memory_that_is_spoilt_is_as_none(tmp_path: Path, small_dir: Path, damage: bytes) -> None:
    """And is written anew."""
    memory = memory_of(tmp_path, small_dir)
    kept = {"one": tuple(list_directory(str(small_dir)))}
    memory.save(kept)
    assert memory.load() == kept
    assert [path.name for path in memory.path.parent.iterdir()] == [memory.path.name]
    memory.path.write_bytes(damage)
    assert memory.load() == {}
    again = memory_of(tmp_path, small_dir)
    again.save(kept)
    assert again.load() == kept


def ranking(running: RunningGateway) -> list[tuple[str, int]]:
    with Client(running.address) as client:
        return [(rank.name, rank.count) for rank in client.top(5)]
