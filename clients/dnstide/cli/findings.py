"""Findings as text, CSV, JSON and JSON lines: plain lists, a row for each thing found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.client.analyses import Findings, SeriesFindings, Shape
from dnstide.client.results import FINE, Coverage, Volume

from .render import rows_pieces

COLUMNS = {
    "shifts": ("date", "before", "after", "ratio", "score"),
    "spikes": ("date", "count", "expected", "score"),
    "gaps": ("start", "end", "kind", "expected", "open"),
    "shape": ("figure", "value"),
    "correlation": ("x", "y", "slope", "intercept", "r", "r_squared", "slope_error", "n"),
    "breakdown": ("name", "rrtype", "total", "share"),
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def findings_pieces(found: Findings, form: str) -> Iterator[str]:
    """The findings in one of the four formats; text has its columns named in the first line."""
    columns = list(COLUMNS[found.analysis])
    rows = list(_rows(found))
    if found.analysis not in ("correlation", "breakdown"):
        split = any(one.rrtype is not None for one in found.series)
        columns = ["name", *(["rrtype"] if split else []), *columns]
        rows = [[row[0], *([row[1]] if split else []), *row[2:]] for row in rows]
    if form == "text":
        rows = [columns, *([_text(value) for value in row] for row in rows)]
    yield from rows_pieces(columns, rows, form)


def shared_counts(volume: Volume) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The counts of the first two series in the buckets that tables cover whole."""
    known = volume.axis.coverage == Coverage.COMPLETE
    dense = []
    for series in volume.series[:2]:
        counts = np.zeros(len(volume.axis), dtype=np.uint64)
        counts[series.buckets] = series.counts
        dense.append(counts[known])
    return dense[0], dense[1]


def _rows(found: Findings) -> Iterator[list[Any]]:
    fine = found.granularity in FINE
    for c in found.correlations:
        yield [c.x, c.y, *map(_number, (c.slope, c.intercept, c.r, c.r_squared, c.slope_error)), c.n]
    for b in found.breakdowns:
        yield from ([b.name, part.rrtype, part.total, _number(part.share)] for part in b.parts)
    for one in found.series:
        for row in _found(one, fine):
            yield [one.name, one.rrtype, *row]


def _found(one: SeriesFindings, fine: bool) -> Iterator[list[Any]]:
    for shift in one.shifts:
        ratio = None if math.isinf(shift.ratio) else _number(shift.ratio)
        yield [
            _when(shift.time, fine),
            _number(shift.before),
            _number(shift.after),
            ratio,
            _number(shift.score),
        ]
    for spike in one.spikes:
        yield [_when(spike.time, fine), spike.count, _number(spike.expected), _number(spike.score)]
    for gap in one.gaps:
        yield [_when(gap.start, fine), _when(gap.stop, fine), gap.kind, _number(gap.expected), gap.open]
    if one.shape is not None:
        yield from _shape(one.shape)


def _shape(shape: Shape) -> Iterator[list[Any]]:
    for figure in ("buckets", "seen", "total", "mean", "median", "low", "high", "variation"):
        yield [figure, _number(getattr(shape, figure))]
    yield from ([day, _number(value)] for day, value in zip(WEEKDAYS, shape.weekdays, strict=False))
    yield from ([f"{hour:02d}:00", _number(value)] for hour, value in enumerate(shape.hours))


def _when(time: np.datetime64, fine: bool) -> str:
    return f"{time.astype('datetime64[s]')}Z" if fine else str(time.astype("datetime64[D]"))


def _number(value: float | None) -> float | int | None:
    """Six significant digits, and whole numbers as such; integers stay exact."""
    if value is None or isinstance(value, int):
        return value
    short = float(f"{value:.6g}")
    return int(short) if short == int(short) else short


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)
