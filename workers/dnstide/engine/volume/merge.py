"""From partials and failures to the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import unix_seconds
from dnstide.engine.volume.coverage import Codes, mark_failed
from dnstide.engine.volume.plan import VolumePlan
from dnstide.engine.volume.query import VolumeQuery
from dnstide.engine.volume.series import build_series
from dnstide.model.errors import Failure, answer_incomplete
from dnstide.model.vocabulary import (
    MAX_COUNT,
    MAX_LISTED_FAILURES,
    MAX_LISTED_PLAN,
    BucketBy,
    Coverage,
    FailurePolicy,
)
from dnstide.model.volume import PlanEntry, Summary, Timings, Volume
from dnstide.shard.partial import Partial, sum_partials, union


def merge_volume(
    plan: VolumePlan, query: VolumeQuery, partials: Sequence[Partial], timings: Timings
) -> Volume:
    """The answer to a question, of what shards said about its plan.

    Each table of the plan must be answered for once, by a partial that counts it as answered or lists it as
    failed. Raises AnswerIncomplete where a table failed and the question takes no partial answer,
    CountOverflow for a sum past 2^64-1, RuntimeError where a table was not answered for.
    """
    began = perf_counter()
    question = query.question
    failures = failures_of(plan, partials)
    if failures and question.failure_policy is FailurePolicy.FAIL:
        raise answer_incomplete(failures)
    merged = sum_partials(partials)
    if merged.answered + len(failures) != plan.tables_asked:
        heard = f"{merged.answered} answered, {len(failures)} failed"
        raise RuntimeError(f"{plan.tables_asked} tables were asked, but {heard}")
    answered = merged.answered
    if question.strict and merged.skipped:
        odd = {skipped.table: skipped.as_failure() for skipped in merged.skipped}
        failures = union(failures, odd.values())
        answered -= len(odd)
        if question.failure_policy is FailurePolicy.FAIL:
            raise answer_incomplete(failures)
    first, stop = _buckets_told(plan, merged)
    bucket = merged.bucket - np.int32(first) if first else merged.bucket
    axis = plan.axis(first, stop)
    if failures:
        axis = plan.axis_of(coverage_of(plan, failures), first, stop)
    series, total = build_series(query, merged.query, merged.rrtype, bucket, merged.count, axis)
    span_coverage = plan.coverage_of_span(failures)
    spent = perf_counter() - began
    summary = Summary(
        complete=not failures and span_coverage.complete,
        tables_asked=plan.tables_asked,
        tables_answered=answered,
        failures=failures[:MAX_LISTED_FAILURES],
        failures_total=len(failures),
        plan=plan_entries([plan]) if question.explain else (),
        rows_read=merged.rows,
        blocks_read=merged.blocks,
        total_count=min(total, MAX_COUNT),
        timings=Timings(timings.plan, timings.ask, timings.merge + spent, merged.seconds),
        catalog_version=plan.catalog_version,
        tables_summarized=merged.summarized,
        coverage=span_coverage,
        bucket_by=plan.key.bucket_by,
        skipped=merged.skipped[:MAX_LISTED_FAILURES],
        rows_skipped=sum(skipped.rows for skipped in merged.skipped),
    )
    return Volume(question, axis, series, summary)


def _buckets_told(plan: VolumePlan, merged: Partial) -> tuple[int, int]:
    """The first and the last of the plan's buckets, exclusive, without those at its ends that are there only
    for rows first seen outside the tables, and have none.
    """
    first, stop = plan.lead, len(plan.coverage) - plan.tail
    if len(merged.bucket) and (plan.lead or plan.tail):
        first, stop = min(first, int(merged.bucket.min())), max(stop, int(merged.bucket.max()) + 1)
    return first, stop


def failures_of(plan: VolumePlan, partials: Sequence[Partial]) -> tuple[Failure, ...]:
    """Tables that failed, each once, those that the plan knew of included."""
    if not plan.failures and not any(partial.failures for partial in partials):
        return ()
    failures = union(plan.failures, *(partial.failures for partial in partials))
    return tuple({failure.table: failure for failure in reversed(failures)}.values())[::-1]


def coverage_of(plan: VolumePlan, failures: Iterable[Failure]) -> Codes:
    """The coverage of each bucket of a plan, now that these of its tables failed."""
    coverage = plan.coverage
    grace = plan.key.bucket_by is BucketBy.FIRST_SEEN
    failures = [failure for failure in failures if failure.table in plan.info]  # others are of nodes
    for code, unreachable in ((Coverage.DAMAGED, False), (Coverage.UNREACHABLE, True)):
        tables = [plan.info[f.table] for f in failures if f.unreachable is unreachable]
        if tables:
            starts: npt.NDArray[np.int64] = np.array([unix_seconds(t.start) for t in tables], np.int64)
            stops: npt.NDArray[np.int64] = np.array([unix_seconds(t.stop) for t in tables], np.int64)
            coverage = mark_failed(coverage, plan.edges, starts, stops, code, grace)
    return coverage


def plan_entries(plans: Sequence[VolumePlan]) -> tuple[PlanEntry, ...]:
    """Every table of the catalog, those that a plan uses first; the others with the reason of the first plan.

    An answer lists MAX_LISTED_PLAN of them.
    """
    used = {table for plan in plans for table in plan.tables}
    entries = [PlanEntry(table.name, True) for table in plans[0].listed if table.name in used]
    if len(entries) < MAX_LISTED_PLAN:
        entries += [
            PlanEntry(left.table, False, left.reason) for left in plans[0].left_out if left.table not in used
        ]
    return tuple(entries[:MAX_LISTED_PLAN])
