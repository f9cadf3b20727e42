"""The parts of a report as tables, the same in text, JSON and pages."""

from __future__ import annotations

from dnstide.model.analysis import WEEKDAYS
from dnstide.model.columns import (
    Column,
    Columns,
    count_column,
    flag_column,
    number_column,
    text_column,
    time_column,
)
from dnstide.model.report import Report
from dnstide.model.texts import many


def facts(report: Report) -> list[tuple[str, str]]:
    """What one line says of the name: a word and a text each."""
    said = [("coverage", str(report.coverage))]
    if report.first_seen is None or report.last_seen is None:
        return said
    buckets = int((report.series.counts > 0).sum())
    seen = f"{report.total:,} in {many(buckets, f'{report.granularity.words} bucket')}"
    ends = [("first seen", report.moment(report.first_seen)), ("last seen", report.moment(report.last_seen))]
    return [*ends, ("count", seen), *said]


def sections(report: Report) -> list[tuple[str, Columns]]:
    """Each part with its title: levels, spikes, silent spans, the week and the day (where steps show them),
    record types, and the largest names under the name.
    """
    spikes, silent = report.spikes, report.silent
    types, under = report.breakdown.parts, report.under
    found = [
        ("levels", _without_coverage(report.columns())),
        (
            "spikes",
            Columns(
                (
                    time_column("time", [spike.time for spike in spikes]),
                    count_column("count", [spike.count for spike in spikes]),
                    number_column("expected", [spike.expected for spike in spikes]),
                    number_column("score", [spike.score for spike in spikes]),
                )
            ),
        ),
        (
            "silent spans",
            Columns(
                (
                    time_column("start", [gap.start for gap in silent]),
                    time_column("stop", [gap.stop for gap in silent], label="end"),
                    number_column("expected", [gap.expected for gap in silent]),
                    flag_column("open", [gap.open for gap in silent]),
                )
            ),
        ),
        *_profiles(report),
        (
            "record types",
            Columns(
                (
                    text_column("rrtype", [part.rrtype for part in types]),
                    count_column("total", [part.total for part in types]),
                    number_column("share", [part.share for part in types]),
                )
            ),
        ),
        (
            "names under it",
            Columns(
                (
                    count_column("rank", [rank.rank for rank in under]),
                    text_column("name", [rank.name for rank in under]),
                    count_column("count", [rank.count for rank in under]),
                    number_column("share", [rank.share for rank in under]),
                )
            ),
        ),
    ]
    return found if report.seen else []


def _profiles(report: Report) -> list[tuple[str, Columns]]:
    shape = report.shape
    if shape is None:
        return []
    hours = [f"{hour:02d}:00" for hour in range(24)]
    kinds = (("weekly shape", WEEKDAYS, shape.weekdays), ("daily shape", hours, shape.hours))
    return [
        (title, Columns((text_column("bucket", list(words)), number_column("over_mean", list(values)))))
        for title, words, values in kinds
        if values
    ]


def _without_coverage(columns: Columns) -> Columns:
    kept: tuple[Column, ...] = tuple(column for column in columns if column.name != "coverage")
    return Columns(kept)
