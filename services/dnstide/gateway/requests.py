"""What shards are asked: each kind of request can be divided by tables, sent, and answered for in part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self, TypeVar

import numpy as np
from dnstide.engine.top.run import ShardsRequest
from dnstide.gateway.batching import Batcher
from dnstide.model.errors import Failure
from dnstide.mtbl import LookupQuery
from dnstide.shard.partial import Partial
from dnstide.shard.question import ShardPlan
from dnstide.shard.ranking.requests import RankReply, RankScope

KEPT_SHARES = 1024
"""Parts of plans that are kept."""


class Reply(Protocol):
    """What a shard says: its tables are in it, but for those that failed."""

    @property
    def failures(self) -> tuple[Failure, ...]: ...


R = TypeVar("R", bound=Reply)


class ShardRequest(Protocol[R]):
    """One request about some tables."""

    method: ClassVar[str]
    """That of the shard which answers it."""

    @property
    def tables(self) -> tuple[str, ...]: ...

    def share(self, tables: tuple[str, ...]) -> Self:
        """The same request about some of its tables."""

    def send(
        self, batcher: Batcher, deadline: float, on_sent: Callable[[], None] | None = None
    ) -> asyncio.Future[R]:
        """Ask one shard. Cancelling the future takes the request back. `on_sent` is called when it leaves."""

    def with_failures(self, reply: R | None, failures: tuple[Failure, ...]) -> R | None:
        """The reply with these failures alone, None where nothing is in it; or a reply of failures alone."""


class PlanShares:
    """Parts of plans, made once: whoever packs a plan knows it by its identity."""

    def __init__(self) -> None:
        self._shares: dict[tuple[int, int], tuple[ShardPlan, tuple[str, ...], ShardPlan]] = {}

    def share(self, plan: ShardPlan, tables: tuple[str, ...]) -> ShardPlan:
        """The part of the plan that is about these of its tables."""
        if len(tables) == len(plan.tables):
            return plan
        key = id(plan), id(tables)
        known = self._shares.get(key)
        if known is not None and known[0] is plan and known[1] is tables:
            return known[2]
        part = part_of_plan(plan, tables)
        if len(self._shares) >= KEPT_SHARES:
            self._shares.clear()
        self._shares[key] = plan, tables, part
        return part


def part_of_plan(plan: ShardPlan, tables: Sequence[str]) -> ShardPlan:
    """The part of a plan that is about these of its tables."""
    buckets = plan.table_buckets
    if buckets is not None:
        index = {table: i for i, table in enumerate(plan.tables)}
        buckets = np.frombuffer(buckets, "<i4")[[index[table] for table in tables]].tobytes()
    return ShardPlan(tuple(tables), buckets, plan.edges)


@dataclass(frozen=True, slots=True)
class VolumeRequest:
    """Counts of rows in the tables of a plan."""

    method: ClassVar[str] = "answer"

    plan: ShardPlan
    queries: tuple[LookupQuery, ...]
    split_by_rrtype: bool
    shares: PlanShares

    @property
    def tables(self) -> tuple[str, ...]:
        return self.plan.tables

    def share(self, tables: tuple[str, ...]) -> VolumeRequest:
        plan = self.shares.share(self.plan, tables)
        return VolumeRequest(plan, self.queries, self.split_by_rrtype, self.shares)

    def send(
        self, batcher: Batcher, deadline: float, on_sent: Callable[[], None] | None = None
    ) -> asyncio.Future[Partial]:
        return batcher.submit(self.plan, self.queries, self.split_by_rrtype, deadline, on_sent)

    def with_failures(self, reply: Partial | None, failures: tuple[Failure, ...]) -> Partial:
        return Partial(failures=failures) if reply is None else replace(reply, failures=failures)


@dataclass(frozen=True, slots=True)
class RankStepRequest:
    """One step of a ranking, about some of its tables."""

    method: ClassVar[str] = "rank"

    step: ShardsRequest
    tables: tuple[str, ...]

    def share(self, tables: tuple[str, ...]) -> RankStepRequest:
        return RankStepRequest(self.step, tables)

    def send(
        self, batcher: Batcher, deadline: float, on_sent: Callable[[], None] | None = None
    ) -> asyncio.Future[RankReply]:
        if on_sent is not None:
            on_sent()
        seconds = max(deadline - asyncio.get_running_loop().time(), 0.0)
        return batcher.start(
            lambda question_id: batcher.client.rank(self.step.share(self.tables, question_id, seconds))
        )

    def with_failures(self, reply: RankReply | None, failures: tuple[Failure, ...]) -> RankReply | None:
        if reply is None or reply.value is None:
            return RankReply(None, failures) if failures else None
        return replace(reply, failures=failures)


@dataclass(frozen=True, slots=True)
class SummariesMissing:
    """How many of the tables lack a summary still. One that cannot be read is not counted."""

    count: int
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """Make up to `limit` of the summaries that the tables lack for a ranking of that scope, at each shard."""

    method: ClassVar[str] = "summarize"

    tables: tuple[str, ...]
    limit: int
    scope: RankScope

    def share(self, tables: tuple[str, ...]) -> SummaryRequest:
        return replace(self, tables=tables)

    def send(
        self, batcher: Batcher, deadline: float, on_sent: Callable[[], None] | None = None
    ) -> asyncio.Future[SummariesMissing]:
        if on_sent is not None:
            on_sent()

        async def call(question_id: str) -> SummariesMissing:
            return SummariesMissing(await batcher.client.summarize(self.tables, self.limit, self.scope))

        return batcher.start(call)

    def with_failures(
        self, reply: SummariesMissing | None, failures: tuple[Failure, ...]
    ) -> SummariesMissing:
        return SummariesMissing(0 if reply is None else reply.count, failures)
