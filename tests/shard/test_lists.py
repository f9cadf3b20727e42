"""The lists of several tables added up: bounds stop at the largest count and never wrap."""

from __future__ import annotations

import numpy as np
from dnstide.shard.counts import LARGEST_COUNT
from dnstide.shard.ranking.lists import PrefixList, add_up


def prefix(counts: dict[int, int], floor: int) -> PrefixList:
    """A list that holds these keys, by number; any other reaches `floor` at most."""
    ids = np.array(list(counts), np.int32)
    total = sum(counts.values())
    return PrefixList(ids, np.array(list(counts.values()), np.uint64), len(ids) + 1, floor, total, False)


def test_a_missing_list_adds_its_floor() -> None:
    """Key 0 is in both lists, key 1 in the first one: it may reach the floor of the second in addition."""
    sums = add_up([prefix({0: 10, 1: 8}, 3), prefix({0: 5}, 4)], 2)
    assert (sums.low.tolist(), sums.high.tolist(), sums.missing.tolist()) == ([15, 8], [15, 12], [0, 1])
    assert sums.theta == 7


def test_a_bound_past_the_largest_count_stops_there() -> None:
    """Count and floor together do not fit: the bound is the largest count, not what is left of the sum."""
    sums = add_up([prefix({0: LARGEST_COUNT - 5, 1: 7}, 1), prefix({1: 7}, 10)], 2)
    assert sums.low.tolist() == [LARGEST_COUNT - 5, 14]
    assert sums.high.tolist() == [LARGEST_COUNT, 14]


def test_floors_past_the_largest_count_bound_nothing() -> None:
    """Where the floors do not fit by themselves, only keys that every list holds are bounded."""
    sums = add_up([prefix({0: 9, 1: 9}, LARGEST_COUNT), prefix({0: 9}, 8)], 2)
    assert sums.high.tolist() == [18, LARGEST_COUNT]
    assert sums.theta == LARGEST_COUNT + 8
