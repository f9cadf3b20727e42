"""How much of one bucket an answer could look at: the marks of `Coverage`, from the periods of tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from dnstide.model.coverage import SpanCoverage
from dnstide.model.granularity import DAY
from dnstide.model.vocabulary import Coverage

Int64s = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]

GRACE = DAY
"""How far before the period of its table a row may be first seen, in seconds."""


def covered(starts: Int64s, stops: Int64s, points: Int64s) -> Int64s:
    """How many seconds before each point lie in the disjoint, ascending periods [starts, stops)."""
    if not len(starts):
        return np.zeros(len(points), np.int64)
    before = np.concatenate(([0], np.cumsum(stops - starts)))
    at = np.searchsorted(starts, points, side="right")
    last = np.maximum(at - 1, 0)
    return np.where(at > 0, before[last] + np.minimum(points, stops[last]) - starts[last], 0)


def base_coverage(edges: Int64s, starts: Int64s, stops: Int64s) -> Codes:
    """COMPLETE, PARTIAL or NONE for each bucket, from disjoint, ascending periods of tables."""
    seconds = np.diff(covered(starts, stops, edges))
    coverage = np.full(len(edges) - 1, Coverage.PARTIAL, np.uint8)
    coverage[seconds == np.diff(edges)] = Coverage.COMPLETE
    coverage[seconds == 0] = Coverage.NONE
    return coverage


def stretches(start: int, stop: int, periods: Sequence[tuple[Int64s, Int64s, Coverage]]) -> SpanCoverage:
    """The coverage of [start, stop), second by second, from periods of tables; the mark of a later entry
    takes the place of an earlier one's. What no period holds is NONE.
    """
    points = [np.clip(part, start, stop) for starts, stops, _ in periods for part in (starts, stops)]
    edges = np.unique(np.concatenate([np.array([start, stop], np.int64), *points]))
    marks = np.full(len(edges) - 1, Coverage.NONE, np.uint8)
    for starts, stops, code in periods:
        depth = np.zeros(len(edges), np.int64)
        np.add.at(depth, np.searchsorted(edges, np.clip(starts, start, stop)), 1)
        np.add.at(depth, np.searchsorted(edges, np.clip(stops, start, stop)), -1)
        marks[np.cumsum(depth[:-1]) > 0] = code
    begins = np.flatnonzero(np.diff(marks, prepend=np.uint8(0)))
    borders = np.append(edges[begins], stop).tolist()
    return SpanCoverage.of(zip(borders[:-1], borders[1:], map(Coverage, marks[begins].tolist()), strict=True))


def mark(coverage: Codes, edges: Int64s, starts: Int64s, stops: Int64s, code: Coverage) -> Codes:
    """A copy in which each bucket that one of the periods touches is at least as bad as the code."""
    first = np.clip(np.searchsorted(edges, starts, side="right") - 1, 0, len(coverage))
    after = np.clip(np.searchsorted(edges, stops, side="left"), first, len(coverage))
    depth = np.zeros(len(coverage) + 1, np.int64)
    np.add.at(depth, first, 1)
    np.add.at(depth, after, -1)
    marks = np.where(np.cumsum(depth[:-1]) > 0, np.uint8(code), np.uint8(0))
    return np.maximum(coverage, marks)


def mark_failed(
    coverage: Codes, edges: Int64s, starts: Int64s, stops: Int64s, code: Coverage, grace: bool
) -> Codes:
    """Failed tables make their own buckets `code`; with grace the day before may lack rows and is PARTIAL."""
    if grace:
        coverage = mark(coverage, edges, starts - GRACE, starts, Coverage.PARTIAL)
    return mark(coverage, edges, starts, stops, code)
