"""One shard of the pool: where it should be, what is known of it, and where shards come from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from dnstide.gateway.batching import Batcher
from dnstide.model.catalog import ShardInfo
from dnstide.shard.client import ShardClient
from dnstide.shard.directory import TableStatus
from dnstide.shard.load import ShardLoad


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """A shard that there should be. The name outlives its process, so that tables stay where they are."""

    name: str
    node: str
    node_id: str
    threads: int


class NodeLostError(Exception):
    """The gateway's own node has left the cluster; nothing that it asks arrives any more."""


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What the cluster last told of itself, and when (unix seconds): nodes that are in it and that have left
    it, and actors that live in it.
    """

    nodes_alive: int
    nodes_dead: int
    actors: int
    looked: float


class Backend(Protocol):
    """Where shards come from."""

    @property
    def cluster(self) -> ClusterState | None:
        """The cluster as of the last look, None where there is none. May be called from any thread."""

    async def discover(self) -> list[ShardSpec]:
        """The shards that there should be now. Raises NodeLostError."""

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        """A new shard that answers. on_lost may be called when it dies. Raises ShardGoneError."""


class State(Enum):
    """What is known of a shard. Those alive are asked first."""

    STARTING = "starting"
    ALIVE = "alive"
    SILENT = "silent"
    """It does not answer pings: it hangs, or starves."""
    DEAD = "dead"


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class Member:
    """One shard of the pool. What it saw last is kept while it is dead: its tables stay expected."""

    spec: ShardSpec
    state: State = State.STARTING
    client: ShardClient | None = None
    batcher: Batcher | None = None
    restarts: int = 0
    inventory: tuple[TableStatus, ...] = ()
    load: ShardLoad | None = None
    present: asyncio.Event = field(default_factory=_set_event)
    """Whether its node is in the cluster: only there can it be made anew."""
    listed: bool = False
    """Whether the inventory is known, of now or of an earlier time."""
    newcomer: bool = False
    """Its node joined after the start: nobody counts on what it holds before it tells."""
    trouble: str = ""
    """Why it is not alive, or does not come up, where that is known."""
    listing_problem: str = ""
    """Why it could not list its directory when it was asked last."""

    @property
    def problem(self) -> str:
        """What is wrong with it, in words; empty where nothing is."""
        match self.state:
            case State.ALIVE:
                return self.listing_problem
            case State.SILENT:
                return "it does not answer its pings"
            case State.STARTING:
                return "it starts"
            case State.DEAD:
                return self.trouble or "it died"

    def info(self, tables_owned: int) -> ShardInfo:
        """The shard as the server tells of it."""
        alive = self.state is State.ALIVE
        pid = self.client.place.pid if alive and self.client is not None else 0
        spec = self.spec
        return ShardInfo(
            spec.name, spec.node, alive, tables_owned, spec.threads, self.restarts, pid, self.problem
        )
