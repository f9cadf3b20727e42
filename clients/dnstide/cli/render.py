"""Answers as text, CSV, JSON and JSON lines: pieces of text, so that a large answer streams.

Counts are printed from integers, averages in text as C's %.15g, in the other formats as the shortest number
that reads back the same. A bucket about which nothing is known has an empty count (null in JSON).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from dnstide.client.results import FINE, Axis, Coverage, Series, Volume


def volume_pieces(volume: Volume, form: str) -> Iterator[str]:
    """A volume in one of the four formats; one piece for each series, and what belongs around them."""
    return _VOLUME[form](volume)


def bucket_labels(axis: Axis, compact: bool = False) -> list[str]:
    """Each bucket's date as YYYY-MM-DD (compact: YYYYMMDD), or its time as RFC 3339 where steps are finer."""
    if axis.granularity in FINE:
        return [f"{text}Z" for text in np.datetime_as_string(axis.starts).tolist()]
    days: list[str] = np.datetime_as_string(axis.starts.astype("datetime64[D]")).tolist()
    return [day.replace("-", "") for day in days] if compact else days


def coverage_runs(axis: Axis) -> list[tuple[int, int, Coverage]]:
    """Stretches of equal coverage, as (first bucket, last bucket, coverage)."""
    if not len(axis):
        return []
    borders = (np.flatnonzero(np.diff(axis.coverage)) + 1).tolist()
    firsts, lasts = [0, *borders], [*(border - 1 for border in borders), len(axis) - 1]
    return [
        (first, last, Coverage(int(axis.coverage[first]))) for first, last in zip(firsts, lasts, strict=True)
    ]


def _text(volume: Volume) -> Iterator[str]:
    """vot.pl's table; names (and types) lead the lines where there is more than one series."""
    labels = bucket_labels(volume.axis, compact=True)
    named = len(volume) > 1 or volume.split_by_rrtype
    for series in volume:
        head = f"{series.name} " if named else ""
        head += f"{series.rrtype or '-'} " if volume.split_by_rrtype else ""
        tails = [""] * len(series)
        if series.smoothed is not None:
            tails = [f" {_c_float(value)}" for value in series.smoothed.tolist()]
        rows = zip(series.buckets.tolist(), _counts(series), tails, strict=True)
        yield "".join(
            f"{head}{labels[bucket]}\n" if count is None else f"{head}{labels[bucket]} {count}{tail}\n"
            for bucket, count, tail in rows
        )


def _csv(volume: Volume) -> Iterator[str]:
    labels = bucket_labels(volume.axis)
    columns = ["name", *(["rrtype"] if volume.split_by_rrtype else []), _when(volume.axis)]
    yield ",".join([*columns, "count", "smoothed", "coverage"]) + "\n"
    for series in volume:
        head = _quoted(series.name) + (f",{series.rrtype or ''}" if volume.split_by_rrtype else "")
        yield "".join(
            f"{head},{labels[bucket]},{_or_empty(count)},{_or_empty(mean)},{mark}\n"
            for bucket, count, mean, mark in _rows(series)
        )


def _jsonl(volume: Volume) -> Iterator[str]:
    when, labels = _when(volume.axis), bucket_labels(volume.axis)
    for series in volume:
        head = f'{{"name":{json.dumps(series.name)},'
        if volume.split_by_rrtype:
            head += f'"rrtype":{json.dumps(series.rrtype)},'
        yield "".join(f"{head}{point}}}\n" for point in _points(series, when, labels))


def _json(volume: Volume) -> Iterator[str]:
    axis = volume.axis
    labels = bucket_labels(axis)
    span = {
        "granularity": axis.granularity,
        "start": _rfc3339(axis.starts[0]) if len(axis) else None,
        "stop": _rfc3339(axis.stop),
        "smoothing": str(volume.smoothing) if volume.smoothing else None,
    }
    yield f'{{"axis":{_compact(span)},\n"series":['
    for number, series in enumerate(volume):
        head = {"name": series.name} | ({"rrtype": series.rrtype} if volume.split_by_rrtype else {})
        points = ",\n".join(f"{{{point}}}" for point in _points(series, _when(axis), labels))
        yield ("," if number else "") + f'\n{_compact(head)[:-1]},"points":['
        yield (points and f"\n{points}\n") + "]}"
    runs = [
        {"first": labels[first], "last": labels[last], "coverage": str(mark)}
        for first, last, mark in coverage_runs(axis)
    ]
    yield f'\n],\n"coverage":{_compact(runs)},\n"summary":{_compact(_summary(volume))}}}\n'


def _summary(volume: Volume) -> dict[str, Any]:
    """What does not depend on who answered, and from what: no times, no counts of rows and blocks."""
    summary = volume.summary
    found: dict[str, Any] = {
        "complete": summary.complete,
        "tables_asked": summary.tables_asked,
        "tables_answered": summary.tables_answered,
        "failures_total": summary.failures_total,
        "failures": [
            {"table": f.table, "code": f.code, "reason": f.reason, "offset": f.offset}
            for f in summary.failures
        ],
        "total_count": sum(series.total for series in volume),
    }
    if summary.plan:
        found["plan"] = [{"table": e.table, "used": e.used, "reason": e.reason} for e in summary.plan]
    return found


def _points(series: Series, when: str, labels: list[str]) -> Iterator[str]:
    """Each bucket's part of a JSON object, without the braces."""
    for bucket, count, mean, mark in _rows(series):
        yield (
            f'"{when}":"{labels[bucket]}","count":{"null" if count is None else count},'
            f'"smoothed":{"null" if mean is None else mean},"coverage":"{mark}"'
        )


def _rows(series: Series) -> Iterator[tuple[int, int | None, str | None, str]]:
    """(bucket, count or None, smoothed as text or None, coverage) of each bucket."""
    marks = {mark.value: str(mark) for mark in Coverage}
    means: list[str | None] = [None] * len(series)
    if series.smoothed is not None:
        means = [None if math.isnan(value) else repr(value) for value in series.smoothed.tolist()]
    words = [marks[value] for value in series.coverage.tolist()]
    return zip(series.buckets.tolist(), _counts(series), means, words, strict=True)


def _counts(series: Series) -> list[int | None]:
    counts: list[int | None] = series.counts.tolist()
    for unknown in np.flatnonzero(~series.known).tolist():
        counts[unknown] = None
    return counts


def rows_pieces(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str) -> Iterator[str]:
    """A plain list in one of the four formats; None is empty (`-` in text), null in JSON."""
    if form == "text":
        shown = [["-" if value is None else str(value) for value in row] for row in rows]
        widths = [max((len(row[i]) for row in shown), default=0) for i in range(len(columns))]
        for cells in shown:
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
            yield "  ".join(padded).rstrip() + "\n"
    elif form == "csv":
        yield ",".join(columns) + "\n"
        for row in rows:
            yield ",".join("" if value is None else _quoted(str(value)) for value in row) + "\n"
    else:
        lines = (_compact(dict(zip(columns, row, strict=True))) for row in rows)
        if form == "jsonl":
            yield from (f"{line}\n" for line in lines)
        else:
            yield "[" + ",".join(f"\n{line}" for line in lines) + "\n]\n"


def _when(axis: Axis) -> str:
    return "time" if axis.granularity in FINE else "date"


def _rfc3339(moment: np.datetime64) -> str:
    return f"{np.datetime_as_string(moment)}Z"


def _c_float(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:.15g}"


def _or_empty(value: object) -> str:
    return "" if value is None else str(value)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _quoted(text: str) -> str:
    """One CSV field, quoted only where it must be (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


_VOLUME: dict[str, Callable[[Volume], Iterator[str]]] = {
    "text": _text,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
}
