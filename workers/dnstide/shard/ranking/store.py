"""The lists of a shard's tables: from summaries where there are some, else from a scan; kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from dnstide.mtbl import Cancel, NotDnstable, Table, TableError
from dnstide.mtbl.keys import Grouping
from dnstide.mtbl.scan import UNLIMITED, TypeClasses, scan, sum_groups
from dnstide.shard.counts import Counts
from dnstide.shard.ranking.lists import Held, Ids, Numbers
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
from dnstide.shard.tables import Identity, identity

__all__ = ["ListStore", "NoRdata", "Source"]

TypeCounts = dict[int, tuple[int, int]]
_NO_RDATA = "it holds no rdata entries, so rdata cannot be ranked"
_KEPT_SUMS = 64
_NO_IDS, _NO_COUNTS = np.zeros(0, np.int32), np.zeros(0, np.uint64)
_FEW = 16  # names for which a look into every summary costs less than it may save


class NoRdata(NotDnstable):
    """A table without rdata entries: sound for every other question."""


@dataclass(frozen=True, slots=True)
class Source:
    """Lists that may be used: of one class of a summary, or of a scan for just these types and this
    suffix.
    """

    table: Table
    cls: int | None
    held: Held


class ListStore:
    """Not for use by several threads at once."""

    def __init__(self, summaries: Summaries, threads: int, budget: int = 1 << 30) -> None:
        self.summaries = summaries
        self._threads = threads
        self._budget = budget
        self._types: dict[tuple[Identity, bytes | None], TypeCounts] = {}
        self._held: dict[tuple[Identity, Grouping, int], tuple[int, Held]] = {}
        self._scans: dict[RankScope, dict[Identity, Held]] = {}
        self._numbers = {grouping: Numbers() for grouping in Grouping}
        self._sums: dict[tuple[tuple[Identity, ...], bytes | None], TypeCounts] = {}
        self._learnt: dict[int, tuple[Held, Ids, Counts]] = {}
        self._shares: dict[tuple[Identity, bytes], int] = {}
        self._bytes = 0
        self.epoch = 0  # grows when numbers change their meaning

    def numbers(self, grouping: Grouping) -> Numbers:
        return self._numbers[grouping]

    def shrink(self) -> None:
        """Forget all lists once they are more than the budget allows; summaries bring them back."""
        if self._bytes + sum(numbers.bytes for numbers in self._numbers.values()) > self._budget:
            self._held.clear()
            self._scans.clear()
            self._types.clear()
            self._learnt.clear()
            self._shares.clear()
            self._numbers = {grouping: Numbers() for grouping in Grouping}
            self._bytes = 0
            self.epoch += 1

    def lists(
        self, tables: Sequence[Table], scope: RankScope, depth: int, cancel: Cancel | None, *, rescan: bool
    ) -> tuple[list[Source], int, Failed]:
        """Lists of at least ``depth`` places wherever their tables have that many, and how many were scanned.

        Without ``rescan``, summaries give what they hold.
        """
        classes = classes_of(scope.rrtypes) if suits(scope) else None
        scanned = self._scans.get(scope, {})
        found: list[Source] = []
        wanting: list[Table] = []
        failed: Failed = {}
        for table in tables:
            held = scanned.get(identity(table))
            try:
                if classes is None or self._is_narrow(table, scope, depth) or (held and not held.floor):
                    own = None
                else:
                    own = self._stored(table, scope.grouping, classes, depth)
            except TableError as error:
                failed[table] = error
                continue
            if own is not None and scope.selects and any(source.held.overflow for source in own):
                own = None  # perhaps of a key that is not ranked
            if own is None or (
                rescan and any(source.held.listed < depth and source.held.floor for source in own)
            ):
                if held is None or (len(held.ids) < depth and held.floor):
                    wanting.append(table)
                    continue
                own = [Source(table, None, held)]
            found += own
        made, more = self._scan(wanting, scope, max(depth, KEEP), 0, cancel)
        return found + made, len(wanting), {**failed, **more}

    def above(
        self, tables: Sequence[Table], scope: RankScope, threshold: int, cancel: Cancel | None
    ) -> tuple[list[Source], int, Failed]:
        """Lists of every key that reaches ``threshold``, cut there."""
        scanned, summarized = self._scans.get(scope, {}), suits(scope)
        listed = [
            t for t in tables if identity(t) in scanned or (summarized and self.summaries.of(t) is not None)
        ]
        have, _, failed = self.lists(listed, scope, UNLIMITED, cancel, rescan=False)
        short = {source.table for source in have if source.held.floor >= threshold}
        long = set(listed) - short
        wanting = [t for t in tables if t not in long]
        made, more = self._scan(wanting, scope, UNLIMITED, threshold, cancel)
        cut = [replace(s, held=s.held.above(threshold)) for s in have if s.table not in short]
        return cut + made, len(wanting), {**failed, **more}

    def types(
        self, tables: Sequence[Table], under: bytes | None, cancel: Cancel | None
    ) -> tuple[TypeCounts, Failed]:
        """Rows and count by record type, over the tables that can be read."""
        key = tuple(map(identity, tables)), under
        if key in self._sums:
            return self._sums[key], {}
        found, failed = self._types_by_table(tables, under, cancel)
        summed: TypeCounts = {}
        for one in found:
            for rrtype, (rows, count) in one.items():
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
        """What everything at and under these names adds up to, over the tables that can be read."""
        total = 0
        wanted = [np.arange(len(names), dtype=np.uint32)] * len(tables)
        if len(names) <= _FEW:
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
        for i, one in zip(reading, sums, strict=True):
            if isinstance(one, TableError):
                failed[tables[i]] = one
            else:
                total += sum(one.tolist())
        return total, failed

    def known(self, source: Source) -> tuple[Ids, Counts]:
        """The keys of a source whose counts are known: those on its list, and those that were looked up."""
        extra = self._learnt.get(id(source.held))
        if extra is None:
            return source.held.ids, source.held.counts
        return np.concatenate([source.held.ids, extra[1]]), np.concatenate([source.held.counts, extra[2]])

    def learn(self, source: Source, ids: Ids, counts: Counts) -> None:
        """Remembers what was looked up: tables do not change."""
        held = source.held
        _, old_ids, old_counts = self._learnt.get(id(held), (held, _NO_IDS, _NO_COUNTS))
        self._bytes += ids.nbytes + counts.nbytes
        # By identity; the list is kept with what was learnt, so that its identity is not given to another.
        self._learnt[id(held)] = held, np.concatenate([old_ids, ids]), np.concatenate([old_counts, counts])

    def _types_by_table(
        self, tables: Sequence[Table], under: bytes | None, cancel: Cancel | None
    ) -> tuple[list[TypeCounts], Failed]:
        found: dict[Table, TypeCounts] = {}
        for table in tables:
            known = self._types.get((identity(table), under))
            summary = self.summaries.of(table) if under is None and known is None else None
            if known is not None or summary is not None:
                found[table] = known if known is not None else summary.types if summary else {}
        wanting = [table for table in tables if table not in found]
        failed: Failed = {}
        scans = scan(
            wanting,
            [],
            TypeClasses(all=True),
            ranges=key_ranges(under, ()),
            threads=self._threads,
            cancel=cancel,
        )
        for table, one in zip(wanting, scans, strict=True):
            if isinstance(one, TableError):
                failed[table] = one
            else:
                found[table] = self._types[identity(table), under] = one.types
        return list(found.values()), failed

    def _is_narrow(self, table: Table, scope: RankScope, depth: int) -> bool:
        """Whether the rows under the suffix are fewer than the places to be read, as far as can be told."""
        if scope.under is None or not depth:
            return False
        summary = self.summaries.of(table)
        if summary is None:
            return True
        key = identity(table), scope.under
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
    ) -> list[Source] | None:
        summary = self.summaries.of(table)
        if summary is None:
            return None
        try:
            if grouping is Grouping.RDATA and not _has_rdata(table, summary.head(grouping, ALL).distinct):
                raise NoRdata(table.path, None, _NO_RDATA)
            return [Source(table, cls, self._hold(table, summary, grouping, cls, depth)) for cls in classes]
        except NoRdata:
            raise
        except DAMAGED as error:
            self.summaries.forget(table, error)
            return None

    def _hold(
        self, table: Table, summary: Summary | StoredSummary, grouping: Grouping, cls: int, depth: int
    ) -> Held:
        key = (identity(table), grouping, cls)
        read, held = self._held.get(key, (0, None))
        if held is None or (read < depth and len(held.ids) < held.listed):
            top = summary.places(grouping, cls, depth)
            held = Held.of(top, summary.head(grouping, cls).listed, self._numbers[grouping])
            self._bytes += held.bytes - (self._held[key][1].bytes if key in self._held else 0)
            self._held[key] = depth, held
        return held

    def _scan(
        self, tables: Sequence[Table], scope: RankScope, keep: int, least: int, cancel: Cancel | None
    ) -> tuple[list[Source], Failed]:
        """Reads the tables for this scope alone; keeps what it finds, unless it was cut by a threshold."""
        if not tables:
            return [], {}
        types = TypeClasses((frozenset(scope.rrtypes),)) if scope.rrtypes else TypeClasses(all=True)
        by_rdata = scope.grouping is Grouping.RDATA
        if not stays_whole(scope.grouping, scope.under):
            keep, least = UNLIMITED, 0  # point lookups know no suffix, so nothing may be left to look up
        scans = scan(
            tables,
            [scope.grouping],
            types,
            keep=keep + len(scope.excluded) if keep < UNLIMITED else keep,
            min_count=least,
            ranges=key_ranges(scope.under, () if by_rdata else scope.excluded_under),
            rdata_owners=scope.under[:-1] if by_rdata and scope.under else b"",
            threads=self._threads,
            cancel=cancel,
        )
        found: list[Source] = []
        failed: Failed = {}
        known = self._scans.setdefault(scope, {})
        for table, one in zip(tables, scans, strict=True):
            if isinstance(one, TableError):
                failed[table] = one
                continue
            top = one.lists[0][0]
            if by_rdata and not _has_rdata(table, top.distinct):
                failed[table] = NoRdata(table.path, None, _NO_RDATA)
                continue
            held = Held.of(top, len(top.keys), self._numbers[scope.grouping])
            if not least:
                before = known.get(identity(table))
                self._bytes += held.bytes - (before.bytes if before else 0)
                known[identity(table)] = held
            found.append(Source(table, None, held))
        return found, failed


def _has_rdata(table: Table, distinct: int) -> bool:
    """Whether the table was written with rdata entries; one without would rank as if it were empty."""
    return distinct > 0 or table.entries_count == 0 or table.get(b"\xff\x02") is not None
