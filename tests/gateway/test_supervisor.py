"""The watch over the shards: replaced when dead, passed over when silent, shown in the health."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from dnstide.gateway.member import NodeLostError, ShardSpec, State
from dnstide.gateway.testing import LocalBackend, RunningGateway, running_gateway
from dnstide.shard.client import ShardClient
from grpc_health.v1 import health_pb2, health_pb2_grpc


class ShyBackend(LocalBackend):
    """The first `failures` starts after the first one of each shard do not succeed."""

    def __init__(self, directory: Path, shards: int = 1, failures: int = 0) -> None:
        super().__init__({"local": directory}, shards)
        self.failures = failures
        self.starts = 0

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        self.starts += 1
        if self.starts > self._shards and self.failures:
            self.failures -= 1
            raise OSError("no memory")
        return await super().start(spec, on_lost)


def health(address: str) -> int:
    with grpc.insecure_channel(address) as channel:
        return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10).status


def test_a_shard_that_dies_unasked_is_found_and_replaced(small_dir: Path) -> None:
    """The ping notices, nobody has to ask a question first; a start that fails is tried again."""
    backend = ShyBackend(small_dir, failures=1)
    with running_gateway(small_dir, backend=backend, ping_seconds=0.05) as running:
        member = running.gateway.pool.members["local/0"]
        first = member.client
        running.call(first.close)
        wait_until(lambda: health(running.address) == health_pb2.HealthCheckResponse.NOT_SERVING)
        wait_until(lambda: member.restarts == 1 and member.state is State.ALIVE)
        wait_until(lambda: health(running.address) == health_pb2.HealthCheckResponse.SERVING)
        assert member.client is not first
        assert backend.starts == 3


def test_a_shard_that_fails_at_the_start_is_tried_again(small_dir: Path, ask: Callable[..., Any]) -> None:
    """The server begins with those that came up, says which is not, and has all of them soon after."""

    class Late(LocalBackend):
        async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
            starts.append(spec.name)
            if spec.name == "local/1" and not may_start:
                raise OSError("no memory")
            return await super().start(spec, on_lost)

    starts: list[str] = []
    may_start: list[bool] = []
    with running_gateway(small_dir, backend=Late({"local": small_dir}, 2), ping_seconds=0.05) as running:
        assert starts[:2] == ["local/0", "local/1"]
        assert running.gateway.pool.members["local/1"].state is not State.ALIVE
        assert ask(running.address, names=["www.example.com"])[-1].summary.tables_answered == 60
        may_start.append(True)
        wait_until(lambda: running.gateway.pool.members["local/1"].state is State.ALIVE)
        wait_until(lambda: health(running.address) == health_pb2.HealthCheckResponse.SERVING)


def test_the_tables_of_a_dead_shard_stay_expected(
    small_dir: Path, tables: Path, ask: Callable[..., Any]
) -> None:
    """A node that is away takes its tables out of the answer, never out of the count of what is missing."""

    class Mortal(LocalBackend):
        async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
            if spec.node in dead:
                raise OSError("the node is away")
            return await super().start(spec, on_lost)

    dead: set[str] = set()
    for path in tables.glob("dns.202402*.mtbl"):
        path.unlink()
    backend = Mortal({"some": tables, "all": small_dir}, shards=1)
    with running_gateway(small_dir, backend=backend, ping_seconds=0.05) as running:
        assert ask(running.address, names=["www.example.com"])[-1].summary.tables_asked == 60
        dead.add("all")
        running.call(running.gateway.pool.members["all/0"].client.close)
        refused = ask(running.address, names=["www.example.com"])
        running.call(running.gateway.supervisor.inventories.refresh)
        again = ask(running.address, names=["www.example.com"])
    for end in (refused, again):
        assert (end.code, end.reason) == (grpc.StatusCode.UNAVAILABLE, "SHARD_UNREACHABLE")


def test_a_silent_shard_is_passed_over_until_it_answers(small_dir: Path, ask: Callable[..., Any]) -> None:
    """Its questions go to the other shard while they wait, and new ones do not reach it."""
    with running_gateway(small_dir, ping_seconds=0.05, ping_timeout=0.1) as running:
        member = running.gateway.pool.members["local/0"]
        client = member.client
        hung = asyncio.Event()

        def late(method: Callable[..., Any]) -> Callable[..., Any]:
            async def wait(*arguments: Any) -> Any:
                await hung.wait()
                return await method(*arguments)

            return wait

        client.answer, client.ping = late(client.answer), late(client.ping)
        messages = ask(running.address, names=["www.example.com"])
        assert messages[-1].summary.tables_answered == 60
        assert member.state is State.SILENT
        running.loop.call_soon_threadsafe(hung.set)
        wait_until(lambda: member.state is State.ALIVE)
        assert member.restarts == 0


def test_a_shard_without_a_double_is_waited_for_though_silent(
    small_dir: Path, ask: Callable[..., Any]
) -> None:
    """A ping that is late on a busy machine costs no answer where nobody else could give it."""
    with running_gateway(small_dir, shards=1, ping_seconds=0.05, ping_timeout=0.1) as running:
        member = running.gateway.pool.members["local/0"]
        ping = member.client.ping

        async def late() -> None:
            await asyncio.sleep(60)

        member.client.ping = late
        wait_until(lambda: member.state is State.SILENT)
        assert ask(running.address, names=["www.example.com"])[-1].summary.tables_answered == 60
        assert member.state is State.SILENT
        member.client.ping = ping
        wait_until(lambda: member.state is State.ALIVE)


def test_a_catalog_without_news_keeps_its_plans(small_dir: Path) -> None:
    """A rescan that finds nothing new throws nothing away; one that does makes a new catalog."""
    with running_gateway(small_dir) as running:
        before = running.gateway.pool.catalog
        assert running.call(running.gateway.supervisor.inventories.refresh) is False
        assert running.gateway.pool.catalog is before


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Fails unless the condition comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Cluster(LocalBackend):
    """Nodes that come and go; a shard that is asked while its node is away is lost."""

    def __init__(self, nodes: dict[str, Path], shards: int = 1) -> None:
        super().__init__(nodes, shards)
        self.away: set[str] = set()
        self.lost_own_node = False
        self.starts: list[str] = []

    async def discover(self) -> list[ShardSpec]:
        if self.lost_own_node:
            raise NodeLostError("the Ray node of this machine has left the cluster")
        return [spec for spec in await super().discover() if spec.node not in self.away]

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        self.starts.append(spec.name)
        if spec.node in self.away:
            raise OSError("the node is away")
        return await super().start(spec, on_lost)


SOON = {"ping_seconds": 0.05, "discover_seconds": 0.05}


def leave(running: RunningGateway, backend: Cluster, node: str) -> None:
    """The node goes with its shards."""
    backend.away.add(node)
    for member in running.gateway.pool.members.values():
        if member.spec.node == node:
            running.call(member.client.close)


def test_a_node_whose_tables_others_hold_is_forgotten(small_dir: Path, ask: Callable[..., Any]) -> None:
    """As a pod that another one replaced, under a new address: nothing is made for it any more."""
    backend = Cluster({"old": small_dir, "other": small_dir})
    with running_gateway(small_dir, backend=backend, **SOON) as running:
        members = running.gateway.pool.members
        leave(running, backend, "old")
        wait_until(lambda: set(members) == {"other/0"})
        starts = len(backend.starts)
        (message,) = ask(running.address, names=["www.example.com"])
        assert message.summary.complete
        backend.away.clear()
        wait_until(lambda: set(members) == {"old/0", "other/0"} and members["old/0"].state is State.ALIVE)
        assert backend.starts[starts:] == ["old/0"]


def test_a_node_with_tables_of_its_own_is_awaited(
    small_dir: Path, tables: Path, ask: Callable[..., Any]
) -> None:
    """Its tables stay expected, nothing is tried while it is away, and it is back without waiting for a
    back-off.
    """
    for path in tables.glob("dns.202402*.mtbl"):
        path.unlink()
    backend = Cluster({"some": tables, "all": small_dir})
    with running_gateway(small_dir, backend=backend, **SOON) as running:
        member = running.gateway.pool.members["all/0"]
        leave(running, backend, "all")
        wait_until(lambda: not member.present.is_set())
        tried = len(backend.starts)
        time.sleep(0.5)  # ten looks, and the first back-off
        assert len(backend.starts) <= tried + 1
        refused = ask(running.address, names=["www.example.com"])
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "SHARD_UNREACHABLE")
        backend.away.clear()
        wait_until(lambda: member.state is State.ALIVE)
        assert ask(running.address, names=["www.example.com"])[-1].summary.complete


def test_the_loss_of_its_own_node_is_told(small_dir: Path) -> None:
    """The reason reaches whoever runs the gateway, once."""
    backend = Cluster({"local": small_dir})
    with running_gateway(small_dir, backend=backend, **SOON) as running:
        lost = running.gateway.supervisor.lost
        assert not lost.done()
        backend.lost_own_node = True
        wait_until(lost.done)
        assert lost.result() == "the Ray node of this machine has left the cluster"
