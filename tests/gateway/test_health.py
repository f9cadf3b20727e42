"""What is told to those who ask whether the gateway lives, and whether it answers: the truth."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import info_pb2, service_pb2_grpc
from dnstide.gateway import GatewayError, Settings, inventories
from dnstide.gateway.member import ShardSpec
from dnstide.gateway.server import Gateway
from dnstide.gateway.startup import check_start
from dnstide.gateway.testing import LocalBackend, RunningGateway, running_gateway
from dnstide.shard.client import ShardClient
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.gateway.test_server import TLS, wait_until

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
SOON = {"ping_seconds": 0.05, "rescan_seconds": 0.05}
NAME = "www.example.com"


def check(address: str, service: str = "") -> int:
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(channel).Check(request, timeout=10).status


def told(address: str) -> dict[str, int]:
    services = ("", "dnstide.api.v1.Dnstide", "liveness")
    return {service: check(address, service) for service in services}


READY = {"": SERVING, "dnstide.api.v1.Dnstide": SERVING, "liveness": SERVING}
NOT_READY = {"": NOT_SERVING, "dnstide.api.v1.Dnstide": NOT_SERVING, "liveness": SERVING}


def info(address: str) -> info_pb2.GetServerInfoResponse:
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)
        return stub.GetServerInfo(info_pb2.GetServerInfoRequest(), timeout=10)


def test_a_directory_that_cannot_be_listed_is_not_healthy(tables: Path, ask: Callable[..., Any]) -> None:
    """Though every shard is alive, and what is open still answers; it passes by itself."""
    away = tables.with_name("away")
    with running_gateway(tables, **SOON) as running:
        assert told(running.address) == READY
        tables.rename(away)
        wait_until(lambda: told(running.address) == NOT_READY)
        reason = f"{tables}: No such file or directory"
        said = info(running.address)
        assert not said.ready
        assert said.problem == (
            f"no shard can list its tables; shard local/0: {reason}; shard local/1: {reason}"
        )
        assert [(shard.alive, shard.problem) for shard in said.shards] == [(True, reason)] * 2
        metric = running.gateway.metrics.registry.get_sample_value
        assert metric("dnstide_serving") == 0
        assert metric("dnstide_shard_directory_listed", {"shard": "local/0"}) == 0
        assert ask(running.address, names=[NAME])[-1].summary.complete
        away.rename(tables)
        wait_until(lambda: told(running.address) == READY)
        assert (info(running.address).problem, metric("dnstide_serving")) == ("", 1)


def test_one_shard_that_lists_its_directory_is_enough(small_dir: Path, tables: Path) -> None:
    """The others answer for the one that cannot, and it is named."""
    backend = LocalBackend({"good": small_dir, "bad": tables}, shards=1)
    with running_gateway(small_dir, backend=backend, **SOON) as running:
        tables.rename(tables.with_name("away"))
        wait_until(lambda: any(shard.problem for shard in info(running.address).shards))
        said = info(running.address)
        assert (said.ready, said.problem) == (True, "")
        assert {shard.name: bool(shard.problem) for shard in said.shards} == {"bad/0": True, "good/0": False}
        assert told(running.address) == READY


class Hung(LocalBackend):
    """Directories of nodes in `hung` are listed once at the start, and never return from then on until `go`
    is set.
    """

    def __init__(self, nodes: dict[str, Path], hung: set[str]) -> None:
        super().__init__(nodes, shards=1)
        self.hung = hung
        self.go = threading.Event()
        self.listings = 0

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        client = await super().start(spec, on_lost)
        shard: Any = client.transport.shard  # type: ignore[attr-defined]
        listed = shard.inventory
        first: list[bool] = []

        def inventory() -> Any:
            if first and spec.node in self.hung:
                self.listings += 1
                self.go.wait(30)
            first.append(True)
            return listed()

        shard.inventory = inventory
        return client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventories, "LISTING_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_a_directory_that_hangs_is_not_healthy(small_dir: Path, ask: Callable[..., Any]) -> None:
    """As one on a file system that is away: the shard answers its pings, and one listing waits at it, not one
    more with every look.
    """
    backend = Hung({"local": small_dir}, {"local"})
    with running_gateway(small_dir, backend=backend, **SOON) as running:
        wait_until(lambda: check(running.address) == NOT_SERVING)
        assert "its directory is not listed yet" in info(running.address).problem
        assert ask(running.address, names=[NAME])[-1].summary.complete
        assert backend.listings == 1
        backend.go.set()
        wait_until(lambda: check(running.address) == SERVING)


@pytest.mark.usefixtures("impatient")
def test_a_directory_that_hangs_holds_up_no_other(small_dir: Path, tables: Path) -> None:
    """Tables that come on another node are found meanwhile."""
    backend = Hung({"good": tables, "bad": small_dir}, {"bad"})
    with running_gateway(tables, backend=backend, **SOON) as running:
        wait_until(lambda: backend.listings == 1)
        shutil.copy(tables / "dns.20240110.D.mtbl", tables / "dns.20231001.D.mtbl")
        wait_until(lambda: "dns.20231001.D.mtbl" in running.gateway.pool.catalog.by_name)
        assert backend.listings == 1
        backend.go.set()


def test_without_a_living_shard_it_is_not_healthy(small_dir: Path) -> None:
    """The reason is that of the last try to make one."""

    class Mortal(LocalBackend):
        async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
            if dead:
                raise OSError(12, "Cannot allocate memory")
            return await super().start(spec, on_lost)

    dead: list[bool] = []
    with running_gateway(small_dir, backend=Mortal({"local": small_dir}, 1), **SOON) as running:
        dead.append(True)
        running.call(running.gateway.pool.members["local/0"].client.close)
        wait_until(lambda: told(running.address) == NOT_READY)
        problem = "Cannot allocate memory"
        wait_until(lambda: info(running.address).problem == f"no shard is alive; shard local/0: {problem}")
        said = info(running.address)
        assert [(shard.alive, shard.problem) for shard in said.shards] == [(False, problem)]
        assert said.tables_unreachable == said.tables_total == 62


def test_probes_are_answered_in_clear_beside_tls(small_dir: Path) -> None:
    """On an address of their own, which offers the health and nothing else, nor anybody a place to stay."""
    settings = {"tls_cert": TLS / "server.pem", "tls_key": TLS / "server.key"}
    with running_gateway(small_dir, health_listen="127.0.0.1:0", **settings) as running:
        address = running.gateway.health_address
        assert told(address) == READY
        with pytest.raises(grpc.RpcError) as caught:
            info(address)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        with grpc.insecure_channel(address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                next(stub.Watch(health_pb2.HealthCheckRequest(), timeout=10))
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
            with pytest.raises(grpc.RpcError) as caught:
                stub.Check(health_pb2.HealthCheckRequest(service="no such"), timeout=10)
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_probes_are_answered_while_the_shards_start(small_dir: Path) -> None:
    """Alive, and not ready; the address for questions is not there yet."""
    go = asyncio.Event()

    class Slow(LocalBackend):
        async def discover(self) -> list[ShardSpec]:
            await go.wait()
            return await super().discover()

    async def run() -> None:
        settings = Settings(mtbl_dir=small_dir, listen="127.0.0.1:0", health_listen="127.0.0.1:0")
        gateway = Gateway(settings, Slow({"local": small_dir}))
        starting = asyncio.ensure_future(gateway.start())
        while gateway.health_address is None:
            await asyncio.sleep(0.01)
        assert await asyncio.to_thread(told, gateway.health_address) == NOT_READY
        assert not starting.done()
        go.set()
        await starting
        assert await asyncio.to_thread(told, gateway.health_address) == READY
        await gateway.stop(0)

    asyncio.run(run())


def test_a_drain_ends_readiness_and_not_life(small_dir: Path, ask: Callable[..., Any]) -> None:
    """Whoever restarts what does not live must not cut off the questions that are let end."""
    go, entered = threading.Event(), threading.Event()
    with (
        running_gateway(small_dir, health_listen="127.0.0.1:0", drain_seconds=20, **SOON) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        hold(running, go, entered)
        asking = threading.Thread(target=ask, args=(running.address,), kwargs={"names": [NAME]})
        asking.start()
        assert entered.wait(10)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == SERVING
        stopping = threading.Thread(target=lambda: running.call(running.gateway.stop))
        stopping.start()
        assert next(watch).status == NOT_SERVING
        assert told(running.gateway.health_address) == NOT_READY
        assert info(running.address).problem == "the server is shutting down"
        go.set()
        stopping.join(20)
        asking.join(20)


def hold(running: RunningGateway, go: threading.Event, entered: threading.Event) -> None:
    """Let no shard answer before `go`."""
    for member in running.gateway.pool.members.values():
        shard: Any = member.client.transport.shard

        def wait(*arguments: Any, answer: Callable[..., Any] = shard.answer) -> Any:
            entered.set()
            assert go.wait(20)
            return answer(*arguments)

        shard.answer = wait


@pytest.mark.parametrize("method", ["Check", "Watch"])
def test_bytes_that_are_no_check_are_refused(
    gateway: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a status, and without a traceback."""
    with (
        grpc.insecure_channel(gateway) as channel,
        caplog.at_level(logging.INFO),
        pytest.raises(grpc.RpcError) as caught,
    ):
        list(channel.unary_stream(f"/grpc.health.v1.Health/{method}")(b"\xff\xff", timeout=10))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert not any(record.exc_info for record in caplog.records)


def test_an_address_in_use_is_told(small_dir: Path, gateway: str) -> None:
    """Before anything starts, and also where it was taken meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        with pytest.raises(GatewayError, match=f"cannot listen on {address}"):
            check_start(Settings(mtbl_dir=small_dir, listen="127.0.0.1:0", health_listen=address))
        with (
            pytest.raises(GatewayError, match=f"cannot listen on {address}"),
            running_gateway(small_dir, health_listen=address),
        ):
            pass
