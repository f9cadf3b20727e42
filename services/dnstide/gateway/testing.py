"""A gateway in a thread of this process, over shards in threads: for tests, and for trying things out."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dnstide.gateway.config import Settings
from dnstide.gateway.member import Backend, ShardSpec
from dnstide.gateway.server import Gateway
from dnstide.gateway.transports import ThreadTransport
from dnstide.shard.client import ShardClient, ShardPlace
from dnstide.shard.shard import Shard

T = TypeVar("T")


class LocalBackend:
    """Shards in this process. `nodes` maps the name of a pretended node to its directory."""

    def __init__(
        self,
        nodes: Mapping[str, Path],
        shards: int = 2,
        threads: int = 1,
        cache_dir: Path | None = None,
        *,
        all_files: bool = False,
    ) -> None:
        self._all_files = all_files
        self._cache_dir = cache_dir
        self._nodes = dict(nodes)
        self._shards = shards
        self._threads = threads

    @property
    def cluster(self) -> None:
        """There is none."""

    async def discover(self) -> list[ShardSpec]:
        """The same shards each time."""
        return [
            ShardSpec(f"{node}/{i}", node, node, self._threads)
            for node in self._nodes
            for i in range(self._shards)
        ]

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        """A new shard. It dies when its client is closed."""
        shard = Shard(self._nodes[spec.node], spec.threads, self._cache_dir, all_files=self._all_files)
        place = ShardPlace(spec.name, spec.node, spec.threads, os.getpid())
        return ShardClient(place, ThreadTransport(spec.name, shard))


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway that serves at `address` from a loop in another thread."""

    gateway: Gateway
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        return self.gateway.address

    def call(self, work: Callable[[], Awaitable[T]], timeout: float = 30.0) -> T:
        """Runs work in the gateway's loop and waits for what it returns."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout)


@contextmanager
def running_gateway(
    mtbl_dir: Path,
    *,
    backend: Backend | None = None,
    shards: int = 2,
    on_made: Callable[[Gateway], None] | None = None,
    **settings: Any,
) -> Iterator[RunningGateway]:
    """Serves the directory on a free loopback port. settings are those of Settings; the directory is watched
    where they say so. `on_made` gets the gateway before it starts.
    """
    chosen = Settings(
        **{
            "mtbl_dir": mtbl_dir,
            "listen": "127.0.0.1:0",
            "drain_seconds": 1.0,
            "watch_directory": False,
            **settings,
        }
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gateway", daemon=True)
    thread.start()

    async def start() -> Gateway:
        gateway = Gateway(
            chosen,
            backend
            or LocalBackend(
                {"local": mtbl_dir}, shards, cache_dir=chosen.cache_dir, all_files=chosen.all_files
            ),
        )
        if on_made is not None:
            on_made(gateway)
        try:
            await gateway.start()
        except BaseException:
            await gateway.stop(0)
            raise
        return gateway

    try:
        gateway = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
        try:
            yield RunningGateway(gateway, loop)
        finally:
            asyncio.run_coroutine_threadsafe(gateway.stop(), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
