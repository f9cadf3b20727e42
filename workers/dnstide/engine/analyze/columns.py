"""The arrays that every analysis takes, checked once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from dnstide.model.errors import AnalysisRefused
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def columns(analysis: str, counts: ArrayLike, known: ArrayLike | None) -> tuple[NDArray[np.uint64], Bools]:
    """The counts as uint64 and the mask of buckets that were looked at, both one-dimensional and as long.

    `known` is False where no table covers the bucket: its count is then unknown, not zero. None means all
    known. Raises AnalysisRefused where the shapes differ or a count is negative or no whole number.
    """
    raw = np.asarray(counts)
    if raw.ndim != 1:
        raise refusal(analysis, f"counts must be one row of numbers, not {raw.ndim}-dimensional")
    if raw.size and raw.dtype.kind not in "ui":
        raise refusal(analysis, f"counts must be whole numbers, not {raw.dtype}")
    if raw.size and raw.dtype.kind == "i" and int(raw.min()) < 0:
        raise refusal(analysis, "counts must not be negative")
    mask = np.ones(raw.size, dtype=np.bool_) if known is None else np.asarray(known, dtype=np.bool_)
    if mask.shape != raw.shape:
        raise refusal(analysis, f"{raw.size} counts but {mask.size} marks of coverage")
    return raw.astype(np.uint64), mask


def moments(edges: ArrayLike | None, buckets: int) -> NDArray[np.datetime64]:
    """The n+1 borders of the buckets, from unix seconds. Without any, bucket i begins at second i."""
    borders = np.arange(buckets + 1) if edges is None else np.asarray(edges)
    return borders.astype(np.int64).view("datetime64[s]")


SHORT = 0.9
"""Buckets shorter than this part of the usual length (the week of day 29, an end that the span cuts) hold
other days of the week, or hours of the day, than the rest: they are no measure of these, nor these of
them.
"""


class Rates(NamedTuple):
    """Counts of buckets that may differ in length, made comparable.

    `scaled` are the counts that buckets of the usual length (the median) would have at the same rate,
    `lengths` those of the buckets over it: 1 where all are alike. `told` are the rates in the unit that a
    reader is told.
    """

    scaled: Floats
    lengths: Floats
    told: Floats


def rates(counts: NDArray[np.uint64], edges: ArrayLike | None, per: int | None) -> Rates:
    """The counts against the lengths of their buckets, from n+1 borders in seconds; without them all are
    alike. `per`: seconds for which rates are told, None for a bucket of the usual length.
    """
    values = counts.astype(np.float64)
    if edges is None or not values.size:
        return Rates(values, np.ones(values.size), values)
    seconds = np.diff(np.asarray(edges, dtype=np.int64)).astype(np.float64)
    usual = float(np.median(seconds))
    scaled = values * usual / seconds
    return Rates(scaled, seconds / usual, scaled if per is None else values * per / seconds)


def refusal(analysis: str, reason: str) -> AnalysisRefused:
    """The error of series that cannot be analysed as asked."""
    return AnalysisRefused([("", f"{analysis}: {reason}")])


def stabilised(counts: NDArray[np.uint64], lengths: Floats) -> Floats:
    """2·sqrt((count + 3/8) / length), whose variance is close to 1 / length for Poisson counts above about 4.

    Source: F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika
    35, 1948.
    """
    return 2.0 * np.sqrt((counts.astype(np.float64) + 0.375) / lengths)
