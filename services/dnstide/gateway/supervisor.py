"""Keeps the shards alive: starts, pings and replaces them, as nodes come, go and return."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dnstide.gateway.batching import Batcher
from dnstide.gateway.inventories import Inventories, reason_of
from dnstide.gateway.member import Backend, Member, NodeLostError, ShardSpec, State
from dnstide.gateway.memory import NodeMemory
from dnstide.gateway.pool import Pool
from dnstide.shard.client import Observer, ShardClient, ShardGoneError
from dnstide.shard.directory import TableStatus

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.3
"""What comes to a directory within this time after a change is taken in with it."""

HUNG_SECONDS = 10.0
"""A shard that is silent for so long is replaced: long enough for a starved machine to recover."""

FIRST_BACKOFF, MAX_BACKOFF = 0.5, 4.0
"""Shortest and longest time in seconds between two tries to start a shard: none outlives its fault by
more.
"""


NODE_GONE = "its node is not in the cluster"


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often things happen, in seconds."""

    rescan: float = 10.0
    discover: float = 2.0
    ping: float = 0.5
    ping_timeout: float = 1.0
    watch: bool = True
    """Whether a change of a directory, told with a ping, brings a rescan forward."""


OnHealthChange = Callable[[], Awaitable[None]]
"""Is called when the pool begins or ceases to be able to answer."""


class StartError(Exception):
    """No shard came up."""


class Supervisor:
    """start() returns once questions can be answered; stop() lets every shard go."""

    def __init__(
        self,
        pool: Pool,
        backend: Backend,
        intervals: Intervals,
        on_health_change: OnHealthChange,
        observer: Observer | None = None,
        on_sent: Callable[[float], None] | None = None,
        *,
        memory: NodeMemory | None = None,
        wait_nodes: int = 0,
    ) -> None:
        """The observer hears of every call to a shard, `on_sent` of the seconds that each question waited.
        What nodes held is read from the memory and written to it. Questions are answered once the tables of
        `wait_nodes` nodes are known.
        """
        self.pool = pool
        self.inventories = Inventories(pool, intervals.ping)
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Is done with the reason once the gateway has lost the cluster for good."""
        self._on_health_change = on_health_change
        self._problem = ""
        self._observer = observer
        self._on_sent = on_sent
        self._backend = backend
        self._memory = memory
        self._wait_nodes = wait_nodes
        self._intervals = intervals
        self._tasks: list[asyncio.Task[None]] = []
        self._replacing: dict[str, asyncio.Task[None]] = {}
        self._died = asyncio.Event()
        self._changed = asyncio.Event()
        pool.on_change(self._died.set)

    async def start(self) -> None:
        """Starts all shards side by side and opens their tables, once the nodes are there that are waited
        for.

        Raises StartError where none comes up and none is waited for, or the cluster is lost.
        """
        loop = asyncio.get_running_loop()
        kept = await loop.run_in_executor(None, self._memory.load) if self._memory is not None else {}
        await self._start_all()
        while not self._enough({*kept}):
            await asyncio.sleep(self._intervals.discover)
            await self._start_all()
        self._recall(kept)
        self.pool.waiting = ""
        await self.inventories.compare_copies()
        self.pool.rebuild()
        await self.inventories.open_owned()
        await self.inventories.refresh()
        self.pool.ready = True
        self._problem = self.pool.problem
        works = (self._keep_alive(), self._keep_scanning(), self._keep_discovering(), self._keep_memory())
        self._tasks = [loop.create_task(work) for work in works]

    async def _start_all(self) -> None:
        """Starts the shards of all nodes that are there and do not run yet."""
        try:
            specs = await self._backend.discover()
        except NodeLostError as error:
            raise StartError(str(error)) from error
        except Exception as error:
            if not self._wait_nodes:
                raise StartError(f"the nodes of the cluster cannot be listed: {error}") from error
            log.warning("the nodes of the cluster cannot be listed: %s", error)
            return
        members = self.pool.members
        for name in members.keys() - {spec.name for spec in specs}:
            await self._let_go(members.pop(name))  # its node went before it was counted on
        for spec in specs:
            members.setdefault(spec.name, Member(spec)).spec = spec
        waiting = [member for member in members.values() if member.state is not State.ALIVE]
        results = await asyncio.gather(*map(self._start, waiting), return_exceptions=True)
        for member, result in zip(waiting, results, strict=True):
            if isinstance(result, BaseException):
                if (trouble := reason_of(result)) != member.trouble:
                    log.error("shard %s does not come up: %s", member.spec.name, result)
                member.trouble = trouble
                self.pool.set_state(member.spec.name, State.DEAD)  # it is tried again

    def _enough(self, kept: set[str]) -> bool:
        """Whether questions can be answered: a shard is up, and the tables of as many nodes are known as are
        waited for. Raises StartError where none is up and none is waited for.
        """
        members = self.pool.members.values()
        alive = any(member.state is State.ALIVE for member in members)
        if not alive and not self._wait_nodes:
            trouble = next((member.trouble for member in members if member.trouble), "")
            raise StartError(
                f"no shard came up: {trouble}" if trouble else "the cluster has no node with a CPU"
            )
        listed = self.pool.inventories().keys()
        if alive and len(listed | kept) >= self._wait_nodes:
            return True
        waiting = f"the tables of {len(listed | kept)} of {self._wait_nodes} nodes are known"
        troubles = sorted(f"{m.spec.name}: {m.trouble}" for m in members if m.trouble)
        waiting = "; ".join([waiting, f"here are {', '.join(sorted(listed)) or 'none'}", *troubles])
        if waiting != self.pool.waiting:
            log.info("waiting for nodes: %s", waiting)
        self.pool.waiting = waiting
        return False

    def _recall(self, kept: Mapping[str, tuple[TableStatus, ...]]) -> None:
        """Expect what absent nodes held when they were last seen."""
        listed = self.pool.inventories()
        for node, inventory in kept.items():
            if node in listed:
                continue
            name = f"{node}/0"
            if name not in self.pool.members:
                log.warning(
                    "node %s is not there: the %d files that it held are expected of it, until other nodes "
                    "hold all of its tables, or a start with --forget-nodes",
                    node,
                    len(inventory),
                )
                self.pool.members[name] = member = Member(ShardSpec(name, node, "", 0), State.DEAD)
                member.trouble = NODE_GONE
                member.present.clear()
            self.pool.take(name, inventory)

    async def stop(self) -> None:
        """Ends the watch and closes every shard."""
        self.pool.ready = False
        tasks: list[asyncio.Task[Any]] = [*self._tasks, *self._replacing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self.inventories.stop(), return_exceptions=True)
        await asyncio.gather(*(self._let_go(member) for member in self.pool.members.values()))

    async def _let_go(self, member: Member) -> None:
        self.pool.set_state(member.spec.name, State.DEAD)
        if member.batcher is not None:
            await member.batcher.close()
        if member.client is not None:
            await member.client.close()

    async def _start(self, member: Member) -> None:
        name = member.spec.name
        client: ShardClient | None = None

        def on_lost() -> None:
            self.pool.mark_dead(name, client, "its process ended")

        client = await self._backend.start(member.spec, on_lost)
        client.observer = self._observer
        try:
            self.pool.take(name, tuple(await client.inventory()))
        except BaseException:
            await client.close()
            raise
        member.trouble = member.listing_problem = ""
        member.client = client
        member.batcher = Batcher(client, self._on_sent)
        self.pool.set_state(name, State.ALIVE)
        log.info("shard %s is up: process %d, %d threads", name, client.place.pid, client.place.threads)

    async def _keep_scanning(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._intervals.rescan)
                await asyncio.sleep(SETTLE_SECONDS)
            self._changed.clear()
            try:
                if await self.inventories.refresh():
                    await self.inventories.open_owned()
            except Exception:
                log.exception("directory rescan failed")

    async def _keep_memory(self) -> None:
        """Writes what nodes hold, where it has changed."""
        memory = self._memory
        while memory is not None:
            inventories = self.pool.inventories()
            await asyncio.get_running_loop().run_in_executor(None, memory.save, inventories)
            await asyncio.sleep(self._intervals.rescan)

    async def _keep_discovering(self) -> None:
        while True:
            await asyncio.sleep(self._intervals.discover)
            try:
                self._adjust_members(await self._backend.discover())
            except NodeLostError as error:
                if not self.lost.done():
                    self.lost.set_result(str(error))
                return
            except Exception as error:
                log.warning("the nodes of the cluster cannot be listed: %s", error)

    def _adjust_members(self, specs: list[ShardSpec]) -> None:
        """Take in new nodes, and those that came back; forget those that went and left nothing behind."""
        present = {spec.name for spec in specs}
        for name, member in list(self.pool.members.items()):
            if name in present or member.state is not State.DEAD:
                continue
            if member.present.is_set():
                log.warning("node %s is gone, and shard %s with it", member.spec.node, name)
                member.trouble = NODE_GONE
                member.present.clear()
            if not self.pool.alone(name):
                log.info("shard %s is forgotten: other nodes hold all of its tables", name)
                task = self._replacing.get(name)
                if task is not None:
                    task.cancel()
                self.pool.forget(name)
        for spec in specs:
            known = self.pool.members.get(spec.name)
            if known is None:
                log.info("node %s is new", spec.node)
                self.pool.members[spec.name] = Member(spec, State.DEAD, newcomer=True)
                self._died.set()
            else:
                known.spec = spec  # a node may come back under a new identity
                known.present.set()

    async def _keep_alive(self) -> None:
        silent_since: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._died.wait(), self._intervals.ping)
            self._died.clear()
            for member in self.pool.members.values():
                if member.state is State.DEAD and member.spec.name not in self._replacing:
                    self._replacing[member.spec.name] = loop.create_task(self._replace(member))
            await asyncio.gather(
                *(
                    self._ping(member, silent_since)
                    for member in self.pool.members.values()
                    if member.state in (State.ALIVE, State.SILENT)
                )
            )
            await self._watch_health()

    async def _watch_health(self) -> None:
        problem, before = self.pool.problem, self._problem
        self._problem = problem
        if bool(problem) == bool(before):
            return
        if problem:
            log.error("questions cannot be answered: %s", problem)
        else:
            log.info("questions can be answered again")
        await self._on_health_change()

    async def _ping(self, member: Member, silent_since: dict[str, float]) -> None:
        name, client = member.spec.name, member.client
        assert client is not None
        now, before = asyncio.get_running_loop().time(), member.load
        try:
            member.load = await asyncio.wait_for(client.ping(), self._intervals.ping_timeout)
        except TimeoutError:
            since = silent_since.setdefault(name, now)
            if member.state is State.ALIVE:
                log.warning("shard %s is silent; others answer for it", name)
                self.pool.set_state(name, State.SILENT)
            elif member.state is State.SILENT and now - since > HUNG_SECONDS:
                log.error("shard %s hung for %.0f s; it is replaced", name, now - since)
                self.pool.mark_dead(name, client, f"it hung for {now - since:.0f} s")
        except Exception as error:
            log.warning("shard %s: %s", name, error)
            self.pool.mark_dead(name, client, reason_of(error))
        else:
            silent_since.pop(name, None)
            changed = before is None or before.directory_changed_ns != member.load.directory_changed_ns
            if changed and self._intervals.watch:
                self._changed.set()
            if member.state is State.SILENT:
                log.info("shard %s answers again", name)
                self.pool.set_state(name, State.ALIVE)

    async def _replace(self, member: Member) -> None:
        name, backoff = member.spec.name, 0.0
        try:
            if member.client is not None and member.batcher is not None:
                log.warning("shard %s died; a new one is made", name)
                await member.batcher.close()
                await member.client.close()
            while True:
                await asyncio.sleep(backoff)
                if not member.present.is_set():  # its node is gone, and back-off is no use when it returns
                    await member.present.wait()
                    backoff = 0.0
                try:
                    await self._start(member)
                    break
                except Exception as error:
                    backoff = min(MAX_BACKOFF, backoff * 2 or FIRST_BACKOFF)
                    member.trouble = reason_of(error)
                    log.error("shard %s does not come up, next try in %.1f s: %s", name, backoff, error)
            member.restarts += 1
            self.pool.rebuild()
            assert member.client is not None
            with contextlib.suppress(ShardGoneError):
                await member.client.open(self.pool.owned(name))
        finally:
            self._replacing.pop(name, None)
