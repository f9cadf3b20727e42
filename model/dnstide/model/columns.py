"""An answer as columns: the one form that every writer, data frame and notebook takes.

A `Columns` is what a data frame is, without a library behind it. Each column knows what its values are,
so that counts stay unsigned 64-bit integers and unknown values stay unknown on the way into any format.
In frames a moment has one type whatever the library: UTC, in microseconds, which all of them know up to
the end of 9999.
"""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from dnstide.model.errors import MissingExtra

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_IN_FRAMES = "datetime64[us]"

NOTEBOOK_ROWS = 20
"""Rows that a notebook shows of an answer."""


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    """int64 codes into `words`."""
    COUNT = "count"
    """uint64, exact."""
    NUMBER = "number"
    """float64."""
    TIME = "time"
    """datetime64[s], UTC."""
    FLAG = "flag"
    """bool."""
    FIGURE = "figure"
    """Python numbers, whole ones exact, others floats: a list of unlike figures."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column; `known` is False where there is no value, None where all are known.

    `label` is the column's name in texts (CSV, JSON, tables) where it differs from `name`, its name in
    frames.
    """

    name: str
    kind: Kind
    values: npt.NDArray[Any]
    known: npt.NDArray[np.bool_] | None = None
    words: tuple[str, ...] = ()
    label: str | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def title(self) -> str:
        """The name in texts."""
        return self.label or self.name

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where there is no value."""
        return np.zeros(len(self), np.bool_) if self.known is None else ~self.known

    def slice(self, start: int, stop: int) -> Column:
        """The values from start up to, not including, stop."""
        known = None if self.known is None else self.known[start:stop]
        return Column(self.name, self.kind, self.values[start:stop], known, self.words, self.label)

    def tolist(self) -> list[Any]:
        """Python values (str, int, float, datetime64, bool), None where there is no value."""
        values: list[Any]
        if self.kind is Kind.TEXT:
            values = [self.words[code] for code in self.values.tolist()]
        elif self.kind is Kind.TIME:
            values = list(self.values)
        else:
            values = self.values.tolist()
        if self.known is not None:
            for i in np.flatnonzero(~self.known).tolist():
                values[i] = None
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of one length, in the order in which they are shown."""

    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def slice(self, start: int, stop: int) -> Columns:
        """The rows from start up to, not including, stop; nothing is copied."""
        return Columns(tuple(column.slice(start, stop) for column in self.columns))

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples of Python values, None where there is none."""
        return zip(*(column.tolist() for column in self.columns), strict=True)

    def to_pandas(self) -> pd.DataFrame:
        """Counts are UInt64, texts categories, times UTC; unknown values are <NA>. Raises MissingExtra."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtra("to_pandas()", "pandas") from None
        return pd.DataFrame({column.name: _pandas_values(pd, column) for column in self.columns})

    def to_polars(self) -> pl.DataFrame:
        """Times are UTC, unknown values null. Raises MissingExtra without polars."""
        try:
            import polars as pl
        except ImportError:
            raise MissingExtra("to_polars()", "polars") from None
        return pl.DataFrame([_polars_series(pl, column) for column in self.columns])

    def to_arrow(self) -> pa.Table:
        """Texts are dictionaries, times UTC, unknown values null. Raises MissingExtra."""
        try:
            import pyarrow as pa
        except ImportError:
            raise MissingExtra("to_arrow()", "parquet") from None
        return pa.table({column.name: _arrow_values(pa, column) for column in self.columns})

    def _repr_html_(self) -> str:
        """The first rows as a table for a notebook."""
        head = "".join(f"<th>{html.escape(column.title)}</th>" for column in self.columns)
        lines = [
            "<tr>" + "".join(f"<td>{_html_cell(value)}</td>" for value in row) + "</tr>"
            for row in islice(self.rows(), NOTEBOOK_ROWS)
        ]
        more = len(self) - len(lines)
        foot = f"<p>and {more:,} more rows</p>" if more > 0 else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{foot}"


class Tabular(ABC):
    """An answer that gives itself as columns, and so as any kind of data frame."""

    __slots__ = ()

    @abstractmethod
    def columns(self) -> Columns:
        """The answer as columns; each kind of answer says which."""

    def to_pandas(self) -> pd.DataFrame:
        """`columns` as a data frame. Raises MissingExtra without pandas."""
        return self.columns().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """`columns` as a data frame. Raises MissingExtra without polars."""
        return self.columns().to_polars()

    def to_arrow(self) -> pa.Table:
        """`columns` as an Arrow table. Raises MissingExtra without pyarrow."""
        return self.columns().to_arrow()

    def _repr_html_(self) -> str:
        return self.columns()._repr_html_()


def text_column(name: str, texts: Sequence[str | None], *, label: str | None = None) -> Column:
    """A column of texts."""
    places: dict[str, int] = {}
    codes = [0 if text is None else places.setdefault(text, len(places)) for text in texts]
    known = None if None not in texts else np.array([text is not None for text in texts], np.bool_)
    return Column(name, Kind.TEXT, np.array(codes, np.int64), known, tuple(places) or ("",), label)


def coded_column(
    name: str, codes: npt.NDArray[Any], words: Sequence[str], known: npt.NDArray[np.bool_] | None = None
) -> Column:
    """A column of texts that are given as indexes into a list of words."""
    return Column(name, Kind.TEXT, codes.astype(np.int64), known, tuple(words))


def count_column(name: str, counts: Any, known: npt.NDArray[np.bool_] | None = None) -> Column:
    """A column of counts; a list may hold None where there is no value."""
    return _typed_column(name, Kind.COUNT, counts, np.uint64, known)


def number_column(name: str, numbers: Any, known: npt.NDArray[np.bool_] | None = None) -> Column:
    """A column of floats; a list may hold None where there is no value."""
    return _typed_column(name, Kind.NUMBER, numbers, np.float64, known)


def time_column(name: str, times: Any, *, label: str | None = None) -> Column:
    """A column of moments; a list may hold None where there is no value."""
    known = None
    if isinstance(times, list):
        if None in times:
            known = np.array([time is not None for time in times], np.bool_)
            times = [np.datetime64(0, "s") if time is None else time for time in times]
        times = np.array(times, "datetime64[s]")
    return Column(name, Kind.TIME, times.astype("datetime64[s]"), known, (), label)


def flag_column(name: str, flags: Sequence[bool]) -> Column:
    """A column of truth values."""
    return Column(name, Kind.FLAG, np.array(flags, np.bool_))


def figure_column(name: str, figures: Sequence[int | float | None]) -> Column:
    """A column of unlike figures."""
    values = np.empty(len(figures), object)
    values[:] = [0 if figure is None else figure for figure in figures]
    known = np.array([figure is not None for figure in figures], np.bool_) if None in figures else None
    return Column(name, Kind.FIGURE, values, known)


def _typed_column(
    name: str, kind: Kind, values: Any, dtype: Any, known: npt.NDArray[np.bool_] | None
) -> Column:
    if isinstance(values, (list, tuple)) and None in values:
        known = np.array([value is not None for value in values], np.bool_)
        values = [0 if value is None else value for value in values]
    return Column(name, kind, np.asarray(values, dtype), known)


def _pandas_values(pd: Any, column: Column) -> Any:
    if column.kind is Kind.TEXT:
        return pd.Categorical.from_codes(np.where(column.mask, -1, column.values), list(column.words))
    if column.kind is Kind.COUNT:
        return pd.arrays.IntegerArray(column.values.copy(), column.mask)
    if column.kind is Kind.FIGURE:
        return pd.array([None if value is None else float(value) for value in column.tolist()], "Float64")
    if column.kind is Kind.TIME:
        times = np.where(column.mask, np.datetime64("NaT", "s"), column.values)
        return pd.DatetimeIndex(times.astype(_IN_FRAMES)).tz_localize("UTC")
    if column.kind is Kind.NUMBER:
        return np.where(column.mask, np.nan, column.values)
    return column.values.copy()


def _polars_series(pl: Any, column: Column) -> Any:
    if column.kind is Kind.TEXT:
        series = pl.Series(column.name, column.words, dtype=pl.String).gather(column.values)
    elif column.kind is Kind.TIME:
        times = pl.Series(column.name, column.values.astype(_IN_FRAMES))
        series = times.dt.replace_time_zone("UTC")
    elif column.kind is Kind.FIGURE:
        series = pl.Series(column.name, [float(value) for value in column.values], dtype=pl.Float64)
    else:
        series = pl.Series(column.name, column.values)
    return series if column.known is None else series.set(pl.Series(column.mask), None)


def _arrow_values(pa: Any, column: Column) -> Any:
    if column.kind is Kind.TEXT:
        codes = pa.array(column.values.astype(np.int32), pa.int32(), mask=column.mask)
        return pa.DictionaryArray.from_arrays(codes, pa.array(column.words, pa.string()))
    if column.kind is Kind.TIME:
        return pa.array(column.values.astype(_IN_FRAMES), pa.timestamp("us", tz="UTC"), mask=column.mask)
    if column.kind is Kind.COUNT:
        return pa.array(column.values, pa.uint64(), mask=column.mask)
    if column.kind is Kind.FLAG:
        return pa.array(column.values, pa.bool_(), mask=column.mask)
    values = column.values.astype(np.float64)
    return pa.array(values, pa.float64(), mask=column.mask | np.isnan(values))


def _html_cell(value: Any) -> str:
    if value is None:
        return ""
    return html.escape(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))
