"""Volume over everything, and over large suffixes, from summaries: without reading a row.

They suffice where all rows of a table fall in one bucket (so by file), no bailiwick is asked for, and every
name stands for a subtree that the summaries know: everything, a last label, or a registered domain that is
among the largest of every table for these types.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dnstide.model.errors import Failure
from dnstide.mtbl import LookupQuery, RowFilter, Table
from dnstide.shard.counts import add_counts
from dnstide.shard.partial import Partial
from dnstide.shard.question import ShardQuestion
from dnstide.shard.summaries.store import Summaries

Totals = list[list[dict[int, int]]]
"""For each query and table, counts by record type; under 0 where the question is not split."""


def answered_by_totals(question: ShardQuestion) -> bool:
    """Whether totals by table, suffix and type are all that a question needs."""
    buckets = question.plan.table_buckets
    if buckets is None or not all(
        q.wildcard and q.filter == RowFilter(q.filter.rrtypes) for q in question.queries
    ):
        return False
    return bool((np.frombuffer(buckets, "<i4") >= 0).all())


def totals_of(
    summaries: Summaries, tables: Sequence[Table], queries: Sequence[LookupQuery], *, split: bool
) -> Totals | None:
    """The totals of these queries, or None where a summary does not tell one, or where tables have rows that
    are none: only who reads them knows which of these a query would meet. Raises CountOverflow.
    """
    if summaries.have_odd_rows(tables):
        return None
    totals = []
    for query in queries:
        # A prefix is the entry type and a suffix without the zero that closes it.
        suffix = query.prefix[1:] + b"\0"
        counts = summaries.counts(tables, suffix, query.filter.rrtypes, split=split)
        if counts is None:
            return None
        totals.append(counts)
    return totals


def partial_of_totals(
    totals: Totals, buckets: Sequence[int], failures: tuple[Failure, ...], seconds: float
) -> Partial:
    """The answer, from the totals and the bucket of each table that can be read. Raises CountOverflow."""
    places: dict[tuple[int, int, int], int] = {}
    at: list[int] = []
    counts: list[int] = []
    for number, by_table in enumerate(totals):
        for bucket, by_type in zip(buckets, by_table, strict=True):
            for rrtype, count in by_type.items():
                at.append(places.setdefault((number, rrtype, bucket), len(places)))
                counts.append(count)
    summed = add_counts(np.array(at, np.intp), np.array(counts, np.uint64), len(places))
    order = sorted(range(len(places)), key=list(places).__getitem__)
    keys = np.array(list(places), np.int64).reshape(-1, 3)[order]
    return Partial(
        keys[:, 0].astype(np.int32),
        keys[:, 1].astype(np.uint16),
        keys[:, 2].astype(np.int32),
        summed[order],
        answered=len(buckets),
        summarized=len(buckets),
        failures=failures,
        seconds=seconds,
    )
