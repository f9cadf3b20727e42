"""What a picture shows, before anything is drawn: lines over one time axis, stretches to shade, marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from dnstide.client.plot.kinds import kind_name
from dnstide.model.analysis import Findings, Mark
from dnstide.model.errors import InvalidQuestion
from dnstide.model.texts import many
from dnstide.model.vocabulary import UNKNOWN_WHERE_ZERO, Coverage

if TYPE_CHECKING:
    from dnstide.model.granularity import Granularity
    from dnstide.model.top import Top
    from dnstide.model.volume import Axis, Series, Volume

PANELS_FROM = 13
"""From this many series on each has a panel of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series on the whole axis: a count for each bucket (0 where not listed), NaN smoothed where not
    defined.

    `known` is False where there was nothing to look at: a gap in the drawing, not a zero.
    """

    label: str
    counts: npt.NDArray[np.uint64]
    smoothed: npt.NDArray[np.float64] | None
    known: npt.NDArray[np.bool_]

    def raw(self) -> npt.NDArray[np.float64]:
        """The counts as floats, NaN in the gaps."""
        return np.where(self.known, self.counts.astype(np.float64), np.nan)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The buckets [first, stop) share one coverage that is not complete."""

    first: int
    stop: int
    coverage: Coverage


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything a drawing needs. `edges` are the n + 1 bounds of the n buckets, datetime64[s].

    `kind` is one of KINDS; `log` asks for a logarithmic axis of counts; `raw` and `smooth` say which of the
    two are drawn; `panels` puts each line into a panel of its own; `classic` draws in black with YYYYMMDD
    dates. `ylim` limits the axis of counts, None at either end for what the counts need. `command` and
    `dataset` say below a page what was asked, and of which tables.
    """

    title: str
    edges: npt.NDArray[np.datetime64]
    granularity: Granularity
    lines: tuple[Line, ...]
    stretches: tuple[Stretch, ...] = ()
    marks: tuple[Mark, ...] = ()
    smoothing: str = ""
    kind: str = "line"
    log: bool = False
    raw: bool = True
    smooth: bool = True
    panels: bool = False
    classic: bool = False
    ylim: tuple[float | None, float | None] | None = None
    command: str = ""
    dataset: str = ""

    @property
    def starts(self) -> npt.NDArray[np.datetime64]:
        return self.edges[:-1]

    @property
    def smoothed_drawn(self) -> bool:
        return self.smooth and any(line.smoothed is not None for line in self.lines)

    def with_marks(self, marks: Sequence[Mark]) -> Picture:
        return replace(self, marks=tuple(marks))


def picture_of(
    volume: Volume,
    *,
    kind: str = "line",
    log: bool = False,
    title: str | None = None,
    marks: Sequence[Mark] = (),
    raw: bool = True,
    smooth: bool = True,
    panels: bool | None = None,
    classic: bool = False,
    labels: Sequence[str] | None = None,
    ylim: tuple[float | None, float | None] | None = None,
    command: str = "",
) -> Picture:
    """The picture of an answer.

    panels: one for each series; None decides by their number. labels: what the series are called, in their
    order; None takes their names. ylim: the least and the largest count of the axis, None for what the counts
    need. command: what was asked, for the foot of a page. Raises InvalidQuestion for an unknown kind, a wrong
    number of labels, or limits that are none.
    """
    axis = volume.axis
    called = [label_of(series) for series in volume.series] if labels is None else list(labels)
    if len(called) != len(volume.series):
        raise InvalidQuestion([("labels", f"{len(called)} labels for {len(volume.series)} series")])
    if ylim is not None:
        check_limits(ylim)
    lines = tuple(_line(axis, series, label) for series, label in zip(volume.series, called, strict=True))
    return Picture(
        title=title if title is not None else default_title(volume),
        edges=np.append(axis.starts, axis.stop).astype("datetime64[s]"),
        granularity=axis.granularity,
        lines=lines,
        stretches=stretches(axis),
        marks=tuple(marks),
        smoothing=smoothing_words(volume),
        kind=kind_name(kind),
        log=log,
        raw=raw or volume.smoothing is None,
        smooth=smooth,
        panels=len(lines) >= PANELS_FROM if panels is None else panels,
        classic=classic,
        ylim=ylim,
        command=command,
        dataset=dataset_words(volume),
    )


def check_limits(ylim: tuple[float | None, float | None]) -> None:
    """Raises InvalidQuestion unless the limits of the counts are finite, not negative, the first smaller."""
    given = [limit for limit in ylim if limit is not None]
    low, high = ylim
    wrong = any(not np.isfinite(limit) or limit < 0 for limit in given) or high == 0
    if wrong or (low is not None and high is not None and low >= high):
        said = ":".join("" if limit is None else f"{limit:g}" for limit in ylim)
        raise InvalidQuestion([("ylim", f'"{said}" must be a smaller and a larger count, as 0 and 1000')])


def dataset_words(answer: Volume | Top | Findings) -> str:
    """How many tables answered, what they cover, and which state of the catalog it was."""
    summary = answer.summary
    of = "" if summary.tables_answered == summary.tables_asked else f"{summary.tables_answered:,} of "
    said = f"{of}{many(summary.tables_asked, 'table')} answered"
    if not answer.complete:
        said += f"; it {answer.coverage}"
    return said + (f"; catalog {summary.catalog_version}" if summary.catalog_version else "")


def default_title(volume: Volume, asked: Sequence[str] = (), only: str = "") -> str:
    """`www.example.com: count by day`, or how many names there are.

    asked: what to call the names, where not by those of the series. only: what the counts are limited to.
    """
    names = list(dict.fromkeys(asked or [series.name for series in volume.series]))
    who = ", ".join(name.rstrip(".") or "." for name in names[:3])
    if len(names) > 3:
        who = f"{len(names)} names"
    return f"{who}{only and f' ({only})'}: count by {volume.axis.granularity.words}"


def smoothing_words(volume: Volume) -> str:
    """`trailing mean, 7 days`, or nothing."""
    if volume.smoothing is None:
        return ""
    many, step = volume.smoothing.period, volume.axis.granularity
    unit = f"times {step.words}" if step == "ten-minutes" else step.words if many == 1 else f"{step.words}s"
    return f"{volume.smoothing.method.replace('-', ' ')}, {many} {unit}"


def label_of(series: Series) -> str:
    """The name without its closing dot, with what came with it, and the record type where split."""
    name = series.name.rstrip(".") or "."
    name += series.asked[len(series.name) :]
    return name if series.rrtype is None else f"{name} {series.rrtype}"


def _line(axis: Axis, series: Series, label: str) -> Line:
    counts = np.zeros(len(axis), dtype=np.uint64)
    counts[series.buckets] = series.counts
    smoothed = None
    if series.smoothed is not None:
        smoothed = np.full(len(axis), np.nan)
        smoothed[series.buckets] = series.smoothed
    known = (counts > 0) | ~np.isin(axis.coverage, UNKNOWN_WHERE_ZERO)
    return Line(label, counts, smoothed, known)


def stretches(axis: Axis) -> tuple[Stretch, ...]:
    """Where the coverage is not complete."""
    marks = axis.coverage
    if not len(marks):
        return ()
    bounds = np.flatnonzero(np.diff(marks)) + 1
    edges = [0, *bounds.tolist(), len(marks)]
    runs = [Stretch(a, b, Coverage(int(marks[a]))) for a, b in pairwise(edges)]
    return tuple(run for run in runs if run.coverage is not Coverage.COMPLETE)
