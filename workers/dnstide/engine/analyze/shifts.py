"""Level changes: the days on which a series moves to a new level and stays there.

Method: seeded binary segmentation (S. Kovács, H. Li, P. Bühlmann, A. Munk, "Seeded binary segmentation",
Biometrika 110, 2023) with the rank-sum statistic of `ranks.best_split`, choosing the narrowest interval that
shows a change (R. Baranowski, Y. Chen, P. Fryzlewicz, "Narrowest-over-threshold detection", JRSS B 81, 2019).
Ranks make it blind to the size of single spikes and to a variance that grows with the level, so no noise
model is needed.

A change is kept where, between its neighbours, all of these hold:

* the rank-sum z, by the more cautious of two standard errors, passes sqrt(2·ln n) + 1.5, divided by
  sqrt((1 − r)/(1 + r)) where neighbouring buckets resemble each other (r, the lag-one rank correlation within
  both sides, if positive): n values of such a series are worth n·(1 − r)/(1 + r) independent ones;
* the levels differ by the factor `min_ratio` at least, up or down;
* the change is abrupt: the medians of the 2·`shortest` buckets before and after it lie two thirds as far
  apart as those of the whole sides, on a logarithmic scale; a slow trend or a year's swing is no shift;
* both sides are `shortest` buckets or longer.
"""

from __future__ import annotations

import math

import numpy as np
from dnstide.engine.analyze.columns import Floats, Ints, columns, moments, rates, refusal
from dnstide.engine.analyze.ranks import best_split, cautious_z, midranks
from dnstide.engine.analyze.season import without_season
from dnstide.model.analysis import Shift
from numpy.typing import ArrayLike

SHRINK = 1.0 / math.sqrt(2.0)  # each layer of intervals is this much shorter than the one above

ABRUPT = 2.0 / 3.0


def find_shifts(
    counts: ArrayLike,
    known: ArrayLike | None = None,
    *,
    edges: ArrayLike | None = None,
    season: int | None = None,
    shortest: int = 7,
    min_ratio: float = 1.25,
    per: int | None = None,
) -> tuple[Shift, ...]:
    """The level changes of one series, in order of time.

    counts: one per bucket of an unbroken axis, 0 where none was seen. known: False where no table covers
    the bucket; such buckets are skipped. edges: the n+1 borders of the buckets, unix seconds; without
    them bucket i begins at second i. Buckets may differ in length: rates are compared, and levels told
    for `per` seconds (None: for a bucket of the usual length). season: buckets of a repeating pattern to
    take out first (7 for days). shortest: buckets that a level lasts at least. Raises AnalysisRefused for
    bad arguments; a series that is too short to judge has no shifts.
    """
    numbers, mask = columns("shifts", counts, known)
    times = moments(edges, numbers.size)
    if shortest < 2:
        raise refusal("shifts", f"the shortest level must last 2 buckets or more, not {shortest}")
    if not min_ratio >= 1.0:
        raise refusal("shifts", f"the smallest ratio must be 1 or more, not {min_ratio}")
    places = np.flatnonzero(mask).astype(np.int64)
    scaled, _, told = rates(numbers, edges, per)
    levels = told[mask]
    if levels.size < 2 * shortest:
        return ()
    values = without_season(np.log(scaled[mask] + 0.5), places, season)
    changes = _settle(values, levels, _candidates(values, shortest), shortest, min_ratio)
    bounds = [0, *(c for c, _ in changes), levels.size]
    shifts = []
    for i, (change, score) in enumerate(changes):
        before, after = _levels(levels[bounds[i] : change], levels[change : bounds[i + 2]])
        shifts.append(Shift(times[places[change]], before, after, _ratio(before, after), score))
    return tuple(shifts)


def _threshold(size: int) -> float:
    """How large z must be in a series of `size` buckets: the law of the largest of many, and a margin."""
    return math.sqrt(2.0 * math.log(max(size, 2))) + 1.5


def _candidates(values: Floats, shortest: int) -> list[int]:
    """Splits of the narrowest seeded intervals whose z passes the threshold, no interval used twice."""
    size = values.size
    threshold = _threshold(size)
    seen: list[tuple[int, int, int]] = []
    for starts, width in _layers(size, 2 * shortest):
        step = max(1, 2_000_000 // width)
        for low in range(0, starts.size, step):
            firsts = starts[low : low + step]
            splits, scores = best_split(values[firsts[:, None] + np.arange(width)], shortest)
            strong = np.flatnonzero(scores > threshold)
            seen.extend((width, int(firsts[i]), int(firsts[i] + splits[i])) for i in strong)
    chosen: list[int] = []
    for width, start, split in sorted(seen):
        if not any(start < other < start + width for other in chosen):
            chosen.append(split)
    return sorted(chosen)


def _layers(size: int, narrowest: int) -> list[tuple[Ints, int]]:
    """Start places and width of each layer of seeded intervals, from the whole series down."""
    layers = []
    depth = 0
    while True:
        width = max(narrowest, math.ceil(size * SHRINK**depth))
        many = 2 * math.ceil((1.0 / SHRINK) ** depth) - 1
        layers.append((np.unique(np.linspace(0, size - width, many).astype(np.int64)), width))
        if width == narrowest:
            return layers
        depth += 1


def _settle(
    values: Floats, levels: Floats, changes: list[int], shortest: int, min_ratio: float
) -> list[tuple[int, float]]:
    """Place each change anew between its neighbours and drop the weakest until all that stay stand on their
    own.
    """
    threshold = _threshold(values.size)
    while changes:
        changes = _replace(values, changes, shortest)
        bounds = [0, *changes, values.size]
        scores: list[float] = []
        margins: list[float] = []
        for i, change in enumerate(changes):
            before, after = slice(bounds[i], change), slice(change, bounds[i + 2])
            score = cautious_z(values[before], values[after]) * _independence(values[before], values[after])
            ratio = _ratio(*_levels(levels[before], levels[after]))
            far = ratio >= min_ratio or ratio <= 1.0 / min_ratio
            kept = far and _is_abrupt(values[before], values[after], 2 * shortest)
            scores.append(score)
            margins.append(score - threshold if kept else -math.inf)
        weakest = int(np.argmin(margins))
        if margins[weakest] > 0:
            return list(zip(changes, scores, strict=True))
        del changes[weakest]
    return []


def _replace(values: Floats, changes: list[int], shortest: int) -> list[int]:
    """Each change moved to the best split between its neighbours; those left without room are dropped."""
    placed: list[int] = []
    for i in range(len(changes)):
        low = placed[-1] if placed else 0
        high = changes[i + 1] if i + 1 < len(changes) else values.size
        if high - low < 2 * shortest:
            continue
        split, _ = best_split(values[None, low:high], shortest)
        placed.append(low + _sharpen(values[low:high], int(split[0]), shortest))
    return placed


def _sharpen(values: Floats, split: int, shortest: int) -> int:
    """The split near the given one with the least Σ|value − median of its side|; the medians stay put.

    The rank sum weighs a split by the lengths of its sides, which pulls it some buckets towards the middle.
    """
    low, high = max(shortest, split - shortest), min(values.size - shortest, split + shortest)
    before, after = np.median(values[:split]), np.median(values[split:])
    gain = np.cumsum(np.abs(values - before) - np.abs(values - after))
    return low + int(np.argmin(gain[low - 1 : high]))


def _is_abrupt(before: Floats, after: Floats, near: int) -> bool:
    """Whether the `near` values on either side already differ by most of what the whole sides differ by."""
    whole = float(np.median(after) - np.median(before))
    close = float(np.median(after[:near]) - np.median(before[-near:]))
    return close * whole >= 0.0 and abs(close) >= ABRUPT * abs(whole)


def _independence(before: Floats, after: Floats) -> float:
    """sqrt((1 − r)/(1 + r)) for the lag-one rank correlation r within the two sides, 1 where r is not
    positive.
    """
    products, squares = 0.0, 0.0
    for side in (before, after):
        ranks = midranks(side[None, :])[0]
        ranks = (ranks - ranks.mean()) / side.size
        products += float(ranks[:-1] @ ranks[1:])
        squares += float(ranks @ ranks)
    r = products / squares if squares > 0 else 0.0
    noise = 2.0 / math.sqrt(before.size + after.size)
    r = min(max(r - noise, 0.0), 0.95)
    return math.sqrt((1.0 - r) / (1.0 + r))


def _levels(before: Floats, after: Floats) -> tuple[float, float]:
    pair = float(np.median(before)), float(np.median(after))
    return pair if min(pair) > 0 else (float(before.mean()), float(after.mean()))


def _ratio(before: float, after: float) -> float:
    if before == 0:
        return 1.0 if after == 0 else math.inf
    return after / before
