"""Answers: frozen values over read-only numpy arrays, printable, and convertible to data frames."""

from __future__ import annotations

import enum
import os
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from .errors import Failure
from .question import Smoothing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from matplotlib.figure import Figure

Times = npt.NDArray[np.datetime64]
Counts = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.uint8]
Indexes = npt.NDArray[np.uint32]
_Array = TypeVar("_Array", bound=npt.NDArray[Any])


class Coverage(enum.IntEnum):
    """How much of a bucket the answer could look at. A missing table is never a zero."""

    COMPLETE = 1
    PARTIAL = 2
    """Some moments have no table, the rest answered."""
    NONE = 3
    """No table: unknown, not zero."""
    DAMAGED = 4
    """A table could not be read: the count is a lower bound."""
    UNREACHABLE = 5
    """A shard did not answer: the count is a lower bound."""

    def __str__(self) -> str:
        return self.name.lower()


FINE = ("minute", "ten-minutes", "hour")
"""Steps whose buckets are told by a time, all others by a date."""

UNKNOWN_WHERE_ZERO = (Coverage.NONE, Coverage.DAMAGED, Coverage.UNREACHABLE)
"""With one of these marks a count of 0 says nothing about the bucket."""


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The buckets of an answer: `starts[i]` is the first second of bucket i, `stop` the first after the last.

    The span asked for can cut the first and the last bucket. `coverage` holds a Coverage for each.
    """

    granularity: str
    starts: Times
    stop: np.datetime64
    coverage: Marks

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts of one name (and one record type where split), in the order of time.

    All arrays have the same length: `times` (datetime64[s], the first second of a bucket), `counts` (uint64,
    exact), `smoothed` (float64, NaN where not defined; None where not asked for), `coverage` (a Coverage
    each) and `buckets` (indexes into the axis). Only buckets with rows are listed, unless `fill` was asked.
    """

    name: str
    rrtype: str | None
    times: Times
    counts: Counts
    smoothed: Floats | None
    coverage: Marks
    buckets: Indexes

    def __len__(self) -> int:
        return len(self.times)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """False where a count of 0 means that there was nothing to look at."""
        return (self.counts > 0) | ~np.isin(self.coverage, UNKNOWN_WHERE_ZERO)

    @property
    def total(self) -> int:
        """Sum of the counts, exact even past 2^64."""
        return sum(self.counts.tolist())

    def __str__(self) -> str:
        title = self.name if self.rrtype is None else f"{self.name} {self.rrtype}"
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
    reason: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent: planning, asking the shards, merging; and the longest that one shard read."""

    plan: float = 0.0
    ask: float = 0.0
    merge: float = 0.0
    slowest_shard: float = 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What the answer rests on. `complete` is True where every table of the plan answered.

    Of the tables that answered, summaries stood in for `tables_summarized`; rows and blocks were read of the
    others.
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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a question is."""

    tables_asked: int
    tables_answered: int
    tables_failed: int = 0
    shards_pending: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """The answer to `volume`: one series for each name in the order asked, or for each name and type.

    Iterates over its series; `volume["www.example.com"]` is the only series of that name.
    """

    series: tuple[Series, ...]
    axis: Axis
    summary: Summary
    smoothing: Smoothing | None = None
    split_by_rrtype: bool = False

    @property
    def complete(self) -> bool:
        """True where every table of the plan answered."""
        return self.summary.complete

    @property
    def found(self) -> bool:
        """True where any series has a count."""
        return any(bool(series.counts.any()) for series in self.series)

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __getitem__(self, key: int | str) -> Series:
        if not isinstance(key, str):
            return self.series[key]
        wanted = key.lower().rstrip(".") + "."
        hits = [series for series in self.series if series.name == wanted]
        if len(hits) != 1:
            raise KeyError(f"{key}: {len(hits)} series have this name")
        return hits[0]

    def to_pandas(self) -> pd.DataFrame:
        """One row for a bucket of a series: name, rrtype (where split), time, count, smoothed, coverage.

        Counts are nullable UInt64, <NA> where nothing is known. Raises MissingExtra without pandas.
        """
        from . import frames

        return frames.to_pandas(self)

    def to_polars(self) -> pl.DataFrame:
        """As `to_pandas`; unknown counts are null. Raises MissingExtra without polars."""
        from . import frames

        return frames.to_polars(self)

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure | None:
        """Draw the series: with a path into that file (.png, .svg, .pdf, .ps, .eps, .html), else as a figure.

        Options are those of `dnstide.client.plot.picture_of`: kind, log, title, marks, raw, smooth, panels.
        The figure is matplotlib's and belongs to nobody's pyplot. Raises MissingExtra without matplotlib.
        """
        from . import plot

        picture = plot.picture_of(self, **options)
        if path is None:
            return plot.draw(picture)
        pathlib.Path(path).write_bytes(plot.render(picture, plot.format_of(os.fspath(path))))
        return None

    def __str__(self) -> str:
        lines = [str(series) for series in self.series]
        if not self.complete:
            lines.append(f"incomplete: {self.summary.failures_total} tables did not answer")
        return "\n".join(lines)

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        return f"<Volume: {len(self)} series over {len(self.axis)} {self.axis.granularity} buckets, {state}>"


def make_axis(granularity: str, starts: Any, stop: int, coverage: Any) -> Axis:
    """An axis from unix seconds and coverage numbers."""
    return Axis(
        granularity=granularity,
        starts=_frozen(np.asarray(starts, dtype=np.int64).view("datetime64[s]")),
        stop=np.datetime64(stop, "s"),
        coverage=_frozen(np.asarray(coverage, dtype=np.uint8)),
    )


def make_series(
    axis: Axis, name: str, rrtype: str | None, buckets: Any, counts: Any, smoothed: Any | None
) -> Series:
    """A series from bucket indexes, counts (uint64 all the way) and smoothed values."""
    index = np.asarray(buckets, dtype=np.uint32)
    return Series(
        name=name,
        rrtype=rrtype,
        times=_frozen(axis.starts[index]),
        counts=_frozen(np.asarray(counts, dtype=np.uint64)),
        smoothed=None if smoothed is None else _frozen(np.asarray(smoothed, dtype=np.float64)),
        coverage=_frozen(axis.coverage[index]),
        buckets=_frozen(index),
    )


def _frozen(array: _Array) -> _Array:
    array.setflags(write=False)
    return array
