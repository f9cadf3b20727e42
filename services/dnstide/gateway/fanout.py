"""Asks all shards of a plan within the deadline, and yields what they say as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dnstide.gateway.handles import ShardGoneError
from dnstide.gateway.pool import Part, Pool, State, divide
from dnstide.gateway.retry import Again, Attempt, after_answer, after_loss, failed
from dnstide.mtbl import DeadlinePassed, LookupQuery
from dnstide.shard import SHARD_TIMEOUT, SHARD_UNREACHABLE, Partial, ShardPlan

TICK = 0.1


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing came for a while; so many shards are still at work."""

    shards: int


class Fanout:
    """One question on its way. Leaving `events` early, or being cancelled, takes the question back
    everywhere.
    """

    def __init__(
        self, pool: Pool, queries: tuple[LookupQuery, ...], split_by_rrtype: bool, give_up: float
    ) -> None:
        """give_up is the time of the event loop after which nothing is waited for; gave_up tells that it
        passed.
        """
        self._pool = pool
        self._queries = queries
        self._split = split_by_rrtype
        self._give_up = give_up
        self._pending: dict[asyncio.Future[Partial], Attempt] = {}
        self._arrived: list[asyncio.Future[Partial]] = []
        self._waiter: asyncio.Future[None] | None = None
        self.gave_up = False

    async def events(self, plan: ShardPlan) -> AsyncIterator[Partial | Waiting]:
        """Partials that together answer for every table once, as answered or as failed, and signs of life."""
        loop = asyncio.get_running_loop()
        split = self._pool.split(plan)
        none: frozenset[str] = frozenset()
        for part in split.parts:
            self._send(part, none, none)
        if split.stranded:
            yield failed(split.stranded, SHARD_UNREACHABLE, "no shard that can read it is alive")
        try:
            while self._pending:
                arrived = await self._next(loop)
                for future in arrived:
                    attempt = self._pending.pop(future, None)
                    final = self._settle(attempt, future) if attempt is not None else None
                    if final is not None:
                        yield final
                if self._pending and loop.time() >= self._give_up:
                    self.gave_up = True
                    for attempt in self._take_back():
                        yield _timed_out(attempt)
                elif not arrived:
                    self._leave_silent()
                    yield Waiting(len(self._pending))
        finally:
            self._take_back()

    async def _next(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Future[Partial]]:
        """The futures that are done since the last call; waits a tick for the first of them.

        asyncio.wait would do the same for three times the work, which counts where questions take a
        millisecond.
        """
        if not self._arrived:
            self._waiter = loop.create_future()
            left = self._give_up - loop.time()
            timer = loop.call_later(min(TICK, max(left, 0.0)), self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
        arrived, self._arrived = self._arrived, []
        return arrived

    def _arrive(self, future: asyncio.Future[Partial]) -> None:
        self._arrived.append(future)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take_back(self) -> list[Attempt]:
        """Cancels what is pending."""
        pending, self._pending = self._pending, {}
        for future in pending:
            if not future.cancel() and not future.cancelled():
                future.exception()  # it came too late to matter; asked for, it is not reported as forgotten
        return list(pending.values())

    def _send(self, part: Part, shards: frozenset[str], nodes: frozenset[str]) -> None:
        member = self._pool.members[part.shard]
        attempt = Attempt(part, shards | {part.shard}, nodes | {member.spec.node})
        if member.batcher is None:  # never alive, so never chosen
            raise ShardGoneError(part.shard, "it never came up")
        future = member.batcher.submit(part.plan, self._queries, self._split, self._give_up)
        future.add_done_callback(self._arrive)
        self._pending[future] = attempt

    def _settle(self, attempt: Attempt, future: asyncio.Future[Partial]) -> Partial | None:
        """What is final of an answer; the rest is asked elsewhere."""
        try:
            partial = future.result()
        except ShardGoneError as error:
            self._pool.lost(error.shard, self._pool.members[error.shard].handle)
            return self._follow(attempt, after_loss(attempt, str(error), self._other_shard))
        except DeadlinePassed:
            self.gave_up = True
            return _timed_out(attempt)
        return self._follow(attempt, after_answer(attempt, partial, self._other_node))

    def _leave_silent(self) -> None:
        """Asks others for what a hung shard was asked, unless it alone can answer: it may come back."""
        for future, attempt in list(self._pending.items()):
            if self._pool.members[attempt.part.shard].state is not State.SILENT:
                continue
            again = after_loss(attempt, f"shard {attempt.part.shard} hangs", self._living_shard)
            if again.final is None:
                del self._pending[future]
                future.cancel()
                self._follow(attempt, again)

    def _follow(self, attempt: Attempt, again: Again) -> Partial | None:
        if again.elsewhere:
            for part in divide(attempt.part.plan, again.elsewhere, again.elsewhere.get).parts:
                self._send(part, attempt.shards, attempt.nodes)
        return again.final

    def _other_shard(self, table: str, attempt: Attempt) -> str | None:
        return self._pool.choose(table, attempt.shards)

    def _living_shard(self, table: str, attempt: Attempt) -> str | None:
        return self._pool.choose(table, attempt.shards, states=(State.ALIVE,))

    def _other_node(self, table: str, attempt: Attempt) -> str | None:
        return self._pool.choose(table, attempt.shards, attempt.nodes)


def _timed_out(attempt: Attempt) -> Partial:
    reason = f"shard {attempt.part.shard} did not answer before the deadline"
    return failed(attempt.part.plan.tables, SHARD_TIMEOUT, reason)
