"""Merged columns to series: split, fill and smooth, with a Python step for each series and none for each
value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.engine.parse import OwnerTarget
from dnstide.engine.rrtypes import rrtype_text
from dnstide.engine.volume.coverage import Codes
from dnstide.engine.volume.query import VolumeQuery
from dnstide.engine.volume.smooth import smooth
from dnstide.model.question import RowFilter, VolumeQuestion
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis, Indexes, Series, frozen
from dnstide.shard.partial import Int32s, UInt16s, UInt64s

_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_SLAB = 1 << 20
"""Series are laid out as dense rows in slabs of about this many cells."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows [low, high) of the merged columns that make up one series."""

    query: int
    rrtype: int | None
    low: int
    high: int


def build_series(
    volume_query: VolumeQuery, query: Int32s, rrtype: UInt16s, bucket: Int32s, count: UInt64s, axis: Axis
) -> tuple[tuple[Series, ...], int]:
    """The series and the sum of all counts, which may pass 2**64-1.

    There is one series for each name asked, in the order of their first mention; where split, one for each of
    its types, by number.

    A name without rows has one empty series, without a type unless types were asked for. The columns are
    sorted by (query, rrtype, bucket).
    """
    question, distinct = volume_query.question, volume_query.distinct
    if question.split_by_rrtype:
        groups = _groups_by_type(distinct, query, rrtype)
    else:
        bounds = np.searchsorted(query, np.arange(len(distinct) + 1)).tolist()
        groups = [_Group(q, None, bounds[q], bounds[q + 1]) for q in range(len(distinct))]
    names = [str(target) for target in distinct]
    place = {target: i for i, target in reversed([*enumerate(volume_query.targets)])}
    series = []
    filters = [RowFilter() if question.filter else target.filter_texts for target in distinct]
    columns = _columns(
        question, groups, frozen(bucket.astype(np.uint32, copy=False)), frozen(count), axis.coverage
    )
    for group, (buckets, counts, smoothed) in zip(groups, columns, strict=True):
        mnemonic = None if group.rrtype is None else rrtype_text(group.rrtype)
        q = group.query
        series.append(
            Series(names[q], mnemonic, place[distinct[q]], axis, buckets, counts, smoothed, filters[q])
        )
    return tuple(series), _exact_sum(count)


def _groups_by_type(distinct: tuple[OwnerTarget, ...], query: Int32s, rrtype: UInt16s) -> list[_Group]:
    fresh = np.ones(len(query), bool)
    fresh[1:] = (query[1:] != query[:-1]) | (rrtype[1:] != rrtype[:-1])
    lows = np.flatnonzero(fresh)
    highs = np.append(lows[1:], len(query)).tolist()
    runs: dict[int, dict[int, _Group]] = defaultdict(dict)
    for q, kind, low, high in zip(
        query[lows].tolist(), rrtype[lows].tolist(), lows.tolist(), highs, strict=False
    ):
        runs[q][kind] = _Group(q, kind, low, high)
    groups, at = [], 0
    for q, target in enumerate(distinct):
        kinds: list[int | None] = list(target.filter.rrtypes or runs[q]) or [None]
        for kind in kinds:
            group = runs[q].get(-1 if kind is None else kind) or _Group(q, kind, at, at)
            groups.append(group)
            at = group.high
    return groups


def _exact_sum(count: UInt64s) -> int:
    """The sum, exact past 2**64: those of the halves cannot wrap."""
    return int((count & _LOW).sum()) + (int((count >> _HALF).sum()) << 32)


_Columns = tuple[Indexes, UInt64s, npt.NDArray[np.float64] | None]


def _columns(
    question: VolumeQuestion, groups: list[_Group], bucket: Indexes, count: UInt64s, coverage: Codes
) -> Iterator[_Columns]:
    if not question.fill and question.smoothing is None:
        for group in groups:
            yield bucket[group.low : group.high], count[group.low : group.high], None
        return
    every = frozen(np.arange(len(coverage), dtype=np.uint32))
    rows = max(1, _SLAB // len(coverage))
    for first in range(0, len(groups), rows):
        slab = groups[first : first + rows]
        low, high = slab[0].low, slab[-1].high
        row = np.repeat(np.arange(len(slab)), [group.high - group.low for group in slab])
        column = bucket[low:high]
        dense = np.zeros((len(slab), len(coverage)), np.uint64)
        dense[row, column] = count[low:high]
        smoothed = None
        if question.smoothing is not None:
            present = np.zeros(dense.shape, bool)
            present[row, column] = True
            smoothed = frozen(smooth(question.smoothing, dense, _valued(present, coverage, question.fill)))
        frozen(dense)
        for r, group in enumerate(slab):
            if question.fill:
                yield every, dense[r], None if smoothed is None else smoothed[r]
            else:
                buckets = bucket[group.low : group.high]
                line = None if smoothed is None else smoothed[r, buckets]
                yield buckets, count[group.low : group.high], line


def _valued(present: npt.NDArray[np.bool_], coverage: Codes, fill: bool) -> npt.NDArray[np.bool_]:
    """Which buckets have a value to smooth: those with rows, and with fill the zeros of tables that answered.

    A lower bound is no value: damaged and unreachable buckets break the window.
    """
    if fill:
        present = present | (coverage <= Coverage.PARTIAL)
    valued: npt.NDArray[np.bool_] = present & (coverage < Coverage.DAMAGED)
    return valued
