"""What an answer shows: shifts, spikes, gaps, correlation, shape, breakdown. Frozen values, and how they
come.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from .errors import InvalidQuestion
from .results import Summary

if TYPE_CHECKING:
    from .plot import Mark
    from .results import Volume

ANALYSES = ("shifts", "spikes", "gaps", "correlation", "shape", "breakdown")

_SETTINGS_OF = {"shifts": ("shortest", "min_ratio"), "spikes": ("window", "threshold"), "gaps": ("alpha",)}


class AnalysisSettings(TypedDict, total=False):
    """How an analysis is made; each has a default of the engine's."""

    shortest: int
    """Shifts: buckets that a level lasts at least (7)."""
    min_ratio: float
    """Shifts: factor by which levels differ at least (1.25)."""
    window: int
    """Spikes: buckets around that a bucket is compared with (29)."""
    threshold: float
    """Spikes: robust z-score from which on a bucket stands out (6)."""
    alpha: float
    """Gaps: silent spans that chance may make before one is not reported (0.01)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A level change at `time`, the first bucket of the new level; `ratio` is after / before, or infinite."""

    time: np.datetime64
    before: float
    after: float
    ratio: float
    score: float

    def __str__(self) -> str:
        """×3.2, ÷3.0, or ×∞ from zero."""
        if math.isinf(self.ratio):
            return "×∞"
        factor = self.ratio if self.ratio >= 1 else (1 / self.ratio if self.ratio else math.inf)
        sign = "×" if self.ratio >= 1 else "÷"
        return (
            f"{sign}{factor:,.0f}" if factor >= 100 else f"{sign}{factor:.1f}" if factor < math.inf else "→0"
        )


@dataclass(frozen=True, slots=True)
class Spike:
    """A bucket that stands out from its surroundings; `score` is negative for a dip."""

    time: np.datetime64
    count: int
    expected: float
    score: float


@dataclass(frozen=True, slots=True)
class Gap:
    """[start, stop) without counts: `silent`, though tables were there, or `no-data`.

    `expected` is how many silent spans as long as this chance would make; `open` is True where it may be
    longer.
    """

    start: np.datetime64
    stop: np.datetime64
    kind: str
    expected: float
    open: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """Figures over the covered buckets; profiles are means over the mean of all, None where nothing is."""

    buckets: int
    seen: int
    total: int
    mean: float
    median: float
    low: int
    high: int
    variation: float | None
    weekdays: tuple[float | None, ...]
    hours: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Least squares y = intercept + slope·x of the series `y` on the series `x`, over `n` buckets."""

    x: str
    y: str
    slope: float
    intercept: float
    r: float
    r_squared: float
    slope_error: float
    n: int


@dataclass(frozen=True, slots=True)
class Part:
    """One record type's total, and its share of the name's."""

    rrtype: str
    total: int
    share: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A name's total by record type, largest first."""

    name: str
    total: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SeriesFindings:
    """What was found in one series; only what was asked for is filled."""

    name: str
    rrtype: str | None
    shifts: tuple[Shift, ...] = ()
    spikes: tuple[Spike, ...] = ()
    gaps: tuple[Gap, ...] = ()
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """The answer to `analyze`: `series`, `correlations` or `breakdowns`, as the analysis has it."""

    analysis: str
    granularity: str
    summary: Summary
    series: tuple[SeriesFindings, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()

    @property
    def complete(self) -> bool:
        """True where every table of the plan answered."""
        return self.summary.complete

    def marks(self, volume: Volume) -> tuple[Mark, ...]:
        """The shifts as marks for a picture of the same series."""
        from .plot import Mark

        line_of = {(series.name, series.rrtype): i for i, series in enumerate(volume.series)}
        return tuple(
            Mark(line_of[one.name, one.rrtype], shift.time, str(shift))
            for one in self.series
            if (one.name, one.rrtype) in line_of
            for shift in one.shifts
        )


def check_analysis(analysis: str, settings: AnalysisSettings | None) -> dict[str, Any]:
    """The settings that were given. Raises InvalidQuestion for an unknown analysis or one that has no such
    setting.
    """
    if analysis not in ANALYSES:
        raise InvalidQuestion([("analysis", f'"{analysis}" is not one of {", ".join(ANALYSES)}')])
    known = _SETTINGS_OF.get(analysis, ())
    given = {name: value for name, value in (settings or {}).items() if value is not None}
    for name in given:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InvalidQuestion([(name, f"no setting of {analysis}; {has}")])
    for name in ("shortest", "window"):
        value = given.get(name, 2)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
            raise InvalidQuestion([(name, f"{value!r} is not a number of buckets")])
    return given


def moment(seconds: int) -> np.datetime64:
    """Unix seconds as datetime64[s]."""
    return np.datetime64(int(seconds), "s")


def profile(values: Iterable[float | None]) -> tuple[float | None, ...]:
    """NaN travels for None."""
    return tuple(None if value is None or math.isnan(value) else float(value) for value in values)
