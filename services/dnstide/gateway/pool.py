"""The shards, what each can see, and who is asked for which table. `supervisor` keeps this state true."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dnstide.engine.catalog import build_catalog
from dnstide.gateway.member import Member, State
from dnstide.gateway.placement import place
from dnstide.gateway.versions import Copies, CopyKey, differing, elected
from dnstide.model.catalog import Catalog
from dnstide.model.errors import SHARD_UNREACHABLE, Failure
from dnstide.shard.client import ShardClient
from dnstide.shard.directory import TableStatus

log = logging.getLogger(__name__)

TOLD_PROBLEMS = 3
"""Shards whose problem is named where none can answer."""

KEPT_DIVISIONS = 1024
"""Lists of tables whose division among the shards is kept."""


@dataclass(frozen=True, slots=True)
class TableCounts:
    """Tables that are sound, known to be damaged, and seen by no shard that is there: each counts once."""

    sound: int
    damaged: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class Division:
    """Tables by the shard that is asked for them, and those that no living shard can read."""

    parts: tuple[tuple[str, tuple[str, ...]], ...]
    unassigned: tuple[str, ...] = ()


class Pool:
    """Belongs to one event loop. Nothing here waits."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.catalog = Catalog()
        self.placement: Mapping[str, tuple[str, ...]] = {}
        self.ready = False
        self.waiting = ""
        """What is waited for before questions are answered."""
        self.digests: dict[CopyKey, int | None] = {}
        """Of files that nodes hold under one name, where they had to be compared."""
        self._other_versions: Mapping[str, tuple[str, ...]] = {}
        self._told: set[tuple[str, str]] = set()
        self._seen: list[object] = []
        # By identity, since comparing long lists costs what dividing them costs.
        self._divisions: dict[int, tuple[tuple[str, ...], Division]] = {}
        self._wake: Callable[[], None] = lambda: None

    def on_change(self, wake: Callable[[], None]) -> None:
        """`wake` is called when a shard is reported dead."""
        self._wake = wake

    def take(self, shard: str, inventory: tuple[TableStatus, ...]) -> None:
        """Note what a shard sees. One that was forgotten meanwhile changes nothing."""
        member = self.members.get(shard)
        if member is not None:
            member.inventory, member.listed = inventory, True

    def inventories(self) -> dict[str, tuple[TableStatus, ...]]:
        """What is known of the files of each node."""
        return {m.spec.node: m.inventory for m in self.members.values() if m.listed}

    def unlisted(self) -> tuple[Failure, ...]:
        """The nodes that were there at the start and have not told what they hold, each as a failure."""
        listed = self.inventories()
        troubles = {m.spec.node: m.trouble for m in self.members.values() if not m.newcomer}
        return tuple(
            Failure(
                f"node {node}",
                SHARD_UNREACHABLE,
                f"it has not told which tables it holds ({trouble or 'its shards start'})",
                retryable=True,
            )
            for node, trouble in sorted(troubles.items())
            if node not in listed
        )

    @property
    def problem(self) -> str:
        """Why questions cannot be answered, in words; empty where they can, at least in part. May be read
        from any thread.
        """
        if not self.ready:
            return f"the server is starting: {self.waiting or 'its shards are not up yet'}"
        members = list(self.members.values())
        alive = [member for member in members if member.state is State.ALIVE]
        if not alive:
            return "; ".join(["no shard is alive", *_told(members)])
        if all(member.listing_problem for member in alive):
            return "; ".join(["no shard can list its tables", *_told(alive)])
        return ""

    def set_state(self, shard: str, state: State) -> None:
        """Note what became of a shard; the next question is divided accordingly."""
        member = self.members.get(shard)
        if member is not None and member.state is not state:
            member.state = state
            self._divisions.clear()

    def mark_dead(self, shard: str, client: ShardClient | None, reason: str = "") -> None:
        """Note that the process behind a client died, and why. One replaced since changes nothing."""
        member = self.members.get(shard)
        if member is None or member.state in (State.DEAD, State.STARTING) or member.client is not client:
            return
        member.trouble = reason
        self.set_state(shard, State.DEAD)
        self._wake()

    def alone(self, shard: str) -> bool:
        """Whether a table is known that only this shard could read, of those whose node is there."""
        others = {
            status.name
            for name, member in self.members.items()
            if name != shard and member.present.is_set()
            for status in member.inventory
        }
        return any(
            shard in self.placement.get(status.name, ()) and status.name not in others
            for status in self.members[shard].inventory
        )

    def forget(self, shard: str) -> None:
        """Take a shard out of the pool, with what it saw."""
        del self.members[shard]
        self._divisions.clear()
        self.rebuild()

    def rebuild(self) -> bool:
        """Build catalog and placement anew from the inventories. True where the catalog changed.

        Does nothing where the inventories tell nothing new, and so keeps the plans made for the catalog.
        """
        seen: list[object] = [
            (name, status.name, status.identity, status.problem)
            for name, member in self.members.items()
            for status in member.inventory
        ]
        versions = {name: elected(copies, self.digests) for name, copies in self.differing().items()}
        unlisted = self.unlisted()
        seen += [versions, unlisted]
        if seen == self._seen:
            return False
        self._seen = seen

        def is_table(member: Member, status: TableStatus) -> bool:
            nodes = versions.get(status.name)
            return nodes is None or member.spec.node in nodes

        members = self.members.values()
        catalog = build_catalog([s for m in members for s in m.inventory if is_table(m, s)], unlisted)
        others = {(m.spec.node, s.name) for m in members for s in m.inventory if not is_table(m, s)}
        for node, name in others - self._told:
            log.warning("node %s holds another file under the name %s, which is not asked", node, name)
        self._told = others
        catalog = replace(catalog, ignored=tuple(sorted((*catalog.ignored, *map(_other_version, others)))))
        changed = catalog.version != self.catalog.version or catalog.ignored != self.catalog.ignored
        if changed:
            self.catalog = catalog
        visible: dict[str, list[str]] = {table.name: [] for table in catalog.tables}
        unlike: dict[str, list[str]] = {}
        for name, member in self.members.items():
            for status in member.inventory:
                if status.name in visible:
                    (visible if is_table(member, status) else unlike).setdefault(status.name, []).append(name)
        self._other_versions = place(unlike)
        placement = place(visible)
        if placement != self.placement:
            self.placement = placement
            self._divisions.clear()
        return changed

    def differing(self) -> dict[str, Copies]:
        """The files of each node, for names under which nodes hold files that do not look alike."""
        if len({member.spec.node for member in self.members.values()}) < 2:
            return {}
        return differing((member.spec.node, member.inventory) for member in self.members.values())

    def count_tables(self) -> TableCounts:
        """The tables of the catalog by health. May be called from any thread."""
        tables, placement = self.catalog.tables, self.placement
        there = {name for name, m in list(self.members.items()) if m.state in (State.ALIVE, State.SILENT)}
        reached = [table for table in tables if not there.isdisjoint(placement.get(table.name, ()))]
        damaged = sum(table.problem is not None for table in reached)
        return TableCounts(len(reached) - damaged, damaged, len(tables) - len(reached))

    def owned(self, shard: str) -> list[str]:
        """The tables that the shard is asked for first."""
        return [table for table, shards in self.placement.items() if shards[0] == shard]

    def choose(
        self,
        table: str,
        tried: Collection[str] = (),
        nodes: Collection[str] = (),
        states: Sequence[State] = (State.ALIVE, State.SILENT),
        *,
        any_version: bool = False,
    ) -> str | None:
        """The first shard for the table in the first of the states, neither tried nor on one of the nodes.

        A silent one is better than none: it may only be slow, and a deadline bounds the wait. With
        `any_version`, shards come last that hold another file under the name.
        """
        preferred = self.placement.get(table, ())
        if any_version:
            preferred = (*preferred, *self._other_versions.get(table, ()))
        for state in states:
            for shard in preferred:
                member = self.members[shard]
                if member.state is state and shard not in tried and member.spec.node not in nodes:
                    return shard
        return None

    def divide(self, tables: tuple[str, ...]) -> Division:
        """Divide tables among their owners. Remembered for this very tuple, as long as nothing changes."""
        known = self._divisions.get(id(tables))
        if known is not None and known[0] is tables:
            return known[1]
        division = divide(tables, self.choose)
        if len(self._divisions) >= KEPT_DIVISIONS:
            self._divisions.clear()
        self._divisions[id(tables)] = tables, division
        return division


def _told(members: Sequence[Member]) -> list[str]:
    """The first problems of shards."""
    told = [f"shard {member.spec.name}: {member.problem}" for member in members[:TOLD_PROBLEMS]]
    return [*told, *(["and others"] if len(members) > TOLD_PROBLEMS else [])]


def _other_version(file: tuple[str, str]) -> tuple[str, str]:
    node, name = file
    return name, f"on node {node} another file than elsewhere, and an older one: it is not asked"


def divide(tables: Iterable[str], choose: Callable[[str], str | None]) -> Division:
    """The tables, in their order, by the shard that `choose` picks for each."""
    parts: dict[str, list[str]] = {}
    unassigned = []
    for table in tables:
        shard = choose(table)
        if shard is None:
            unassigned.append(table)
        else:
            parts.setdefault(shard, []).append(table)
    return Division(tuple((shard, tuple(part)) for shard, part in parts.items()), tuple(unassigned))
