"""The lists of a shard's tables: from summaries where there are some, else from a scan; kept in memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from dnstide.mtbl import Cancel, NotDnstable, Table, TableError
from dnstide.mtbl.keys import Grouping
from dnstide.mtbl.scan import NONE_SKIPPED, UNLIMITED, Skipped, TypeClasses, scan, sum_groups
from dnstide.shard.counts import Counts
from dnstide.shard.ranking.lists import Ids, KeyInterner, PrefixList
from dnstide.shard.ranking.requests import RankScope
from dnstide.shard.ranking.scope import key_ranges, stays_whole, suits
from dnstide.shard.summaries.format import (
    ALL,
    DAMAGED,
    FIRST_PLACES,
    KEEP,
    StoredSummary,
    Summary,
    classes_of,
)
from dnstide.shard.summaries.store import Failed, Summaries
from dnstide.shard.tables import Identity

TypeCounts = dict[int, tuple[int, int]]
"""Rows and count by record type."""

log = logging.getLogger(__name__)
_NO_RDATA = "it holds no rdata entries, so rdata cannot be ranked"
_KEPT_SUMS = 64
_NO_IDS, _NO_COUNTS = np.zeros(0, np.int32), np.zeros(0, np.uint64)

_FEW_NAMES = 16
"""For so many names a look into every summary costs less than it may save."""


class NoRdata(NotDnstable):
    """A table without rdata entries: sound for every other question."""


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list of a table: of a class of its summary, or (`cls` None) of a scan for the scope alone."""

    table: Table
    cls: int | None
    prefix: PrefixList


class ListStore:
    """Not for use by several threads at once."""

    def __init__(self, summaries: Summaries, threads: int, budget: int = 1 << 30) -> None:
        self.summaries = summaries
        self._threads = threads
        self._budget = budget
        self._types: dict[tuple[Identity, bytes | None], TypeCounts] = {}
        self._prefixes: dict[tuple[Identity, Grouping, int], tuple[int, PrefixList]] = {}
        self._scans: dict[RankScope, dict[Identity, PrefixList]] = {}
        self._interners = {grouping: KeyInterner() for grouping in Grouping}
        self._sums: dict[tuple[tuple[Identity, ...], bytes | None], TypeCounts] = {}
        self._exact: dict[int, tuple[PrefixList, Ids, Counts]] = {}
        self._shares: dict[tuple[Identity, bytes], int] = {}
        self._odd: dict[tuple[Identity, bool, bytes | None], Skipped] = {}
        self._bytes = 0
        self.epoch = 0
        """Grows when the numbers of keys change their meaning."""

    def interner(self, grouping: Grouping) -> KeyInterner:
        """The numbers of the keys of this grouping."""
        return self._interners[grouping]

    def evict(self) -> None:
        """Forget all lists once they are more than the budget allows; summaries bring them back."""
        if self._bytes + sum(interner.bytes for interner in self._interners.values()) > self._budget:
            log.debug("lists of largest keys are evicted: more than %d bytes", self._budget)
            self._prefixes.clear()
            self._scans.clear()
            self._types.clear()
            self._exact.clear()
            self._shares.clear()
            self._odd.clear()
            self._interners = {grouping: KeyInterner() for grouping in Grouping}
            self._bytes = 0
            self.epoch += 1

    def skipped(self, table: Table, scope: RankScope, cancel: Cancel | None) -> Skipped:
        """The entries of a table that are none: of all of it, or of the names under which it is ranked."""
        by_rdata = scope.grouping is Grouping.RDATA
        summary = self.summaries.get(table)
        if summary is not None:
            odd = summary.rdata if by_rdata else summary.rrsets
            if by_rdata or scope.under is None or not odd[0]:
                return odd
            self._types_by_table([table], scope.under, cancel)  # the summary does not tell where they are
        return self._odd.get((table.identity, by_rdata, scope.under), NONE_SKIPPED)

    def lists(
        self, tables: Sequence[Table], scope: RankScope, depth: int, cancel: Cancel | None, *, rescan: bool
    ) -> tuple[list[ListSource], int, Failed]:
        """Lists of at least `depth` places wherever their tables have that many, and how many were scanned.

        Summaries give the places that they hold; with `rescan`, a table whose summary is shorter is read.
        """
        classes = classes_of(scope.rrtypes) if suits(scope) else None
        scanned = self._scans.get(scope, {})
        sources: list[ListSource] = []
        to_scan: list[Table] = []
        failed: Failed = {}
        for table in tables:
            prefix = scanned.get(table.identity)
            complete = prefix is not None and not prefix.floor
            stored = None
            try:
                if classes is not None and not self._is_narrow(table, scope, depth) and not complete:
                    stored = self._stored(table, scope.grouping, classes, depth)
            except TableError as error:
                failed[table] = error
                continue
            if stored is not None and self._usable(stored, scope, depth if rescan else 0):
                sources += stored
            elif prefix is not None and (len(prefix.ids) >= depth or not prefix.floor):
                sources.append(ListSource(table, None, prefix))
            else:
                to_scan.append(table)
        fresh, unreadable = self._scan(to_scan, scope, max(depth, KEEP), 0, cancel)
        return sources + fresh, len(to_scan), {**failed, **unreadable}

    def above(
        self, tables: Sequence[Table], scope: RankScope, threshold: int, cancel: Cancel | None
    ) -> tuple[list[ListSource], int, Failed]:
        """Lists of every key that reaches `threshold`, cut there."""
        scanned, summarized = self._scans.get(scope, {}), suits(scope)
        listed = [
            table
            for table in tables
            if table.identity in scanned or (summarized and self.summaries.get(table) is not None)
        ]
        sources, _, failed = self.lists(listed, scope, UNLIMITED, cancel, rescan=False)
        too_short = {source.table for source in sources if source.prefix.floor >= threshold}
        long_enough = set(listed) - too_short
        to_scan = [table for table in tables if table not in long_enough]
        fresh, unreadable = self._scan(to_scan, scope, UNLIMITED, threshold, cancel)
        cut = [
            replace(source, prefix=source.prefix.above(threshold))
            for source in sources
            if source.table not in too_short
        ]
        return cut + fresh, len(to_scan), {**failed, **unreadable}

    def types(
        self, tables: Sequence[Table], under: bytes | None, cancel: Cancel | None
    ) -> tuple[TypeCounts, Failed]:
        """Rows and count by record type, over the tables that can be read."""
        key = tuple([table.identity for table in tables]), under
        if key in self._sums:
            return self._sums[key], {}
        by_table, failed = self._types_by_table(tables, under, cancel)
        summed: TypeCounts = {}
        for types in by_table:
            for rrtype, (rows, count) in types.items():
                before = summed.get(rrtype, (0, 0))
                summed[rrtype] = (before[0] + rows, before[1] + count)
        if not failed:
            if len(self._sums) >= _KEPT_SUMS:
                self._sums.clear()
            self._sums[key] = summed
        return summed, failed

    def under(
        self, tables: Sequence[Table], names: Sequence[bytes], rrtypes: tuple[int, ...], cancel: Cancel | None
    ) -> tuple[int, Failed]:
        """The sum of everything at and under these names, over the tables that can be read."""
        total = 0
        wanted = [np.arange(len(names), dtype=np.uint32)] * len(tables)
        if len(names) <= _FEW_NAMES:
            for i, table in enumerate(tables):
                counts = [self.summaries.count(table, name, rrtypes) for name in names]
                total += sum(count for count in counts if count is not None)
                wanted[i] = np.array([j for j, count in enumerate(counts) if count is None], np.uint32)
        reading = [i for i in range(len(tables)) if len(wanted[i])]
        sums = sum_groups(
            [tables[i] for i in reading],
            None,
            names,
            [wanted[i] for i in reading],
            types=rrtypes or None,
            threads=self._threads,
            cancel=cancel,
        )
        failed: Failed = {}
        for i, result in zip(reading, sums, strict=True):
            if isinstance(result, TableError):
                failed[tables[i]] = result
            else:
                total += sum(result.tolist())
        return total, failed

    def exact_counts(self, source: ListSource) -> tuple[Ids, Counts]:
        """The keys of a source whose counts are known: those on its list, and those that were looked up."""
        prefix = source.prefix
        recorded = self._exact.get(id(prefix))
        if recorded is None:
            return prefix.ids, prefix.counts
        _, ids, counts = recorded
        return np.concatenate([prefix.ids, ids]), np.concatenate([prefix.counts, counts])

    def record_exact(self, source: ListSource, ids: Ids, counts: Counts) -> None:
        """Keep counts that were looked up: tables do not change."""
        prefix = source.prefix
        _, old_ids, old_counts = self._exact.get(id(prefix), (prefix, _NO_IDS, _NO_COUNTS))
        self._bytes += ids.nbytes + counts.nbytes
        # The key is the identity of the list, which is kept here so that no other list gets it.
        self._exact[id(prefix)] = (
            prefix,
            np.concatenate([old_ids, ids]),
            np.concatenate([old_counts, counts]),
        )

    @staticmethod
    def _usable(sources: Sequence[ListSource], scope: RankScope, depth: int) -> bool:
        """Whether lists of summaries can answer, and hold `depth` places where their tables have them."""
        prefixes = [source.prefix for source in sources]
        if scope.selects and any(prefix.overflow for prefix in prefixes):
            return False  # the sum that overflowed may be that of a key that is not ranked
        return not any(prefix.listed < depth and prefix.floor for prefix in prefixes)

    def _types_by_table(
        self, tables: Sequence[Table], under: bytes | None, cancel: Cancel | None
    ) -> tuple[list[TypeCounts], Failed]:
        types: dict[Table, TypeCounts] = {}
        for table in tables:
            cached = self._types.get((table.identity, under))
            if cached is None and under is None:
                summary = self.summaries.get(table)
                cached = None if summary is None else summary.types
            if cached is not None:
                types[table] = cached
        to_scan = [table for table in tables if table not in types]
        failed: Failed = {}
        scans = scan(
            to_scan,
            [],
            TypeClasses(all=True),
            ranges=key_ranges(under, ()),
            threads=self._threads,
            cancel=cancel,
        )
        for table, result in zip(to_scan, scans, strict=True):
            if isinstance(result, TableError):
                failed[table] = result
            else:
                types[table] = self._types[table.identity, under] = result.types
                self._odd[table.identity, False, under] = result.rrsets
        return list(types.values()), failed

    def _is_narrow(self, table: Table, scope: RankScope, depth: int) -> bool:
        """Whether the rows under the suffix are fewer than the places to be read, as far as can be told."""
        if scope.under is None or not depth:
            return False
        summary = self.summaries.get(table)
        if summary is None:
            return True
        key = table.identity, scope.under
        if key not in self._shares:
            try:
                first = summary.places(Grouping.FQDN, ALL, FIRST_PLACES).keys
            except DAMAGED as error:
                self.summaries.forget(table, error)
                return True
            rows = sum(rows for rows, _ in summary.types.values())
            share = (first.blob.count(scope.under[:-1]) + 1) / (len(first) + 1)
            self._shares[key] = int(rows * share)
        return self._shares[key] < min(depth, KEEP)

    def _stored(
        self, table: Table, grouping: Grouping, classes: tuple[int, ...], depth: int
    ) -> list[ListSource] | None:
        summary = self.summaries.get(table)
        if summary is None:
            return None
        try:
            if grouping is Grouping.RDATA and not _has_rdata(table, summary.head(grouping, ALL).distinct):
                raise NoRdata(table.path, None, _NO_RDATA)
            return [
                ListSource(table, cls, self._prefix(table, summary, grouping, cls, depth)) for cls in classes
            ]
        except NoRdata:
            raise
        except DAMAGED as error:
            self.summaries.forget(table, error)
            return None

    def _prefix(
        self, table: Table, summary: Summary | StoredSummary, grouping: Grouping, cls: int, depth: int
    ) -> PrefixList:
        """The list of a summary to at least this depth; read further than before only where it must be."""
        key = (table.identity, grouping, cls)
        read_depth, prefix = self._prefixes.get(key, (0, None))
        if prefix is None or (read_depth < depth and len(prefix.ids) < prefix.listed):
            replaced_bytes = prefix.bytes if prefix else 0
            top = summary.places(grouping, cls, depth)
            prefix = PrefixList.of(top, summary.head(grouping, cls).listed, self._interners[grouping])
            self._bytes += prefix.bytes - replaced_bytes
            self._prefixes[key] = depth, prefix
        return prefix

    def _scan(
        self, tables: Sequence[Table], scope: RankScope, keep: int, min_count: int, cancel: Cancel | None
    ) -> tuple[list[ListSource], Failed]:
        """Read the tables for this scope alone; the lists are kept unless a threshold cut them."""
        if not tables:
            return [], {}
        log.debug("%d tables are scanned by %s", len(tables), scope.grouping)
        types = TypeClasses((frozenset(scope.rrtypes),)) if scope.rrtypes else TypeClasses(all=True)
        by_rdata = scope.grouping is Grouping.RDATA
        if not stays_whole(scope.grouping, scope.under):
            # Point lookups know no suffix, so every key must stand on the lists.
            keep, min_count = UNLIMITED, 0
        scans = scan(
            tables,
            [scope.grouping],
            types,
            keep=keep + len(scope.excluded) if keep < UNLIMITED else keep,
            min_count=min_count,
            ranges=key_ranges(scope.under, () if by_rdata else scope.excluded_under),
            rdata_owners=scope.under[:-1] if by_rdata and scope.under else b"",
            threads=self._threads,
            cancel=cancel,
        )
        sources: list[ListSource] = []
        failed: Failed = {}
        scanned = self._scans.setdefault(scope, {})
        for table, result in zip(tables, scans, strict=True):
            if isinstance(result, TableError):
                failed[table] = result
                continue
            self._odd[table.identity, by_rdata, scope.under] = result.rdata if by_rdata else result.rrsets
            top = result.lists[0][0]
            if by_rdata and not _has_rdata(table, top.distinct):
                failed[table] = NoRdata(table.path, None, _NO_RDATA)
                continue
            prefix = PrefixList.of(top, len(top.keys), self._interners[scope.grouping])
            if not min_count:
                before = scanned.get(table.identity)
                self._bytes += prefix.bytes - (before.bytes if before else 0)
                scanned[table.identity] = prefix
            sources.append(ListSource(table, None, prefix))
        return sources, failed


def _has_rdata(table: Table, distinct: int) -> bool:
    """Whether the table was written with rdata entries; one without would rank as if it were empty."""
    return distinct > 0 or table.entries_count == 0 or table.get(b"\xff\x02") is not None
