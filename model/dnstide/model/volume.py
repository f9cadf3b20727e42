"""Volume over time: the answer to `volume`, and what every answer says of itself.

Arrays are read-only numpy arrays. A series refers to the axis of its answer, so that an answer of a thousand
names holds each bucket's time and coverage once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from dnstide.model.columns import (
    Column,
    Columns,
    coded_column,
    count_column,
    number_column,
)
from dnstide.model.coverage import NOT_TOLD, SpanCoverage
from dnstide.model.errors import Failure, MissingExtra
from dnstide.model.granularity import Granularity
from dnstide.model.question import RowFilter, Smoothing, VolumeQuestion
from dnstide.model.skipped import SkippedRows, skipped_text
from dnstide.model.vocabulary import UNKNOWN_WHERE_ZERO, BucketBy, Coverage
from dnstide.model.wide import Line, WideTabular, bucket_column, lines_as_columns, marks_column, spread

Times = npt.NDArray[np.datetime64]
Counts = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int64]
Marks = npt.NDArray[np.uint8]
Indexes = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
_Array = TypeVar("_Array", bound=npt.NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The buckets of an answer: `starts[i]` is the first second of bucket i, `stop` the first after the last.

    The span asked for can cut the first and the last bucket. `coverage` holds a Coverage for each.
    """

    granularity: Granularity
    starts: Times
    stop: np.datetime64
    coverage: Marks

    @classmethod
    def of(cls, granularity: Granularity, edges: Any, coverage: Any) -> Axis:
        """From the n+1 borders of the buckets in unix seconds, and n coverage numbers."""
        borders = np.asarray(edges, dtype=np.int64)
        return cls(
            granularity=granularity,
            starts=frozen(borders[:-1].view("datetime64[s]")),
            stop=np.datetime64(int(borders[-1]), "s"),
            coverage=frozen(np.asarray(coverage, dtype=np.uint8)),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def edges(self) -> Seconds:
        """The n+1 borders of the buckets, unix seconds."""
        return np.append(self.starts.view(np.int64), self.stop.astype(np.int64))

    def known(self, counts: Counts, buckets: Indexes | slice = slice(None)) -> Bools:
        """Where counts of these buckets are known: a zero of a bucket without tables is none."""
        return (counts > 0) | ~np.isin(self.coverage[buckets], UNKNOWN_WHERE_ZERO)

    def rates(self, counts: Counts) -> Floats:
        """Counts of all buckets per day (per bucket, where steps are finer): what analyses compare."""
        return counts.astype(np.float64) * self.granularity.per.seconds / np.diff(self.edges)

    @property
    def unknown(self) -> Bools:
        """True for the buckets of which a count of 0 says nothing."""
        return np.isin(self.coverage, UNKNOWN_WHERE_ZERO)

    @property
    def time_column(self) -> Column:
        """The first second of each bucket."""
        return bucket_column(self.starts, fine=self.granularity.fine)

    def stretches(self) -> list[tuple[int, int, Coverage]]:
        """Runs of buckets of equal coverage, as (first bucket, last bucket, coverage)."""
        if not len(self):
            return []
        borders = (np.flatnonzero(np.diff(self.coverage)) + 1).tolist()
        firsts, lasts = [0, *borders], [*(border - 1 for border in borders), len(self) - 1]
        marks = self.coverage[firsts].tolist()
        return [(a, b, Coverage(mark)) for a, b, mark in zip(firsts, lasts, marks, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts of one name (and one record type where split), in the order of time.

    `name_index` is the first place of the name in the question. The arrays have one length: `buckets`
    (ascending indexes into the axis), `counts` (uint64, exact), `smoothed` (float64, NaN where not defined;
    None where not asked for). Only buckets with rows are listed, unless `fill` was asked. `filter` is
    what came with the name itself (NAME/TYPE/BAILIWICK), not the filter of the whole question.
    """

    name: str
    rrtype: str | None
    name_index: int
    axis: Axis = field(repr=False)
    buckets: Indexes
    counts: Counts
    smoothed: Floats | None = None
    filter: RowFilter = field(default_factory=RowFilter)

    def __len__(self) -> int:
        return len(self.buckets)

    @property
    def asked(self) -> str:
        """The name, with the types and the bailiwick that came with it: `www.example.com./A`."""
        if not self.filter:
            return self.name
        within = "" if self.filter.bailiwick is None else f"/{self.filter.bailiwick}"
        return f"{self.name}/{','.join(self.filter.rrtypes)}{within}"

    @property
    def times(self) -> Times:
        """The first second of each bucket, datetime64[s]."""
        return frozen(self.axis.starts[self.buckets])

    @property
    def coverage(self) -> Marks:
        """A Coverage for each bucket."""
        return frozen(self.axis.coverage[self.buckets])

    @property
    def known(self) -> Bools:
        """False where a count of 0 means that there was nothing to look at."""
        return self.axis.known(self.counts, self.buckets)

    @property
    def total(self) -> int:
        """Sum of the counts, exact even past 2^64."""
        return sum(self.counts.tolist())

    def dense(self) -> Counts:
        """A count for each bucket of the axis, 0 where none is listed."""
        counts = np.zeros(len(self.axis), np.uint64)
        counts[self.buckets] = self.counts
        return counts

    def __str__(self) -> str:
        title = _title(self)
        if not len(self):
            return f"{title}: nothing found"
        first, last = np.datetime_as_string(self.times[[0, -1]])
        return f"{title}: {self.total:,} in {len(self):,} buckets from {first} to {last}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One table that the plan looked at; where it was not used, `reason` says why."""

    table: str
    used: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent: planning, asking the shards, merging; and the longest that one shard read."""

    plan: float = 0.0
    ask: float = 0.0
    merge: float = 0.0
    slowest_shard: float = 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What an answer rests on. `complete` is True where every moment of the span lies in a table that
    answered: no table lacks, and none failed. `coverage` tells which stretches lack. `bucket_by` is what
    decided the bucket of a row, first seen or file, where the question left that open too.

    Of the tables that answered, summaries stood in for `tables_summarized`; rows and blocks were read of
    the others. `failures` and `plan` list the first ones, `failures_total` counts all. `skipped` tells of
    rows that are none and so are in no count, the first tables of them, `rows_skipped` of how many (once
    for each name that would count one): they leave an answer complete. `request_id` names the call at the
    server, empty in process.
    """

    complete: bool
    tables_asked: int
    tables_answered: int
    failures: tuple[Failure, ...] = ()
    failures_total: int = 0
    plan: tuple[PlanEntry, ...] = ()
    rows_read: int = 0
    blocks_read: int = 0
    total_count: int = 0
    timings: Timings = Timings()
    catalog_version: str = ""
    tables_summarized: int = 0
    request_id: str = ""
    coverage: SpanCoverage = NOT_TOLD
    bucket_by: BucketBy = BucketBy.FILE
    skipped: tuple[SkippedRows, ...] = ()
    rows_skipped: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a question is: tables of the plan, and how many of them answered and failed so far."""

    tables_asked: int
    tables_answered: int
    tables_failed: int = 0
    shards_pending: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Volume(WideTabular):
    """The answer to `volume`: one series for each name in the order asked, or for each name and type. A name
    that was asked twice, in whatever spelling, has one series.

    Iterates over its series; `volume["www.example.com"]` is the only series of that name, and
    `volume["www.example.com/A"]` the one that was asked like this.
    """

    question: VolumeQuestion = field(repr=False)
    axis: Axis
    series: tuple[Series, ...]
    summary: Summary

    @property
    def complete(self) -> bool:
        """True where every moment of the span lies in a table that answered."""
        return self.summary.complete

    @property
    def coverage(self) -> SpanCoverage:
        """Which stretches of the span could be looked at."""
        return self.summary.coverage

    @property
    def found(self) -> bool:
        """True where any series has a count."""
        return any(bool(series.counts.any()) for series in self.series)

    @property
    def smoothing(self) -> Smoothing | None:
        """How counts were smoothed, None where that was not asked."""
        return self.question.smoothing

    @property
    def split_by_rrtype(self) -> bool:
        """Whether there is a series for each record type."""
        return self.question.split_by_rrtype

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __getitem__(self, key: int | str) -> Series:
        if not isinstance(key, str):
            return self.series[key]
        fold = str if self.question.case_sensitive else str.lower
        wanted = _undotted(fold(key))
        hits = [series for series in self.series if _undotted(fold(series.asked)) == wanted]
        hits = hits or [series for series in self.series if _undotted(fold(series.name)) == wanted]
        if len(hits) != 1:
            several = f": {', '.join(map(_title, hits[:5]))}" if hits else ""
            raise KeyError(f"{key}: {len(hits)} series have this name{several}")
        return hits[0]

    def columns(self) -> Columns:
        """One row for a bucket of a series: name, rrtypes and bailiwick (where some came with a name), rrtype
        (where split), time, count, smoothed (where asked), coverage. A count is unknown where there was
        nothing to look at.
        """
        return series_columns(self.series, self.axis, self.split_by_rrtype, self.smoothing is not None)

    def wide_columns(self) -> Columns:
        """As `WideTabular.wide_columns`; a column is called as its name was asked, followed by the record
        type where split. Where averages were asked, each is followed by one of them, called `NAME smoothed`.
        """
        axis = self.axis
        return lines_as_columns(
            axis.time_column, map(self._line, self.series), len(self), axis.unknown, axis.coverage
        )

    def _line(self, series: Series) -> Line:
        averages = None
        if self.smoothing is not None:
            smoothed = np.full(len(series), np.nan) if series.smoothed is None else series.smoothed
            averages = spread(smoothed, series.buckets, len(self.axis))
        return _title(series), series.dense(), averages

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        """Draw the series: with a path into that file (.png, .svg, .pdf, .ps, .eps, .html), else as a figure.

        `size` is in inches, for all but HTML, `dpi` for PNG alone. The other options are those of
        `dnstide.client.plot.picture_of`: kind, log, title, marks, raw, smooth, panels, ylim.
        The drawing is done by the package that has registered itself under the entry point `dnstide.plot`.
        Raises MissingExtra without one, or without matplotlib.
        """
        return plotted(self, path, options)

    def __str__(self) -> str:
        lines = [str(series) for series in self.series]
        lines += skipped_text(self.summary.skipped, self.summary.rows_skipped)
        if not self.complete:
            lines.append(f"incomplete: it {self.coverage}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        return f"<Volume: {len(self)} series over {len(self.axis)} {self.axis.granularity} buckets, {state}>"


def plotted(answer: object, path: str | os.PathLike[str] | None, options: dict[str, Any]) -> Any:
    """What the package draws that has registered itself under the entry point `dnstide.plot`."""
    for plotter in metadata.entry_points(group="dnstide.plot"):
        return plotter.load()(answer, path, **options)
    raise MissingExtra("plot()", "plot")


def series_columns(series: Sequence[Series], axis: Axis, split: bool, smoothed: bool) -> Columns:
    """The columns of `Volume.columns`, for some of its series."""
    lengths = [len(part) for part in series]
    buckets = _joined([part.buckets for part in series], "uint32")
    counts = _joined([part.counts for part in series], "uint64")
    place = np.repeat(np.arange(len(series)), lengths)
    columns: list[Column] = [_words(place, "name", [part.name for part in series])]
    types = [",".join(part.filter.rrtypes) or None for part in series]
    within = [part.filter.bailiwick for part in series]
    for name, texts in (("rrtypes", types), ("bailiwick", within)):
        if any(text is not None for text in texts):
            columns.append(_words(place, name, texts))
    if split:
        columns.append(_words(place, "rrtype", [part.rrtype for part in series]))
    columns.append(bucket_column(axis.starts[buckets], fine=axis.granularity.fine))
    columns.append(count_column("count", counts, axis.known(counts, buckets)))
    if smoothed:
        parts = [np.full(len(p), np.nan) if p.smoothed is None else p.smoothed for p in series]
        values = _joined(parts, "float64")
        columns.append(number_column("smoothed", values, ~np.isnan(values)))
    columns.append(marks_column(axis.coverage[buckets]))
    return Columns(tuple(columns))


def frozen(array: _Array) -> _Array:
    """The array, made read-only."""
    array.setflags(write=False)
    return array


def _title(series: Series) -> str:
    return series.asked if series.rrtype is None else f"{series.asked} {series.rrtype}"


def _undotted(asked: str) -> str:
    """NAME/TYPE/BAILIWICK without closing dots, to compare."""
    return re.sub(r"\.(?=/|$)", "", asked)


def _words(place: npt.NDArray[np.intp], name: str, texts: list[str | None] | list[str]) -> Column:
    """A text for each series, repeated for each of its rows."""
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    code = {text: number for number, text in enumerate(distinct)}
    codes = np.array([0 if text is None else code[text] for text in texts], np.int64)
    known = None
    if None in texts:
        known = np.array([text is not None for text in texts], np.bool_)[place]
    return coded_column(name, codes[place], distinct or [""], known)


def _joined(parts: list[Any], dtype: str) -> Any:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype=dtype)
