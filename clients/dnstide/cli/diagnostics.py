"""Messages on standard error: what a reader of an answer must know about it, and the plan behind it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from dnstide.model.vocabulary import BucketBy

if TYPE_CHECKING:
    from dnstide.model.coverage import SpanCoverage
    from dnstide.model.top import Top, TopSummary
    from dnstide.model.volume import PlanEntry, Summary, Volume

MAX_LINES = 20
"""Lines about tables that failed."""


_BUCKET_BY = {BucketBy.FILE: "by file", BucketBy.FIRST_SEEN: "where they were first seen"}


class PipeClosed(Exception):
    """The reader of standard output or standard error went away."""


def warn(text: str) -> None:
    """Print one message on standard error. Where that is full, the answer still has to arrive."""
    try:
        print(f"dnstide: {text}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise PipeClosed from None
    except OSError:
        pass


class _WarnHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


def show_log_warnings() -> None:
    """Route the engine's log warnings to standard error in the format of this command."""
    log = logging.getLogger("dnstide")
    if not any(isinstance(handler, _WarnHandler) for handler in log.handlers):
        log.addHandler(_WarnHandler(logging.WARNING))


def explain_volume(volume: Volume) -> None:
    """Say which tables were used, why others were not, and how much was read."""
    summary = volume.summary
    _warn_plan(summary.plan)
    how = f", {summary.tables_summarized} by their summaries" if summary.tables_summarized else ""
    warn(
        f"{summary.tables_answered} of {summary.tables_asked} tables answered{how}, "
        f"{summary.rows_read:,} rows counted {_BUCKET_BY[summary.bucket_by]}, "
        f"{summary.blocks_read:,} blocks read"
    )
    _warn_request(summary.request_id)


def explain_top(top: Top) -> None:
    """Say which tables were used, how the ranking was found, and why it is proved."""
    from dnstide.model.texts import many

    summary = top.summary
    _warn_plan(summary.plan)
    tables = many(summary.tables_answered, "table")
    warn(f"{summary.method} of {tables}, {summary.keep:,} keys kept of each list")
    for certificate in summary.certificates:
        warn(f"proved: {certificate}")
    rows = "" if summary.rows is None else f", {many(summary.rows, 'row')}"
    without = f", without {summary.excluded_count:,} excluded" if summary.excluded_count else ""
    warn(f"total {summary.total_count:,}{without}{rows}")
    if summary.suffix_list_version:
        warn(f"public suffix list {summary.suffix_list_version}")
    _warn_request(summary.request_id)


def warn_of_volume(volume: Volume, absent: Mapping[str, str]) -> None:
    """Name the series that are empty, what the tables do not cover, and the tables that failed.

    `absent` tells of series without rows, by what was asked, where their names have some.
    """
    if not volume.found and not absent and not volume.summary.failures_total:
        warn("nothing found: is the name spelt right, the record type, the bailiwick?")
    else:
        for series in volume:
            if not series.counts.any():
                what = f"{series.asked}{' ' + series.rrtype if series.rrtype else ''}"
                where = absent.get(series.asked)
                warn(f"nothing found for {what}{f': {where}' if where else ''}")
    warn_of_buckets(volume.question.bucket_by, volume.summary)
    warn_of_coverage(volume.coverage)
    warn_of_failures(volume.summary)


def warn_of_top(top: Top) -> None:
    """Say what the tables do not cover, how spans were compared that differ, and name the tables that
    failed.
    """
    if not top.found and not top.summary.failures_total:
        warn("nothing found: is the suffix spelt right, or the record type?")
    baseline = top.baseline_coverage
    for said in top.lacks:
        warn(said)
    if baseline is not None and baseline.covered_seconds != top.coverage.covered_seconds:
        warn(
            f"the spans differ, so rates are compared: {baseline.covered_length} before, "
            f"{top.coverage.covered_length} after"
        )
    warn_of_failures(top.summary)


def warn_of_failures(summary: Summary | TopSummary) -> None:
    """Name the tables that did not answer, where there are any, and those with rows that are none."""
    for skipped in summary.skipped[:MAX_LINES]:
        warn(str(skipped))
    if summary.skipped[MAX_LINES:]:
        warn(f"{summary.rows_skipped:,} rows are left out in all, which are none")
    if not summary.failures_total:
        return
    for failure in summary.failures[:MAX_LINES]:
        warn(f"failed: {failure}")
    if summary.failures_total > MAX_LINES:
        warn(f"failed: {summary.failures_total - MAX_LINES} more tables")
    warn(
        f"incomplete: {summary.tables_answered} of {summary.tables_asked} tables answered; "
        "counts that need the others are lower bounds"
    )


def warn_of_buckets(asked: BucketBy, summary: Summary) -> None:
    """Say where rows were not counted by file although nobody asked for anything else."""
    if asked is BucketBy.AUTO and summary.bucket_by is BucketBy.FIRST_SEEN:
        warn("counted where rows were first seen: an edge of the span cuts a table, or none covers it")


def warn_of_coverage(coverage: SpanCoverage) -> None:
    """Say which stretches of the span no table covers, or none that could be read."""
    if not coverage.complete:
        warn(str(coverage))


def _warn_plan(entries: Iterable[PlanEntry]) -> None:
    """A line for each stretch of tables that were used, or were left out for one reason."""
    for (used, reason), stretch in groupby(entries, key=lambda entry: (entry.used, entry.reason)):
        tables = [entry.table for entry in stretch]
        names = tables[0] if len(tables) == 1 else f"{tables[0]} to {tables[-1]}, {len(tables)} tables"
        warn(f"{'used' if used else 'left out'}: {names}{f': {reason}' if reason else ''}")


def _warn_request(request_id: str) -> None:
    """The name of the call in the server's log; there is none where no server answered."""
    if request_id:
        warn(f"request {request_id}")
