"""What counts show: shifts, spikes, gaps, correlations, shapes, breakdowns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dnstide.model.columns import (
    Column,
    Columns,
    Tabular,
    count_column,
    figure_column,
    flag_column,
    number_column,
    text_column,
    time_column,
)
from dnstide.model.coverage import SpanCoverage, coverage_column, duration_text
from dnstide.model.question import AnalysisQuestion, RowFilter
from dnstide.model.skipped import skipped_text
from dnstide.model.texts import factor_text, many
from dnstide.model.vocabulary import Analysis, GapKind
from dnstide.model.volume import Summary, Volume

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Shift:
    """A level change at `time` (datetime64[s]), the first second of the first bucket of the new level.

    `before` and `after` are the medians of the counts per day (per bucket, where steps are finer) between
    the neighbouring changes (their means, where half or more of either side is zero); `ratio` is after /
    before, infinite from zero. `score` is the rank-sum z.
    """

    time: np.datetime64
    before: float
    after: float
    ratio: float
    score: float

    def __str__(self) -> str:
        """×3.2, ÷3.0, or ×∞ from zero."""
        return factor_text(self.ratio)


@dataclass(frozen=True, slots=True)
class Spike:
    """A bucket that stands out from its surroundings, named by its first second.

    `expected` is what the running median of the rates around makes in this bucket; `score` the robust z,
    negative for a dip.
    """

    time: np.datetime64
    count: int
    expected: float
    score: float

    def __str__(self) -> str:
        """×3.2, ÷3.0 or →0, of what was expected."""
        return factor_text(self.count / self.expected if self.expected else math.inf)


@dataclass(frozen=True, slots=True)
class Gap:
    """[start, stop) without counts: `silent`, though tables were there, or `no-data`.

    `expected` is how many silent spans as long as this chance would make in the whole series (0 for no-data);
    `open` is True where it touches an end of the series or buckets without data, and may be longer.
    """

    start: np.datetime64
    stop: np.datetime64
    kind: GapKind
    expected: float
    open: bool

    def __str__(self) -> str:
        """``silent for 12 hours``."""
        return f"{self.kind} for {duration_text(int((self.stop - self.start).astype(np.int64)))}"


@dataclass(frozen=True, slots=True)
class Shape:
    """Figures of one series over its covered buckets.

    `seen` counts the buckets with a count; `total` is exact. All others are of the counts per day (per
    bucket, where steps are finer), `low` and `high` the smallest and the largest. `variation` is the
    coefficient of variation, standard deviation (n - 1) over mean; None for fewer than two buckets or a
    mean of 0. `weekdays` holds the mean of the buckets that begin on Monday … Sunday (UTC) over the mean
    of all, None where no bucket does, and is empty for buckets longer than a day; `hours` the same for
    the hours 0 … 23, empty for buckets longer than an hour.
    """

    buckets: int
    seen: int
    total: int
    mean: float
    median: float
    low: float
    high: float
    variation: float | None
    weekdays: tuple[float | None, ...]
    hours: tuple[float | None, ...]

    def figures(self) -> list[tuple[str, int | float | None]]:
        """Every figure with its name; those of the profiles are called after the day or the hour."""
        names = ("buckets", "seen", "total", "mean", "median", "low", "high", "variation")
        days = list(zip(WEEKDAYS, self.weekdays, strict=False))
        hours = [(f"{hour:02d}:00", value) for hour, value in enumerate(self.hours)]
        return [(name, getattr(self, name)) for name in names] + days + hours


@dataclass(frozen=True, slots=True)
class Correlation:
    """Least squares y = intercept + slope·x of the series `y` on the series `x`, over `n` buckets known in
    both.

    Two series that step together correlate whatever they do between the steps, so three figures stand beside
    `r`. Of buckets that may differ in length (weeks, months and longer) the counts per day are compared.
    `levels` is how many levels the two have together; `within_r` correlates the deviations from the
    means of these levels, `difference_r` the changes from one bucket to the next within them. Either is None
    where there is nothing to correlate. `level_driven` is True where `r` rests on the levels.
    """

    x: str
    y: str
    slope: float
    intercept: float
    r: float
    r_squared: float
    slope_error: float
    n: int
    levels: int = 1
    within_r: float | None = None
    difference_r: float | None = None
    level_driven: bool = False

    @property
    def remark(self) -> str | None:
        """What a reader of `r` must know: that it rests on the levels. None where it does not."""
        if not self.level_driven:
            return None
        within = "there is nothing to correlate" if self.within_r is None else f"it is {self.within_r**2:.3g}"
        return (
            f"{self.y} on {self.x}: R² {self.r_squared:.3g} rests on changes of level; "
            f"within the {self.levels} levels {within}"
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One record type's total, and its share (0 to 1) of the name's."""

    rrtype: str
    total: int
    share: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A name's total by record type, largest first. `filter` is what came with the name."""

    name: str
    total: int
    parts: tuple[Part, ...]
    filter: RowFilter = field(default_factory=RowFilter)


@dataclass(frozen=True, slots=True)
class SeriesFindings:
    """What was found in one series; only what was asked for is filled. `filter` came with the name."""

    name: str
    rrtype: str | None
    shifts: tuple[Shift, ...] = ()
    spikes: tuple[Spike, ...] = ()
    gaps: tuple[Gap, ...] = ()
    shape: Shape | None = None
    filter: RowFilter = field(default_factory=RowFilter)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to line `line` of a picture at `time`, with a short text (`×3.2`)."""

    line: int
    time: np.datetime64
    text: str


@dataclass(frozen=True, slots=True)
class Findings(Tabular):
    """The answer to `analyze`: `series`, `correlations` or `breakdowns`, as the analysis has it.

    There is one entry in `series` for each series of the volume; in `correlations` one for each but the
    first; in `breakdowns` one for each name. Iterates over those entries.
    """

    question: AnalysisQuestion = field(repr=False)
    summary: Summary
    series: tuple[SeriesFindings, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()

    def __iter__(self) -> Iterator[SeriesFindings | Correlation | Breakdown]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: int) -> SeriesFindings | Correlation | Breakdown:
        return self._entries[place]

    @property
    def _entries(self) -> tuple[SeriesFindings | Correlation | Breakdown, ...]:
        return (*self.series, *self.correlations, *self.breakdowns)

    @property
    def analysis(self) -> Analysis:
        """What was asked."""
        return self.question.analysis

    @property
    def complete(self) -> bool:
        """True where every moment of the span lies in a table that answered."""
        return self.summary.complete

    @property
    def coverage(self) -> SpanCoverage:
        """Which stretches of the span could be looked at."""
        return self.summary.coverage

    def __str__(self) -> str:
        said = [f"{self.analysis}: {many(len(self.columns()), 'row')}", *self.remarks]
        said += skipped_text(self.summary.skipped, self.summary.rows_skipped)
        return "\n".join(said if self.complete else [*said, f"incomplete: it {self.coverage}"])

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the figures must know."""
        step = self.question.volume.granularity
        told = _PER_DAY.get(self.analysis) if step.per is not step else None
        return (
            *((f"{told} per day",) if told else ()),
            *(line.remark for line in self.correlations if line.remark is not None),
        )

    def __repr__(self) -> str:
        found = f"{self.analysis}, {many(len(self.columns()), 'row')}"
        return f"<Findings: {found}, {'complete' if self.complete else 'incomplete'}>"

    @property
    def found(self) -> bool:
        """Whether there is anything to tell."""
        return len(self.columns()) > 0

    def marks(self, volume: Volume) -> tuple[Mark, ...]:
        """Shifts, spikes and silent spans that were found, as marks for a picture of a volume that has the
        same series.
        """
        line_of = {(series.name, series.filter, series.rrtype): line for line, series in enumerate(volume)}
        return tuple(
            Mark(line_of[series.name, series.filter, series.rrtype], time, text)
            for series in self.series
            if (series.name, series.filter, series.rrtype) in line_of
            for time, text in (
                *((shift.time, str(shift)) for shift in series.shifts),
                *((spike.time, str(spike)) for spike in series.spikes),
                *((gap.start, str(gap)) for gap in series.gaps if gap.kind is GapKind.SILENT),
            )
        )

    def columns(self) -> Columns:
        """One row for each thing found. A series is named by `name`, with `rrtypes` and `bailiwick` where
        some came with a name, and `rrtype` where split; `coverage` says of every row whether the span it was
        found in is `complete` or `partial`.
        """
        columns = _COLUMNS[self.analysis](self)
        return Columns((*columns, coverage_column(len(columns[0]), complete=self.complete)))


def _series_columns(findings: Findings, part: str) -> tuple[list[Column], list[Any]]:
    """The columns that name the series of each thing found, and the things themselves."""
    pairs = [(series, thing) for series in findings.series for thing in getattr(series, part)]
    return _names(findings, [series for series, _ in pairs]), [thing for _, thing in pairs]


def _names(findings: Findings, of: Sequence[SeriesFindings]) -> list[Column]:
    columns = [
        text_column("name", [series.name for series in of]),
        *_filter_columns([series.filter for series in findings.series], [series.filter for series in of]),
    ]
    if any(series.rrtype is not None for series in findings.series):
        columns.append(text_column("rrtype", [series.rrtype for series in of]))
    return columns


def _filter_columns(asked: Sequence[RowFilter], of: Sequence[RowFilter]) -> list[Column]:
    """`rrtypes` and `bailiwick` of each row's filter, where any of those asked has some."""
    columns = []
    if any(one.rrtypes for one in asked):
        columns.append(text_column("rrtypes", [",".join(one.rrtypes) or None for one in of]))
    if any(one.bailiwick is not None for one in asked):
        columns.append(text_column("bailiwick", [one.bailiwick for one in of]))
    return columns


def _numbers(things: Iterable[Any], *names: str) -> list[Column]:
    things = list(things)
    return [number_column(name, [getattr(thing, name) for thing in things]) for name in names]


def _shift_columns(findings: Findings) -> list[Column]:
    columns, shifts = _series_columns(findings, "shifts")
    ratio = number_column("ratio", [None if math.isinf(shift.ratio) else shift.ratio for shift in shifts])
    time = time_column("time", [shift.time for shift in shifts], label="date")
    return [*columns, time, *_numbers(shifts, "before", "after"), ratio, *_numbers(shifts, "score")]


def _spike_columns(findings: Findings) -> list[Column]:
    columns, spikes = _series_columns(findings, "spikes")
    time = time_column("time", [spike.time for spike in spikes], label="date")
    count = count_column("count", [spike.count for spike in spikes])
    return [*columns, time, count, *_numbers(spikes, "expected", "score")]


def _gap_columns(findings: Findings) -> list[Column]:
    columns, gaps = _series_columns(findings, "gaps")
    start = time_column("start", [gap.start for gap in gaps])
    stop = time_column("stop", [gap.stop for gap in gaps], label="end")
    kind = text_column("kind", [str(gap.kind) for gap in gaps])
    return [
        *columns,
        start,
        stop,
        kind,
        *_numbers(gaps, "expected"),
        flag_column("open", [g.open for g in gaps]),
    ]


def _shape_columns(findings: Findings) -> list[Column]:
    shapes = [(series, series.shape) for series in findings.series if series.shape is not None]
    rows = [(series, name, value) for series, shape in shapes for name, value in shape.figures()]
    columns = _names(findings, [series for series, _, _ in rows])
    figure = text_column("figure", [name for _, name, _ in rows])
    return [*columns, figure, figure_column("value", [value for _, _, value in rows])]


def _correlation_columns(findings: Findings) -> list[Column]:
    lines = findings.correlations
    labels = [text_column(name, [getattr(line, name) for line in lines]) for name in ("x", "y")]
    figures = _numbers(lines, "slope", "intercept", "r", "r_squared", "slope_error")
    return [
        *labels,
        *figures,
        count_column("n", [line.n for line in lines]),
        count_column("levels", [line.levels for line in lines]),
        *_numbers(lines, "within_r", "difference_r"),
        flag_column("level_driven", [line.level_driven for line in lines]),
    ]


def _breakdown_columns(findings: Findings) -> list[Column]:
    rows = [(breakdown, part) for breakdown in findings.breakdowns for part in breakdown.parts]
    filters = [breakdown.filter for breakdown in findings.breakdowns]
    return [
        text_column("name", [breakdown.name for breakdown, _ in rows]),
        *_filter_columns(filters, [breakdown.filter for breakdown, _ in rows]),
        text_column("rrtype", [part.rrtype for _, part in rows]),
        count_column("total", [part.total for _, part in rows]),
        number_column("share", [part.share for _, part in rows]),
    ]


_PER_DAY = {
    Analysis.SHIFTS: "levels are counts",
    Analysis.SHAPE: "mean, median, low and high are counts",
    Analysis.CORRELATION: "slope and intercept are of counts",
}
"""What is told per day for steps of more than a day, whose buckets may differ in length."""

_COLUMNS: dict[Analysis, Callable[[Findings], list[Column]]] = {
    Analysis.SHIFTS: _shift_columns,
    Analysis.SPIKES: _spike_columns,
    Analysis.GAPS: _gap_columns,
    Analysis.SHAPE: _shape_columns,
    Analysis.CORRELATION: _correlation_columns,
    Analysis.BREAKDOWN: _breakdown_columns,
}
