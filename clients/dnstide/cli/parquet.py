"""An answer as a Parquet file: one row for a bucket of a series, counts exact."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from dnstide.client.errors import MissingExtra
from dnstide.client.results import Coverage, Volume


def volume_bytes(volume: Volume) -> bytes:
    """Columns name, rrtype (where split), time (UTC), count (uint64, null where unknown), smoothed (where
    asked, null where not defined) and coverage. Raises MissingExtra without pyarrow.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("--format parquet", "parquet") from None
    series = volume.series
    lengths = [len(one) for one in series]
    columns = {"name": _words(pa, np.repeat(np.arange(len(series)), lengths), [one.name for one in series])}
    if volume.split_by_rrtype:
        codes = np.repeat(np.arange(len(series)), lengths)
        columns["rrtype"] = _words(pa, codes, [one.rrtype or "" for one in series])
    times = np.concatenate([one.times for one in series] or [np.array([], "datetime64[s]")])
    columns["time"] = pa.array(times.astype("datetime64[ms]"), pa.timestamp("ms", tz="UTC"))
    counts = np.concatenate([one.counts for one in series] or [np.array([], np.uint64)])
    unknown = ~np.concatenate([one.known for one in series] or [np.array([], np.bool_)])
    columns["count"] = pa.array(counts, pa.uint64(), mask=unknown)
    if volume.smoothing is not None:
        parts = [np.full(len(one), np.nan) if one.smoothed is None else one.smoothed for one in series]
        smoothed = np.concatenate(parts or [np.array([])])
        columns["smoothed"] = pa.array(smoothed, pa.float64(), mask=np.isnan(smoothed))
    marks = np.concatenate([one.coverage for one in series] or [np.array([], np.uint8)])
    columns["coverage"] = _words(pa, marks.astype(np.int64) - 1, [str(mark) for mark in Coverage])
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out)
    return out.getvalue()


def _words(pa: Any, codes: Any, words: list[str]) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words, pa.string()))
