"""Least squares of one series on another, and how much of it levels explain."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from dnstide.engine.analyze.columns import Floats, Ints, columns, moments, rates, refusal
from dnstide.engine.analyze.shifts import find_shifts
from dnstide.model.analysis import Correlation
from numpy.typing import ArrayLike

FEWEST = 3  # through two points every line fits
TOLD = 0.1
"""An R² below this says nothing that levels could have made."""


def correlate(
    x: ArrayLike,
    y: ArrayLike,
    x_known: ArrayLike | None = None,
    y_known: ArrayLike | None = None,
    *,
    labels: tuple[str, str] = ("x", "y"),
    edges: ArrayLike | None = None,
    season: int | None = None,
    per: int | None = None,
) -> Correlation:
    """Ordinary least squares of y on x, bucket by bucket, over the buckets known in both. `labels` name them.
    `edges`, `season` and `per` are those of `find_shifts`: of buckets that differ in length, rates are taken.

    `r_squared` is the share of y's variance that the line explains, `r` the correlation coefficient with its
    sign; `slope_error` is the standard error of the slope, in the slope's unit.

    With x̄, ȳ the means: slope = Σ(x−x̄)(y−ȳ)/Σ(x−x̄)², intercept = ȳ − slope·x̄, r² = [Σ(x−x̄)(y−ȳ)]² /
    (Σ(x−x̄)²·Σ(y−ȳ)²), slope_error = sqrt((1 − r²)·Σ(y−ȳ)² / ((n − 2)·Σ(x−x̄)²)).
    Source: N. R. Draper and H. Smith, "Applied Regression Analysis", chapter 1.

    Series that step together correlate, whatever they do otherwise (G. U. Yule, "Why do we sometimes get
    nonsense-correlations between time-series?", JRSS 89, 1926; C. W. J. Granger and P. Newbold, "Spurious
    regressions in econometrics", Journal of Econometrics 2, 1974). So the shared buckets are cut where either
    series changes its level (`find_shifts`); pieces of fewer than 3 buckets lie between two changes and take
    no part. `within_r` = Σ(x−x̄ₗ)(y−ȳₗ) / sqrt(Σ(x−x̄ₗ)²·Σ(y−ȳₗ)²) with x̄ₗ, ȳₗ the means of the level that a
    bucket lies in (the within estimator: Y. Mundlak, "On the pooling of time series and cross section data",
    Econometrica 46, 1978); `difference_r` is r of the differences of neighbouring buckets of one level.
    `level_driven`: there are several levels, R² is 0.1 or more, and within them it is less than half of it,
    or r has the other sign.

    Raises AnalysisRefused where the lengths differ, fewer than 3 buckets are shared, or either series does
    not vary over them.
    """
    first, first_mask = columns("correlation", x, x_known)
    second, second_mask = columns("correlation", y, y_known)
    if first.size != second.size:
        raise refusal(
            "correlation", f"the series have {first.size} and {second.size} buckets; ask for one span"
        )
    shared = first_mask & second_mask
    n = int(shared.sum())
    if n == 0:
        raise refusal("correlation", "the series never overlap: no bucket is known in both")
    if n < FEWEST:
        raise refusal(
            "correlation", f"the series share {n} buckets; {FEWEST} are needed, ask for a longer span"
        )
    a, b = (rates(numbers, edges, per).told[shared] for numbers in (first, second))
    for name, values in (("first", a), ("second", b)):
        if values.min() == values.max():
            raise refusal(
                "correlation", f"the {name} series does not vary: {values[0]:.6g} in all {n} shared buckets"
            )
    da, db = a - a.mean(), b - b.mean()
    sxx, syy, sxy = float(da @ da), float(db @ db), float(da @ db)
    slope = sxy / sxx
    r = max(-1.0, min(1.0, sxy / math.sqrt(sxx * syy)))
    error = math.sqrt((1.0 - r * r) * syy / ((n - 2) * sxx))
    places = np.flatnonzero(shared).astype(np.int64)
    times = moments(edges, first.size)[:-1][shared]
    changes = {
        int(np.searchsorted(times, shift.time))
        for series in (first, second)
        for shift in find_shifts(series, shared, edges=edges, season=season)
    }
    levels, within_r, difference_r = _within_levels(a, b, places, sorted(changes))
    driven = _is_level_driven(levels, r, within_r)
    intercept = float(b.mean() - slope * a.mean())
    return Correlation(*labels, slope, intercept, r, r * r, error, n, levels, within_r, difference_r, driven)


def _within_levels(
    x: Floats, y: Floats, places: Ints, changes: list[int]
) -> tuple[int, float | None, float | None]:
    """How many levels there are between the changes, r of the deviations from their means, and r of the
    differences of neighbours in them. `places` are the indexes of the buckets on the axis.
    """
    bounds = [0, *changes, x.size]
    levels = [slice(p, q) for p, q in pairwise(bounds) if q - p >= FEWEST]
    if not levels:
        return 0, None, None
    deviations = [np.concatenate([_centred(v[level]) for level in levels]) for v in (x, y)]
    follows = [np.diff(places[level]) == 1 for level in levels]
    steps = [
        np.concatenate([np.diff(v[level])[next_] for level, next_ in zip(levels, follows, strict=True)])
        for v in (x, y)
    ]
    return len(levels), _coefficient(*deviations), _coefficient(*map(_centred, steps))


def _centred(values: Floats) -> Floats:
    """The values less their mean, exactly 0 where all are equal."""
    if not values.size or values.min() == values.max():
        return np.zeros(values.size)
    return np.asarray(values - values.mean(), dtype=np.float64)


def _coefficient(dx: Floats, dy: Floats) -> float | None:
    """r of deviations from a mean; None for fewer than three, or where either does not vary."""
    squares = float(dx @ dx) * float(dy @ dy)
    if dx.size < FEWEST or squares <= 0.0:
        return None
    return max(-1.0, min(1.0, float(dx @ dy) / math.sqrt(squares)))


def _is_level_driven(levels: int, r: float, within_r: float | None) -> bool:
    """Whether what the line explains is mostly what the levels explain."""
    if levels < 2 or r * r < TOLD:
        return False
    return within_r is None or within_r * r < 0.0 or within_r * within_r < r * r / 2.0
