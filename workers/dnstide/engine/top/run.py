"""From a question about the largest to its answer: plan, rank, totals, series.

A generator like `rank`, so that it runs in one process and behind a gateway alike: it yields what every shard
is to be asked about its tables, and is sent the replies.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from dnstide.engine.catalog import Catalog, utc_text
from dnstide.engine.errors import AnswerIncomplete, InvalidQuestion, NoTables
from dnstide.engine.granularity import Granularity
from dnstide.engine.top.answer import Change, Entry, TopAnswer
from dnstide.engine.top.changes import Change as Direction
from dnstide.engine.top.changes import Movers, move
from dnstide.engine.top.merged import add_exact
from dnstide.engine.top.question import Span, TopQuestion, key_text
from dnstide.engine.top.threshold import Certificate, Ranking, rank
from dnstide.engine.volume.coverage import covered
from dnstide.engine.volume.execution import MAX_PLANS, without
from dnstide.engine.volume.merge import coverage_of
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.question import FailurePolicy
from dnstide.mtbl import CountOverflow
from dnstide.mtbl.keys import Grouping, Keys, tie_order
from dnstide.mtbl.psl import suffix_list
from dnstide.shard.counts import LARGEST_COUNT
from dnstide.shard.partial import Failure
from dnstide.shard.ranking.requests import (
    Ask,
    AskSeries,
    AskTotals,
    RankQuestion,
    RankReply,
    RankScope,
    Totals,
)
from dnstide.shard.summaries.format import KEEP

__all__ = ["Fresh", "ShardsAsk", "TopSteps", "plan_spans", "top_steps"]


@dataclass(frozen=True, slots=True, eq=False)
class ShardsAsk:
    """To be asked of the shards, each for its share of the tables; the reply is a list of `RankReply`."""

    tables: tuple[str, ...]
    scope: RankScope
    ask: Ask

    def share(self, names: Iterable[str], question_id: str, seconds_left: float | None) -> RankQuestion:
        """What the shard of these tables is asked."""
        own = set(names)
        at = [i for i, name in enumerate(self.tables) if name in own]
        ask = replace(self.ask, buckets=self.ask.buckets[at]) if isinstance(self.ask, AskSeries) else self.ask
        return RankQuestion(question_id, tuple([self.tables[i] for i in at]), self.scope, ask, seconds_left)


@dataclass(frozen=True, slots=True)
class Fresh:
    """The catalog is wanted as it is now: tables have failed, and others may take their place."""

    failures: tuple[Failure, ...]


TopSteps = Generator[ShardsAsk | Fresh, Any, TopAnswer]


class _Failed(Exception):
    def __init__(self, failures: dict[str, Failure]) -> None:
        self.failures = failures


def plan_top(
    catalog: Catalog, question: TopQuestion, span: Span, step: Granularity | None = None
) -> VolumePlan:
    """The tables that cover the span without overlap. Raises NoTables, and InvalidQuestion where an edge of
    the span falls inside a table that no finer ones replace: a ranking counts whole tables.
    """
    plan = plan_volume(catalog, question.volume(span, step or Granularity.YEAR))
    columns, cover = catalog.columns(question.dataset), plan.cover
    periods = columns.start[cover.chosen], columns.stop[cover.chosen]
    for i in np.flatnonzero(cover.crossing & cover.fits & columns.sound & ~cover.chosen):
        within = np.clip([columns.start[i], columns.stop[i]], plan.span.start, plan.span.stop)
        low, high = covered(*periods, within.astype(np.int64))
        if high - low < within[1] - within[0]:
            early = columns.start[i] < plan.span.start
            side, edge = ("start_time", plan.span.start) if early else ("end_time", plan.span.stop)
            available = ", ".join(catalog.available(question.dataset))
            reason = (
                f"{columns.infos[i].name} cannot be cut there, and finer tables are not at hand: {available}"
            )
            raise InvalidQuestion(side, utc_text(edge, time=True), reason)
    return plan


def plan_spans(catalog: Catalog, question: TopQuestion) -> list[VolumePlan]:
    """The tables of the asked span, and of the one that it is held against. Raises as `plan_top`."""
    plans = [plan_top(catalog, question, question.span)]
    if question.against is not None:
        try:
            plans.append(plan_top(catalog, question, question.against))
        except NoTables as error:
            raise NoTables(f"in the span held against, {error.reason}", error.available) from None
        except InvalidQuestion as error:
            raise InvalidQuestion(f"against.{error.field}", error.value, error.reason) from None
    return plans


def top_steps(catalog: Catalog, question: TopQuestion) -> TopSteps:
    """Raises NoTables, InvalidQuestion, AnswerIncomplete, CountOverflow."""
    began = perf_counter()
    for attempt in range(MAX_PLANS):
        run = _Run(catalog, question)
        try:
            answer = yield from run.answer()
        except _Failed as failed:
            if attempt + 1 == MAX_PLANS:
                raise AnswerIncomplete(tuple(failed.failures.values())) from None
            fresh = yield Fresh(tuple(failed.failures.values()))
            catalog = without(failed.failures, catalog, fresh)
            continue
        if answer.failures and question.policy is FailurePolicy.FAIL:
            raise AnswerIncomplete(answer.failures)
        return replace(answer, seconds=perf_counter() - began)
    raise AssertionError("the loop ends by returning or raising")


class _Run:
    """One attempt over one choice of tables."""

    def __init__(self, catalog: Catalog, question: TopQuestion) -> None:
        self._question = question
        self._scope = question.scope
        self._plans = plan_spans(catalog, question)
        self._series = (
            plan_top(catalog, question, question.span, question.series) if question.series else None
        )
        self._all = [*self._plans, *([self._series] if self._series else [])]
        failures = {failure for plan in self._all for failure in plan.failures}
        self._failures = tuple(sorted(failures, key=lambda failure: failure.table))
        if failures and question.policy is FailurePolicy.FAIL:
            raise AnswerIncomplete(self._failures)

    def answer(self) -> TopSteps:
        question = self._question
        entries: tuple[Entry, ...] = ()
        moved: list[Movers] = []
        if question.against is not None:
            for direction in Direction:
                steps = move(question.n, direction, self._order, ratio_from=question.ratio_from)
                moved.append((yield from self._drive(steps)))
            certificates = [movers.certificate for movers in moved]
            totals = yield from self._totals()
        elif self._scope.grouping is Grouping.RRTYPE:
            totals = yield from self._totals()
            entries, certificates = self._by_type(totals)
        else:
            ranking: Ranking = yield from self._drive(rank(question.n, self._order))
            certificates = [ranking.certificate]
            totals = yield from self._totals()
            entries = self._entries(ranking.keys, ranking.counts, totals.count - totals.excluded)
            if self._series is not None:
                entries = yield from self._with_series(entries, ranking.keys)
        return self._finish(entries, moved, totals, certificates)

    def _order(self, key: bytes) -> tuple[bytes, ...]:
        return tie_order(self._scope.grouping)(key)

    def _ask(self, ask: Ask, tables: tuple[str, ...]) -> Generator[ShardsAsk, Any, list[Any]]:
        replies: list[RankReply] = yield ShardsAsk(tables, self._scope, ask)
        failures = {failure.table: failure for reply in replies for failure in reply.failures}
        if failures:
            raise _Failed(failures)
        return [reply.value for reply in replies]

    def _drive(self, steps: Generator[Ask, Any, Any]) -> Generator[ShardsAsk, Any, Any]:
        values: list[Any] | None = None
        while True:
            try:
                ask = steps.send(values)
            except StopIteration as done:
                return done.value
            values = yield from self._ask(ask, self._plans[ask.span].tables)

    def _totals(self) -> Generator[ShardsAsk, Any, Totals]:
        parts: list[Totals] = yield from self._ask(AskTotals(), self._plans[0].tables)
        types: dict[int, tuple[int, int]] | None = {}
        for part in parts:
            if part.types is None or types is None:
                types = None
                continue
            for rrtype, (rows, count) in part.types.items():
                before = types.get(rrtype, (0, 0))
                types[rrtype] = before[0] + rows, before[1] + count
        totals = Totals(sum(part.count for part in parts), sum(part.excluded for part in parts), types)
        if totals.count > LARGEST_COUNT:
            raise CountOverflow("the total of the ranking passes 2**64 - 1")
        return totals

    def _by_type(self, totals: Totals) -> tuple[tuple[Entry, ...], list[Certificate]]:
        excluded = {int.from_bytes(key, "big") for key in self._scope.excluded}
        types = {t: count for t, count in self._types(totals).items() if t not in excluded}
        best = sorted(types, key=lambda t: (-types[t], t))[: self._question.n]
        counts = tuple(types[t] for t in best)
        entries = self._entries(tuple(t.to_bytes(2, "big") for t in best), counts, sum(types.values()))
        lists = len(self._plans[0].tables)
        return entries, [Certificate(0, min(counts, default=0), lists, len(types), len(types), 0, 0, 1)]

    def _types(self, totals: Totals) -> dict[int, int]:
        """Counts by record type, those of the scope alone."""
        only = self._scope.rrtypes
        return {t: count for t, (_, count) in (totals.types or {}).items() if not only or t in only}

    def _entries(self, keys: tuple[bytes, ...], counts: tuple[int, ...], whole: int) -> tuple[Entry, ...]:
        texts = [key_text(self._scope.grouping, key) for key in keys]
        return tuple(
            Entry(i, name, rrtype, count, count / whole)
            for i, ((name, rrtype), count) in enumerate(zip(texts, counts, strict=True), 1)
        )

    def _with_series(
        self, entries: tuple[Entry, ...], keys: tuple[bytes, ...]
    ) -> Generator[ShardsAsk, Any, tuple[Entry, ...]]:
        plan = self._series
        if plan is None or plan.buckets is None:
            return entries
        size = len(plan.edges) - 1
        parts = yield from self._ask(AskSeries(Keys.of(keys), plan.buckets, size), plan.tables)
        counts = add_exact([part.ravel() for part in parts], len(keys) * size).reshape(len(keys), size)
        return tuple(replace(entry, series=counts[i]) for i, entry in enumerate(entries))

    def _finish(
        self, entries: tuple[Entry, ...], moved: list[Movers], totals: Totals, certificates: list[Certificate]
    ) -> TopAnswer:
        question, scope = self._question, self._scope
        changes = [
            tuple(
                Change(i, *key_text(scope.grouping, m.key), m.before, m.after)
                for i, m in enumerate(movers.movements, 1)
            )
            for movers in moved
        ]
        rises, falls = changes or ((), ())
        excluded = totals.excluded
        if scope.grouping is Grouping.RRTYPE:
            excluded = sum(self._types(totals).get(int.from_bytes(key, "big"), 0) for key in scope.excluded)
        rows = None
        if totals.types is not None:
            rows = sum(r for t, (r, _) in totals.types.items() if not scope.rrtypes or t in scope.rrtypes)
        tables = {table for p in self._all for table in p.tables}
        scanned = any(certificate.scanned for certificate in certificates)
        axis = self._series
        return TopAnswer(
            question=question,
            plans=tuple(self._all),
            entries=entries,
            rises=rises,
            falls=falls,
            total=totals.count - excluded,
            excluded=excluded,
            rows=rows,
            certificates=tuple(certificates),
            method=("range" if scope.under else "scan") if scanned else "summary",
            keep=KEEP,
            suffixes=suffix_list().version if scope.grouping is Grouping.DOMAIN else None,
            asked=len(tables) + len(self._failures),
            answered=len(tables),
            failures=self._failures,
            edges=None if axis is None else axis.edges,
            coverage=None if axis is None else coverage_of(axis, axis.failures),
        )
