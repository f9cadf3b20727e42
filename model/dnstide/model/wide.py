"""Answers that can be wide: a row for each bucket, a column for each name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from dnstide.model.columns import (
    Column,
    Columns,
    Tabular,
    coded_column,
    count_column,
    number_column,
    time_column,
)
from dnstide.model.errors import InvalidQuestion
from dnstide.model.vocabulary import MAX_CELLS, Coverage

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Line = tuple[str, npt.NDArray[np.uint64], npt.NDArray[np.float64] | None]
"""A title, and for each bucket the count and, where asked for, the average (NaN where not defined)."""


class WideTabular(Tabular):
    """An answer with counts over time, which gives itself long (`columns`) or wide (`wide_columns`)."""

    __slots__ = ()

    @abstractmethod
    def wide_columns(self) -> Columns:
        """The answer with a row for each bucket of the axis: `time`, a column of counts for each name, called
        as it was asked, and `coverage`.

        A count is 0 where tables had nothing, and unknown where there was nothing to look at. Raises
        InvalidQuestion where there is no axis, or where there are more than MAX_CELLS counts.
        """

    def to_pandas(self, *, wide: bool = False) -> pd.DataFrame:
        """`columns`, or `wide_columns`, as a data frame. Raises MissingExtra without pandas."""
        return self._columns(wide).to_pandas()

    def to_polars(self, *, wide: bool = False) -> pl.DataFrame:
        """`columns`, or `wide_columns`, as a data frame. Raises MissingExtra without polars."""
        return self._columns(wide).to_polars()

    def to_arrow(self, *, wide: bool = False) -> pa.Table:
        """`columns`, or `wide_columns`, as an Arrow table. Raises MissingExtra without pyarrow."""
        return self._columns(wide).to_arrow()

    def _columns(self, wide: bool) -> Columns:
        return self.wide_columns() if wide else self.columns()


def lines_as_columns(
    time: Column,
    lines: Iterable[Line],
    number_of_lines: int,
    unknown: npt.NDArray[np.bool_],
    marks: npt.NDArray[np.uint8],
) -> Columns:
    """Wide columns. `unknown` is True for buckets of which a count of 0 says nothing, `marks` their
    Coverage.
    """
    cells = number_of_lines * len(time)
    if cells > MAX_CELLS:
        reason = f"{number_of_lines:,} names by {len(time):,} buckets are more than {MAX_CELLS:,} counts"
        raise InvalidQuestion([("wide", f"{reason}: ask for fewer, or take them long")])
    columns = [time]
    for title, counts, averages in lines:
        columns.append(count_column(title, counts, (counts > 0) | ~unknown))
        if averages is not None:
            columns.append(number_column(f"{title} smoothed", averages, ~np.isnan(averages)))
    return Columns((*columns, marks_column(marks)))


def marks_column(marks: npt.NDArray[np.uint8]) -> Column:
    """The column `coverage` of buckets."""
    return coded_column("coverage", marks.astype(np.int64) - 1, [str(mark) for mark in Coverage])


def bucket_column(starts: npt.NDArray[np.datetime64], *, fine: bool) -> Column:
    """The column `time` of buckets; texts tell it by a date unless the step is finer than a day."""
    return time_column("time", starts, label=None if fine else "date")


def spread(
    values: npt.NDArray[np.float64], buckets: Sequence[int] | npt.NDArray[np.uint32], length: int
) -> npt.NDArray[np.float64]:
    """Values of some buckets as those of all, NaN elsewhere."""
    whole = np.full(length, np.nan)
    whole[buckets] = values
    return whole
