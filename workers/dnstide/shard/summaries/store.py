"""The summaries of a shard's tables: made where they are missing, read as far as they are needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from threading import Lock

from dnstide.mtbl import Cancel, CountOverflow, NotDnstable, Table, TableError
from dnstide.mtbl.keys import Grouping, labels
from dnstide.mtbl.psl import suffix_list
from dnstide.mtbl.scan import COMMON_TYPES
from dnstide.shard.counts import LARGEST_COUNT
from dnstide.shard.load import SummaryLoad
from dnstide.shard.summaries.cache import SummaryCache
from dnstide.shard.summaries.format import (
    ALL,
    DAMAGED,
    KEEP,
    StoredSummary,
    Summary,
    classes_of,
    count_of,
    summarize,
)
from dnstide.shard.tables import Identity

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Is called with the number of summaries made so far, and of those to be made."""

Failed = dict[Table, TableError]

_BATCH = 16
"""Tables summarized in one call; their summaries are stored before the next tables are read."""

_OTHER = ALL - 1
_KEPT_COUNTS = 200_000


@lru_cache(4096)
def group_of_subtree(suffix: bytes) -> Grouping | None:
    """The grouping in which the names at and under a suffix are one group; None where there is none."""
    if len(labels(suffix)) == 1:
        return Grouping.TLD
    return Grouping.DOMAIN if suffix_list().owns_subtree(suffix) else None


class Summaries:
    """The summaries of tables, in memory and in a cache. Safe for several threads."""

    def __init__(self, cache: SummaryCache | None, threads: int) -> None:
        self._cache = cache
        self._threads = threads
        self._summaries: dict[Identity, Summary | StoredSummary] = {}
        self._damaged: set[Identity] = set()
        self._unusable: dict[Identity, TableError] = {}
        """Tables with a row that is none. They are not read in full again: they do not change."""
        self._counts: dict[tuple[Identity, bytes, int], int | None] = {}
        self._load = SummaryLoad()
        self._counting = Lock()

    @property
    def load(self) -> SummaryLoad:
        """What was made so far."""
        return self._load

    def get(self, table: Table) -> Summary | StoredSummary | None:
        """The summary of a table, None where it is still to be made."""
        summary = self._summaries.get(table.identity)
        if summary is None and self._cache is not None and table.identity not in self._damaged:
            summary = self._cache.load(table)
            if summary is not None:
                self._summaries[table.identity] = summary
        return summary

    def missing(self, tables: Sequence[Table]) -> list[Table]:
        """The tables that have no summary yet."""
        return [table for table in tables if self.get(table) is None]

    def make(
        self,
        tables: Sequence[Table],
        cancel: Cancel | None,
        progress: Progress | None = None,
        threads: int | None = None,
        *,
        must_keep: bool = False,
    ) -> Failed:
        """Make the summaries that are missing, and store each. Returns the tables that cannot be read.

        A summary that cannot be stored stays in memory; with `must_keep` OSError is raised. Raises Cancelled,
        DeadlineExceeded.
        """
        failed: Failed = {t: self._unusable[t.identity] for t in tables if t.identity in self._unusable}
        missing = self.missing([table for table in tables if table not in failed])
        keep = KEEP if self._cache is None else self._cache.keep
        for first in range(0, len(missing), _BATCH):
            batch = missing[first : first + _BATCH]
            if progress is not None:
                progress(first, len(missing))
            summaries = summarize(batch, keep=keep, threads=threads or self._threads, cancel=cancel)
            for table, made in zip(batch, summaries, strict=True):
                if isinstance(made, TableError):
                    self._count(failed=1)
                    failed[table] = made
                    if isinstance(made, NotDnstable):
                        self._unusable[table.identity] = made
                    continue
                if self._cache is not None and self._cache.store(table, made):
                    # Read back when needed: a summary in memory holds every list in full.
                    self._damaged.discard(table.identity)
                    self._count(made=1)
                    continue
                self._count(made=1, unkept=0 if self._cache is None else 1)
                if must_keep and self._cache is not None and self._cache.problem is not None:
                    raise self._cache.problem
                self._summaries[table.identity] = made
        if missing and progress is not None:
            progress(len(missing), len(missing))
        return failed

    def _count(self, made: int = 0, failed: int = 0, unkept: int = 0) -> None:
        with self._counting:
            load = self._load
            self._load = SummaryLoad(load.made + made, load.failed + failed, load.unkept + unkept)

    def forget(self, table: Table, error: Exception) -> None:
        """Drop a summary that turned out to be damaged, so that it is made again."""
        log.info("summary is made again: %s", error)
        self._damaged.add(table.identity)
        self._summaries.pop(table.identity, None)

    def have_odd_rows(self, tables: Sequence[Table]) -> bool:
        """Whether a summary tells of RRSET entries that are none."""
        summaries = map(self.get, tables)
        return any(summary is not None and summary.rrsets[0] for summary in summaries)

    def count(self, table: Table, suffix: bytes, rrtypes: tuple[int, ...]) -> int | None:
        """The sum of everything at and under a suffix; None where the summary does not tell."""
        by_type = self._by_type(table, suffix, rrtypes, split=False)
        return None if by_type is None else sum(by_type.values())

    def counts(
        self, tables: Sequence[Table], suffix: bytes, rrtypes: tuple[int, ...], *, split: bool
    ) -> list[dict[int, int]] | None:
        """The same for each table, by record type where `split` (else under 0), without zeros.

        None unless the summaries of all of them tell. Raises CountOverflow.
        """
        by_table = []
        for table in tables:
            by_type = self._by_type(table, suffix, rrtypes, split)
            if by_type is None:
                return None
            if not split:
                by_type = {0: sum(by_type.values())}
            if any(count > LARGEST_COUNT for count in by_type.values()):
                raise CountOverflow("a total of one table passes 2**64 - 1")
            by_table.append({rrtype: count for rrtype, count in by_type.items() if count})
        return by_table

    def _by_type(
        self, table: Table, suffix: bytes, rrtypes: tuple[int, ...], split: bool
    ) -> dict[int, int] | None:
        """By record type, or under 0 where all types are one."""
        summary = self.get(table)
        if summary is None:
            return None
        if suffix == b"\0":
            return {t: count for t, (_, count) in summary.types.items() if not rrtypes or t in rrtypes}
        classes = classes_of(rrtypes)
        if split and not rrtypes:
            # The other types are one class, so a split needs a table that has none of them.
            if self._listed(table, summary, suffix, _OTHER) != 0:
                return None
            classes = tuple(range(_OTHER))
        if classes is None:
            return None
        by_type: dict[int, int] = {}
        for cls in classes:
            count = self._listed(table, summary, suffix, cls)
            if count is None:
                return None
            by_type[0 if cls == ALL else COMMON_TYPES[cls]] = count
        return by_type

    def _listed(self, table: Table, summary: Summary | StoredSummary, suffix: bytes, cls: int) -> int | None:
        grouping = group_of_subtree(suffix)
        if grouping is None:
            return None
        key = table.identity, suffix, cls
        if key not in self._counts:
            if len(self._counts) >= _KEPT_COUNTS:
                self._counts.clear()
            try:
                self._counts[key] = count_of(summary, grouping, cls, suffix)
            except DAMAGED as error:
                self.forget(table, error)
                return None
        return self._counts.get(key)
