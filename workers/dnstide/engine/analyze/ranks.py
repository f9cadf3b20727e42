"""The rank statistic behind shift detection."""

from __future__ import annotations

import numpy as np
from dnstide.engine.analyze.columns import Floats, Ints
from numpy.typing import NDArray


def midranks(rows: Floats) -> Floats:
    """Ranks 1…m within each row of an (k, m) array; equal values share the mean of their ranks."""
    count, width = rows.shape
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    fresh = np.ones((count, width), dtype=np.bool_)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places = np.broadcast_to(np.arange(width), (count, width))
    first = np.maximum.accumulate(np.where(fresh, places, 0), axis=1)
    closing = np.ones((count, width), dtype=np.bool_)
    closing[:, :-1] = fresh[:, 1:]
    last = np.minimum.accumulate(np.where(closing, places, width - 1)[:, ::-1], axis=1)[:, ::-1]
    out = np.empty((count, width))
    np.put_along_axis(out, order, (first + last) / 2.0 + 1.0, axis=1)
    return out


def best_split(rows: Floats, shortest: int) -> tuple[Ints, Floats]:
    """For each row the split with the largest standardised two-sample rank sum, and its absolute value z.

    rows: (k, m) values in time order, m >= 2·shortest. A split s parts a row into [0, s) and [s, m), each at
    least `shortest` long. With R_s the sum of the first s ranks,

        z_s = |R_s − s(m+1)/2| / sqrt(s(m−s)/m · V),      V = Σ(rank − mean)² / (m − 1),

    the Wilcoxon–Mann–Whitney statistic with its variance corrected for ties; z is 0 where all values are
    equal. Sources: A. N. Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics
    28, 1979; E. L. Lehmann, "Nonparametrics", 1975, for the ties.
    """
    width = rows.shape[1]
    centred = midranks(rows) - (width + 1) / 2.0
    variance = np.einsum("ij,ij->i", centred, centred) / (width - 1)
    splits = np.arange(shortest, width - shortest + 1)
    sums = np.cumsum(centred, axis=1)[:, splits - 1]
    spread = np.sqrt(splits * (width - splits) / width)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.abs(sums) / (spread * np.sqrt(variance)[:, None])
    scores[variance <= 0] = 0.0
    best = np.argmax(scores, axis=1)
    return splits[best].astype(np.int64), scores[np.arange(len(rows)), best]


def cautious_z(before: Floats, after: Floats) -> float:
    """The rank-sum z of two samples with the larger of two standard errors: pooled, and by each sample's own
    spread.

    The pooled error alone is too small where one short sample holds most of the few different values (a
    handful of seen days in an empty year). The other is that of E. Brunner and U. Munzel, "The nonparametric
    Behrens–Fisher problem", Biometrical Journal 42, 2000.
    """
    n, m = before.size, after.size
    joint = midranks(np.concatenate([before, after])[None, :])[0]
    within = midranks(before[None, :])[0], midranks(after[None, :])[0]
    parts = joint[:n], joint[n:]
    gap = abs(float(parts[0].mean() - parts[1].mean()))
    pooled = float(np.var(joint, ddof=1)) * (1.0 / n + 1.0 / m)
    separate = (n + m) ** 2 * (
        _spread(parts[0] - within[0]) / (n * m * m) + _spread(parts[1] - within[1]) / (m * n * n)
    )
    error = np.sqrt(max(pooled, separate))
    return 0.0 if error == 0 else gap / float(error)


def _spread(placements: NDArray[np.float64]) -> float:
    return float(np.var(placements, ddof=1)) if placements.size > 1 else 0.0
