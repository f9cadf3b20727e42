"""Volume over everything, from summaries: what `*.` adds up to by table and record type is known without a
scan.

It suffices where the whole of a table falls in one bucket, that is by file, and no bailiwick is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dnstide.mtbl import CountOverflow, LookupQuery
from dnstide.shard.bounds import LARGEST_COUNT, add_counts
from dnstide.shard.partial import Failure, Partial
from dnstide.shard.question import ShardQuestion

__all__ = ["answered_by_totals", "partial_of_totals"]

TypeCounts = dict[int, tuple[int, int]]


def answered_by_totals(question: ShardQuestion) -> bool:
    """Whether totals by table and type are all that a question needs."""
    buckets = question.plan.table_buckets
    if buckets is None or not all(map(_is_everything, question.queries)):
        return False
    return bool((np.frombuffer(buckets, "<i4") >= 0).all())


def _is_everything(query: LookupQuery) -> bool:
    return query.wildcard and query.prefix == b"\0" and query.bailiwick is None


def partial_of_totals(
    question: ShardQuestion,
    buckets: Sequence[int],
    totals: Sequence[TypeCounts],
    failures: tuple[Failure, ...],
    seconds: float,
) -> Partial:
    """The answer, from the totals and the bucket of each table that can be read. Raises CountOverflow."""
    places: dict[tuple[int, int, int], int] = {}
    at: list[int] = []
    counts: list[int] = []
    rows = 0
    for number, query in enumerate(question.queries):
        for bucket, types in zip(buckets, totals, strict=True):
            for rrtype, (found, count) in types.items():
                if query.rrtypes and rrtype not in query.rrtypes:
                    continue
                if count > LARGEST_COUNT:
                    raise CountOverflow("a total of one table passes 2**64 - 1")
                key = (number, rrtype if question.split_by_rrtype else 0, bucket)
                at.append(places.setdefault(key, len(places)))
                counts.append(count)
                rows += found
    summed = add_counts(np.array(at, np.intp), np.array(counts, np.uint64), len(places))
    order = sorted(range(len(places)), key=list(places).__getitem__)
    keys = np.array(list(places), np.int64).reshape(-1, 3)[order]
    return Partial(
        keys[:, 0].astype(np.int32),
        keys[:, 1].astype(np.uint16),
        keys[:, 2].astype(np.int32),
        summed[order],
        rows,
        0,
        len(totals),
        failures,
        seconds,
    )
