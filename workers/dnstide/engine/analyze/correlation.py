"""Least squares of one series on another."""

from __future__ import annotations

import math

import numpy as np
from dnstide.engine.analyze.columns import columns, refusal
from dnstide.model.analysis import Correlation
from numpy.typing import ArrayLike

FEWEST = 3  # through two points every line fits


def correlate(
    x: ArrayLike,
    y: ArrayLike,
    x_known: ArrayLike | None = None,
    y_known: ArrayLike | None = None,
    *,
    labels: tuple[str, str] = ("x", "y"),
) -> Correlation:
    """Ordinary least squares of y on x, bucket by bucket, over the buckets known in both. `labels` name them.

    `r_squared` is the share of y's variance that the line explains, `r` the correlation coefficient with its
    sign; `slope_error` is the standard error of the slope, in the slope's unit.

    With x̄, ȳ the means: slope = Σ(x−x̄)(y−ȳ)/Σ(x−x̄)², intercept = ȳ − slope·x̄, r² = [Σ(x−x̄)(y−ȳ)]² /
    (Σ(x−x̄)²·Σ(y−ȳ)²), slope_error = sqrt((1 − r²)·Σ(y−ȳ)² / ((n − 2)·Σ(x−x̄)²)).
    Source: N. R. Draper and H. Smith, "Applied Regression Analysis", chapter 1.
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
    a, b = first[shared].astype(np.float64), second[shared].astype(np.float64)
    for name, values in (("first", a), ("second", b)):
        if values.min() == values.max():
            raise refusal(
                "correlation", f"the {name} series does not vary: {int(values[0])} in all {n} shared buckets"
            )
    da, db = a - a.mean(), b - b.mean()
    sxx, syy, sxy = float(da @ da), float(db @ db), float(da @ db)
    slope = sxy / sxx
    r = max(-1.0, min(1.0, sxy / math.sqrt(sxx * syy)))
    error = math.sqrt((1.0 - r * r) * syy / ((n - 2) * sxx))
    return Correlation(*labels, slope, float(b.mean() - slope * a.mean()), r, r * r, error, n)
