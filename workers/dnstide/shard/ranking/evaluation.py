"""The evaluation of one request of a ranking over the tables that could be opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.mtbl import Cancel, CountOverflow, Table, TableError
from dnstide.mtbl.keys import Grouping, Keys
from dnstide.mtbl.scan import COMMON_TYPES, sum_groups
from dnstide.shard.counts import LARGEST_COUNT, Counts, add_counts
from dnstide.shard.ranking.bounds import Bounds, Reach
from dnstide.shard.ranking.lists import KeyInterner, KeySums, PrefixList, add_up
from dnstide.shard.ranking.requests import AboveRequest, RankScope, TopRequest, Totals
from dnstide.shard.ranking.scope import stays_whole, worth_summaries
from dnstide.shard.ranking.store import ListSource, ListStore
from dnstide.shard.summaries.format import ALL
from dnstide.shard.summaries.store import Failed, Progress

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class SummedLists:
    """Lists added up to some depth."""

    sums: KeySums
    interner: KeyInterner
    reach: Reach

    def bounds(self, send: int, cut: int = 0) -> Bounds:
        """The best `send` keys (0: all) whose sum can pass `cut`."""
        return self.sums.bounds(self.interner, send, cut, self.reach)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The keys that one source lacks, by their places in the request."""

    source: ListSource
    place: int
    """Of the source among all sources."""
    missing: Indices


class RankEvaluation:
    """Skips unreadable tables and records them in `failed`."""

    def __init__(
        self, store: ListStore, scope: RankScope, tables: Mapping[str, Table], threads: int, cancel: Cancel
    ) -> None:
        self.scope = scope
        self.failed: Failed = {}
        self._store = store
        self._tables = dict(tables)
        self._threads = threads
        self._cancel = cancel

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that are still taken into account."""
        return tuple(self._tables)

    @property
    def stamps(self) -> npt.NDArray[np.uint64]:
        """What tells each of these tables from an earlier or later one of its name."""
        return stamps_of(self._tables.values())

    def prepare(self, progress: Progress | None) -> None:
        """Make missing summaries where they help."""
        tables = self._readable
        missing = self._store.summaries.missing(tables)
        if missing and worth_summaries(self.scope, tables):
            self._drop(self._store.summaries.make(missing, self._cancel, progress))

    def top(self, request: TopRequest) -> SummedLists:
        """The lists added up to the depth of the request."""
        sources, scanned, failed = self._store.lists(
            self._readable, self.scope, request.depth, self._cancel, rescan=request.scan
        )
        self._drop(failed)
        lists = [source.prefix.cut(request.depth + len(self.scope.excluded)) for source in sources]
        exhaustible = any(len(prefix.ids) < prefix.listed for prefix in lists)
        depth = max((len(prefix.ids) for prefix in lists), default=0)
        return SummedLists(self._add_up(lists), self._interner, Reach(exhaustible, depth, scanned))

    def above(self, request: AboveRequest) -> Bounds:
        """Every key that reaches the threshold in a list."""
        sources, scanned, failed = self._store.above(
            self._readable, self.scope, request.threshold, self._cancel
        )
        self._drop(failed)
        sums = self._add_up([source.prefix for source in sources])
        depth = max((len(source.prefix.ids) for source in sources), default=0)
        summed = SummedLists(sums, self._interner, Reach(False, depth, scanned))
        return summed.bounds(0, len(sources) * (request.threshold - 1))

    def exact(self, keys: Keys, bucket_of: Mapping[str, int], size: int) -> Counts:
        """uint64[len(keys), size]: the sums of the keys over the tables of each bucket. Raises
        CountOverflow.
        """
        if self.scope.grouping is Grouping.RRTYPE:
            return self._exact_types(keys, bucket_of, size)
        names = {table: name for name, table in self._tables.items()}
        sources, _, failed = self._store.lists(list(names), self.scope, 0, self._cancel, rescan=False)
        self._drop(failed)
        ids = self._interner.intern(keys)
        place_of_id = np.full(len(self._interner), -1, np.intp)
        place_of_id[ids] = np.arange(len(keys))
        known = [self._store.exact_counts(source) for source in sources]
        known_ids = np.concatenate([np.zeros(0, np.int32), *(part for part, _ in known)])
        known_counts = np.concatenate([np.zeros(0, np.uint64), *(part for _, part in known)])
        owner = np.repeat(np.arange(len(known)), [len(part) for part, _ in known])
        where = place_of_id[known_ids]
        hits = np.flatnonzero(where >= 0)
        owner, where = owner[hits], where[hits]
        bucket = np.array([bucket_of[names[source.table]] for source in sources], np.intp)
        cells = [where * size + bucket[owner]]
        counts = [known_counts[hits]]
        incomplete = np.array([source.prefix.floor > 0 for source in sources], bool)
        lacks = np.repeat(incomplete, len(keys)).reshape(len(sources), len(keys))
        lacks[owner, where] = False
        lookups = [
            _Lookup(sources[i], i, np.flatnonzero(lacks[i]))
            for i in np.flatnonzero(lacks.any(axis=1)).tolist()
        ]
        for lookup, looked_up in self._look_up(keys, lookups):
            self._store.record_exact(lookup.source, ids[lookup.missing], looked_up)
            cells.append(lookup.missing * size + bucket[lookup.place])
            counts.append(looked_up)
        sums = add_counts(np.concatenate(cells), np.concatenate(counts), len(keys) * size)
        return sums.reshape(len(keys), size)

    def _exact_types(self, keys: Keys, bucket_of: Mapping[str, int], size: int) -> Counts:
        place = {int.from_bytes(key, "big"): i for i, key in enumerate(keys)}
        sums = np.zeros((len(keys), size), np.uint64)
        tables: dict[int, list[Table]] = {}
        for name, table in self._tables.items():
            tables.setdefault(bucket_of[name], []).append(table)
        for bucket, some in tables.items():
            types, failed = self._store.types(some, self.scope.under, self._cancel)
            self._drop(failed)
            for rrtype in types.keys() & place.keys():
                count = types[rrtype][1]
                if count > LARGEST_COUNT:
                    raise CountOverflow("a count passed 2**64 - 1")
                sums[place[rrtype], bucket] = count
        return sums

    def totals(self) -> Totals:
        """The sums over all rows of the scope."""
        scope = self.scope
        if scope.grouping is Grouping.RDATA:
            sources, _, failed = self._store.lists(self._readable, scope, 0, self._cancel, rescan=False)
            self._drop(failed)
            return Totals(sum(source.prefix.total for source in sources), self._excluded(), None)
        if scope.under is None or scope.grouping is Grouping.RRTYPE:
            types = self._types()
            count = sum(n for t, (_, n) in types.items() if not scope.rrtypes or t in scope.rrtypes)
            return Totals(count, self._excluded(), types)
        return Totals(self._under([scope.under]), self._excluded(), None)

    @property
    def _readable(self) -> list[Table]:
        return list(self._tables.values())

    @property
    def _interner(self) -> KeyInterner:
        return self._store.interner(self.scope.grouping)

    def _types(self) -> dict[int, tuple[int, int]]:
        types, failed = self._store.types(self._readable, self.scope.under, self._cancel)
        self._drop(failed)
        return types

    def _under(self, names: Sequence[bytes]) -> int:
        """The sum of everything at and under these names."""
        total, failed = self._store.under(self._readable, names, self.scope.rrtypes, self._cancel)
        self._drop(failed)
        return total

    def _drop(self, failed: Failed) -> None:
        self.failed |= failed
        self._tables = {name: table for name, table in self._tables.items() if table not in failed}

    def _add_up(self, lists: list[PrefixList]) -> KeySums:
        size = len(self._interner)
        if not self.scope.selects:
            return add_up(lists, size)
        try:
            sums = add_up(lists, size)
        except CountOverflow:  # perhaps of a key that is not ranked
            return add_up([prefix.where(self._ranked(prefix.ids)) for prefix in lists], size)
        return sums.where(self._ranked(sums.ids))

    def _ranked(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of these keys are to be ranked."""
        scope = self.scope
        # Lists over all names hold keys outside the suffix too; lists made for the suffix hold only its rows.
        whole = scope.grouping.by_name and stays_whole(scope.grouping, scope.under)
        under = (scope.under or b"\0")[:-1] if whole else b""
        excluded, prefixes = set(scope.excluded), tuple(name[:-1] for name in scope.excluded_under)
        keys = map(self._interner.key, ids.tolist())
        allowed = [
            key.startswith(under) and key not in excluded and not (prefixes and key.startswith(prefixes))
            for key in keys
        ]
        return np.array(allowed, bool)

    def _look_up(self, keys: Keys, lookups: list[_Lookup]) -> list[tuple[_Lookup, Counts]]:
        """The counts of the missing keys, read from the tables of those sources that can be read."""
        results = []
        all_keys = list(keys)
        for cls in dict.fromkeys(lookup.source.cls for lookup in lookups):
            of_class = [lookup for lookup in lookups if lookup.source.cls == cls]
            sums = sum_groups(
                [lookup.source.table for lookup in of_class],
                self.scope.grouping,
                all_keys,
                [lookup.missing.astype(np.uint32) for lookup in of_class],
                types=self._types_of(cls),
                threads=self._threads,
                cancel=self._cancel,
            )
            for lookup, counts in zip(of_class, sums, strict=True):
                if isinstance(counts, TableError):
                    self._drop({lookup.source.table: counts})
                else:
                    results.append((lookup, counts))
        return results

    def _types_of(self, cls: int | None) -> tuple[int, ...] | None:
        if cls is None:
            return self.scope.rrtypes or None
        return None if cls == ALL else (COMMON_TYPES[cls],)

    def _excluded(self) -> int:
        scope = self.scope
        count = 0
        if scope.excluded and scope.grouping is not Grouping.RRTYPE:
            sums = self.exact(Keys.of(scope.excluded), dict.fromkeys(self._tables, 0), 1)
            count += sum(sums[:, 0].tolist())
        if scope.excluded_under:
            count += self._under(scope.excluded_under)
        return count


def stamps_of(tables: Iterable[Table | None]) -> npt.NDArray[np.uint64]:
    """The stamp of each table, 0 for None."""
    return np.array([0 if table is None else table.stamp for table in tables], np.uint64)
