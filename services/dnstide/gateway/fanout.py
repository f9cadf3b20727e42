"""The one road to the shards: divides a request, asks, asks elsewhere what was lost or damaged, and yields
what comes, within the deadline.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic

from dnstide.gateway.member import State
from dnstide.gateway.pool import Pool, divide
from dnstide.gateway.request_id import REQUEST_ID
from dnstide.gateway.requests import R, ShardRequest
from dnstide.gateway.retry import Attempt, RetryDecision, after_answer, after_loss, failed
from dnstide.gateway.tracing import CALL_TRACE, AskTrace
from dnstide.model.errors import SHARD_TIMEOUT, SHARD_UNREACHABLE, DeadlineExceeded
from dnstide.shard.client import ShardClient, ShardGoneError

log = logging.getLogger(__name__)

TICK = 0.1
"""Seconds between two signs of life."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing came for a while; so many shards are still at work."""

    shards: int


@dataclass(slots=True, eq=False)
class _Sent(Generic[R]):
    """A request as it was sent, and to whom: the shard may have been replaced since."""

    request: ShardRequest[R]
    attempt: Attempt
    client: ShardClient
    trace: AskTrace | None


class Fanout(Generic[R]):
    """One question on its way. Leaving `events` early, or being cancelled, takes it back everywhere."""

    def __init__(
        self, pool: Pool, deadline: float, on_reassigned: Callable[[str, int], None] | None = None
    ) -> None:
        """The deadline is the time of the event loop after which nothing is waited for; `deadline_passed`
        tells that it came.

        `on_reassigned` hears of tables that are asked elsewhere: the cause (loss, silence, damage) and how
        many.
        """
        self._pool = pool
        self._deadline = deadline
        self._on_reassigned = on_reassigned
        self._pending: dict[asyncio.Future[R], _Sent[R]] = {}
        self._arrived: list[asyncio.Future[R]] = []
        self._waiter: asyncio.Future[None] | None = None
        self._trace = CALL_TRACE.get()
        self.deadline_passed = False

    async def replies(self, request: ShardRequest[R]) -> list[R]:
        """All that `events` yields but the signs of life."""
        return [event async for event in self.events(request) if not isinstance(event, Waiting)]

    async def events(self, request: ShardRequest[R]) -> AsyncIterator[R | Waiting]:
        """Replies that together answer for every table once, as answered or as failed, and signs of life."""
        loop = asyncio.get_running_loop()
        division = self._pool.divide(request.tables)
        nobody: frozenset[str] = frozenset()
        try:
            for shard, tables in division.parts:
                self._send(request.share(tables), shard, nobody, nobody)
            if division.unassigned:
                reason = "no shard that can read it is alive"
                reply = request.with_failures(None, failed(division.unassigned, SHARD_UNREACHABLE, reason))
                if reply is not None:
                    yield reply
            while self._pending:
                arrived = await self._next(loop)
                for future in arrived:
                    sent = self._pending.pop(future, None)
                    reply = self._settle(sent, future) if sent is not None else None
                    if reply is not None:
                        yield reply
                if self._pending and loop.time() >= self._deadline:
                    self.deadline_passed = True
                    for sent in self._take_back():
                        reply = _timed_out(sent)
                        if reply is not None:
                            yield reply
                elif not arrived:
                    self._leave_silent()
                    yield Waiting(len(self._pending))
        finally:
            self._take_back()

    async def _next(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Future[R]]:
        """The futures that are done since the last call; waits a tick for the first of them.

        asyncio.wait would do the same for three times the work, which counts where questions take a
        millisecond.
        """
        if not self._arrived:
            self._waiter = loop.create_future()
            timer = loop.call_later(min(TICK, max(self._deadline - loop.time(), 0.0)), self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
        arrived, self._arrived = self._arrived, []
        return arrived

    def _arrive(self, future: asyncio.Future[R]) -> None:
        self._arrived.append(future)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take_back(self) -> list[_Sent[R]]:
        """Cancel what is pending."""
        pending, self._pending = self._pending, {}
        for future in pending:
            if not future.cancel() and not future.cancelled():
                future.exception()  # it came too late to matter; asked for, it is not reported as forgotten
        for sent in pending.values():
            if sent.trace is not None:
                sent.trace.lost("the deadline passed" if self.deadline_passed else "it was taken back")
        return list(pending.values())

    def _send(
        self,
        request: ShardRequest[R],
        shard: str,
        shards: frozenset[str],
        nodes: frozenset[str],
        cause: str = "",
    ) -> None:
        member = self._pool.members[shard]
        # Only shards that are alive or silent are chosen, and these have been alive.
        assert member.batcher is not None
        attempt = Attempt(shard, request.tables, shards | {shard}, nodes | {member.spec.node})
        trace = None
        if self._trace is not None:
            trace = self._trace.ask(
                request.method, shard, member.spec.node, len(request.tables), len(attempt.shards), cause
            )
        on_sent = None if trace is None else trace.sent
        future = request.send(member.batcher, self._deadline, on_sent)
        future.add_done_callback(self._arrive)
        self._pending[future] = _Sent(request, attempt, member.batcher.client, trace)

    def _settle(self, sent: _Sent[R], future: asyncio.Future[R]) -> R | None:
        """What is final of a reply; the rest is asked elsewhere."""
        try:
            reply = future.result()
        except BaseException as error:
            if sent.trace is not None:
                sent.trace.lost(str(error))
            return self._settle_loss(sent, error)
        if sent.trace is not None:
            sent.trace.answered(reply.failures)
        if not reply.failures:
            return reply
        decision = after_answer(sent.attempt, reply.failures, self._other_node)
        return self._follow(sent, "damage", decision, reply)

    def _settle_loss(self, sent: _Sent[R], error: BaseException) -> R | None:
        """As `_settle`, where no reply came. Raises what is not the fault of the shard."""
        if isinstance(error, ShardGoneError):
            self._pool.mark_dead(sent.attempt.shard, sent.client, error.reason)
            decision = after_loss(sent.attempt, str(error), self._other_shard)
            return self._follow(sent, "loss", decision, None)
        if isinstance(error, DeadlineExceeded):
            self.deadline_passed = True
            return _timed_out(sent)
        raise error

    def _leave_silent(self) -> None:
        """Ask others for what a hung shard was asked, unless it alone can answer: it may come back."""
        for future, sent in list(self._pending.items()):
            if self._pool.members[sent.attempt.shard].state is not State.SILENT:
                continue
            decision = after_loss(sent.attempt, f"shard {sent.attempt.shard} hangs", self._living_shard)
            if not decision.failures:
                del self._pending[future]
                future.cancel()
                if sent.trace is not None:
                    sent.trace.lost("it hangs; others are asked")
                self._follow(sent, "silence", decision, None)

    def _follow(self, sent: _Sent[R], cause: str, decision: RetryDecision, reply: R | None) -> R | None:
        """Ask elsewhere what is to be asked; what is final is returned."""
        reassigned, attempt = decision.reassigned, sent.attempt
        if reassigned:
            log.debug(
                "%s of %d tables at shard %s: others are asked, id=%s",
                cause,
                len(reassigned),
                attempt.shard,
                REQUEST_ID.get(),
            )
            if self._on_reassigned is not None:
                self._on_reassigned(cause, len(reassigned))
            for shard, tables in divide(reassigned, reassigned.get).parts:
                self._send(sent.request.share(tables), shard, attempt.shards, attempt.nodes, cause)
        if reply is None and not decision.failures:
            return None
        return sent.request.with_failures(reply, decision.failures)

    def _other_shard(self, table: str, attempt: Attempt) -> str | None:
        return self._pool.choose(table, attempt.shards)

    def _living_shard(self, table: str, attempt: Attempt) -> str | None:
        return self._pool.choose(table, attempt.shards, states=(State.ALIVE,))

    def _other_node(self, table: str, attempt: Attempt) -> str | None:
        return self._pool.choose(table, attempt.shards, attempt.nodes, any_version=True)


def _timed_out(sent: _Sent[R]) -> R | None:
    reason = f"shard {sent.attempt.shard} did not answer before the deadline"
    return sent.request.with_failures(None, failed(sent.attempt.tables, SHARD_TIMEOUT, reason))
