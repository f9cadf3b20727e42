"""Counts of many owner names in many tables, by one native call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dnstide.mtbl._native as _native
import numpy as np
from dnstide.mtbl._native import BlockCache, Cancel, Table
from dnstide.mtbl.errors import TableError
from dnstide.mtbl.query import LookupQuery
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Columns of equal length, unique and sorted by (query, rrtype, bucket); the rest describes the work.

    `rrtype` is 0 where the question was not split. `rows` were counted (once for each query), `blocks`
    walked, decoded for it or found in a cache. The tables in `failures` (their place in the call, and why)
    add nothing to the columns. `skipped` has rows that are none: the place of the query and of the table, how
    many, the offset of the first block that holds one, and why; once for each query, as `rows`. `outside` are
    the earliest and the latest first-seen time, in unix seconds, of rows that a query wants and no bucket
    holds; None where there are none.
    """

    query: NDArray[np.int32]
    rrtype: NDArray[np.uint16]
    bucket: NDArray[np.int32]
    count: NDArray[np.uint64]
    rows: int
    blocks: int
    failures: list[tuple[int, TableError]]
    skipped: list[tuple[int, int, int, int, str]]
    outside: tuple[int, int] | None


def lookup(
    tables: Sequence[Table],
    queries: Sequence[LookupQuery],
    edges: NDArray[np.int64],
    *,
    table_buckets: NDArray[np.int32] | None = None,
    split_by_rrtype: bool = False,
    threads: int = 1,
    cancel: Cancel | None = None,
    cache: BlockCache | None = None,
) -> LookupResult:
    """Adds up the counts of the queries' rows by time_first, in the buckets [edges[i], edges[i + 1]).

    `edges` are n + 1 strictly ascending unix seconds; rows first seen outside are not counted, and told.
    Where
    `table_buckets[t]` is not -1, all rows of table t fall in that bucket, whenever they were first seen. A
    stored count of 0 is read as 1. Each block is read and decoded once, on up to `threads` threads, without
    the GIL. A `cache` keeps decoded blocks that were looked up twice for the look-ups to come. Raises
    Cancelled, DeadlineExceeded, CountOverflow; a damaged table is among the failures instead.
    """
    edges = np.ascontiguousarray(edges, dtype=np.int64)
    if table_buckets is not None:
        table_buckets = np.ascontiguousarray(table_buckets, dtype=np.int32)
    return LookupResult(
        *_native.lookup(tables, queries, edges, table_buckets, split_by_rrtype, threads, cancel, cache)
    )
