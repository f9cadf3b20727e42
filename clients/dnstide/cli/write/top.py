"""Rankings: aligned text with sparklines, series as columns (CSV, files) or as lists (JSON)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from dnstide.cli.write.csv import csv_rows
from dnstide.cli.write.fields import spell
from dnstide.cli.write.json import JSON, compact, coverage_object, json_objects, skipped_object
from dnstide.cli.write.layout import Layout
from dnstide.cli.write.text import TEXT, aligned
from dnstide.cli.write.volume import bucket_labels
from dnstide.model.columns import Column, Columns, count_column, text_column
from dnstide.model.top import Top
from dnstide.model.volume import Bools, Counts

BARS = "▁▂▃▄▅▆▇█"
GAP = "·"
MAX_BARS = 60


class TopLayout(Layout):
    """A rank or a change is a row; the buckets of a series are columns that stand at its end."""

    def __init__(self, top: Top) -> None:
        self._top = top
        self._keys = top.rank_columns()
        super().__init__(Columns((*self._keys, *_series_columns(top))))

    def text(self) -> Iterator[str]:
        """`rank count share [sparkline] name`, or `rise|fall rank difference/day ratio before after name`."""
        top = self._top
        if top.question.baseline is not None:
            words = [word for word, _ in top.changes]
            changes = [change for _, change in top.changes]
            numbers = [
                [str(change.rank) for change in changes],
                [f"{_signed(change.difference_per_day)}/day" for change in changes],
                [change.factor for change in changes],
                [str(change.before) for change in changes],
                [str(change.after) for change in changes],
            ]
            return aligned([words, *numbers, [change.title for change in changes]], "<>>>>>")
        rows: list[list[str]] = [spell(self._keys[name], TEXT) for name in ("rank", "count")]
        rows.append([f"{rank.share:.2%}" for rank in top.ranks])
        if top.axis is not None:
            lines = [r.series if r.series is not None else np.empty(0, np.uint64) for r in top.ranks]
            rows.append([sparkline(line, top.axis.known(line)) if len(line) else "" for line in lines])
        return aligned([*rows, [rank.title for rank in top.ranks]], ">>>")

    def csv(self) -> Iterator[str]:
        """`rrtype` has its column whatever is ranked."""
        columns = list(self.columns)
        if "rrtype" not in self._keys.names:
            place = self._keys.names.index("name") + 1
            columns.insert(place, text_column("rrtype", [None] * len(self.columns)))
        return csv_rows(Columns(tuple(columns)))

    def jsonl(self) -> Iterator[str]:
        return (f"{item}\n" for item in self._objects())

    def json(self) -> Iterator[str]:
        """Ranks, buckets and a summary of what does not depend on who answered, or how."""
        top, summary = self._top, self._top.summary
        yield '{"ranks":['
        for number, item in enumerate(self._objects()):
            yield ("," if number else "") + "\n" + item
        about: dict[str, Any] = {
            "complete": summary.complete,
            "tables_asked": summary.tables_asked,
            "tables_answered": summary.tables_answered,
            "failures": [{"table": f.table, "code": f.code, "reason": f.reason} for f in summary.failures],
            "total_count": summary.total_count,
            "excluded_count": summary.excluded_count,
            "suffix_list": summary.suffix_list_version,
            "coverage": coverage_object(summary.coverage),
        }
        if summary.skipped:
            about |= skipped_object(summary)
        if summary.baseline_coverage is not None:
            about["baseline_coverage"] = coverage_object(summary.baseline_coverage)
        yield "\n]" if top.axis is None else f'\n],\n"buckets":{compact(bucket_labels(top.axis))}'
        yield f',\n"summary":{compact(about)}}}\n'

    def _objects(self) -> list[str]:
        top = self._top
        if top.axis is None or not top.ranks:
            return json_objects(self._keys)
        lists = [
            "[" + ",".join(spell(count_column("", rank.series, top.known(rank)), JSON)) + "]"
            for rank in top.ranks
        ]
        return json_objects(self._keys, extra={"series": lists})


def _signed(rate: float) -> str:
    """Whole from a hundred on, else with three digits."""
    return f"{rate:+.0f}" if abs(rate) >= 100 else f"{rate:+.3g}"


def sparkline(counts: Counts, known: Bools) -> str:
    """The counts as bars of eight heights, neighbours added up where there are more than fit; a blank is
    zero, a dot a gap.
    """
    values = counts.astype(np.float64)
    if len(counts) > MAX_BARS:
        edges = np.linspace(0, len(counts), MAX_BARS + 1).astype(np.intp)[:-1]
        values, known = np.add.reduceat(values, edges), np.logical_or.reduceat(known, edges)
    largest = values.max(initial=0.0) or 1.0
    heights = np.ceil(values / largest * len(BARS)).astype(np.intp)
    bars = zip(heights.tolist(), known.tolist(), strict=True)
    return "".join(BARS[height - 1] if height else " " if seen else GAP for height, seen in bars)


def _series_columns(top: Top) -> list[Column]:
    """One column of counts for each bucket of the axis, named by its date or time."""
    axis = top.axis
    if axis is None or top.question.baseline is not None:
        return []
    counts = np.array([rank.series for rank in top.ranks], np.uint64).reshape(len(top.ranks), len(axis))
    known = np.array([top.known(rank) for rank in top.ranks], np.bool_).reshape(counts.shape)
    return [
        count_column(label, counts[:, place], known[:, place])
        for place, label in enumerate(bucket_labels(axis))
    ]
