"""The Ray skin over `ShardDispatch`. It holds no logic of its own: a shard in a cluster is that of the tests.

Two concurrency groups: `ask` for questions, `control` for what must get through while questions run. Ray
never restarts the actor: a caller then learns of its death at once, asks another shard, and makes a new
actor.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from typing import Any

import ray
from dnstide.shard.channel import ChannelServer, machine
from dnstide.shard.dispatch import ShardDispatch
from dnstide.shard.shard import BLOCK_CACHE_BYTES, Shard
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

ASK_CALLS = 6
CONTROL_CALLS = 3
SLIVER_OF_CPU = 0.01
"""An actor without any resource lands on a random node."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a new actor says of itself. `channel` is the address of its socket, for use on `machine` only; it
    is reached from others at `host` and `port`, where that is not 0.
    """

    pid: int
    threads: int
    machine: str
    channel: str
    host: str = ""
    port: int = 0


remote: Any = ray.remote
"""Its own types do not know concurrency groups."""


@remote(
    num_cpus=SLIVER_OF_CPU,
    max_restarts=0,
    max_task_retries=0,
    concurrency_groups={"ask": ASK_CALLS, "control": CONTROL_CALLS},
)
class ShardActor:
    """One shard's tables in a process of its own."""

    def __init__(
        self,
        mtbl_dir: str,
        threads: int,
        cache_dir: str | None = None,
        summarize: bool = False,
        block_cache_bytes: int = BLOCK_CACHE_BYTES,
        log_level: str = "info",
        all_files: bool = False,
        secret: bytes | None = None,
    ) -> None:
        """`secret` is what callers from other machines have to know; without one there is no way for them."""
        # Ray keeps what a worker writes to standard error in a file of its session.
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
        logging.getLogger("dnstide").setLevel(log_level.upper())
        shard = Shard(mtbl_dir, threads, cache_dir, block_cache_bytes, all_files=all_files)
        self._dispatch = ShardDispatch(shard, summarize=summarize)
        self._threads = threads
        address: Any = ray.util.get_node_ip_address
        self._host: str = "" if secret is None else address()
        self._channel = ChannelServer(self._dispatch.call, self._host or None, secret or b"")

    @ray.method(concurrency_group="control")
    def greet(self) -> Greeting:
        """Return once the actor is there."""
        channel = self._channel
        return Greeting(os.getpid(), self._threads, machine(), channel.address, self._host, channel.port)

    @ray.method(concurrency_group="ask")
    def ask(self, method: str, *arguments: Any) -> Any:
        """Call one of the methods in `dispatch.ASK`."""
        return self._dispatch.call(method, arguments)

    @ray.method(concurrency_group="control")
    def control(self, method: str, *arguments: Any) -> Any:
        """Call one of the methods in `dispatch.CONTROL`."""
        return self._dispatch.call(method, arguments)


def start_actor(mtbl_dir: str, threads: int, node_id: str, **settings: Any) -> Any:
    """A new actor on that node. Returns its Ray handle at once; the reply to `greet` says that it is up.

    `settings` are the keyword arguments of `ShardActor`.
    """
    node = NodeAffinitySchedulingStrategy(node_id, soft=False)
    actor: Any = ShardActor  # Ray's decorator gives it what its type does not tell
    return actor.options(scheduling_strategy=node).remote(mtbl_dir, threads, **settings)
