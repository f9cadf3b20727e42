from __future__ import annotations

from itertools import pairwise

import numpy as np
from dnstide.engine.volume.coverage import GRACE, base_coverage, mark_failed
from dnstide.model.vocabulary import Coverage
from hypothesis import given
from hypothesis import strategies as st

C, P, N, D, U = Coverage


def ints(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def test_base_coverage() -> None:
    """Whole, half and empty buckets."""
    assert base_coverage(ints(0, 10, 20, 30), ints(0, 10), ints(10, 15)).tolist() == [C, P, N]
    assert base_coverage(ints(0, 10), ints(), ints()).tolist() == [N]
    assert base_coverage(ints(5, 10), ints(0), ints(20)).tolist() == [C]


@given(
    st.lists(st.integers(0, 60), min_size=2, max_size=12, unique=True),
    st.lists(st.integers(0, 60), max_size=12, unique=True),
)
def test_base_coverage_by_brute_force(edges: list[int], borders: list[int]) -> None:
    """As counting second by second says."""
    edges, borders = sorted(edges), sorted(borders[: len(borders) // 2 * 2])
    starts, stops = borders[::2], borders[1::2]
    there = {t for a, b in zip(starts, stops, strict=True) for t in range(a, b)}
    expected = []
    for a, b in pairwise(edges):
        some = there & set(range(a, b))
        expected.append(C if len(some) == b - a else P if some else N)
    assert base_coverage(ints(*edges), ints(*starts), ints(*stops)).tolist() == expected


def test_failed_tables_mark_their_buckets_and_the_day_before() -> None:
    """Rows of a failed table may be first seen up to a day earlier, so that day is not complete either."""
    edges = np.arange(0, 6 * GRACE, GRACE, dtype=np.int64)
    base = np.full(5, C, np.uint8)
    assert mark_failed(base, edges, ints(3 * GRACE), ints(4 * GRACE), D, grace=True).tolist() == [
        C,
        C,
        P,
        D,
        C,
    ]
    assert mark_failed(base, edges, ints(3 * GRACE), ints(4 * GRACE), U, grace=False).tolist() == [
        C,
        C,
        C,
        U,
        C,
    ]
    hours = np.arange(0, 2 * GRACE + 1, 3600, dtype=np.int64)
    marked = mark_failed(np.full(48, C, np.uint8), hours, ints(30 * 3600), ints(31 * 3600), D, grace=True)
    assert marked.tolist() == [C] * 6 + [P] * 24 + [D] + [C] * 17


def test_marks_keep_the_worst() -> None:
    """A hole stays a hole, damage stays damage, and tables outside the axis touch nothing else."""
    edges = np.arange(0, 5 * GRACE, GRACE, dtype=np.int64)
    base = np.array([C, N, D, C], np.uint8)
    assert mark_failed(base, edges, ints(2 * GRACE), ints(3 * GRACE), D, grace=True).tolist() == [C, N, D, C]
    assert mark_failed(base, edges, ints(4 * GRACE), ints(5 * GRACE), D, grace=True).tolist() == [C, N, D, P]
    assert mark_failed(base, edges, ints(-GRACE), ints(0), D, grace=True).tolist() == base.tolist()
    assert base.tolist() == [C, N, D, C], "the plan's own coverage is not touched"


def test_failed_tables_side_by_side_mark_all_their_buckets() -> None:
    """One begins where the other ends, and the first one began before the axis."""
    edges = np.arange(0, 5 * GRACE, GRACE, dtype=np.int64)
    base = np.full(4, C, np.uint8)
    starts, stops = ints(-GRACE, GRACE, 2 * GRACE), ints(GRACE, 2 * GRACE, 3 * GRACE)
    assert mark_failed(base, edges, starts, stops, D, grace=False).tolist() == [D, D, D, C]
