"""What a reader of an answer must know, on standard error: gaps, failures, empty series, and the plan."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from .output import note

if TYPE_CHECKING:
    from dnstide.client.rankings import TopSummary
    from dnstide.client.results import Axis, PlanEntry, Summary, Volume

MOST_LINES = 20
"""Of tables that failed, and of stretches that are not complete."""


def explain(volume: Volume) -> None:
    """Which tables were used, and why others were not."""
    plan(volume.summary.plan)
    summary = volume.summary
    how = f", {summary.tables_summarized} by their summaries" if summary.tables_summarized else ""
    note(
        f"{summary.tables_answered} of {summary.tables_asked} tables answered{how}, "
        f"{summary.rows_read:,} rows counted, {summary.blocks_read:,} blocks read"
    )


def plan(entries: Iterable[PlanEntry]) -> None:
    """A line for each stretch of tables that were used, or were left out for one reason."""
    for (used, reason), stretch in groupby(entries, key=lambda entry: (entry.used, entry.reason)):
        tables = [entry.table for entry in stretch]
        names = tables[0] if len(tables) == 1 else f"{tables[0]} to {tables[-1]}, {len(tables)} tables"
        note(f"{'used' if used else 'left out'}: {names}{f': {reason}' if reason else ''}")


def remarks(volume: Volume) -> None:
    """What a reader of the numbers must know: empty series, gaps, and what failed."""
    if not volume.found and volume.complete:
        note("nothing found: is the name spelt right, the record type, the bailiwick?")
    else:
        for series in volume:
            if not len(series) or not series.counts.any():
                note(f"nothing found for {series.name}{' ' + series.rrtype if series.rrtype else ''}")
    gaps(volume.axis)
    failures(volume.summary)


def failures(summary: Summary | TopSummary) -> None:
    """The tables that did not answer, where there are any."""
    if summary.complete:
        return
    for failure in summary.failures[:MOST_LINES]:
        note(f"failed: {failure}")
    if summary.failures_total > MOST_LINES:
        note(f"failed: {summary.failures_total - MOST_LINES} more tables")
    note(
        f"incomplete: {summary.tables_answered} of {summary.tables_asked} tables answered; "
        "counts that need the others are lower bounds"
    )


def gaps(axis: Axis) -> None:
    """The stretches that are not covered completely."""
    from dnstide.client.results import Coverage

    from .render import bucket_labels, coverage_runs

    runs = [run for run in coverage_runs(axis) if run[2] is not Coverage.COMPLETE]
    labels = bucket_labels(axis) if runs else []
    words = {
        Coverage.PARTIAL: "covered in part only",
        Coverage.NONE: "no table",
        Coverage.DAMAGED: "damaged",
        Coverage.UNREACHABLE: "not reached",
    }
    for first, last, mark in runs[:MOST_LINES]:
        stretch = labels[first] if first == last else f"{labels[first]} to {labels[last]}"
        note(f"{words[mark]}: {stretch}")
    if len(runs) > MOST_LINES:
        note(f"{len(runs) - MOST_LINES} more stretches are not complete")
