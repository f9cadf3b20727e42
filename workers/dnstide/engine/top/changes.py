"""The largest changes between two spans, proved: the threshold algorithm of `rank` on differences and on
ratios.

A rise is counted from the span where the rate is larger (`plus`) against the other (`minus`); a fall is a
rise with the two exchanged. A key that no list of `plus` holds reaches at most Θ₊ there, and so rises by at
most Θ₊.

Rates are counts per covered second. Of sums a and b over spans of p and m covered seconds the difference of
rates is (a·m - b·p) / (p·m), so that a·m - b·p ranks them, in whole numbers. Where both spans are equally
long, that is the difference of the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cmp_to_key
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.engine.top.merged import Merged, add_exact, merge
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

Floats = npt.NDArray[np.float64]

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

    def without_held(self) -> _Both:
        """Those keys alone that the minus span may not hold; only those that it surely does not hold are
        sure of their sum in the plus span.
        """
        free = np.flatnonzero(self.minus_low == 0)
        return _Both(
            self.keys.take(free),
            np.where(self.minus_high[free] == 0, self.low[free], np.uint64(0)),
            self.high[free],
            self.minus_low[free],
            self.minus_high[free],
            self.lookups[free],
        )


@dataclass(frozen=True, slots=True)
class _Weights:
    """What sums are multiplied by, so that their difference ranks the difference of rates."""

    plus: int
    minus: int

    @classmethod
    def of(cls, plus_seconds: int, minus_seconds: int) -> _Weights:
        common = gcd(plus_seconds, minus_seconds)
        return cls(minus_seconds // common, plus_seconds // common)

    def difference(self, up: int, down: int) -> int:
        return up * self.plus - down * self.minus

    def count(self, moved: tuple[bytes, int, int]) -> int:
        """The smallest count in the plus span that can rise so much."""
        return -(-self.difference(*moved[1:]) // self.plus)

    def bounds(self, ups: Counts, downs: Counts) -> tuple[Floats, Floats]:
        """Below and above the differences: what floats lose is taken off and added."""
        a = ups.astype(np.float64) * self.plus
        b = downs.astype(np.float64) * self.minus
        lost = (a + b) * 1e-12 if (self.plus, self.minus) != (1, 1) else (a + b) * 1e-15
        return a - b - lost, a - b + lost


def move(
    n: int,
    direction: Direction,
    tie_order: Callable[[bytes], Any],
    *,
    ratio_min_count: int | None = None,
    seconds: tuple[int, int] = (1, 1),
    absent: bool = False,
) -> Generator[RankRequest, Any, Movers]:
    """Yield questions about both spans, be sent the answers, return the `n` largest changes.

    By difference of rates; or, with `ratio_min_count`, by their ratio among keys whose sum in the plus span
    is at least `ratio_min_count` (a key absent from the other span comes before all others, the largest
    first). `seconds` are covered in the span asked and in the baseline. With `absent`, only keys count that
    the minus span does not hold.
    """
    plus, minus = (AFTER, BEFORE) if direction is Direction.RISE else (BEFORE, AFTER)
    weights = _Weights.of(seconds[plus], seconds[minus])
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
        if absent:
            both = both.without_held()
        if ratio_min_count:
            chosen = _by_ratio(both, n, ratio_min_count, weights)
        else:
            chosen = _by_difference(both, n, weights)
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
        sums = zip(asked, ups.tolist(), downs.tolist(), strict=True)
        moved = _largest(sums, n, tie_order, weights, ratio_min_count, absent=absent)
        threshold = ratio_min_count or (weights.count(moved[-1]) if len(moved) == n else 0)
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
            return Movers(_movements(moved, direction), certificate)
        plus_request = deepen(plus_request, ahead, n, threshold, plus)


def move_counted(
    n: int,
    direction: Direction,
    tie_order: Callable[[bytes], Any],
    after: Mapping[bytes, int],
    before: Mapping[bytes, int],
    *,
    ratio_min_count: int | None = None,
    seconds: tuple[int, int] = (1, 1),
    absent: bool = False,
) -> tuple[Movement, ...]:
    """The same of keys that are all counted in both spans."""
    ups, downs = (after, before) if direction is Direction.RISE else (before, after)
    up_seconds, down_seconds = seconds if direction is Direction.RISE else seconds[::-1]
    sums = [(key, up, downs.get(key, 0)) for key, up in ups.items()]
    weights = _Weights.of(up_seconds, down_seconds)
    return _movements(_largest(sums, n, tie_order, weights, ratio_min_count, absent=absent), direction)


def _largest(
    sums: Iterable[tuple[bytes, int, int]],
    n: int,
    tie_order: Callable[[bytes], Any],
    weights: _Weights,
    ratio_min_count: int | None,
    *,
    absent: bool,
) -> list[tuple[bytes, int, int]]:
    """Of keys with their sums in the plus and in the minus span, the `n` that moved most."""
    moved = [
        (key, up, down)
        for key, up, down in sums
        if weights.difference(up, down) > 0 and up >= (ratio_min_count or 0) and not (absent and down)
    ]
    return _sorted(moved, tie_order, weights, bool(ratio_min_count))[:n]


def _movements(moved: list[tuple[bytes, int, int]], direction: Direction) -> tuple[Movement, ...]:
    rise = direction is Direction.RISE
    return tuple(Movement(key, *((down, up) if rise else (up, down))) for key, up, down in moved)


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


def _by_difference(both: _Both, n: int, weights: _Weights) -> npt.NDArray[np.intp]:
    """The keys that may reach the n-th largest difference; floats only prune, the rank is by integers."""
    surely, _ = weights.bounds(both.low, both.minus_high)
    _, possibly = weights.bounds(both.high, both.minus_low)
    return np.flatnonzero((possibly >= _nth(surely, n)) & (possibly > 0))


def _by_ratio(both: _Both, n: int, min_count: int, weights: _Weights) -> npt.NDArray[np.intp]:
    """The keys that may reach the n-th largest ratio; floats only prune, the rank is by integers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        surely = both.low.astype(np.float64) / both.minus_high.astype(np.float64)
        possibly = both.high.astype(np.float64) / both.minus_low.astype(np.float64)
    able = both.high >= np.uint64(min_count)
    rises, _ = weights.bounds(both.low, both.minus_high)
    _, may_rise = weights.bounds(both.high, both.minus_low)
    sure = surely[(both.low >= np.uint64(min_count)) & (rises > 0)]
    return np.flatnonzero(able & (possibly >= _nth(sure, n) * (1 - 1e-9)) & (may_rise > 0))


def _nth(values: Floats, n: int) -> float:
    """The n-th largest, 0 where there are fewer or it is negative."""
    if len(values) < n:
        return 0.0
    return max(float(np.partition(values, len(values) - n)[len(values) - n]), 0.0)


def _sorted(
    moved: list[tuple[bytes, int, int]], tie_order: Callable[[bytes], Any], weights: _Weights, ratio: bool
) -> list[tuple[bytes, int, int]]:
    if not ratio:
        return sorted(moved, key=lambda item: (-weights.difference(*item[1:]), tie_order(item[0])))

    def compare(a: tuple[bytes, int, int], b: tuple[bytes, int, int]) -> int:
        left, right = a[1] * b[2], b[1] * a[2]
        if a[2] == b[2] == 0 or left == right:
            left, right = a[1], b[1]
        return (left < right) - (left > right)

    return sorted(sorted(moved, key=lambda item: tie_order(item[0])), key=cmp_to_key(compare))
