"""Smoothing of merged counts: nothing here runs before the last partial has been added.

A bucket is listed where it has a value: a count, or with `fill` a zero that tables vouch for. How each method
treats buckets that are not listed (n is the period; a result is only ever given for a listed bucket):

    trailing-mean    mean of a bucket and the n−1 before it; NaN unless all n are listed, as in vot.pl
    centred-mean     mean of the n around a bucket, an even n leaning one to the past; NaN as above
    exponential      s = αx + (1−α)s with α = 2/(n+1), from the first listed bucket; begins anew after a gap
    median           median of a bucket and the n−1 before it; NaN as above
    savitzky-golay   the parabola that fits the n around a bucket best, there (n odd, 3 or more); NaN as above
                     Keeps the height of peaks, and may fall below zero beside them.

Sources: exponential, R. G. Brown, "Exponential smoothing for predicting demand", 1956; median, J. W. Tukey,
"Exploratory data analysis", 1977; A. Savitzky and M. Golay, Analytical Chemistry 36, 1964, by scipy.signal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import Smoothing
from dnstide.model.vocabulary import SmoothingMethod

Counts = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Listed = npt.NDArray[np.bool_]


def smooth(smoothing: Smoothing, values: Counts, listed: Listed) -> Floats:
    """Smoothed values along the last axis, NaN where not defined. `listed` tells which buckets have a value.

    Raises InvalidQuestion where the period is below 1, longer than the axis, or one that the method cannot
    take.
    """
    n, span = smoothing.period, values.shape[-1]
    if n < 1:
        raise InvalidQuestion.of("smoothing.period", n, "a smoothing period is 1 bucket or more")
    if n > span:
        many = "1 bucket" if span == 1 else f"{span:,} buckets"
        raise InvalidQuestion.of(
            "smoothing.period", n, f"the span asked for has only {many}; shorten the period"
        )
    return _METHODS[smoothing.method](values, listed, n)


def trailing_mean(values: Counts, listed: Listed, n: int) -> Floats:
    """The mean of a bucket and the n-1 before it along the last axis; NaN unless all n are listed, as in
    vot.pl.

    Sums are taken in integers and divided once, so that the printed figures are the exact ones. Where a
    window could pass 2**64-1 they are taken in extended precision instead.
    """
    means = np.full(values.shape, np.nan)
    if values.shape[-1] < n or not values.size:
        return means
    known = np.where(listed, values, np.uint64(0))
    wide = int(known.max()) * n > 2**64 - 1
    counts = _windows(listed.astype(np.int64), n)
    sums = _windows(known.astype(np.longdouble) if wide else known, n)
    whole = (sums / n).astype(np.float64)
    means[..., n - 1 :] = np.where(counts == n, whole, np.nan)
    return means


def centred_mean(values: Counts, listed: Listed, n: int) -> Floats:
    """The trailing mean, moved back by half a period."""
    means = np.full(values.shape, np.nan)
    ahead = (n - 1) // 2
    trailing = trailing_mean(values, listed, n)
    means[..., : values.shape[-1] - ahead] = trailing[..., ahead:]
    return means


def exponential_mean(values: Counts, listed: Listed, n: int) -> Floats:
    alpha = 2.0 / (n + 1)
    out = np.full(values.shape, np.nan)
    level = np.full(values.shape[:-1], np.nan)
    for i in range(values.shape[-1]):
        value = values[..., i].astype(np.float64)
        level = np.where(np.isnan(level), value, alpha * value + (1.0 - alpha) * level)
        level = np.where(listed[..., i], level, np.nan)
        out[..., i] = level
    return out


def trailing_median(values: Counts, listed: Listed, n: int) -> Floats:
    out = np.full(values.shape, np.nan)
    rows = max(1, 4_000_000 // n)  # of the windows, to bound the memory of the copies that sorting makes
    for series, wanted, target in _rows(values, listed, out):
        windows = np.lib.stride_tricks.sliding_window_view(series, n)
        for low in range(0, len(windows), rows):
            part = windows[low : low + rows]
            target[low + n - 1 : low + n - 1 + len(part)] = np.median(part, axis=-1)
        target[: n - 1] = np.nan
        target[n - 1 :][_windows(wanted.astype(np.int64), n) != n] = np.nan
    return out


def savitzky_golay(values: Counts, listed: Listed, n: int) -> Floats:
    if n < 3 or n % 2 == 0:
        raise InvalidQuestion.of(
            "smoothing.period", n, "savitzky-golay takes an odd period of 3 buckets or more"
        )
    try:
        from scipy.signal import savgol_coeffs
    except ImportError:
        reason = "needs scipy where the answer is made: pip install 'dnstide-workers[savgol]'"
        raise InvalidQuestion.of("smoothing.method", str(SmoothingMethod.SAVITZKY_GOLAY), reason) from None
    weights = savgol_coeffs(n, 2, use="dot")
    half = n // 2
    out = np.full(values.shape, np.nan)
    for series, wanted, target in _rows(values, listed, out):
        fitted = np.correlate(series.astype(np.float64), weights, mode="valid")
        whole = _windows(wanted.astype(np.int64), n) == n
        target[half : half + fitted.size] = np.where(whole, fitted, np.nan)
    return out


_METHODS: dict[SmoothingMethod, Callable[[Counts, Listed, int], Floats]] = {
    SmoothingMethod.TRAILING_MEAN: trailing_mean,
    SmoothingMethod.CENTRED_MEAN: centred_mean,
    SmoothingMethod.EXPONENTIAL: exponential_mean,
    SmoothingMethod.MEDIAN: trailing_median,
    SmoothingMethod.SAVITZKY_GOLAY: savitzky_golay,
}


def _rows(values: Counts, listed: Listed, out: Floats) -> list[tuple[Counts, Listed, Floats]]:
    """One-dimensional views of the three arrays, series by series."""
    width = values.shape[-1]
    flat = values.reshape(-1, width), listed.reshape(-1, width), out.reshape(-1, width)
    return list(zip(*flat, strict=True))


def _windows(values: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """Sums of n neighbours along the last axis. Unsigned sums may wrap; their differences do not."""
    sums = np.cumsum(values, axis=-1, dtype=values.dtype)
    windows = sums[..., n - 1 :].copy()
    windows[..., 1:] -= sums[..., :-n]
    return windows
