"""Taking a repeating pattern, such as the week, out of a series before looking for changes in it."""

from __future__ import annotations

import numpy as np
from dnstide.engine.analyze.columns import Floats, Ints

DAY = 86_400
WEEK = 7 * DAY
LONGEST = 1_440  # a longer pattern costs more to find than it tells
CYCLES = 4  # fewer repetitions than this say too little about the pattern


def without_season(values: Floats, positions: Ints, season: int | None) -> Floats:
    """`values` less the median deviation of their phase from the running median of one season.

    values: numbers on an additive scale (logarithms, stabilised counts). positions: the index of each on the
    axis, ascending; phase is position modulo `season`. Returned unchanged where there is no season, or fewer
    than four whole repetitions of it. The first step of "classical decomposition" with medians for means, so
    that neither a spike nor a change of level bends the pattern. Source: W. S. Cleveland and S. J. Devlin,
    "Calendar effects in monthly time series: detection by spectrum analysis and graphical methods", JASA 75,
    1980.
    """
    if season is None or season < 2 or values.size < CYCLES * season:
        return values
    trend = running_median(values, season)
    phase = positions % season
    pattern = np.zeros(season)
    for k in range(season):
        of_phase = phase == k
        if of_phase.any():
            pattern[k] = np.median((values - trend)[of_phase])
    return np.asarray(values - (pattern - pattern.mean())[phase], dtype=np.float64)


def season_for(step: int, buckets: int) -> int | None:
    """Buckets of the pattern to expect in `buckets` steps of `step` seconds: a week where it repeats often
    enough, otherwise a day; None for steps of more than a day or too short a series.
    """
    for cycle in (WEEK, DAY):
        length = cycle // step
        if length * step == cycle and 2 <= length <= LONGEST and buckets >= CYCLES * length:
            return length
    return None


def running_median(values: Floats, window: int) -> Floats:
    """The median of the `window` values around each (one more to the past where even), of fewer at the ends.

    Windows above 256 are evaluated at every 16th part of their width and joined by straight lines.
    """
    size = values.size
    before = window // 2
    after = window - 1 - before
    if size <= 2 * window:
        return _medians(values, np.arange(size), before, after)
    step = max(1, window // 16) if window > 256 else 1
    inner = np.arange(before, size - after, step)
    views = np.lib.stride_tricks.sliding_window_view(values, window)[::step]
    rows = max(1, 2_000_000 // window)
    middle = np.concatenate([np.median(views[i : i + rows], axis=1) for i in range(0, len(views), rows)])
    low = np.arange(0, before, step)
    high = np.append(np.arange(size - after, size - 1, step), size - 1)
    at = np.concatenate([low, inner, high])
    medians = np.concatenate(
        [_medians(values, low, before, after), middle, _medians(values, high, before, after)]
    )
    return medians if step == 1 else np.interp(np.arange(size), at, medians)


def _medians(values: Floats, at: Ints, before: int, after: int) -> Floats:
    return np.array([np.median(values[max(0, i - before) : i + after + 1]) for i in at], dtype=np.float64)
