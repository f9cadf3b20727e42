"""The largest changes between two spans, proved: the threshold algorithm of `rank` on differences and on
ratios.

A rise is counted from the span where the sum is larger (`plus`) against the other (`minus`); a fall is a
rise with the two exchanged. A key that no list of `plus` holds reaches at most Θ₊ there, and so rises by at
most Θ₊.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from functools import cmp_to_key
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.engine.top.merged import Merged, add_exact, merge, nth_largest
from dnstide.engine.top.threshold import (
    FIRST_DEPTH,
    LOOKUPS_WORTH,
    can_lengthen,
    deepen,
    longer,
    send_for,
)
from dnstide.model.top import Certificate, capped
from dnstide.mtbl.keys import Keys
from dnstide.shard.counts import Counts
from dnstide.shard.ranking.requests import AboveRequest, ExactRequest, RankRequest, TopRequest

AFTER, BEFORE = 0, 1
"""The `span` of a request: the span asked for, and the baseline span."""


class Direction(Enum):
    """Which way a key moved."""

    RISE = "rise"
    FALL = "fall"


@dataclass(frozen=True, slots=True)
class Movement:
    """One key and its exact sums in both spans."""

    key: bytes
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Movers:
    """The keys that moved most, the largest change first. The certificate's threshold is in counts, also for
    ratios: there it is the minimum count that a key must reach to be ranked at all."""

    movements: tuple[Movement, ...]
    certificate: Certificate


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    """The keys of the plus span beside their bounds in the minus span."""

    keys: Keys
    low: Counts
    high: Counts
    minus_low: Counts
    minus_high: Counts
    lookups: npt.NDArray[np.int64]


def move(
    n: int, direction: Direction, tie_order: Callable[[bytes], Any], *, ratio_min_count: int | None = None
) -> Generator[RankRequest, Any, Movers]:
    """Yield questions about both spans, be sent the answers, return the `n` largest changes.

    By difference; or, with `ratio_min_count`, by the ratio of the larger sum to the smaller among keys whose
    larger sum is at least `ratio_min_count` (a key absent from the other span comes before all others, the
    largest first).
    """
    plus, minus = (AFTER, BEFORE) if direction is Direction.RISE else (BEFORE, AFTER)
    depth = max(FIRST_DEPTH, 5 * n)
    plus_request: TopRequest | AboveRequest = TopRequest(depth, send_for(n), span=plus)
    minus_request: TopRequest | AboveRequest = TopRequest(depth, send_for(n), span=minus)
    rounds = looked_up = scanned = 0
    while True:
        ahead = merge((yield plus_request))
        behind = merge((yield minus_request))
        rounds += 2
        scanned += ahead.scanned + behind.scanned
        both = _beside(ahead, behind)
        chosen = _by_ratio(both, n, ratio_min_count) if ratio_min_count else _by_difference(both, n)
        cost = int(both.lookups[chosen].sum())
        if cost > LOOKUPS_WORTH and (
            can_lengthen(plus_request, ahead) or can_lengthen(minus_request, behind)
        ):
            plus_request = longer(plus_request, n) if can_lengthen(plus_request, ahead) else plus_request
            minus_request = longer(minus_request, n) if can_lengthen(minus_request, behind) else minus_request
            continue
        asked = both.keys.take(chosen)
        ups, downs = both.low[chosen], both.minus_low[chosen]
        if len(chosen) and cost:
            ups = add_exact((yield ExactRequest(asked, span=plus)), len(chosen))
            downs = add_exact((yield ExactRequest(asked, span=minus)), len(chosen))
            rounds += 2
            looked_up += cost
        threshold = ratio_min_count or nth_largest(_difference(ups, downs), n)
        certificate = Certificate(
            theta=capped(ahead.theta),
            threshold=threshold,
            lists=ahead.lists,
            depth=ahead.depth,
            candidates=len(chosen),
            lookups=looked_up,
            scanned=scanned,
            rounds=rounds,
        )
        if (
            ahead.theta == 0 or ahead.theta < threshold
        ):  # the order of a single list says nothing about changes
            moved = [
                (key, up, down)
                for key, up, down in zip(asked, ups.tolist(), downs.tolist(), strict=True)
                if up > down and up >= (ratio_min_count or 0)
            ]
            moved = _sorted(moved, tie_order, bool(ratio_min_count))[:n]
            rise = direction is Direction.RISE
            return Movers(
                tuple(Movement(key, *((down, up) if rise else (up, down))) for key, up, down in moved),
                certificate,
            )
        plus_request = deepen(plus_request, ahead, n, threshold, plus)


def _beside(ahead: Merged, behind: Merged) -> _Both:
    places = {key: i for i, key in enumerate(behind.keys)}
    at = np.array([places.get(key, -1) for key in ahead.keys], np.intp)
    seen = at >= 0
    low = np.zeros(len(at), np.uint64)
    high = np.full(len(at), min(behind.theta, 2**64 - 1), np.uint64)
    lookups = np.full(len(at), behind.lists if behind.theta else 0, np.int64)
    low[seen], high[seen], lookups[seen] = (
        behind.low[at[seen]],
        behind.high[at[seen]],
        behind.lookups[at[seen]],
    )
    return _Both(ahead.keys, ahead.low, ahead.high, low, high, ahead.lookups + lookups)


def _difference(a: Counts, b: Counts) -> Counts:
    return np.where(a > b, a - b, np.uint64(0))


def _by_difference(both: _Both, n: int) -> npt.NDArray[np.intp]:
    enough = nth_largest(_difference(both.low, both.minus_high), n)
    return np.flatnonzero(_difference(both.high, both.minus_low) >= np.uint64(max(enough, 1)))


def _by_ratio(both: _Both, n: int, min_count: int) -> npt.NDArray[np.intp]:
    """The keys that may reach the n-th largest ratio; floats with a margin only prune, the rank is by
    integers.
    """
    with np.errstate(divide="ignore"):
        surely = both.low.astype(np.float64) / both.minus_high.astype(np.float64)
        possibly = both.high.astype(np.float64) / both.minus_low.astype(np.float64)
    able = both.high >= np.uint64(min_count)
    sure = surely[(both.low >= np.uint64(min_count)) & (both.low > both.minus_high)]
    enough = np.partition(sure, len(sure) - n)[len(sure) - n] if len(sure) >= n else 0.0
    return np.flatnonzero(able & (possibly >= enough * (1 - 1e-9)) & (both.high > both.minus_low))


def _sorted(
    moved: list[tuple[bytes, int, int]], tie_order: Callable[[bytes], Any], ratio: bool
) -> list[tuple[bytes, int, int]]:
    if not ratio:
        return sorted(moved, key=lambda item: (item[2] - item[1], tie_order(item[0])))

    def compare(a: tuple[bytes, int, int], b: tuple[bytes, int, int]) -> int:
        left, right = a[1] * b[2], b[1] * a[2]
        if a[2] == b[2] == 0 or left == right:
            left, right = a[1], b[1]
        return (left < right) - (left > right)

    return sorted(sorted(moved, key=lambda item: tie_order(item[0])), key=cmp_to_key(compare))
