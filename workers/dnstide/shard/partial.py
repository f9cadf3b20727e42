"""A shard's answer for its tables, and how answers add up.

One law for tables within a shard, shards within a gateway, and retries: `sum_partials`. Its identity is
`Partial.empty()`; order and grouping do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from dnstide.model.errors import Failure
from dnstide.model.skipped import SkippedRows, merge_skipped
from dnstide.mtbl import CountOverflow, TableChanged, TableError

CANCELLED = "CANCELLED"
DEADLINE_PASSED = "DEADLINE_PASSED"
COUNT_OVERFLOW = "COUNT_OVERFLOW"

_MAX_COUNT = 2**64 - 1
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

Int32s = npt.NDArray[np.int32]
UInt16s = npt.NDArray[np.uint16]
UInt64s = npt.NDArray[np.uint64]


def failure_of(table: str, error: TableError) -> Failure:
    """What a reader's error means for the table of that name."""
    retryable = not error.damaged or isinstance(error, TableChanged)
    return Failure(table, error.code, error.reason, error.offset, retryable)


@dataclass(frozen=True, slots=True)
class ShardError:
    """A whole question that a shard could not answer: nothing of it may be used.

    `code` is CANCELLED, DEADLINE_PASSED or COUNT_OVERFLOW.
    """

    id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """Columns of counts, unique and sorted by (query, rrtype, bucket), and what it took to find them."""

    # Index of the query, record type (0 where not split), index of the bucket. Merge law: key of the sum.
    query: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    rrtype: UInt16s = field(default_factory=lambda: np.empty(0, np.uint16))
    bucket: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    # Merge law: addition by key; a sum past 2**64-1 raises CountOverflow.
    count: UInt64s = field(default_factory=lambda: np.empty(0, np.uint64))
    # Rows counted. Merge law: addition.
    rows: int = 0
    # Blocks decoded. Merge law: addition.
    blocks: int = 0
    # Tables whose rows are in the counts. Merge law: addition.
    answered: int = 0
    # Of these, tables answered by their summaries, without reading a row. Merge law: addition.
    summarized: int = 0
    # Failures of the other tables, sorted. Merge law: union.
    failures: tuple[Failure, ...] = ()
    # Seconds that the lookup took. Merge law: maximum, since shards work side by side.
    seconds: float = 0.0
    # Rows that are none, by table. Merge law: addition by table, of the first place.
    skipped: tuple[SkippedRows, ...] = ()
    # The earliest and the latest first-seen time of rows that no bucket holds, unix seconds. Merge law: hull.
    outside: tuple[int, int] | None = None

    @classmethod
    def empty(cls) -> Partial:
        """The identity of the sum."""
        return cls()

    def __add__(self, other: Partial) -> Partial:
        return sum_partials((self, other))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Partial):
            return NotImplemented
        return (
            all(
                np.array_equal(getattr(self, n), getattr(other, n))
                for n in ("query", "rrtype", "bucket", "count")
            )
            and (self.rows, self.blocks, self.answered) == (other.rows, other.blocks, other.answered)
            and self.summarized == other.summarized
            and (self.failures, self.seconds) == (other.failures, other.seconds)
            and (self.skipped, self.outside) == (other.skipped, other.outside)
        )

    __hash__ = None  # type: ignore[assignment]


def sum_partials(partials: Sequence[Partial]) -> Partial:
    """The sum of any number of partials, without a Python step for each value. CountOverflow past 2**64-1."""
    if not partials:
        return Partial.empty()
    if len(partials) == 1:
        return partials[0]
    columns = _sum_columns([p for p in partials if len(p.count)])
    return Partial(
        *columns,
        rows=sum(p.rows for p in partials),
        blocks=sum(p.blocks for p in partials),
        answered=sum(p.answered for p in partials),
        summarized=sum(p.summarized for p in partials),
        failures=union(*(p.failures for p in partials)),
        seconds=max(p.seconds for p in partials),
        skipped=merge_skipped(one for p in partials for one in p.skipped),
        outside=hull(p.outside for p in partials),
    )


def hull(spans: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """From the earliest to the latest of the times, None where there are none."""
    times = [span for span in spans if span is not None]
    return (min(first for first, _ in times), max(last for _, last in times)) if times else None


def union(*failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """The failures sorted by table and code, without duplicates."""
    unique = {failure for group in failures for failure in group}
    return tuple(
        sorted(unique, key=lambda f: (f.table, f.code, f.reason, -1 if f.offset is None else f.offset))
    )


def _sum_columns(partials: list[Partial]) -> tuple[Int32s, UInt16s, Int32s, UInt64s]:
    if not partials:
        empty = Partial.empty()
        return empty.query, empty.rrtype, empty.bucket, empty.count
    query = np.concatenate([p.query for p in partials])
    rrtype = np.concatenate([p.rrtype for p in partials])
    bucket = np.concatenate([p.bucket for p in partials])
    count = np.concatenate([p.count for p in partials])
    if len(partials) > 1:
        order = _order(query, rrtype, bucket)
        query, rrtype, bucket, count = query[order], rrtype[order], bucket[order], count[order]
        begins = np.empty(len(query), bool)
        begins[0] = True
        begins[1:] = (query[1:] != query[:-1]) | (rrtype[1:] != rrtype[:-1]) | (bucket[1:] != bucket[:-1])
        first = np.flatnonzero(begins)
        count = sum_runs(count, first)
        query, rrtype, bucket = query[first], rrtype[first], bucket[first]
    return query, rrtype, bucket, count


def _order(query: Int32s, rrtype: UInt16s, bucket: Int32s) -> npt.NDArray[np.intp]:
    """The order by (query, rrtype, bucket).

    Where the three fit, they are packed in one key, since that sorts runs in one pass.
    """
    rrtypes, buckets = int(rrtype.max()) + 1, int(bucket.max()) + 1
    if (int(query.max()) + 1) * rrtypes * buckets < 2**63:
        key = (query.astype(np.int64) * rrtypes + rrtype) * buckets + bucket
        return np.argsort(key, kind="stable")
    return np.lexsort((bucket, rrtype, query))


def sum_runs(count: UInt64s, first: npt.NDArray[np.intp]) -> UInt64s:
    """Sums of count from each index of `first` to the next one, exact. CountOverflow past 2**64-1."""
    sums = np.add.reduceat(count, first) if len(first) else np.empty(0, np.uint64)
    if len(count) == 0 or int(count.max()) * len(count) <= _MAX_COUNT:
        return sums
    # The halves cannot wrap, so what the low ones carry over tells whether the whole did.
    low = np.add.reduceat(count & _LOW, first)
    high = np.add.reduceat(count >> _HALF, first) + (low >> _HALF)
    if int(high.max()) > int(_LOW):
        raise CountOverflow("a sum of counts passes 2**64-1")
    return sums
