"""Questions that wait for the same shard travel in one call.

At most two calls are under way to a shard: one that it works on, one that is there when it is done. What
arrives meanwhile waits and goes with the next call, so a busy shard is asked in few large calls and an
idle one at once. Heavy questions go alone and in a lane of their own, so that light ones do not wait
behind them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from dnstide.gateway.handles import ShardGoneError, ShardHandle
from dnstide.mtbl import Cancelled, CountOverflow, DeadlinePassed, LookupQuery
from dnstide.shard import Partial, ShardPlan, ShardQuestion

LIGHT_CALLS = 2
HEAVY_CALLS = 2
MAX_BATCH = 64  # bounds how long the first of a batch waits for the last
HEAVY_COST = 4096  # table lookups; about 50 ms of one thread

_REFUSALS: dict[str, type[Exception]] = {
    "CANCELLED": Cancelled,
    "DEADLINE_PASSED": DeadlinePassed,
    "COUNT_OVERFLOW": CountOverflow,
}


@dataclass(slots=True, eq=False)
class _Waiting:
    id: str
    plan: ShardPlan
    queries: tuple[LookupQuery, ...]
    split_by_rrtype: bool
    deadline: float
    answer: asyncio.Future[Partial]
    sent: bool = False


class _Lane:
    def __init__(self, calls: int, batch: int) -> None:
        self.free = calls
        self.batch = batch
        self.queue: deque[_Waiting] = deque()


class Batcher:
    """The one way to a shard. Belongs to the event loop that it is used in."""

    def __init__(self, handle: ShardHandle) -> None:
        self.handle = handle
        self._light = _Lane(LIGHT_CALLS, MAX_BATCH)
        self._heavy = _Lane(HEAVY_CALLS, 1)
        self._cancels: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered: set[asyncio.Future[Partial]] = set()
        self._closed = False
        self._scheduled = False
        self._last_id = 0
        self.sent_calls = 0
        self.sent_questions = 0

    def submit(
        self, plan: ShardPlan, queries: tuple[LookupQuery, ...], split_by_rrtype: bool, deadline: float
    ) -> asyncio.Future[Partial]:
        """Asks the shard. deadline is in time of the event loop.

        The future fails with ShardGoneError when the shard is lost, and with Cancelled, DeadlinePassed or
        CountOverflow when the shard gives the question up.
        Cancelling the future takes the question back: from the queue, or out of the shard's running lookup.
        """
        loop = asyncio.get_running_loop()
        self._last_id += 1
        waiting = _Waiting(str(self._last_id), plan, queries, split_by_rrtype, deadline, loop.create_future())
        if self._closed:
            waiting.answer.set_exception(self._gone())
            return waiting.answer
        self._unanswered.add(waiting.answer)
        waiting.answer.add_done_callback(lambda future: self._settled(waiting, future))
        lane = self._heavy if len(plan.tables) * len(queries) >= HEAVY_COST else self._light
        lane.queue.append(waiting)
        self._schedule()
        return waiting.answer

    async def close(self) -> None:
        """Gives up all calls; their questions end with ShardGoneError."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Those of the queue, and those of a call that was cancelled before it began, which nobody else tells.
        for answer in self._unanswered:
            if not answer.done():
                answer.set_exception(self._gone())

    def _gone(self) -> ShardGoneError:
        return ShardGoneError(self.handle.name, "it was closed")

    def _schedule(self) -> None:
        # By way of the loop: what arrives in the same round of the loop then travels together.
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _settled(self, waiting: _Waiting, future: asyncio.Future[Partial]) -> None:
        self._unanswered.discard(future)
        if future.cancelled() and waiting.sent and not self._closed:
            self._cancels.append(waiting.id)
            self._schedule()

    def _pump(self) -> None:
        self._scheduled = False
        if self._closed:
            return
        if self._cancels:
            ids, self._cancels = self._cancels, []
            self._start(self._cancel(ids))
        for lane in (self._light, self._heavy):
            while lane.free and lane.queue:
                batch: list[_Waiting] = []
                while lane.queue and len(batch) < lane.batch:
                    waiting = lane.queue.popleft()
                    if not waiting.answer.done():
                        batch.append(waiting)
                if batch:
                    lane.free -= 1
                    self._start(self._call(lane, batch))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, lane: _Lane, batch: list[_Waiting]) -> None:
        now = asyncio.get_running_loop().time()
        questions = []
        for waiting in batch:
            waiting.sent = True
            left = max(waiting.deadline - now, 0.0)
            questions.append(
                ShardQuestion(waiting.id, waiting.plan, waiting.queries, waiting.split_by_rrtype, left)
            )
        self.sent_calls += 1
        self.sent_questions += len(batch)
        try:
            answers = await self.handle.answer(questions)
        except BaseException as error:
            gone = error if isinstance(error, Exception) else self._gone()
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(gone)
            if gone is not error:
                raise
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if waiting.answer.done():
                    continue
                if isinstance(answer, Partial):
                    waiting.answer.set_result(answer)
                else:
                    waiting.answer.set_exception(_REFUSALS[answer.code](answer.reason))
        finally:
            lane.free += 1
            self._schedule()

    async def _cancel(self, ids: list[str]) -> None:
        try:
            await self.handle.cancel(ids)
        except Exception:  # the shard is gone or about to be, and its lookups with it
            return
