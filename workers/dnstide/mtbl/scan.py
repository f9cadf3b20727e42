"""Scans: the rows of whole tables added up by group, and the exact sums of single groups.

Owner names, registered domains and last labels are summed over RRSET entries; rdata (with their type) over
RDATA entries, so a row counts once for each of its rdata. Stored counts of 0 are read as 1. Everything runs
without the GIL, on as many threads as are given; the number of threads never changes a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import dnstide.mtbl._scan as _scan
import numpy as np
import numpy.typing as npt
from dnstide.model.vocabulary import Grouping
from dnstide.mtbl._native import Cancel, Table
from dnstide.mtbl.errors import TableError
from dnstide.mtbl.keys import Keys, NativeGrouping, native_grouping
from dnstide.mtbl.psl import suffix_list

COMMON_TYPES = (1, 28, 2, 5, 15, 16, 6, 12, 43)
"""A, AAAA, NS, CNAME, MX, TXT, SOA, PTR and DS: summaries have a class for each."""

UNLIMITED = 2**62
"""A `keep` that keeps every key."""

_NO_CLASS = 255

Skipped = tuple[int, int, str]
NONE_SKIPPED: Skipped = (0, 0, "")


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Owner names, reversed and without the entry type, from `start` up to `stop` (None: to the end)."""

    start: bytes = b""
    stop: bytes | None = None


def subtree(name: bytes) -> KeyRange:
    """The owner names at and under a reversed name that is closed by a zero."""
    prefix = name[:-1]
    if not prefix:
        return KeyRange()
    following = (int.from_bytes(prefix, "big") + 1).to_bytes(len(prefix), "big")
    return KeyRange(prefix, following.rstrip(b"\0"))


@dataclass(frozen=True)
class TypeClasses:
    """Into which classes record types fall: one for each of `groups`, one for the rest if `other`, and
    one that counts every type if `all`, in this order."""

    groups: tuple[frozenset[int], ...] = ()
    other: bool = False
    all: bool = False

    @cached_property
    def class_of(self) -> bytes:
        """uint8[65536]: the class of each record type."""
        table = np.full(65536, len(self.groups) if self.other else _NO_CLASS, np.uint8)
        for i, types in enumerate(self.groups):
            table[list(types)] = i
        return table.tobytes()

    @property
    def count(self) -> int:
        """The number of classes, without that of all types."""
        return len(self.groups) + self.other


@dataclass(frozen=True, slots=True, eq=False)
class TopKeys:
    """The largest keys of one table, grouping and class, best first (equal counts in canonical order).

    No key beside them has a count above `floor`; `distinct` keys have rows at all. With `overflow` some
    sum passed 2**64 - 1 and nothing here can be used.
    """

    keys: Keys
    counts: npt.NDArray[np.uint64]
    floor: int
    distinct: int
    total: int
    overflow: bool


@dataclass(frozen=True, slots=True, eq=False)
class TableScan:
    """The result of one pass over a table.

    `lists[grouping][class]` are in the order of the call. `types` has rows and count by record type, of
    the RRSET rows in the ranges. `rows` (RRSET and RDATA) were added up, `blocks` read. `rrsets` and
    `rdata` tell of entries that are none: how many, the offset of the first block that holds one, and
    why.
    """

    lists: tuple[tuple[TopKeys, ...], ...]
    types: dict[int, tuple[int, int]]
    rows: int
    blocks: int
    rrsets: Skipped = NONE_SKIPPED
    rdata: Skipped = NONE_SKIPPED


def scan(
    tables: Sequence[Table],
    groupings: Sequence[Grouping | int],
    types: TypeClasses,
    *,
    keep: int = UNLIMITED,
    min_count: int = 0,
    ranges: Sequence[KeyRange] = (KeyRange(),),
    rdata_owners: bytes = b"",
    threads: int = 1,
    cancel: Cancel | None = None,
) -> list[TableScan | TableError]:
    """Add up the rows of each table; keep the `keep` largest keys whose count is at least `min_count`.

    A grouping may be a number k: the owner's last k labels. `ranges` (ascending, apart) limit owner names
    for all but rdata, of which only those count whose reversed owner begins with `rdata_owners`. A table
    that cannot be read has its error in its place. Raises Cancelled, DeadlineExceeded.
    """
    outcomes = _scan.scan(
        list(tables),
        groups=[_group(grouping, keep, min_count) for grouping in groupings],
        class_of=types.class_of,
        classes=types.count,
        all=types.all,
        ranges=[(r.start, r.stop) for r in ranges],
        rdata_owners=rdata_owners,
        suffixes=suffix_trie(),
        threads=threads,
        cancel=cancel,
    )
    return [outcome if isinstance(outcome, TableError) else _table_scan(*outcome) for outcome in outcomes]


def sum_groups(
    tables: Sequence[Table],
    by: Grouping | None,
    keys: Iterable[bytes],
    wanted: Sequence[npt.NDArray[np.uint32]],
    *,
    types: Iterable[int] | None = None,
    threads: int = 1,
    cancel: Cancel | None = None,
) -> list[npt.NDArray[np.uint64] | TableError]:
    """For each table the exact sums of the keys (as scans give them) whose indices stand in its `wanted`.

    `by` None sums everything at and under a name, whatever it is grouped as. `types` None counts all.
    Raises Cancelled, DeadlineExceeded, CountOverflow.
    """
    outcomes = _scan.sum_groups(
        list(tables),
        by=NativeGrouping.DEPTH if by is None else native_grouping(by),
        keys=list(keys),
        wanted=[np.ascontiguousarray(w, np.uint32).tobytes() for w in wanted],
        types=None if types is None else list(types),
        suffixes=suffix_trie(),
        threads=threads,
        cancel=cancel,
    )
    return [sums if isinstance(sums, TableError) else np.frombuffer(sums, np.uint64) for sums in outcomes]


@cache
def suffix_trie() -> _scan.SuffixTrie:
    """The installed public suffix list, for native code; compiled once."""
    return _scan.SuffixTrie(suffix_list().compiled)


def _group(grouping: Grouping | int, keep: int, min_count: int) -> tuple[int, int, int, int]:
    """A grouping as native code takes it: its number, the labels of a depth, and what its lists keep."""
    if isinstance(grouping, int):
        return NativeGrouping.DEPTH, grouping, keep, min_count
    return native_grouping(grouping), 0, keep, min_count


def _table_scan(
    lists: list[list[tuple[bytes, bytes, bytes, int, int, int, bool]]],
    types: dict[int, tuple[int, int]],
    *figures: Any,
) -> TableScan:
    return TableScan(tuple(tuple(_top_keys(*top) for top in classes) for classes in lists), types, *figures)


def _top_keys(blob: bytes, offsets: bytes, counts: bytes, *bounds: Any) -> TopKeys:
    keys = Keys(blob, np.frombuffer(offsets, np.int64))
    return TopKeys(keys, np.frombuffer(counts, np.uint64), *bounds)
