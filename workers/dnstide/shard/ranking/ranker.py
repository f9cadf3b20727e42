"""What a shard answers while names are ranked: bounds, exact sums, totals and series, over its tables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock

from dnstide.model.errors import Failure
from dnstide.model.skipped import SkippedRows
from dnstide.mtbl import Cancel, DeadlineExceeded, Table
from dnstide.shard.counts import Counts
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.ranking.evaluation import RankEvaluation, SummedLists, stamps_of
from dnstide.shard.ranking.requests import (
    AboveRequest,
    ExactRequest,
    RankQuestion,
    RankReply,
    RankScope,
    SeriesRequest,
    TopRequest,
    Totals,
    TotalsRequest,
)
from dnstide.shard.ranking.scope import worth_summaries
from dnstide.shard.ranking.store import ListStore
from dnstide.shard.summaries.cache import SummaryCache
from dnstide.shard.summaries.store import Failed, Progress, Summaries
from dnstide.shard.tables import OpenTables

_KEPT_SUMS = 8


class Ranker:
    """Answers rank questions over the open tables of a shard. Safe for several threads; one ranks at a
    time.
    """

    def __init__(self, tables: OpenTables, threads: int, cache: SummaryCache | None) -> None:
        self._tables = tables
        self._threads = threads
        self.summaries = Summaries(cache, threads)
        """They need no lock: a new summary only appears in a dictionary."""
        self._store = ListStore(self.summaries, threads)
        self._lock = Lock()
        self._sums: OrderedDict[tuple[object, ...], SummedLists] = OrderedDict()
        self._running: dict[str, Cancel] = {}

    @property
    def running(self) -> int:
        """How many questions are under way, those that wait for the one that ranks included."""
        return len(self._running)

    def make(
        self,
        names: Sequence[str],
        cancel: Cancel | None = None,
        progress: Progress | None = None,
        threads: int | None = None,
        *,
        must_keep: bool = False,
    ) -> list[Failure]:
        """As `Summaries.make`, for tables by name."""
        tables, failures = self._open(names)
        failed = self.summaries.make(list(tables.values()), cancel, progress, threads, must_keep=must_keep)
        return failures + self._met(tables, failed)

    def missing(self, names: Sequence[str], scope: RankScope | None = None) -> list[str]:
        """The tables that can be opened and have no summary yet.

        There are none where summaries would not help a ranking of that scope.
        """
        tables, _ = self._open(names)
        missing = set(self.summaries.missing(list(tables.values())))
        if scope is not None and missing and not worth_summaries(scope, list(tables.values())):
            return []
        return [name for name, table in tables.items() if table in missing]

    def answer(
        self, question: RankQuestion, cancel: Cancel | None = None, progress: Progress | None = None
    ) -> RankReply:
        """The answer to one request. Tables that fail are named and add nothing to it.

        Raises Cancelled, DeadlineExceeded, CountOverflow. A `cancel` takes the place of the question's
        deadline.
        """
        stop = cancel or Cancel(question.seconds_left)
        self._running[question.id] = stop
        try:
            tables, failures = self._open(question.tables)
            self._wait(question)
            try:
                self._store.evict()
                evaluation = RankEvaluation(self._store, question.scope, tables, self._threads, stop)
                evaluation.prepare(progress)
                value = self._value(evaluation, question)
                odd = {
                    name: self._store.skipped(table, question.scope, stop)
                    for name, table in tables.items()
                    if table not in evaluation.failed
                }
            finally:
                self._lock.release()
            failures += self._met(tables, evaluation.failed)
            read = {name: table for name, table in tables.items() if table not in evaluation.failed}
            whole = len(read) == len(question.tables)
            stamps = stamps_of(read.values() if whole else map(read.get, question.tables))
            skipped = [SkippedRows(name, *told) for name, told in odd.items() if told[0]]
            return RankReply(value, tuple(failures), question.tables, stamps, tuple(skipped))
        finally:
            self._running.pop(question.id, None)

    def cancel(self, question_id: str) -> None:
        """Cancel a question that is running. Callable from any thread."""
        stop = self._running.get(question_id)
        if stop is not None:
            stop.cancel()

    def _wait(self, question: RankQuestion) -> None:
        seconds = question.seconds_left
        if not self._lock.acquire(timeout=-1 if seconds is None else max(seconds, 0)):
            raise DeadlineExceeded("the time allowed ran out")

    def _value(self, evaluation: RankEvaluation, question: RankQuestion) -> Bounds | Counts | Totals:
        request = question.request
        match request:
            case TopRequest():
                return self._top(evaluation, request)
            case AboveRequest():
                return evaluation.above(request)
            case ExactRequest():
                return evaluation.exact(request.keys, dict.fromkeys(evaluation.names, 0), 1)[:, 0]
            case SeriesRequest():
                buckets = dict(zip(question.tables, request.buckets.tolist(), strict=True))
                return evaluation.exact(request.keys, buckets, request.size)
            case TotalsRequest():
                return evaluation.totals()

    def _top(self, evaluation: RankEvaluation, request: TopRequest) -> Bounds:
        """Lists of the same tables to the same depth are added up once: tables do not change."""
        key = (
            evaluation.stamps.tobytes(),
            self._store.epoch,
            evaluation.names,
            evaluation.scope,
            request.depth,
            request.scan,
        )
        summed = self._sums.get(key)
        if summed is None:
            summed = evaluation.top(request)
            if evaluation.failed:
                return summed.bounds(request.send)
            self._sums[key] = summed
            while len(self._sums) > _KEPT_SUMS:
                self._sums.popitem(last=False)
        self._sums.move_to_end(key)
        return summed.bounds(request.send)

    def _open(self, names: Iterable[str]) -> tuple[dict[str, Table], list[Failure]]:
        tables: dict[str, Table] = {}
        failures: list[Failure] = []
        listed = list(names)
        for name, table in zip(listed, self._tables.get(listed, self._threads), strict=True):
            if isinstance(table, Failure):
                failures.append(table)
            else:
                tables[name] = table
        return tables, failures

    def _met(self, tables: dict[str, Table], failed: Failed) -> list[Failure]:
        """The failures of these tables."""
        failures = []
        for name, table in tables.items():
            error = failed.get(table)
            if error is not None:
                failures.append(self._tables.failed(name, table, error))
        return failures
