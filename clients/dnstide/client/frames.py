"""Volumes as data frames, in long form: one row for each bucket of each series. No count passes a float."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import MissingExtra
from .results import Coverage, Series, Volume

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def to_pandas(volume: Volume) -> pd.DataFrame:
    """See `Volume.to_pandas`."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("to_pandas()", "pandas") from None
    columns, unknown = _columns(volume)
    columns["count"] = pd.arrays.IntegerArray(columns["count"], unknown)
    for key in columns.keys() & {"name", "rrtype", "coverage"}:
        codes, words = columns[key]
        columns[key] = pd.Categorical.from_codes(codes, words)
    return pd.DataFrame(columns)


def to_polars(volume: Volume) -> pl.DataFrame:
    """See `Volume.to_polars`."""
    try:
        import polars as pl
    except ImportError:
        raise MissingExtra("to_polars()", "polars") from None
    columns, unknown = _columns(volume)
    for key in columns.keys() & {"name", "rrtype", "coverage"}:
        codes, words = columns[key]
        columns[key] = pl.Series(words, dtype=pl.String).gather(codes)
    columns["time"] = columns["time"].astype("datetime64[us]")  # polars knows no seconds
    frame = pl.DataFrame(columns)
    return frame.with_columns(pl.when(~pl.Series(unknown)).then(pl.col("count")).alias("count"))


def _columns(volume: Volume) -> tuple[dict[str, Any], Any]:
    """Columns in order, texts as (codes, distinct words), and a mask of the counts that are not known."""
    series = volume.series
    lengths = [len(one) for one in series]
    columns: dict[str, Any] = {"name": _labels([one.name for one in series], lengths)}
    if volume.split_by_rrtype:
        columns["rrtype"] = _labels([one.rrtype or "" for one in series], lengths)
    columns["time"] = _joined([one.times for one in series], "datetime64[s]")
    columns["count"] = _joined([one.counts for one in series], "uint64")
    if volume.smoothing is not None:
        columns["smoothed"] = _joined([_smoothed(one) for one in series], "float64")
    marks = _joined([one.coverage for one in series], "uint8")
    columns["coverage"] = (marks.astype(np.int64) - 1, [str(mark) for mark in Coverage])
    return columns, ~_joined([one.known for one in series], "bool")


def _labels(words: list[str], lengths: list[int]) -> tuple[Any, list[str]]:
    distinct = list(dict.fromkeys(words))
    place = {word: number for number, word in enumerate(distinct)}
    return np.repeat(np.array([place[word] for word in words], dtype=np.int64), lengths), distinct


def _smoothed(series: Series) -> Any:
    return np.full(len(series), np.nan) if series.smoothed is None else series.smoothed


def _joined(parts: list[Any], dtype: str) -> Any:
    return np.concatenate(parts).astype(dtype) if parts else np.empty(0, dtype=dtype)


def pandas_frame(columns: dict[str, list[object]]) -> pd.DataFrame:
    """A data frame of plain columns; one that is empty throughout is left out."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("to_pandas()", "pandas") from None
    return pd.DataFrame(_typed(columns))


def polars_frame(columns: dict[str, list[object]]) -> pl.DataFrame:
    """A data frame of plain columns; one that is empty throughout is left out."""
    try:
        import polars as pl
    except ImportError:
        raise MissingExtra("to_polars()", "polars") from None
    return pl.DataFrame(_typed(columns))


def _typed(columns: dict[str, list[object]]) -> dict[str, Any]:
    counts = ("count", "before", "after")
    return {
        name: np.array(values, "uint64") if name in counts else values
        for name, values in columns.items()
        if name != "rrtype" or any(value is not None for value in values)
    }
