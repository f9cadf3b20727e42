"""What the shards see in their directories: taken again and again, compared between nodes, and opened
ahead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from dnstide.gateway.member import Member, State
from dnstide.gateway.pool import Pool
from dnstide.gateway.versions import copy_key, undecided
from dnstide.shard.client import ShardClient, ShardGoneError
from dnstide.shard.directory import TableStatus

log = logging.getLogger(__name__)

T = TypeVar("T")

LISTING_SECONDS = 30.0
"""A shard that takes longer to list its directory than this hangs there, as on a file system that is away."""


class _SilentError(Exception):
    """A shard ceased to answer pings while something was asked of it."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """A directory that is being listed, by whom, and the time of the event loop when that began."""

    client: ShardClient
    task: asyncio.Task[list[TableStatus]]
    since: float


class Inventories:
    """Keeps the catalog of a pool true. Belongs to one event loop."""

    def __init__(self, pool: Pool, ping_seconds: float) -> None:
        """Pings find within `ping_seconds` and their timeout that a shard hangs."""
        self._pool = pool
        self._ping_seconds = ping_seconds
        self._refreshing: asyncio.Task[bool] | None = None
        self._listings: dict[str, _Listing] = {}

    async def refresh(self) -> bool:
        """Scan all directories now; callers at the same time share one scan. True where something is new."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
        return await asyncio.shield(self._refreshing)

    async def stop(self) -> None:
        """Give up a scan that is under way."""
        tasks: list[asyncio.Task[Any]] = [listing.task for listing in self._listings.values()]
        if self._refreshing is not None:
            tasks.append(self._refreshing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
        name, client = member.spec.name, member.client
        assert client is not None
        listing = self._listing(name, client)
        try:
            self._pool.take(name, tuple(await self._while_alive(member, _patiently(listing.task))))
        except _SilentError:
            log.warning("shard %s is silent; its tables are taken as they were", name)
        except ShardGoneError as error:
            self._pool.mark_dead(name, client, error.reason)
        except TimeoutError:
            seconds = asyncio.get_running_loop().time() - listing.since
            self._cannot_list(member, f"{seconds:.0f} s have passed, and its directory is not listed yet")
        except Exception as error:
            self._cannot_list(member, reason_of(error))
        else:
            if member.listing_problem:
                log.info("shard %s lists its tables again", name)
            member.listing_problem = ""

    def _listing(self, name: str, client: ShardClient) -> _Listing:
        """The one listing that is under way at a shard: more of them would hang beside the first one."""
        known = self._listings.get(name)
        if known is not None and known.client is client:
            return known
        if known is not None:
            known.task.cancel()
        loop = asyncio.get_running_loop()
        listing = _Listing(client, loop.create_task(client.inventory()), loop.time())

        def done(task: asyncio.Task[list[TableStatus]]) -> None:
            if not task.cancelled():
                task.exception()  # nobody may be waiting any more, and then it is nobody's
            if self._listings.get(name) is listing:
                del self._listings[name]

        listing.task.add_done_callback(done)
        self._listings[name] = listing
        return listing

    def _cannot_list(self, member: Member, reason: str) -> None:
        if not member.listing_problem:
            log.warning("shard %s cannot list its tables: %s", member.spec.name, reason)
        member.listing_problem = reason

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


async def _patiently(task: asyncio.Task[T]) -> T:
    """What the task returns. Raises TimeoutError where it takes too long, and lets it go on."""
    return await asyncio.wait_for(asyncio.shield(task), LISTING_SECONDS)


def reason_of(error: BaseException) -> str:
    """The words of an error in one line; one of the system names the file and what is wrong."""
    if isinstance(error, ShardGoneError):
        return error.reason
    cause = getattr(error, "cause", None) or error  # Ray wraps what an actor raised
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename}: {cause.strerror}" if cause.filename else cause.strerror
    return str(cause).partition("\n")[0] or type(cause).__name__
