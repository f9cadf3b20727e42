"""Keeps the shards alive and the catalog true: starts, pings, replaces, and looks at the directories
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dnstide.gateway.batching import Batcher
from dnstide.gateway.handles import ShardGoneError, ShardHandle
from dnstide.gateway.pool import Backend, Member, Pool, ShardSpec, State

log = logging.getLogger(__name__)

HUNG_SECONDS = 10.0  # a shard silent for so long is replaced: long enough for a starved machine to recover
MAX_BACKOFF = 30.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often things happen, in seconds."""

    rescan: float = 10.0
    ping: float = 0.5
    ping_timeout: float = 1.0


Show = Callable[[bool], Awaitable[None]]


class StartError(Exception):
    """No shard came up."""


class Supervisor:
    """start() returns once questions can be answered; stop() lets every shard go."""

    def __init__(self, pool: Pool, backend: Backend, rhythm: Rhythm, show: Show) -> None:
        """show is told whenever the pool begins or ceases to be able to answer."""
        self.pool = pool
        self._show = show
        self._shown = True
        self._backend = backend
        self._rhythm = rhythm
        self._tasks: list[asyncio.Task[None]] = []
        self._replacing: dict[str, asyncio.Task[None]] = {}
        self._refreshing: asyncio.Task[bool] | None = None
        self._lost = asyncio.Event()
        pool.on_change(self._lost.set)

    async def start(self) -> None:
        """Starts all shards side by side and opens their tables. Raises StartError where none comes up."""
        for spec in await self._backend.discover():
            self.pool.members[spec.name] = Member(spec)
        results = await asyncio.gather(
            *(self._start(member) for member in self.pool.members.values()), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, BaseException)]
        for error in errors:
            log.error("%s", error)
        if len(errors) == len(results):
            raise StartError(
                f"no shard came up: {errors[0]}" if errors else "the cluster has no node with a CPU"
            )
        self.pool.see()
        await self._open_owned()
        await self.refresh()
        self.pool.ready = True
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_alive()), loop.create_task(self._keep_looking())]

    async def stop(self) -> None:
        """Ends the watch and closes every shard."""
        self.pool.ready = False
        tasks = [*self._tasks, *self._replacing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._let_go(member) for member in self.pool.members.values()))

    async def _let_go(self, member: Member) -> None:
        self.pool.set_state(member.spec.name, State.DEAD)
        if member.batcher is not None:
            await member.batcher.close()
        if member.handle is not None:
            await member.handle.close()

    async def refresh(self) -> bool:
        """Looks at all directories now; callers at the same time share one look. True where the catalog
        changed.
        """
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
        return await asyncio.shield(self._refreshing)

    async def _refresh(self) -> bool:
        await asyncio.gather(*(self._take_inventory(member) for member in self._alive()))
        changed = self.pool.see()
        if changed:
            log.info("catalog %s: %d tables", self.pool.catalog.version, len(self.pool.catalog.tables))
        return changed

    def _alive(self) -> list[Member]:
        return [member for member in self.pool.members.values() if member.state is State.ALIVE]

    async def _start(self, member: Member) -> None:
        name = member.spec.name
        handle: ShardHandle | None = None

        def on_lost() -> None:
            self.pool.lost(name, handle)

        handle = await self._backend.start(member.spec, on_lost)
        try:
            member.inventory = tuple(await handle.inventory())
        except BaseException:
            await handle.close()
            raise
        member.handle = handle
        member.batcher = Batcher(handle)
        self.pool.set_state(name, State.ALIVE)
        log.info("shard %s is up: process %d, %d threads", name, handle.pid, handle.threads)

    async def _take_inventory(self, member: Member) -> None:
        handle = member.handle
        assert handle is not None
        try:
            member.inventory = tuple(await handle.inventory())
        except ShardGoneError:
            self.pool.lost(member.spec.name, handle)
        except Exception as error:
            log.warning("shard %s cannot list its tables: %s", member.spec.name, error)

    async def _open_owned(self) -> None:
        async def open_one(member: Member) -> None:
            assert member.handle is not None
            with contextlib.suppress(ShardGoneError):
                await member.handle.open(self.pool.owned(member.spec.name))

        await asyncio.gather(*(open_one(member) for member in self._alive()))

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._rhythm.rescan)
            try:
                await self._adjust_members(await self._backend.discover())
                if await self.refresh():
                    await self._open_owned()
            except Exception:
                log.exception("the look at the directories failed")

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
                await asyncio.wait_for(self._lost.wait(), self._rhythm.ping)
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
            if self.pool.serving != self._shown:
                self._shown = self.pool.serving
                await self._show(self._shown)

    async def _ping(self, member: Member, silent_since: dict[str, float]) -> None:
        name, handle = member.spec.name, member.handle
        assert handle is not None
        now = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(handle.ping(), self._rhythm.ping_timeout)
        except TimeoutError:
            since = silent_since.setdefault(name, now)
            if member.state is State.ALIVE:
                log.warning("shard %s is silent; others answer for it", name)
                self.pool.set_state(name, State.SILENT)
            elif member.state is State.SILENT and now - since > HUNG_SECONDS:
                log.error("shard %s hung for %.0f s; it is replaced", name, now - since)
                self.pool.lost(name, handle)
        except Exception as error:
            log.warning("shard %s: %s", name, error)
            self.pool.lost(name, handle)
        else:
            silent_since.pop(name, None)
            if member.state is State.SILENT:
                log.info("shard %s answers again", name)
                self.pool.set_state(name, State.ALIVE)

    async def _replace(self, member: Member) -> None:
        name, backoff = member.spec.name, 0.0
        try:
            if member.handle is not None and member.batcher is not None:
                log.warning("shard %s died; a new one is made", name)
                await member.batcher.close()
                await member.handle.close()
            while True:
                await asyncio.sleep(backoff)
                try:
                    await self._start(member)
                    break
                except Exception as error:
                    backoff = min(MAX_BACKOFF, backoff * 2 or 0.5)
                    log.error("shard %s does not come up, next try in %.1f s: %s", name, backoff, error)
            member.restarts += 1
            self.pool.see()
            assert member.handle is not None
            with contextlib.suppress(ShardGoneError):
                await member.handle.open(self.pool.owned(name))
        finally:
            self._replacing.pop(name, None)
