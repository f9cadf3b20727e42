"""Volume over time: vot.pl's table as text, one document with axis, series and coverage as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from dnstide.cli.write.csv import chunks, csv_rows
from dnstide.cli.write.fields import Spelling, c_float, spell, spell_moments
from dnstide.cli.write.json import compact, coverage_object, json_lines, json_objects, skipped_object
from dnstide.cli.write.layout import Layout
from dnstide.model.columns import Column, Columns, number_column
from dnstide.model.volume import Axis, Volume

_TABLE = Spelling(number=c_float, unknown="NaN", compact=True)
_TABLE_WORD = Spelling(unknown="-")
_NOTHING = Spelling(unknown="")


_OF_SERIES = ("name", "rrtypes", "bailiwick", "rrtype")
"""Columns that are the same in all rows of a series."""


class WideLayout(Layout):
    """A bucket is a row, a name a column, in every format; in text under a line of titles."""

    def __init__(self, volume: Volume) -> None:
        super().__init__(volume.wide_columns(), dates=not volume.axis.granularity.fine, header=True)


class VolumeLayout(Layout):
    """A bucket of a series is a row. The text formats name `smoothed` whether it was asked for or not."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._dates = not volume.axis.granularity.fine
        super().__init__(volume.columns(), dates=self._dates)

    def text(self) -> Iterator[str]:
        """vot.pl's table; names as they were asked (and types) lead the lines where there is more than one
        series.

        A bucket about which nothing is known is a date alone.
        """
        volume = self._volume
        for chunk in chunks(self.columns):
            lead = []
            if len(volume) > 1 or volume.split_by_rrtype:
                lead.append(_asked(chunk))
            if volume.split_by_rrtype:
                lead.append(spell(chunk["rrtype"], _TABLE_WORD))
            table = replace(_TABLE, dates=self._dates)
            lead.append(spell(chunk["time"], table))
            fields = [spell(column, table) for column in chunk if column.name in ("count", "smoothed")]
            lines = list(map(" ".join, zip(*lead, *fields, strict=True)))
            for place in np.flatnonzero(chunk["count"].mask).tolist():
                lines[place] = " ".join(texts[place] for texts in lead)
            yield "\n".join(lines) + "\n"

    def csv(self) -> Iterator[str]:
        return csv_rows(_with_smoothed(self.columns), self._csv)

    def jsonl(self) -> Iterator[str]:
        return json_lines(_with_smoothed(self.columns), self._json)

    def json(self) -> Iterator[str]:
        volume, axis = self._volume, self._volume.axis
        span = {
            "granularity": str(axis.granularity),
            "start": _rfc3339(axis.starts[0]) if len(axis) else None,
            "stop": _rfc3339(axis.stop),
            "smoothing": str(volume.smoothing) if volume.smoothing else None,
            "bucket_by": str(volume.summary.bucket_by),
        }
        yield f'{{"axis":{compact(span)},\n"series":['
        points = Columns(tuple(c for c in _with_smoothed(self.columns) if c.name not in _OF_SERIES))
        stop = 0
        for number, series in enumerate(volume):
            start, stop = stop, stop + len(series)
            head: dict[str, str | None] = {"name": series.name}
            if "rrtypes" in self.columns.names:
                head["rrtypes"] = ",".join(series.filter.rrtypes) or None
            if "bailiwick" in self.columns.names:
                head["bailiwick"] = series.filter.bailiwick
            if volume.split_by_rrtype:
                head["rrtype"] = series.rrtype
            objects = ",\n".join(json_objects(points.slice(start, stop), self._json))
            yield ("," if number else "") + f'\n{compact(head)[:-1]},"points":['
            yield (objects and f"\n{objects}\n") + "]}"
        labels = bucket_labels(axis)
        runs = [
            {"first": labels[first], "last": labels[last], "coverage": str(mark)}
            for first, last, mark in axis.stretches()
        ]
        yield f'\n],\n"coverage":{compact(runs)},\n"summary":{compact(_summary(volume))}}}\n'


def bucket_labels(axis: Axis, *, compact: bool = False) -> list[str]:
    """Each bucket's date (compact: as YYYYMMDD), or its time where the step is finer than a day."""
    return spell_moments(axis.starts, Spelling(dates=not axis.granularity.fine, compact=compact))


def _asked(columns: Columns) -> list[str]:
    """The names as they were asked: with the types and the bailiwick that came with them."""
    names = spell(columns["name"], _TABLE_WORD)
    if not {"rrtypes", "bailiwick"} & {*columns.names}:
        return names
    nothing = [""] * len(columns)
    types, within = (
        spell(columns[name], _NOTHING) if name in columns.names else nothing
        for name in ("rrtypes", "bailiwick")
    )
    return [
        f"{name}/{kind}/{zone}" if zone else f"{name}/{kind}" if kind else name
        for name, kind, zone in zip(names, types, within, strict=True)
    ]


def _with_smoothed(columns: Columns) -> Columns:
    """The columns with one of averages, none of them known, where no smoothing was asked."""
    if "smoothed" in columns.names:
        return columns
    nothing: Column = number_column("smoothed", np.zeros(len(columns)), np.zeros(len(columns), np.bool_))
    return Columns((*columns.columns[:-1], nothing, columns.columns[-1]))


def _summary(volume: Volume) -> dict[str, Any]:
    """What does not depend on who answered, and from what: no times, no counts of rows and blocks."""
    summary = volume.summary
    told: dict[str, Any] = {
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
    told["coverage"] = coverage_object(summary.coverage)
    if summary.skipped:
        told |= skipped_object(summary)
    if summary.plan:
        told["plan"] = [{"table": e.table, "used": e.used, "reason": e.reason} for e in summary.plan]
    return told


def _rfc3339(moment: np.datetime64) -> str:
    return f"{np.datetime_as_string(moment)}Z"
