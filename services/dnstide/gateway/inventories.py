"""What the shards see in their directories: taken again and again, compared between nodes, and opened
ahead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import TypeVar

from dnstide.gateway.pool import Member, Pool, State
from dnstide.gateway.versions import copy_key, undecided
from dnstide.shard.client import ShardGoneError
from dnstide.shard.directory import TableStatus

log = logging.getLogger(__name__)

T = TypeVar("T")


class _SilentError(Exception):
    """A shard ceased to answer pings while something was asked of it."""


class Inventories:
    """Keeps the catalog of a pool true. Belongs to one event loop."""

    def __init__(self, pool: Pool, ping_seconds: float) -> None:
        """Pings find within `ping_seconds` and their timeout that a shard hangs."""
        self._pool = pool
        self._ping_seconds = ping_seconds
        self._refreshing: asyncio.Task[bool] | None = None

    async def refresh(self) -> bool:
        """Scan all directories now; callers at the same time share one scan. True where something is new."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
        return await asyncio.shield(self._refreshing)

    async def stop(self) -> None:
        """Give up a scan that is under way."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    async def open_owned(self) -> None:
        """Let every living shard open the tables that it is asked for first."""

        async def open_one(member: Member) -> None:
            assert member.client is not None
            with contextlib.suppress(ShardGoneError, _SilentError):
                await self._while_alive(member, member.client.open(self._pool.owned(member.spec.name)))

        await asyncio.gather(*(open_one(member) for member in self._alive()))

    async def _refresh(self) -> bool:
        await asyncio.gather(*(self._take(member) for member in self._alive()))
        await self.compare_copies()
        changed = self._pool.rebuild()
        if changed:
            log.info("catalog %s: %d tables", self._pool.catalog.version, len(self._pool.catalog.tables))
        return changed

    async def _take(self, member: Member) -> None:
        client = member.client
        assert client is not None
        try:
            self._pool.take(member.spec.name, tuple(await self._while_alive(member, client.inventory())))
        except _SilentError:
            log.warning("shard %s is silent; its tables are taken as they were", member.spec.name)
        except ShardGoneError:
            self._pool.mark_dead(member.spec.name, client)
        except Exception as error:
            log.warning("shard %s cannot list its tables: %s", member.spec.name, error)

    async def compare_copies(self) -> None:
        """Learn the digests of files that nodes hold under one name, where size and time do not decide."""
        pool = self._pool
        wanted: dict[str, list[TableStatus]] = {}
        differing = pool.differing()
        pool.digests = {key: d for key, d in pool.digests.items() if key[1] in differing}
        for copies in differing.values():
            for node in undecided(copies, pool.digests):
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
            self._pool.digests[copy_key(member.spec.node, status)] = digest

    def _alive(self) -> list[Member]:
        return [member for member in self._pool.members.values() if member.state is State.ALIVE]

    async def _while_alive(self, member: Member, call: Awaitable[T]) -> T:
        """What the call returns. Raises _SilentError as soon as pings find that the shard hangs: whoever
        meets damage waits for this, and one hung shard must not hold up the answers of all others.
        """
        task = asyncio.ensure_future(call)
        try:
            while not (await asyncio.wait({task}, timeout=self._ping_seconds))[0]:
                if member.state is not State.ALIVE:
                    raise _SilentError
        finally:
            task.cancel()
        return task.result()
