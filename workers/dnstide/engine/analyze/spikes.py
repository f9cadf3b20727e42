"""Spikes: single buckets, or a few in a row, that stand out from what surrounds them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from dnstide.engine.analyze.columns import SHORT, Bools, Floats, columns, moments, rates, refusal, stabilised
from dnstide.engine.analyze.season import running_median, without_season
from dnstide.engine.analyze.shifts import find_shifts
from dnstide.model.analysis import Spike
from numpy.typing import ArrayLike

MAD_TO_SIGMA = 1.4826  # of the normal law: 1 / Φ⁻¹(3/4)


def find_spikes(
    counts: ArrayLike,
    known: ArrayLike | None = None,
    *,
    edges: ArrayLike | None = None,
    season: int | None = None,
    window: int = 29,
    threshold: float = 6.0,
) -> tuple[Spike, ...]:
    """The buckets whose robust z-score passes `threshold`, in order of time.

    With x the stabilised count 2·sqrt((count + 3/8) / l), less the repeating pattern of `season` buckets, l
    the length of a bucket over the usual one,

        z = (x − M) / sqrt(max(1, 1.4826·D)² + max(0, f²/l − 1)),

    M the median of x over the `window` buckets around it, D the larger of the median of |x − M| there and
    of that over the whole level (MAD; 29 buckets alone often look calmer than they are), for buckets of
    less than 0.9 of the usual length also of that over all such, f the factor by which taking out the
    pattern stretched x. Windows do not reach across a level change (`find_shifts`). 1 is the spread that
    chance alone gives a stabilised Poisson count, so a quiet name does not spike for one query; f is that
    of a count stretched so, such as those of a quiet Sunday, and a short bucket swings by 1/l in x². What
    is expected is told for the bucket's own length. Unknown buckets are skipped; edges are those of
    `find_shifts`. Raises AnalysisRefused for bad arguments. Source: B. Iglewicz and D. Hoaglin, "How to
    detect and handle outliers", 1993 (the modified z-score, there with a threshold of 3.5 for one look;
    one series has hundreds).
    """
    numbers, mask = columns("spikes", counts, known)
    times = moments(edges, numbers.size)
    if window < 3:
        raise refusal("spikes", f"the window must be 3 buckets or more, not {window}")
    if not threshold > 0:
        raise refusal("spikes", f"the threshold must be above 0, not {threshold}")
    places = np.flatnonzero(mask).astype(np.int64)
    kept, lengths = numbers[mask], rates(numbers, edges, None).lengths[mask]
    if kept.size < window:
        return ()
    raw = stabilised(kept, lengths)
    # The pattern multiplies, so it is taken out of the logarithms.
    logs = 2.0 * np.log(raw)
    values = np.exp(without_season(logs, places, season) / 2.0)
    stretched = np.maximum(np.square(values / raw) / lengths - 1.0, 0.0)
    changes = [shift.time for shift in find_shifts(counts, known, edges=edges, season=season)]
    bounds = [0, *(int(np.searchsorted(times[places], change)) for change in changes), kept.size]
    pieces = [
        _robust_scores(values[a:b], stretched[a:b], lengths[a:b] < SHORT, window) for a, b in pairwise(bounds)
    ]
    middle = np.concatenate([piece[0] for piece in pieces])
    scores = np.concatenate([piece[1] for piece in pieces])
    expected = np.maximum(np.square(middle * raw / values / 2.0) * lengths - 0.375, 0.0)
    return tuple(
        Spike(times[places[i]], int(kept[i]), float(expected[i]), float(scores[i]))
        for i in np.flatnonzero(np.abs(scores) > threshold)
    )


def _robust_scores(values: Floats, extra: Floats, short: Bools, window: int) -> tuple[Floats, Floats]:
    """The running median of one level, and how many robust standard deviations each value lies from it.

    extra: the variance that each value has beyond that of the others. short: buckets with a spread of their
    own.
    """
    middle = running_median(values, window)
    away = np.abs(values - middle)
    spread = MAD_TO_SIGMA * np.maximum(running_median(away, window), np.median(away))
    if short.any():
        spread[short] = np.maximum(spread[short], MAD_TO_SIGMA * np.median(away[short]))
    return middle, (values - middle) / np.sqrt(np.square(np.maximum(spread, 1.0)) + extra)
