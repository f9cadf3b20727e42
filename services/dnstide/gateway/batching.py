"""Questions that wait for the same shard travel in one call.

At most two calls are under way to a shard: one that it works on, one that is there when it is done. What
arrives meanwhile waits and goes with the next call, so a busy shard is asked in few large calls and an
idle one at once. Heavy questions go alone and in a lane of their own, so that light ones do not wait
behind them. Requests of rankings go at once, each in a call of its own: a shard ranks one at a time anyway.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

from dnstide.gateway.request_id import REQUEST_ID
from dnstide.model.errors import Cancelled, CountOverflow, DeadlineExceeded
from dnstide.mtbl import LookupQuery
from dnstide.shard.client import ShardClient, ShardGoneError
from dnstide.shard.partial import CANCELLED, COUNT_OVERFLOW, DEADLINE_PASSED, Partial, ShardError
from dnstide.shard.question import ShardPlan, ShardQuestion

T = TypeVar("T")

LIGHT_CALLS = 2
HEAVY_CALLS = 2

MAX_BATCH = 64
"""Bounds how long the first of a batch waits for the last."""

HEAVY_COST = 4096
"""Lookups in tables; about 50 ms of one thread."""

WIDE_COST = 4096
"""What a sum over everything or a top-level domain weighs in each table, in look-ups of a name: without a
summary it reads as many blocks and more.
"""

_REFUSALS: dict[str, type[Exception]] = {
    CANCELLED: Cancelled,
    DEADLINE_PASSED: DeadlineExceeded,
    COUNT_OVERFLOW: CountOverflow,
}

_IDS = itertools.count()


@dataclass(slots=True, eq=False)
class _Waiting:
    id: str
    plan: ShardPlan
    queries: tuple[LookupQuery, ...]
    split_by_rrtype: bool
    deadline: float
    answer: asyncio.Future[Partial]
    on_sent: Callable[[], None] | None = None
    sent: bool = False
    since: float = field(default_factory=perf_counter)


class _Lane:
    def __init__(self, calls: int, batch: int) -> None:
        self.free = calls
        self.batch = batch
        self.queue: deque[_Waiting] = deque()


class Batcher:
    """The one way of questions to a shard. Belongs to the event loop that it is used in.

    Futures fail with ShardGoneError when the shard is lost, and with Cancelled, DeadlineExceeded or
    CountOverflow when the shard gives the question up. Cancelling a future takes the question back: from the
    queue, or out of the work of the shard.
    """

    def __init__(self, client: ShardClient, on_sent: Callable[[float], None] | None = None) -> None:
        """`on_sent` hears of each question about volume that leaves, and of the seconds that it waited."""
        self.client = client
        self._on_sent = on_sent
        self._light = _Lane(LIGHT_CALLS, MAX_BATCH)
        self._heavy = _Lane(HEAVY_CALLS, 1)
        self._cancels: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered: set[asyncio.Future[Any]] = set()
        self._closed = False
        self._scheduled = False

    @property
    def waiting(self) -> int:
        """How many questions wait until the shard has room for them."""
        return len(self._light.queue) + len(self._heavy.queue)

    def submit(
        self,
        plan: ShardPlan,
        queries: tuple[LookupQuery, ...],
        split_by_rrtype: bool,
        deadline: float,
        on_sent: Callable[[], None] | None = None,
    ) -> asyncio.Future[Partial]:
        """Ask about volume. The deadline is in time of the event loop. `on_sent` is called when it leaves."""
        answer: asyncio.Future[Partial] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(_new_id(), plan, queries, split_by_rrtype, deadline, answer, on_sent)
        if self._expect(answer, lambda: waiting.id if waiting.sent else None):
            cost = len(plan.tables) * sum(map(_lookups, queries))
            lane = self._heavy if cost >= HEAVY_COST else self._light
            lane.queue.append(waiting)
            self._schedule()
        return answer

    def start(self, call: Callable[[str], Coroutine[Any, Any, T | ShardError]]) -> asyncio.Future[T]:
        """Make a call of its own, at once. `call` is given the id under which it can be cancelled."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        question_id = _new_id()
        if self._expect(answer, lambda: question_id):
            self._start(self._call_alone(call, question_id, answer))
        return answer

    async def close(self) -> None:
        """Give up all calls; their questions end with ShardGoneError."""
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
        return ShardGoneError(self.client.place.name, "it was closed")

    def _expect(self, answer: asyncio.Future[Any], cancel_id: Callable[[], str | None]) -> bool:
        """Watch an answer until it is there; False where it is known already that none comes.

        `cancel_id` says what has to be cancelled at the shard where the answer is not waited for any more.
        """
        if self._closed:
            answer.set_exception(self._gone())
            return False

        def settled(future: asyncio.Future[Any]) -> None:
            self._unanswered.discard(future)
            question_id = cancel_id() if future.cancelled() and not self._closed else None
            if question_id is not None:
                self._cancels.append(question_id)
                self._schedule()

        self._unanswered.add(answer)
        answer.add_done_callback(settled)
        return True

    def _schedule(self) -> None:
        # By way of the loop: what arrives in the same round of the loop then travels together.
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

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
        now, left = asyncio.get_running_loop().time(), perf_counter()
        questions = []
        for waiting in batch:
            waiting.sent = True
            if self._on_sent is not None:
                self._on_sent(left - waiting.since)
            if waiting.on_sent is not None:
                waiting.on_sent()
            seconds = max(waiting.deadline - now, 0.0)
            questions.append(
                ShardQuestion(waiting.id, waiting.plan, waiting.queries, waiting.split_by_rrtype, seconds)
            )
        try:
            answers = await self.client.answer(questions)
        except BaseException as error:
            for waiting in batch:
                self._fail(waiting.answer, error)
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                _settle(waiting.answer, answer)
        finally:
            lane.free += 1
            self._schedule()

    async def _call_alone(
        self,
        call: Callable[[str], Coroutine[Any, Any, T | ShardError]],
        question_id: str,
        answer: asyncio.Future[T],
    ) -> None:
        try:
            reply = await call(question_id)
        except BaseException as error:
            self._fail(answer, error)
            if not isinstance(error, Exception):
                raise
        else:
            _settle(answer, reply)

    def _fail(self, answer: asyncio.Future[Any], error: BaseException) -> None:
        if not answer.done():
            answer.set_exception(error if isinstance(error, Exception) else self._gone())

    async def _cancel(self, ids: list[str]) -> None:
        try:
            await self.client.cancel(ids)
        except Exception:  # the shard is gone or about to be, and its work with it
            return


def _settle(answer: asyncio.Future[T], reply: T | ShardError) -> None:
    if answer.done():
        return
    if isinstance(reply, ShardError):
        answer.set_exception(_REFUSALS[reply.code](reply.reason))
    else:
        answer.set_result(reply)


def _lookups(query: LookupQuery) -> int:
    """How many look-ups of a single name a query weighs."""
    prefix = query.prefix
    wide = query.wildcard and (len(prefix) <= 1 or 2 + prefix[1] >= len(prefix))
    return WIDE_COST if wide else 1


def _new_id() -> str:
    """Unlike any other id that a shard hears, since several gateways may ask it; it begins with the id of the
    request, so that the log of a shard tells whom it worked for.
    """
    return f"{REQUEST_ID.get()}/{os.getpid()}-{next(_IDS)}"
