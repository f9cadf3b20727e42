"""Bounds of several shards laid beside each other."""

from __future__ import annotations

import numpy as np
from dnstide.engine.top.merged import merge
from dnstide.mtbl.keys import Keys
from dnstide.shard.counts import LARGEST_COUNT
from dnstide.shard.ranking.bounds import Bounds


def sent(keys: list[bytes], low: list[int], high: list[int], floor: int, lists: int = 1) -> Bounds:
    """What one shard sent; a key whose bounds differ is missing in one of its lists."""
    missing = np.array([a != b for a, b in zip(low, high, strict=True)], np.uint32)
    bounds = np.array(low, np.uint64), np.array(high, np.uint64)
    return Bounds(Keys.of(keys), *bounds, missing, floor, lists, False, 5)


def test_a_shard_that_did_not_send_a_key_bounds_it_by_its_floor() -> None:
    """Sums, floors and the look-ups that an exact count would take."""
    merged = merge([sent([b"a", b"b"], [10, 4], [10, 6], 3, 2), sent([b"a"], [1], [1], 2)])
    assert list(merged.keys) == [b"a", b"b"]
    assert (merged.low.tolist(), merged.high.tolist()) == ([11, 4], [11, 8])
    assert merged.lookups.tolist() == [0, 2]
    assert (merged.theta, merged.lists) == (5, 3)


def test_a_bound_past_the_largest_count_stops_there() -> None:
    """It does not wrap to a small one, which would lose the key from the ranking."""
    merged = merge([sent([b"a"], [1], [LARGEST_COUNT - 1], 0), sent([b"a"], [1], [5], 0)])
    assert merged.high.tolist() == [LARGEST_COUNT]
    assert merged.low.tolist() == [2]
