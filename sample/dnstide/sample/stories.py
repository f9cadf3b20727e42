"""The daily counts that the sample tells as stories; everything else in it is made up.

Two school districts (laveeneld.k12.az.us, gesd.k12.az.us) and www.yahoo.com, after the published article
"Volume-Over-Time Data From DNSDB Export MTBL Files". The figures that the article prints come out exactly:
the first, fourteenth and last day of the first district's year with their moving averages of period 14, the
28 days of www.yahoo.com, and one day's totals of both districts. The rest has the shapes it describes.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

FIRST_DAY = date(2016, 9, 1)
DAYS = 900  # the last one is 2019-02-17
JUMP = date(2017, 9, 15)  # both districts jump on this day
RANK_DAY = date(2018, 12, 3)  # the day whose totals under each district are the published ones
LAVEEN_RANK_DAY = 3_402_660
GESD_RANK_DAY = 2_634_318

YAHOO_FROM = date(2018, 10, 31)
YAHOO = (
    *(30779, 24464, 29553, 20790, 31577, 26500, 30638, 29298, 30591, 21037, 28302, 28388, 27235, 28350),
    *(26326, 24542, 31130, 26718, 23614, 31338, 24308, 27419, 28067, 22076, 23211, 29751, 22494, 30519),
)
YAHOO_NEW_TARGET = date(2018, 8, 14)  # from here on the name points elsewhere


@dataclass(frozen=True, slots=True)
class Stories:
    """Counts by date of first sight, one per day from FIRST_DAY on."""

    laveen: Counts
    gesd: Counts
    yahoo: Counts


def day(when: date) -> int:
    """The index of a date in the series."""
    return (when - FIRST_DAY).days


def tell(seed: int) -> Stories:
    """Draw the three series. The same seed gives the same counts."""
    return Stories(
        laveen=_laveen(np.random.default_rng([seed, 1])),
        gesd=_gesd(np.random.default_rng([seed, 2])),
        yahoo=_yahoo(np.random.default_rng([seed, 3])),
    )


def _level(rng: np.random.Generator, n: int, mean: float, spread: float) -> Counts:
    """`n` days around a level, each leaning a little on the day before."""
    steps = rng.normal(0.0, spread, n)
    walk = np.empty(n)
    last = 0.0
    for i, step in enumerate(steps):
        last = 0.35 * last + step
        walk[i] = last
    return np.rint(mean * np.exp(walk)).astype(np.int64)


def _summing(rng: np.random.Generator, total: int, first: int | None, last: int, n: int) -> Counts:
    """`n` days that add up to `total` with the given ends."""
    ends = (first or 0) + last
    free = n - (first is not None) - 1
    inner = _level(rng, free, (total - ends) / free, 0.06)
    inner += (total - ends - int(inner.sum())) // free
    inner[: total - ends - int(inner.sum())] += 1
    head = [] if first is None else [first]
    return np.array([*head, *inner.tolist(), last], dtype=np.int64)


def _laveen(rng: np.random.Generator) -> Counts:
    out = _level(rng, DAYS, 1450, 0.06)

    def fill(start: date, stop: date, mean: float, spread: float) -> None:
        a, b = day(start), day(stop)
        out[a:b] = _level(rng, b - a, mean, spread)

    # 1401.78571428571 and 1426.85714285714 are these sums over 14.
    out[:14] = _summing(rng, 19_625, 1094, 1189, 14)
    fill(date(2017, 2, 6), date(2017, 3, 27), 540, 0.04)
    trough = out[day(date(2017, 2, 6)) : day(date(2017, 3, 27))]
    np.maximum(trough, 500, out=trough)
    out[day(date(2017, 3, 1))] = 500
    fill(date(2017, 3, 27), date(2017, 8, 10), 2900, 0.13)
    for i, ramp in enumerate((0.35, 0.5, 0.65, 0.8, 0.9)):
        out[day(date(2017, 3, 27)) + i] = round(2900 * ramp)
    out[day(date(2017, 8, 10)) : day(date(2017, 8, 18))] = (3720, 4410, 4760, 4630, 4180, 3350, 2480, 1790)
    out[day(date(2017, 8, 18)) : day(date(2017, 9, 1))] = _summing(rng, 19_976, None, 1424, 14)
    jump = day(JUMP)
    out[jump:] = _level(rng, DAYS - jump, 2_080_000, 0.085).clip(1_150_000, 2_490_000)
    out[jump : jump + 3] = (2_431_877, 2_500_000, 2_468_203)
    out[day(RANK_DAY)] = 2_218_460
    return out


def _gesd(rng: np.random.Generator) -> Counts:
    out = _level(rng, DAYS, 880, 0.07)
    jump = day(JUMP)
    out[jump:] = _level(rng, DAYS - jump, 1_510_000, 0.09).clip(820_000, 1_790_000)
    out[jump : jump + 3] = (1_744_390, 1_800_000, 1_761_052)
    out[day(RANK_DAY)] = 1_702_310
    return out


def _yahoo(rng: np.random.Generator) -> Counts:
    out = _level(rng, DAYS, 27_000, 0.11)
    start = day(YAHOO_FROM)
    out[start : start + len(YAHOO)] = YAHOO
    return out
