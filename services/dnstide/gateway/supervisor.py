"""Keeps the shards alive and the catalog true: starts, pings, replaces, and scans the directories again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from dnstide.gateway.batching import Batcher
from dnstide.gateway.pool import Backend, Member, Pool, ShardSpec, State
from dnstide.gateway.versions import copy_key, undecided
from dnstide.shard.client import Observer, ShardClient, ShardGoneError
from dnstide.shard.directory import TableStatus

log = logging.getLogger(__name__)

T = TypeVar("T")

HUNG_SECONDS = 10.0
"""A shard that is silent for so long is replaced: long enough for a starved machine to recover."""

MAX_BACKOFF = 30.0
"""Longest time in seconds between two tries to start a shard."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often things happen, in seconds."""

    rescan: float = 10.0
    ping: float = 0.5
    ping_timeout: float = 1.0


OnHealthChange = Callable[[bool], Awaitable[None]]
"""Is called with True or False when the pool begins or ceases to be able to answer."""


class StartError(Exception):
    """No shard came up."""


class _SilentError(Exception):
    """A shard ceased to answer pings while something was asked of it."""


class Supervisor:
    """start() returns once questions can be answered; stop() lets every shard go."""

    def __init__(
        self,
        pool: Pool,
        backend: Backend,
        intervals: Intervals,
        on_health_change: OnHealthChange,
        observer: Observer | None = None,
    ) -> None:
        """The observer hears of every call to a shard."""
        self.pool = pool
        self._on_health_change = on_health_change
        self._serving = True
        self._observer = observer
        self._backend = backend
        self._intervals = intervals
        self._tasks: list[asyncio.Task[None]] = []
        self._replacing: dict[str, asyncio.Task[None]] = {}
        self._refreshing: asyncio.Task[bool] | None = None
        self._lost = asyncio.Event()
        pool.on_change(self._lost.set)

    async def start(self) -> None:
        """Starts all shards side by side and opens their tables. Raises StartError where none comes up."""
        for spec in await self._backend.discover():
            self.pool.members[spec.name] = Member(spec)
        members = list(self.pool.members.values())
        results = await asyncio.gather(*map(self._start, members), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        for member, result in zip(members, results, strict=True):
            if isinstance(result, BaseException):
                log.error("shard %s does not come up: %s", member.spec.name, result)
                self.pool.set_state(member.spec.name, State.DEAD)  # it is tried again
        if len(errors) == len(results):
            raise StartError(
                f"no shard came up: {errors[0]}" if errors else "the cluster has no node with a CPU"
            )
        await self._compare_copies()
        self.pool.rebuild()
        await self._open_owned()
        await self.refresh()
        self.pool.ready = True
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_alive()), loop.create_task(self._keep_scanning())]

    async def stop(self) -> None:
        """Ends the watch and closes every shard."""
        self.pool.ready = False
        tasks: list[asyncio.Task[Any]] = [*self._tasks, *self._replacing.values()]
        if self._refreshing is not None:
            tasks.append(self._refreshing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._let_go(member) for member in self.pool.members.values()))

    async def _let_go(self, member: Member) -> None:
        self.pool.set_state(member.spec.name, State.DEAD)
        if member.batcher is not None:
            await member.batcher.close()
        if member.client is not None:
            await member.client.close()

    async def refresh(self) -> bool:
        """Scan all directories now; callers at the same time share one scan. True where something is new."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
        return await asyncio.shield(self._refreshing)

    async def _refresh(self) -> bool:
        await asyncio.gather(*(self._take_inventory(member) for member in self._alive()))
        await self._compare_copies()
        changed = self.pool.rebuild()
        if changed:
            log.info("catalog %s: %d tables", self.pool.catalog.version, len(self.pool.catalog.tables))
        return changed

    async def _compare_copies(self) -> None:
        """Learn the digests of files that nodes hold under one name, where size and time do not decide."""
        wanted: dict[str, list[TableStatus]] = {}
        differing = self.pool.differing()
        self.pool.digests = {key: d for key, d in self.pool.digests.items() if key[1] in differing}
        for copies in differing.values():
            for node in undecided(copies, self.pool.digests):
                wanted.setdefault(node, []).append(copies[node])
        members = {member.spec.node: member for member in self._alive()}
        await asyncio.gather(
            *(self._learn_digests(members[node], files) for node, files in wanted.items() if node in members)
        )

    async def _learn_digests(self, member: Member, files: list[TableStatus]) -> None:
        client = member.client
        assert client is not None
        try:
            digests = await self._while_alive(member, client.digests([status.name for status in files]))
        except (ShardGoneError, _SilentError):
            return  # the next look asks again
        except Exception as error:
            log.warning("shard %s cannot compare its tables: %s", member.spec.name, error)
            return
        for status, digest in zip(files, digests, strict=True):
            self.pool.digests[copy_key(member.spec.node, status)] = digest

    def _alive(self) -> list[Member]:
        return [member for member in self.pool.members.values() if member.state is State.ALIVE]

    async def _start(self, member: Member) -> None:
        name = member.spec.name
        client: ShardClient | None = None

        def on_lost() -> None:
            self.pool.mark_dead(name, client)

        client = await self._backend.start(member.spec, on_lost)
        client.observer = self._observer
        try:
            member.inventory = tuple(await client.inventory())
        except BaseException:
            await client.close()
            raise
        member.client = client
        member.batcher = Batcher(client)
        self.pool.set_state(name, State.ALIVE)
        log.info("shard %s is up: process %d, %d threads", name, client.place.pid, client.place.threads)

    async def _take_inventory(self, member: Member) -> None:
        client = member.client
        assert client is not None
        try:
            member.inventory = tuple(await self._while_alive(member, client.inventory()))
        except _SilentError:
            log.warning("shard %s is silent; its tables are taken as they were", member.spec.name)
        except ShardGoneError:
            self.pool.mark_dead(member.spec.name, client)
        except Exception as error:
            log.warning("shard %s cannot list its tables: %s", member.spec.name, error)

    async def _while_alive(self, member: Member, call: Awaitable[T]) -> T:
        """What the call returns. Raises _SilentError as soon as pings find that the shard hangs: whoever
        meets damage waits for this, and one hung shard must not hold up the answers of all others.
        """
        task = asyncio.ensure_future(call)
        try:
            while not (await asyncio.wait({task}, timeout=self._intervals.ping))[0]:
                if member.state is not State.ALIVE:
                    raise _SilentError
        finally:
            task.cancel()
        return task.result()

    async def _open_owned(self) -> None:
        async def open_one(member: Member) -> None:
            assert member.client is not None
            with contextlib.suppress(ShardGoneError, _SilentError):
                await self._while_alive(member, member.client.open(self.pool.owned(member.spec.name)))

        await asyncio.gather(*(open_one(member) for member in self._alive()))

    async def _keep_scanning(self) -> None:
        while True:
            await asyncio.sleep(self._intervals.rescan)
            try:
                await self._adjust_members(await self._backend.discover())
                if await self.refresh():
                    await self._open_owned()
            except Exception:
                log.exception("directory rescan failed")

    async def _adjust_members(self, specs: list[ShardSpec]) -> None:
        for spec in specs:
            member = self.pool.members.get(spec.name)
            if member is None:
                member = self.pool.members[spec.name] = Member(spec, State.DEAD)
                self._lost.set()
            elif member.spec != spec:  # the node came back under a new identity
                member.spec = spec

    async def _keep_alive(self) -> None:
        silent_since: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), self._intervals.ping)
            self._lost.clear()
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
            if self.pool.serving != self._serving:
                self._serving = self.pool.serving
                await self._on_health_change(self._serving)

    async def _ping(self, member: Member, silent_since: dict[str, float]) -> None:
        name, client = member.spec.name, member.client
        assert client is not None
        now = asyncio.get_running_loop().time()
        try:
            member.load = await asyncio.wait_for(client.ping(), self._intervals.ping_timeout)
        except TimeoutError:
            since = silent_since.setdefault(name, now)
            if member.state is State.ALIVE:
                log.warning("shard %s is silent; others answer for it", name)
                self.pool.set_state(name, State.SILENT)
            elif member.state is State.SILENT and now - since > HUNG_SECONDS:
                log.error("shard %s hung for %.0f s; it is replaced", name, now - since)
                self.pool.mark_dead(name, client)
        except Exception as error:
            log.warning("shard %s: %s", name, error)
            self.pool.mark_dead(name, client)
        else:
            silent_since.pop(name, None)
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
                try:
                    await self._start(member)
                    break
                except Exception as error:
                    backoff = min(MAX_BACKOFF, backoff * 2 or 0.5)
                    log.error("shard %s does not come up, next try in %.1f s: %s", name, backoff, error)
            member.restarts += 1
            self.pool.rebuild()
            assert member.client is not None
            with contextlib.suppress(ShardGoneError):
                await member.client.open(self.pool.owned(name))
        finally:
            self._replacing.pop(name, None)
