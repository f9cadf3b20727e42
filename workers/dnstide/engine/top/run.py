"""From a question about the largest to its answer: plan, rank, totals, series.

A generator like `rank`, so that it runs in one process and behind a gateway alike: it yields what every shard
is to be asked about its tables, and is sent the replies.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import available, utc_text
from dnstide.engine.top.changes import AFTER, BEFORE, Direction, Movers, move, move_counted
from dnstide.engine.top.merged import add_exact
from dnstide.engine.top.query import TopQuery, key_text
from dnstide.engine.top.threshold import Ranking, rank
from dnstide.engine.volume.coverage import covered
from dnstide.engine.volume.execution import MAX_PLANS, without
from dnstide.engine.volume.merge import coverage_of, plan_entries
from dnstide.engine.volume.plan import VolumePlan, plan_tables
from dnstide.model.catalog import Catalog
from dnstide.model.coverage import SpanCoverage
from dnstide.model.errors import CountOverflow, Failure, InvalidQuestion, NoTables, answer_incomplete
from dnstide.model.granularity import Granularity
from dnstide.model.question import Span
from dnstide.model.skipped import SkippedRows
from dnstide.model.top import Certificate, Change, Rank, Top, TopSummary
from dnstide.model.vocabulary import (
    MAX_COUNT,
    MAX_LISTED_FAILURES,
    FailurePolicy,
    Grouping,
    Movement,
    RankMethod,
)
from dnstide.model.volume import Axis, frozen
from dnstide.mtbl import TableChanged
from dnstide.mtbl.keys import Keys, tie_order
from dnstide.mtbl.psl import suffix_list
from dnstide.shard.counts import LARGEST_COUNT
from dnstide.shard.partial import union
from dnstide.shard.ranking.requests import (
    RankQuestion,
    RankReply,
    RankRequest,
    RankScope,
    SeriesRequest,
    Totals,
    TotalsRequest,
)
from dnstide.shard.summaries.format import KEEP

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ShardsRequest:
    """To be asked of the shards, each for its share of the tables; the reply is a list of `RankReply`."""

    tables: tuple[str, ...]
    scope: RankScope
    request: RankRequest

    def share(self, names: Iterable[str], question_id: str, seconds_left: float | None) -> RankQuestion:
        """What the shard of these tables is asked."""
        wanted = set(names)
        at = [i for i, name in enumerate(self.tables) if name in wanted]
        request = self.request
        if isinstance(request, SeriesRequest):
            request = replace(request, buckets=request.buckets[at])
        tables = tuple([self.tables[i] for i in at])
        return RankQuestion(question_id, tables, self.scope, request, seconds_left)


@dataclass(frozen=True, slots=True)
class RefreshCatalog:
    """The catalog is wanted as it is now: tables have failed, and others may take their place."""

    failures: tuple[Failure, ...]


_DIRECTIONS: Mapping[Movement, tuple[Direction, ...]] = {
    Movement.ALL: (Direction.RISE, Direction.FALL),
    Movement.RISES: (Direction.RISE,),
    Movement.FALLS: (Direction.FALL,),
    Movement.NEW: (Direction.RISE,),
    Movement.GONE: (Direction.FALL,),
}
"""The rankings of changes that each movement takes."""

TopSteps = Generator[ShardsRequest | RefreshCatalog, Any, Top]


class _Failed(Exception):
    def __init__(self, failures: dict[str, Failure]) -> None:
        self.failures = failures


class _Replaced(_Failed):
    """Tables are not the files any more that the rounds before have read."""

    def __init__(self, tables: Iterable[str]) -> None:
        reason = "it was replaced while the ranking read it, again and again"
        super().__init__({name: Failure(name, TableChanged.code, reason, retryable=True) for name in tables})


def plan_top(
    catalog: Catalog, query: TopQuery, span: Span, granularity: Granularity = Granularity.YEAR
) -> VolumePlan:
    """The tables that cover the span without overlap. Raises NoTables, and InvalidQuestion where an edge of
    the span falls inside a table that no finer ones replace: a ranking counts whole tables.
    """
    plan = plan_tables(catalog, query.plan_key(span, granularity))
    columns, cover = plan.columns, plan.cover
    periods = columns.start[cover.chosen], columns.stop[cover.chosen]
    for i in np.flatnonzero(cover.crossing & cover.fits & columns.sound & ~cover.chosen):
        within = np.clip([columns.start[i], columns.stop[i]], plan.span.start, plan.span.stop)
        low, high = covered(*periods, within.astype(np.int64))
        if high - low < within[1] - within[0]:
            at_start = columns.start[i] < plan.span.start
            side, edge = ("start", plan.span.start) if at_start else ("stop", plan.span.stop)
            tables = ", ".join(available(catalog, query.question.dataset))
            reason = (
                f"{columns.infos[i].name} cannot be cut there, and finer tables are not at hand: {tables}"
            )
            raise InvalidQuestion.of(side, utc_text(edge, time=True), reason)
    return plan


def plan_spans(catalog: Catalog, query: TopQuery) -> list[VolumePlan]:
    """The tables of the asked span, and of the baseline span. Raises as `plan_top`."""
    question = query.question
    plans = [plan_top(catalog, query, question.span)]
    if question.baseline is not None:
        try:
            plans.append(plan_top(catalog, query, question.baseline))
        except NoTables as error:
            raise NoTables(f"in the span held against, {error}") from None
        except InvalidQuestion as error:
            raise InvalidQuestion([(f"baseline.{side}", text) for side, text in error.problems]) from None
    return plans


def top_steps(catalog: Catalog, query: TopQuery) -> TopSteps:
    """Yield what the shards are to be asked, be sent their replies, return the Top.

    Raises NoTables, InvalidQuestion, AnswerIncomplete, CountOverflow.
    """
    began = perf_counter()
    for attempt in range(MAX_PLANS):
        run = _Run(catalog, query)
        try:
            answer = yield from run.answer()
        except _Failed as failed:
            if attempt + 1 == MAX_PLANS:
                raise answer_incomplete(tuple(failed.failures.values())) from None
            fresh = yield RefreshCatalog(tuple(failed.failures.values()))
            catalog = fresh if isinstance(failed, _Replaced) else without(failed.failures, catalog, fresh)
            continue
        return replace(answer, summary=replace(answer.summary, seconds=perf_counter() - began))
    raise AssertionError("the loop ends by returning or raising")


class _MoveSettings(TypedDict):
    """How changes are ranked, whichever way they are found."""

    ratio_min_count: int | None
    seconds: tuple[int, int]
    absent: bool


class _Run:
    """One attempt over one choice of tables."""

    def __init__(self, catalog: Catalog, query: TopQuery) -> None:
        self._question = question = query.question
        self._scope = query.scope
        self._stamps: dict[str, int] = {}
        self._skipped: dict[str, SkippedRows] = {}
        self._shares: dict[tuple[str, ...], npt.NDArray[np.uint64]] = {}
        self._plans = plan_spans(catalog, query)
        step = question.series_granularity
        self._series = plan_top(catalog, query, question.span, step) if step else None
        self._all = [*self._plans, *([self._series] if self._series else [])]
        failures = {failure for plan in self._all for failure in plan.failures}
        self._failures = tuple(sorted(failures, key=lambda failure: failure.table))
        self._coverage = self._coverages(self._failures)
        if failures and question.failure_policy is FailurePolicy.FAIL:
            raise answer_incomplete(self._failures)

    def answer(self) -> TopSteps:
        question = self._question
        ranks: tuple[Rank, ...] = ()
        moved: list[Movers] = []
        by_type = self._scope.grouping is Grouping.RRTYPE
        if question.baseline is not None:
            totals = yield from self._totals()
            before = (yield from self._totals(BEFORE)) if by_type else None
            for direction in _DIRECTIONS[question.movement]:
                settings = _MoveSettings(
                    ratio_min_count=question.ratio_min_count,
                    seconds=self._seconds,
                    absent=question.movement in (Movement.NEW, Movement.GONE),
                )
                if before is None:
                    steps = move(question.limit, direction, self._order, **settings)
                    moved.append((yield from self._drive(steps)))
                else:
                    moved.append(self._move_types(direction, totals, before, settings))
            certificates = [movers.certificate for movers in moved]
        elif by_type:
            totals = yield from self._totals()
            keys, counts, certificates = self._by_type(totals)
            ranks = self._ranks(keys, counts, sum(self._ranked_types(totals).values()))
            if self._series is not None:
                ranks = yield from self._with_series(ranks, keys)
        else:
            ranking: Ranking = yield from self._drive(rank(question.limit, self._order))
            certificates = [ranking.certificate]
            totals = yield from self._totals()
            ranks = self._ranks(ranking.keys, ranking.counts, totals.count - totals.excluded)
            if self._series is not None:
                ranks = yield from self._with_series(ranks, ranking.keys)
        return self._finish(ranks, moved, totals, certificates)

    @property
    def _seconds(self) -> tuple[int, int]:
        """How much of the span asked, and of the baseline, the tables cover; 1 for nothing, to divide by."""
        asked, baseline = self._coverage
        return max(asked.covered_seconds, 1), max(baseline.covered_seconds, 1)

    def _order(self, key: bytes) -> tuple[bytes, ...]:
        return tie_order(self._scope.grouping)(key)

    def _ask(self, request: RankRequest, tables: tuple[str, ...]) -> Generator[ShardsRequest, Any, list[Any]]:
        replies: list[RankReply] = yield ShardsRequest(tables, self._scope, request)
        failures = {failure.table: failure for reply in replies for failure in reply.failures}
        if failures:
            raise _Failed(failures)
        self._check_stamps(replies)
        for skipped in (one for reply in replies for one in reply.skipped):
            # Rounds read more or less of a table; what one has met is true of all.
            known = self._skipped.get(skipped.table)
            if known is None or known.rows < skipped.rows:
                self._skipped[skipped.table] = skipped
        return [reply.value for reply in replies]

    def _check_stamps(self, replies: Iterable[RankReply]) -> None:
        """All rounds read one version of each table: a mixture would be of neither."""
        replaced = []
        for reply in replies:
            known = self._shares.setdefault(reply.tables, reply.stamps)
            if known is not reply.stamps and np.array_equal(known, reply.stamps):
                continue  # as this share of the tables was in an earlier round
            for table, stamp in zip(reply.tables, reply.stamps.tolist(), strict=True):
                if stamp and self._stamps.setdefault(table, stamp) != stamp:
                    replaced.append(table)
        if replaced:
            log.debug("the ranking begins again: %d tables were replaced meanwhile", len(replaced))
            raise _Replaced(replaced)

    def _drive(self, steps: Generator[RankRequest, Any, Any]) -> Generator[ShardsRequest, Any, Any]:
        values: list[Any] | None = None
        while True:
            try:
                request = steps.send(values)
            except StopIteration as done:
                return done.value
            values = yield from self._ask(request, self._plans[request.span].tables)

    def _totals(self, span: int = AFTER) -> Generator[ShardsRequest, Any, Totals]:
        parts: list[Totals] = yield from self._ask(TotalsRequest(span), self._plans[span].tables)
        types: dict[int, tuple[int, int]] | None = {}
        for part in parts:
            if part.types is None or types is None:
                types = None
                continue
            for rrtype, (rows, count) in part.types.items():
                before = types.get(rrtype, (0, 0))
                types[rrtype] = before[0] + rows, before[1] + count
        return Totals(sum(part.count for part in parts), sum(part.excluded for part in parts), types)

    def _by_type(self, totals: Totals) -> tuple[tuple[bytes, ...], tuple[int, ...], list[Certificate]]:
        """The largest types, their counts, and why no other can belong there."""
        types = self._ranked_types(totals)
        best = sorted(types, key=lambda key: (-types[key], key))[: self._question.limit]
        counts = tuple(types[key] for key in best)
        if any(count > LARGEST_COUNT for count in counts):
            raise CountOverflow("the count of a record type passes 2**64 - 1")
        return tuple(best), counts, [self._everything_counted(min(counts, default=0), len(types))]

    def _move_types(
        self, direction: Direction, after: Totals, before: Totals, settings: _MoveSettings
    ) -> Movers:
        counts = self._ranked_types(after), self._ranked_types(before)
        if any(count > LARGEST_COUNT for side in counts for count in side.values()):
            raise CountOverflow("the count of a record type passes 2**64 - 1")
        moved = move_counted(self._question.limit, direction, self._order, *counts, **settings)
        return Movers(moved, self._everything_counted(0, len({*counts[0], *counts[1]})))

    def _everything_counted(self, threshold: int, keys: int) -> Certificate:
        return Certificate(
            theta=0,
            threshold=threshold,
            lists=len(self._plans[0].tables),
            depth=keys,
            candidates=keys,
            lookups=0,
            scanned=0,
            rounds=1,
        )

    def _ranked_types(self, totals: Totals) -> dict[bytes, int]:
        """Counts by record type, as keys of a ranking, without those that are left out."""
        types = {t.to_bytes(2, "big"): count for t, count in self._types(totals).items()}
        return {key: count for key, count in types.items() if count and key not in self._scope.excluded}

    def _types(self, totals: Totals) -> dict[int, int]:
        """Counts by record type, those of the scope alone."""
        only = self._scope.rrtypes
        return {t: count for t, (_, count) in (totals.types or {}).items() if not only or t in only}

    def _ranks(self, keys: tuple[bytes, ...], counts: tuple[int, ...], whole: int) -> tuple[Rank, ...]:
        texts = [key_text(self._scope.grouping, key) for key in keys]
        return tuple(
            Rank(i, name, rrtype, count, count / whole)
            for i, ((name, rrtype), count) in enumerate(zip(texts, counts, strict=True), 1)
        )

    def _with_series(
        self, ranks: tuple[Rank, ...], keys: tuple[bytes, ...]
    ) -> Generator[ShardsRequest, Any, tuple[Rank, ...]]:
        plan = self._series
        if plan is None or plan.buckets is None:
            return ranks
        size = len(plan.edges) - 1
        parts = yield from self._ask(SeriesRequest(Keys.of(keys), plan.buckets, size), plan.tables)
        counts = add_exact([part.ravel() for part in parts], len(keys) * size).reshape(len(keys), size)
        frozen(counts)
        return tuple(replace(place, series=counts[i]) for i, place in enumerate(ranks))

    def _finish(
        self, ranks: tuple[Rank, ...], moved: list[Movers], totals: Totals, certificates: list[Certificate]
    ) -> Top:
        question, scope = self._question, self._scope
        changes: dict[Direction, tuple[Change, ...]] = {}
        for direction, movers in zip(_DIRECTIONS[question.movement], moved, strict=False):
            after, before = self._seconds
            changes[direction] = tuple(
                Change(i, *key_text(scope.grouping, m.key), m.before, m.after, before, after)
                for i, m in enumerate(movers.movements, 1)
            )
        rises, falls = changes.get(Direction.RISE, ()), changes.get(Direction.FALL, ())
        excluded = totals.excluded
        if scope.grouping is Grouping.RRTYPE:
            excluded = sum(self._types(totals).get(int.from_bytes(key, "big"), 0) for key in scope.excluded)
        rows = None
        if totals.types is not None:
            rows = sum(r for t, (r, _) in totals.types.items() if not scope.rrtypes or t in scope.rrtypes)
        tables = {table for plan in self._all for table in plan.tables}
        skipped = tuple(self._skipped[table] for table in sorted(self._skipped))
        failures, coverages = self._failures, self._coverage
        if skipped and question.strict:
            failures = union(failures, (one.as_failure() for one in skipped))
            if question.failure_policy is FailurePolicy.FAIL:
                raise answer_incomplete(failures)
            coverages = self._coverages(failures)
        method = RankMethod.SUMMARY
        if any(certificate.scanned for certificate in certificates):
            method = RankMethod.RANGE if scope.under else RankMethod.SCAN
        summary = TopSummary(
            complete=not failures and all(coverage.complete for coverage in coverages),
            tables_asked=len(tables) + len(self._failures),
            tables_answered=len(tables),
            failures=failures[:MAX_LISTED_FAILURES],
            failures_total=len(failures),
            plan=plan_entries(self._all) if question.explain else (),
            total_count=min(totals.count - excluded, MAX_COUNT),
            excluded_count=min(excluded, MAX_COUNT),
            certificates=tuple(certificates),
            method=method,
            keep=KEEP,
            suffix_list_version=suffix_list().version if scope.grouping is Grouping.DOMAIN else None,
            rows=rows,
            catalog_version=self._plans[0].catalog_version,
            coverage=coverages[0],
            baseline_coverage=coverages[1] if question.baseline is not None else None,
            skipped=skipped[:MAX_LISTED_FAILURES],
            rows_skipped=sum(one.rows for one in skipped),
        )
        return Top(question, ranks, rises, falls, summary, self._axis(failures))

    def _coverages(self, failures: Iterable[Failure]) -> list[SpanCoverage]:
        """That of the span asked, and of the baseline, where these tables failed."""
        failures = tuple(failures)
        return [plan.coverage_of_span(failures, to_tables=True) for plan in self._plans]

    def _axis(self, failures: Iterable[Failure]) -> Axis | None:
        plan = self._series
        if plan is None:
            return None
        return Axis.of(plan.key.granularity, plan.edges, coverage_of(plan, failures))
