"""The arrays that every analysis takes, checked once."""

from __future__ import annotations

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


def refusal(analysis: str, reason: str) -> AnalysisRefused:
    """The error of series that cannot be analysed as asked."""
    return AnalysisRefused([("", f"{analysis}: {reason}")])


def stabilised(counts: NDArray[np.uint64]) -> Floats:
    """2·sqrt(count + 3/8), whose variance is close to 1 for Poisson counts above about 4.

    Source: F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika
    35, 1948.
    """
    return 2.0 * np.sqrt(counts.astype(np.float64) + 0.375)
