"""From questions to answers over the shards of a pool: plan, ask, merge, smooth, finish. No gRPC in here."""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from dnstide.engine.analyze import analyze, volume_question
from dnstide.engine.catalog import parse_table_name
from dnstide.engine.top.query import TopQuery
from dnstide.engine.top.run import RefreshCatalog, ShardsRequest, TopSteps, plan_spans, top_steps
from dnstide.engine.volume.execution import VolumeExecution
from dnstide.engine.volume.query import VolumeQuery
from dnstide.gateway.fanout import Fanout, Waiting
from dnstide.gateway.pool import Pool
from dnstide.gateway.requests import (
    PlanShares,
    RankStepRequest,
    SummariesMissing,
    SummaryRequest,
    VolumeRequest,
)
from dnstide.model.analysis import Findings
from dnstide.model.catalog import Catalog, TableInfo
from dnstide.model.errors import DeadlineExceeded, Failure, InvalidQuestion
from dnstide.model.question import AnalysisQuestion, TopQuestion, VolumeQuestion
from dnstide.model.top import Top, TopProgress
from dnstide.model.vocabulary import DATASETS, MAX_NAME_TEXT, FailurePolicy
from dnstide.model.volume import Progress, Timings, Volume
from dnstide.shard.partial import Partial
from dnstide.shard.ranking.requests import RankReply

T = TypeVar("T")

PROGRESS_SECONDS = 0.1
"""Shortest time between two signs of progress."""

PARTIAL_MARGIN, MAX_PARTIAL_MARGIN = 0.1, 0.25
"""A partial answer is sent a little before the deadline, so that it arrives within it: by this part of the
time granted, and by these seconds at most."""

RANK_MARGIN = 0.05
"""Seconds by which shards stop ranking before the call does, so that the reason arrives."""

MANY_NAMES = 200
"""From here on the work is done in a thread, since it would hold up the other questions of the event loop."""

SUMMARIES_AT_ONCE = 16
"""Summaries that each shard makes between two signs of progress."""


@dataclass(frozen=True, slots=True)
class TablesPage:
    """One page of the catalog. `ignored` and `unlisted` belong to the first one, `total_count` to all."""

    tables: tuple[TableInfo, ...]
    ignored: tuple[tuple[str, str], ...]
    total_count: int
    catalog_version: str
    next_page_token: str
    unlisted: tuple[Failure, ...]


class Answering:
    """Belongs to one event loop. `seconds` is the time that a question may take."""

    def __init__(
        self,
        pool: Pool,
        refresh: Callable[[], Awaitable[bool]],
        max_names: int,
        on_reassigned: Callable[[str, int], None] | None = None,
    ) -> None:
        """`refresh` looks at the directories again when tables vanish or break."""
        self._pool = pool
        self._refresh = refresh
        self._max_names = max_names
        self._on_reassigned = on_reassigned
        self._shares = PlanShares()
        # Tables do not change under their catalog: what was found whole is not looked at again.
        self._summarized: WeakKeyDictionary[Catalog, set[str]] = WeakKeyDictionary()

    def parse_volume(self, question: VolumeQuestion) -> VolumeQuery:
        """The question with its names parsed. Raises InvalidQuestion."""
        return VolumeQuery.parse(question, self._max_names)

    async def volume(
        self,
        question: VolumeQuestion,
        seconds: float,
        on_progress: Callable[[Progress], Awaitable[None]] | None = None,
    ) -> Volume:
        """Raises NoTables, InvalidQuestion, AnswerIncomplete, CountOverflow, DeadlineExceeded."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        strict = question.failure_policy is FailurePolicy.FAIL
        margin = 0.0 if strict else min(seconds * PARTIAL_MARGIN, MAX_PARTIAL_MARGIN)
        clock = _Clock()
        many = len(question.names) > MANY_NAMES
        query = await _threaded(self.parse_volume, question) if many else self.parse_volume(question)
        execution = VolumeExecution(self._pool.catalog, query)
        clock.plan += clock.lap()
        fanout: Fanout[Partial] = Fanout(self._pool, deadline - margin, self._on_reassigned)
        await self._ask(execution, fanout, deadline - margin, clock, on_progress)
        if strict and loop.time() >= deadline:
            raise DeadlineExceeded(f"no whole answer within {seconds:.3g} s")
        if many:
            return await _threaded(execution.finish, clock.timings())
        return execution.finish(clock.timings())

    async def analysis(self, question: AnalysisQuestion, seconds: float) -> Findings:
        """Raises as `volume`, and AnalysisRefused."""
        volume = await self.volume(volume_question(question), seconds)
        # The arithmetic takes milliseconds a series, too long for the loop that serves all calls.
        return await _threaded(analyze, volume, question)

    async def top(
        self,
        question: TopQuestion,
        seconds: float,
        on_progress: Callable[[TopProgress], Awaitable[None]] | None = None,
    ) -> Top:
        """Raises NoTables, InvalidQuestion, AnswerIncomplete, CountOverflow, DeadlineExceeded."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds - RANK_MARGIN
        # A long list of exclusions takes a while to read.
        query = await _threaded(TopQuery.parse, question)
        await self._summarize(query, deadline, on_progress)
        steps = top_steps(self._pool.catalog, query)
        reply: Any = None
        while True:
            # The arithmetic of a long ranking would hold up the loop that serves all calls.
            step = await _threaded(_advance, steps, reply)
            if isinstance(step, Top):
                return step
            if isinstance(step, RefreshCatalog):
                reply = await self._fresh_catalog(deadline)
            else:
                fanout: Fanout[RankReply] = Fanout(self._pool, deadline, self._on_reassigned)
                reply = await fanout.replies(RankStepRequest(step, step.tables))
                _check_deadline(fanout)

    def tables_page(self, dataset: str, page_size: int, page_token: str) -> TablesPage:
        """One page of the catalog; an empty dataset stands for all. Raises InvalidQuestion."""
        if dataset and dataset not in DATASETS:
            raise InvalidQuestion.of("dataset", dataset, f"take {' or '.join(DATASETS)}, or nothing")
        catalog, placement = self._pool.catalog, self._pool.placement
        tables = [table for table in catalog.tables if not dataset or table.dataset == dataset]
        first = 0
        if len(page_token) > MAX_NAME_TEXT:
            raise InvalidQuestion.of("page_token", page_token[:40], "not a token of this server")
        if page_token:
            # The token is the last table sent, so pages fit together although tables come and go.
            last = parse_table_name(page_token)
            if isinstance(last, str):
                raise InvalidQuestion.of("page_token", page_token, "not a token of this server")
            first = bisect_right(tables, _order(last), key=_order)
        page = tables[first : first + page_size]
        return TablesPage(
            tables=tuple(replace(table, shards=placement.get(table.name, ())) for table in page),
            ignored=() if page_token else catalog.ignored,
            total_count=len(tables),
            catalog_version=catalog.version,
            next_page_token=page[-1].name if first + page_size < len(tables) else "",
            unlisted=() if page_token else catalog.unlisted,
        )

    async def _ask(
        self,
        execution: VolumeExecution,
        fanout: Fanout[Partial],
        deadline: float,
        clock: _Clock,
        on_progress: Callable[[Progress], Awaitable[None]] | None,
    ) -> None:
        """Ask until every table of the plan has answered or failed for good."""
        loop = asyncio.get_running_loop()
        queries = execution.query.queries()
        split = execution.query.question.split_by_rrtype
        told = loop.time()
        while execution.pending:
            request = VolumeRequest(execution.shard_plan, queries, split, self._shares)
            async for event in fanout.events(request):
                shards_pending = 0
                if isinstance(event, Waiting):
                    shards_pending = event.shards
                else:
                    execution.add(event)
                if on_progress is not None and loop.time() - told >= PROGRESS_SECONDS:
                    told = loop.time()
                    await on_progress(
                        Progress(
                            execution.tables_asked,
                            execution.tables_answered,
                            execution.tables_failed,
                            shards_pending,
                        )
                    )
            clock.ask += clock.lap()
            if not execution.may_replan or fanout.deadline_passed:
                break
            execution.replan(await self._fresh_catalog(deadline))
            clock.plan += clock.lap()

    async def _fresh_catalog(self, deadline: float) -> Catalog:
        """The catalog after another look at the directories, or as it is where that takes too long."""
        seconds = max(deadline - asyncio.get_running_loop().time(), 0.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._refresh(), seconds)
        return self._pool.catalog

    async def _summarize(
        self,
        query: TopQuery,
        deadline: float,
        on_progress: Callable[[TopProgress], Awaitable[None]] | None,
    ) -> None:
        """Have the summaries made that are missing, a few at a time; a table that fails, fails the ranking
        later.
        """
        catalog = self._pool.catalog
        known = self._summarized.setdefault(catalog, set())
        names = {name for plan in plan_spans(catalog, query) for name in plan.tables} - known
        if not names:
            return
        tables = tuple(sorted(names))
        wanted = missing = await self._missing(SummaryRequest(tables, 0, query.scope), deadline)
        while True:
            if wanted and on_progress is not None:
                await on_progress(TopProgress(wanted, wanted - missing))
            if not missing:
                break
            before = missing
            missing = await self._missing(SummaryRequest(tables, SUMMARIES_AT_ONCE, query.scope), deadline)
            if missing >= before:
                break  # what is missing cannot be read
        if query.scope.under is None:  # else some may have been as well off without
            known |= names

    async def _missing(self, request: SummaryRequest, deadline: float) -> int:
        fanout: Fanout[SummariesMissing] = Fanout(self._pool, deadline, self._on_reassigned)
        replies = await fanout.replies(request)
        _check_deadline(fanout)
        return sum(reply.count for reply in replies)


class _Clock:
    """Seconds of each phase, in the clock that counts them finely: the loop's own counts milliseconds."""

    def __init__(self) -> None:
        self.plan = self.ask = 0.0
        self._began = perf_counter()

    def lap(self) -> float:
        """Seconds since the last lap."""
        began, self._began = self._began, perf_counter()
        return self._began - began

    def timings(self) -> Timings:
        return Timings(plan=self.plan, ask=self.ask)


async def _threaded(work: Callable[..., T], *arguments: Any) -> T:
    """What the work returns, done in a thread."""
    return await asyncio.get_running_loop().run_in_executor(None, partial(work, *arguments))


def _advance(steps: TopSteps, reply: Any) -> ShardsRequest | RefreshCatalog | Top:
    """Advance the generator one step. StopIteration cannot cross a Future, so its value is returned."""
    try:
        return steps.send(reply)
    except StopIteration as done:
        answer: Top = done.value
        return answer


def _check_deadline(fanout: Fanout[Any]) -> None:
    if fanout.deadline_passed:
        raise DeadlineExceeded("no whole answer before the deadline")


def _order(table: TableInfo) -> tuple[str, int, int, str]:
    return table.dataset, int(table.start.astype("int64")), -table.granularity.rank, table.name
