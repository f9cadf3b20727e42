"""The shards, what each can see, and who is asked for which table. Holds state; supervisor.py keeps it
true.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from dnstide.engine import Catalog
from dnstide.gateway.batching import Batcher
from dnstide.gateway.handles import ShardHandle
from dnstide.gateway.placement import place
from dnstide.shard import ShardPlan, TableStatus

MAX_SPLITS = 1024  # plans whose division among the shards is kept


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """A shard that there should be. The name outlives its process, so that tables stay where they are."""

    name: str
    node: str
    node_id: str
    threads: int


class Backend(Protocol):
    """Where shards come from."""

    async def discover(self) -> list[ShardSpec]:
        """The shards that there should be now."""

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardHandle:
        """A new shard that answers. on_lost may be called when it dies. Raises ShardGoneError."""


class State(Enum):
    """What is known of a shard. Those alive are asked first."""

    STARTING = "starting"
    ALIVE = "alive"
    SILENT = "silent"  # does not answer pings: hung, or starved
    DEAD = "dead"


@dataclass(slots=True)
class Member:
    """One shard of the pool. What it saw last is kept while it is dead: its tables stay expected."""

    spec: ShardSpec
    state: State = State.STARTING
    handle: ShardHandle | None = None
    batcher: Batcher | None = None
    restarts: int = 0
    inventory: tuple[TableStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """The tables of a plan that one shard is asked for."""

    shard: str
    plan: ShardPlan


@dataclass(frozen=True, slots=True)
class Split:
    """A plan divided: parts to ask, and tables that no living shard can see."""

    parts: tuple[Part, ...]
    stranded: tuple[str, ...] = ()


class Pool:
    """Belongs to one event loop. Nothing here waits."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.catalog = Catalog.build(())
        self.placement: Mapping[str, tuple[str, ...]] = {}
        self.ready = False
        self._seen: list[object] = []
        self._splits: dict[int, tuple[ShardPlan, Split]] = {}
        self._wake: Callable[[], None] = lambda: None

    def on_change(self, wake: Callable[[], None]) -> None:
        """wake is called when a shard is reported lost."""
        self._wake = wake

    @property
    def serving(self) -> bool:
        """Whether questions can be answered, at least in part."""
        return self.ready and any(member.state is State.ALIVE for member in self.members.values())

    def set_state(self, shard: str, state: State) -> None:
        """Notes what became of a shard; the next question is divided accordingly."""
        member = self.members.get(shard)
        if member is not None and member.state is not state:
            member.state = state
            self._splits.clear()

    def lost(self, shard: str, handle: ShardHandle | None = None) -> None:
        """Reports that a shard died. With a handle, only if the shard still is that one."""
        member = self.members.get(shard)
        if member is None or member.state in (State.DEAD, State.STARTING):
            return
        if handle is None or member.handle is handle:
            self.set_state(shard, State.DEAD)
            self._wake()

    def see(self) -> bool:
        """Builds catalog and placement anew from the inventories. True where the catalog changed.

        Does nothing where the inventories tell nothing new, and so keeps the plans made for the catalog.
        """
        seen: list[object] = [
            (name, status.name, status.identity, status.problem)
            for name, member in self.members.items()
            for status in member.inventory
        ]
        if seen == self._seen:
            return False
        self._seen = seen
        statuses = [status for member in self.members.values() for status in member.inventory]
        catalog = Catalog.build(statuses)
        changed = catalog.version != self.catalog.version or catalog.ignored != self.catalog.ignored
        if changed:
            self.catalog = catalog
        visible: dict[str, list[str]] = {table.name: [] for table in catalog.tables}
        for name, member in self.members.items():
            for status in member.inventory:
                if status.name in visible:
                    visible[status.name].append(name)
        placement = place(visible)
        if placement != self.placement:
            self.placement = placement
            self._splits.clear()
        return changed

    def owned(self, shard: str) -> list[str]:
        """The tables that the shard is asked for first."""
        return [table for table, shards in self.placement.items() if shards[0] == shard]

    def choose(
        self,
        table: str,
        tried: Collection[str] = (),
        nodes: Collection[str] = (),
        states: Sequence[State] = (State.ALIVE, State.SILENT),
    ) -> str | None:
        """The first shard for the table in the first of the states, neither tried nor on one of the nodes.

        A silent one is better than none: it may only be slow, and a deadline bounds the wait.
        """
        ranking = self.placement.get(table, ())
        for state in states:
            for shard in ranking:
                member = self.members[shard]
                if member.state is state and shard not in tried and member.spec.node not in nodes:
                    return shard
        return None

    def split(self, plan: ShardPlan) -> Split:
        """Divides a plan among the owners of its tables. Remembered for as long as nothing changes."""
        known = self._splits.get(id(plan))
        if known is not None and known[0] is plan:
            return known[1]
        split = divide(plan, plan.tables, self.choose)
        if len(self._splits) >= MAX_SPLITS:
            self._splits.clear()
        self._splits[id(plan)] = (plan, split)
        return split


def divide(plan: ShardPlan, tables: Iterable[str], choose: Callable[[str], str | None]) -> Split:
    """The given tables of the plan, by the shard that choose picks for each."""
    index = {table: i for i, table in enumerate(plan.tables)}
    groups: dict[str, list[int]] = {}
    stranded = []
    for table in tables:
        shard = choose(table)
        if shard is None:
            stranded.append(table)
        else:
            groups.setdefault(shard, []).append(index[table])
    if len(groups) == 1 and not stranded:
        (shard, chosen), *_ = groups.items()
        if len(chosen) == len(plan.tables):
            return Split((Part(shard, plan),))
    return Split(
        tuple(Part(shard, _subset(plan, chosen)) for shard, chosen in groups.items()), tuple(stranded)
    )


def _subset(plan: ShardPlan, chosen: list[int]) -> ShardPlan:
    buckets = plan.table_buckets
    if buckets is not None:
        buckets = np.frombuffer(buckets, "<i4")[chosen].tobytes()
    return ShardPlan(tuple(plan.tables[i] for i in chosen), buckets, plan.edges)
