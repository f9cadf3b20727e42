"""One ask of a ranking over the tables that could be opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.mtbl import Cancel, CountOverflow, Table, TableError
from dnstide.mtbl.keys import Grouping, Keys
from dnstide.mtbl.scan import COMMON_TYPES, sum_groups
from dnstide.shard.counts import Counts, add_counts
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.ranking.lists import Held, Numbers, Sums, add_up
from dnstide.shard.ranking.requests import AskAbove, AskTop, RankScope, Totals
from dnstide.shard.ranking.scope import stays_whole, worth_summaries
from dnstide.shard.ranking.store import ListStore, Source
from dnstide.shard.summaries.format import ALL
from dnstide.shard.summaries.store import Failed, Progress

__all__ = ["RankWork", "Summed"]


@dataclass(frozen=True, slots=True, eq=False)
class Summed:
    """Lists added up to some depth."""

    sums: Sums
    numbers: Numbers
    deeper: bool
    depth: int
    scanned: int

    def bounds(self, send: int, cut: int = 0) -> Bounds:
        return self.sums.bounds(self.numbers, send, cut, (self.deeper, self.depth, self.scanned))


class RankWork:
    """Leaves out, and notes in ``failed``, every table that turns out to be unreadable."""

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
        return tuple(self._tables)

    def prepare(self, progress: Progress | None) -> None:
        """Makes missing summaries where they help."""
        missing = self._store.summaries.missing(list(self._tables.values()))
        if missing and worth_summaries(self.scope, list(self._tables.values())):
            self._drop(self._store.summaries.make(missing, self._cancel, progress))

    def top(self, ask: AskTop) -> Summed:
        """The lists added up to the depth of the ask."""
        tables = list(self._tables.values())
        sources, scanned, failed = self._store.lists(
            tables, self.scope, ask.depth, self._cancel, rescan=ask.scan
        )
        self._drop(failed)
        cut = [source.held.cut(ask.depth + len(self.scope.excluded)) for source in sources]
        deeper = any(len(one.ids) < one.listed for one in cut)
        depth = max((len(one.ids) for one in cut), default=0)
        return Summed(self._add_up(cut), self._numbers, deeper, depth, scanned)

    def above(self, ask: AskAbove) -> Bounds:
        """Every key that reaches the threshold in a list."""
        tables = list(self._tables.values())
        sources, scanned, failed = self._store.above(tables, self.scope, ask.threshold, self._cancel)
        self._drop(failed)
        sums = self._add_up([source.held for source in sources])
        depth = max((len(source.held.ids) for source in sources), default=0)
        summed = Summed(sums, self._numbers, False, depth, scanned)
        return summed.bounds(0, len(sources) * (ask.threshold - 1))

    def exact(self, keys: Keys, bucket_of: Mapping[str, int], size: int) -> Counts:
        """uint64[len(keys), size]: the sums of the keys over the tables of each bucket."""
        names = {table: name for name, table in self._tables.items()}
        sources, _, failed = self._store.lists(list(names), self.scope, 0, self._cancel, rescan=False)
        self._drop(failed)
        numbers = self._numbers.number(keys)
        place = np.full(len(self._numbers), -1, np.intp)
        place[numbers] = np.arange(len(keys))
        known = [self._store.known(source) for source in sources]
        owner = np.repeat(np.arange(len(known)), [len(ids) for ids, _ in known])
        where = place[np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in known)])]
        hits = np.flatnonzero(where >= 0)
        owner, where = owner[hits], where[hits]
        bucket = np.array([bucket_of[names[source.table]] for source in sources], np.intp)
        at = [where * size + bucket[owner]]
        counts = [np.concatenate([np.zeros(0, np.uint64), *(c for _, c in known)])[hits]]
        lacks = np.repeat(np.array([[source.held.floor > 0] for source in sources], bool), len(keys), axis=1)
        lacks = lacks.reshape(len(sources), len(keys))
        lacks[owner, where] = False
        lacking = [
            (sources[i], i, np.flatnonzero(lacks[i])) for i in np.flatnonzero(lacks.any(axis=1)).tolist()
        ]
        for source, i, missing, found in self._looked_up(keys, lacking):
            self._store.learn(source, numbers[missing], found)
            at.append(missing * size + bucket[i])
            counts.append(found)
        return add_counts(np.concatenate(at), np.concatenate(counts), len(keys) * size).reshape(
            len(keys), size
        )

    def totals(self) -> Totals:
        """What the rows of the scope add up to."""
        scope = self.scope
        if scope.grouping is Grouping.RDATA:
            sources, _, failed = self._store.lists(
                list(self._tables.values()), scope, 0, self._cancel, rescan=False
            )
            self._drop(failed)
            return Totals(sum(source.held.total for source in sources), self._excluded(), None)
        if scope.under is None or scope.grouping is Grouping.RRTYPE:
            types = self._types()
            count = sum(n for t, (_, n) in types.items() if not scope.rrtypes or t in scope.rrtypes)
            return Totals(count, self._excluded(), types)
        return Totals(self._under([scope.under]), self._excluded(), None)

    def _types(self) -> dict[int, tuple[int, int]]:
        types, failed = self._store.types(list(self._tables.values()), self.scope.under, self._cancel)
        self._drop(failed)
        return types

    def _under(self, names: Sequence[bytes]) -> int:
        """What everything at and under these names adds up to."""
        total, failed = self._store.under(
            list(self._tables.values()), names, self.scope.rrtypes, self._cancel
        )
        self._drop(failed)
        return total

    @property
    def _numbers(self) -> Numbers:
        return self._store.numbers(self.scope.grouping)

    def _drop(self, failed: Failed) -> None:
        self.failed |= failed
        self._tables = {name: table for name, table in self._tables.items() if table not in failed}

    def _add_up(self, lists: list[Held]) -> Sums:
        size = len(self._numbers)
        if not self.scope.selects:
            return add_up(lists, size)
        try:
            sums = add_up(lists, size)
        except CountOverflow:  # perhaps of a key that is not ranked
            return add_up([one.where(self._ranked(one.ids)) for one in lists], size)
        return sums.where(self._ranked(sums.ids))

    def _ranked(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of these keys are to be ranked."""
        scope = self.scope
        # Lists over all names hold others than those under a suffix; lists made for it hold just its rows.
        whole = scope.grouping.by_name and stays_whole(scope.grouping, scope.under)
        under = (scope.under or b"\0")[:-1] if whole else b""
        excluded, prefixes = set(scope.excluded), tuple(name[:-1] for name in scope.excluded_under)
        keys = map(self._numbers.key, ids.tolist())
        allowed = [
            key.startswith(under) and key not in excluded and not (prefixes and key.startswith(prefixes))
            for key in keys
        ]
        return np.array(allowed, bool)

    def _looked_up(
        self, keys: Keys, lacking: list[tuple[Source, int, npt.NDArray[np.intp]]]
    ) -> list[tuple[Source, int, npt.NDArray[np.intp], Counts]]:
        """What the tables say about single keys; of each source the counts of those it lacks."""
        found = []
        listed = list(keys)
        for cls in dict.fromkeys(source.cls for source, _, _ in lacking):
            own = [one for one in lacking if one[0].cls == cls]
            sums = sum_groups(
                [source.table for source, _, _ in own],
                self.scope.grouping,
                listed,
                [missing.astype(np.uint32) for _, _, missing in own],
                types=self._types_of(cls),
                threads=self._threads,
                cancel=self._cancel,
            )
            for (source, i, missing), counts in zip(own, sums, strict=True):
                if isinstance(counts, TableError):
                    self._drop({source.table: counts})
                else:
                    found.append((source, i, missing, counts))
        return found

    def _types_of(self, cls: int | None) -> tuple[int, ...] | None:
        if cls is None:
            return self.scope.rrtypes or None
        return None if cls == ALL else (COMMON_TYPES[cls],)

    def _excluded(self) -> int:
        scope = self.scope
        count = 0
        if scope.excluded and scope.grouping is not Grouping.RRTYPE:
            found = self.exact(Keys.of(scope.excluded), dict.fromkeys(self._tables, 0), 1)
            count += sum(found[:, 0].tolist())
        if scope.excluded_under:
            count += self._under(scope.excluded_under)
        return count
