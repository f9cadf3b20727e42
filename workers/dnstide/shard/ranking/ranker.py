"""What a shard answers while names are ranked: bounds, exact sums, totals and series, over its tables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock

from dnstide.model.errors import Failure
from dnstide.mtbl import Cancel, DeadlineExceeded, Table
from dnstide.shard.counts import Counts
from dnstide.shard.partial import failure_of
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.ranking.requests import (
    AskAbove,
    AskExact,
    AskSeries,
    AskTop,
    AskTotals,
    RankQuestion,
    RankReply,
    RankScope,
    Totals,
)
from dnstide.shard.ranking.scope import worth_summaries
from dnstide.shard.ranking.store import ListStore, NoRdata
from dnstide.shard.ranking.work import RankWork, Summed
from dnstide.shard.summaries.cache import SummaryCache
from dnstide.shard.summaries.store import Failed, Progress, Summaries
from dnstide.shard.tables import OpenTables

__all__ = ["Ranker"]

_KEPT_SUMS = 8


class Ranker:
    """Answers rank questions over the open tables of a shard. Safe for several threads; one ranks at a
    time.
    """

    def __init__(self, tables: OpenTables, threads: int, cache: SummaryCache | None) -> None:
        self._tables = tables
        self._threads = threads
        #: Not under the lock: what is made only appears in a dictionary, and questions need not wait.
        self.summaries = Summaries(cache, threads)
        self._store = ListStore(self.summaries, threads)
        self._lock = Lock()
        self._sums: OrderedDict[tuple[object, ...], Summed] = OrderedDict()
        self._running: dict[str, Cancel] = {}

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
        """Those of the tables that can be opened and have no summary yet; none where a ranking of that scope
        is as well off without.
        """
        tables, _ = self._open(names)
        missing = set(self.summaries.missing(list(tables.values())))
        if scope is not None and missing and not worth_summaries(scope, list(tables.values())):
            return []
        return [name for name, table in tables.items() if table in missing]

    def answer(
        self, question: RankQuestion, cancel: Cancel | None = None, progress: Progress | None = None
    ) -> RankReply:
        """The answer to one ask. Tables that fail are named and not in it.

        Raises Cancelled, DeadlineExceeded, CountOverflow. With `cancel`, that one decides alone.
        """
        stop = cancel or Cancel(question.seconds_left)
        self._running[question.id] = stop
        try:
            tables, failures = self._open(question.tables)
            self._wait(question)
            try:
                self._store.shrink()
                work = RankWork(self._store, question.scope, tables, self._threads, stop)
                work.prepare(progress)
                value = self._value(work, question)
            finally:
                self._lock.release()
            return RankReply(value, tuple(failures + self._met(tables, work.failed)))
        finally:
            self._running.pop(question.id, None)

    def cancel(self, question_id: str) -> None:
        """Nobody waits for that question any more. From any thread."""
        stop = self._running.get(question_id)
        if stop is not None:
            stop.cancel()

    def _wait(self, question: RankQuestion) -> None:
        left = question.seconds_left
        if not self._lock.acquire(timeout=-1 if left is None else max(left, 0)):
            raise DeadlineExceeded("the time allowed ran out")

    def _value(self, work: RankWork, question: RankQuestion) -> Bounds | Counts | Totals:
        ask = question.ask
        match ask:
            case AskTop():
                return self._top(work, ask)
            case AskAbove():
                return work.above(ask)
            case AskExact():
                return work.exact(ask.keys, dict.fromkeys(work.names, 0), 1)[:, 0]
            case AskSeries():
                buckets = dict(zip(question.tables, ask.buckets.tolist(), strict=True))
                return work.exact(ask.keys, buckets, ask.size)
            case AskTotals():
                return work.totals()

    def _top(self, work: RankWork, ask: AskTop) -> Bounds:
        """The arithmetic over the same tables to the same depth is done once: tables do not change."""
        key = (self._tables.generation, self._store.epoch, work.names, work.scope, ask.depth, ask.scan)
        summed = self._sums.get(key)
        if summed is None:
            summed = work.top(ask)
            if work.failed:
                return summed.bounds(ask.send)
            self._sums[key] = summed
            while len(self._sums) > _KEPT_SUMS:
                self._sums.popitem(last=False)
        self._sums.move_to_end(key)
        return summed.bounds(ask.send)

    def _open(self, names: Iterable[str]) -> tuple[dict[str, Table], list[Failure]]:
        listed = list(names)
        found = self._tables.get(listed, self._threads)
        tables = {name: t for name, t in zip(listed, found, strict=True) if not isinstance(t, Failure)}
        return tables, [t for t in found if isinstance(t, Failure)]

    def _met(self, tables: dict[str, Table], failed: Failed) -> list[Failure]:
        return [
            failure_of(n, failed[t])
            if isinstance(failed[t], NoRdata)
            else self._tables.failed(n, t, failed[t])
            for n, t in tables.items()
            if t in failed
        ]
