"""Questions that wait for the same shard travel together, and can be taken back."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from dnstide.gateway.batching import HEAVY_COST, LIGHT_CALLS, MAX_BATCH, Batcher, _lookups
from dnstide.model.errors import Cancelled, CountOverflow, DeadlineExceeded
from dnstide.mtbl import LookupQuery
from dnstide.shard import Partial, ShardError, ShardPlan, ShardQuestion
from dnstide.shard.client import ShardClient, ShardGoneError, ShardPlace

from tests.engine.questions import volume_query

PLAN = ShardPlan(("a",), None, b"")
QUERIES = (LookupQuery(b"\0"),)


class SlowShard:
    """Answers each call when it is let go; notes what came in which call."""

    def __init__(self) -> None:
        self.calls: list[list[ShardQuestion]] = []
        self.cancelled: list[str] = []
        self.go = asyncio.Event()
        self.refuse: dict[int, str] = {}
        self.error: Exception | None = None

    async def call(self, method: str, *arguments: Any) -> Any:
        if method == "cancel":
            self.cancelled += arguments[0]
            return None
        return await self.answer(*arguments)

    async def close(self) -> None:
        pass

    async def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        self.calls.append(list(questions))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [
            ShardError(q.id, self.refuse[i], "refused") if i in self.refuse else Partial(rows=number(q.id))
            for i, q in enumerate(questions)
        ]


def number(question_id: str) -> int:
    """The ids of a process differ by their last number."""
    return int(question_id.rpartition("-")[2])


def batcher_of(shard: SlowShard) -> Batcher:
    return Batcher(ShardClient(ShardPlace("slow", "here", 1, 0), shard))


def submit(batcher: Batcher, count: int, plan: ShardPlan = PLAN) -> list[asyncio.Future[Partial]]:
    deadline = asyncio.get_running_loop().time() + 60
    return [batcher.submit(plan, QUERIES, False, deadline) for _ in range(count)]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_idle_shard_gets_what_came_together_in_one_call() -> None:
    """Questions of one round of the loop share the first call."""
    shard = SlowShard()
    waiting = submit(batcher_of(shard), 5)
    await settle()
    assert [len(call) for call in shard.calls] == [5]
    shard.go.set()
    ids = [number(question.id) for question in shard.calls[0]]
    assert [partial.rows for partial in await asyncio.gather(*waiting)] == ids


async def test_a_busy_shard_has_few_calls_and_the_rest_waits_for_the_next() -> None:
    """At most LIGHT_CALLS calls are under way; what came meanwhile goes in one call after them."""
    shard = SlowShard()
    batcher = batcher_of(shard)
    waiting = []
    for _ in range(10):
        waiting += submit(batcher, 3)
        await settle()
    assert [len(call) for call in shard.calls] == [3] * LIGHT_CALLS
    shard.go.set()
    await asyncio.gather(*waiting)
    assert [len(call) for call in shard.calls] == [3] * LIGHT_CALLS + [3 * (10 - LIGHT_CALLS)]


async def test_a_call_carries_a_bounded_number() -> None:
    """The first of a batch does not wait for any number of others."""
    shard = SlowShard()
    waiting = submit(batcher_of(shard), 2 * MAX_BATCH + 1)
    shard.go.set()
    await asyncio.gather(*waiting)
    assert [len(call) for call in shard.calls] == [MAX_BATCH, MAX_BATCH, 1]


async def test_a_heavy_question_goes_alone_and_light_ones_pass_it() -> None:
    """While heavy ones run, light ones are asked at once in calls of their own."""
    shard = SlowShard()
    batcher = batcher_of(shard)
    heavy = ShardPlan(tuple(map(str, range(HEAVY_COST))), None, b"")
    waiting = submit(batcher, 4, heavy)
    await settle()
    waiting += submit(batcher, 2)
    await settle()
    assert sorted(len(call) for call in shard.calls) == [1, 1, 2]
    shard.go.set()
    await asyncio.gather(*waiting)


async def test_a_question_taken_back_before_it_was_sent_is_never_sent() -> None:
    """Nothing is cancelled at the shard either, which does not know of it."""
    shard = SlowShard()
    first, second = submit(batcher_of(shard), 2)
    first.cancel()
    shard.go.set()
    partial = await second
    await settle()
    assert [[number(q.id) for q in call] for call in shard.calls] == [[partial.rows]]
    assert shard.cancelled == []


async def test_a_question_taken_back_later_is_cancelled_at_the_shard() -> None:
    """Its id reaches the shard while the call runs; the others of the batch get their answers."""
    shard = SlowShard()
    first, second = submit(batcher_of(shard), 2)
    await settle()
    first.cancel()
    await settle()
    asked = [question.id for question in shard.calls[0]]
    assert shard.cancelled == asked[:1]
    shard.go.set()
    assert (await second).rows == number(asked[1])


@pytest.mark.parametrize(
    ("code", "kind"),
    [("CANCELLED", Cancelled), ("DEADLINE_PASSED", DeadlineExceeded), ("COUNT_OVERFLOW", CountOverflow)],
)
async def test_a_refusal_is_an_exception_for_its_question_alone(code: str, kind: type[Exception]) -> None:
    """Each code of ShardError has its exception; the batch's other questions are answered."""
    shard = SlowShard()
    shard.refuse = {0: code}
    first, second = submit(batcher_of(shard), 2)
    shard.go.set()
    with pytest.raises(kind):
        await first
    assert (await second).rows == number(shard.calls[0][1].id)


async def test_a_lost_shard_fails_all_that_wait_for_it() -> None:
    """Those in the call and those still in the queue."""
    shard = SlowShard()
    shard.error = ShardGoneError("slow", "killed")
    waiting = submit(batcher_of(shard), MAX_BATCH * 3)
    shard.go.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {ShardGoneError}


@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
async def test_a_closed_batcher_leaves_nobody_waiting(rounds: int) -> None:
    """However far its calls are: queued, made but not begun, or under way; nor who comes later."""
    batcher = batcher_of(SlowShard())
    waiting = submit(batcher, 3 * MAX_BATCH)
    for _ in range(rounds):
        await asyncio.sleep(0)
    await batcher.close()
    waiting += submit(batcher, 1)
    for future in waiting:
        with pytest.raises(ShardGoneError):
            await asyncio.wait_for(future, 5)


async def test_a_call_of_its_own_can_be_taken_back_and_refused() -> None:
    """What is not waited for any more is cancelled at the shard by its id; a ShardError is an exception."""
    shard = SlowShard()
    batcher = batcher_of(shard)
    ids: list[str] = []

    async def call(question_id: str) -> int | ShardError:
        ids.append(question_id)
        await shard.go.wait()
        return ShardError(question_id, "COUNT_OVERFLOW", "refused") if len(ids) == 2 else 7

    abandoned = batcher.start(call)
    await settle()
    abandoned.cancel()
    await settle()
    assert shard.cancelled == ids
    refused = batcher.start(call)
    await settle()
    shard.go.set()
    with pytest.raises(CountOverflow):
        await refused
    lost = batcher.start(call)
    await batcher.close()
    with pytest.raises(ShardGoneError):
        await lost


@pytest.mark.parametrize(
    ("name", "heavy"),
    [("*.", True), ("*.com", True), ("+.com", True), ("*.example.com", False), ("com", False), (".", False)],
)
def test_sums_over_everything_are_heavy(name: str, heavy: bool) -> None:
    """Or over a top-level domain: each reads more of a table than thousands of names do."""
    (query,) = volume_query([name]).queries()
    assert (_lookups(query) >= HEAVY_COST) is heavy
