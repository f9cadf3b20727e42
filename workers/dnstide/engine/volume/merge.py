"""From partials and failures to an answer: add, fail, finish."""

from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter

import numpy as np
import numpy.typing as npt
from dnstide.engine.errors import AnswerIncomplete
from dnstide.engine.volume.answer import Timings, VolumeAnswer
from dnstide.engine.volume.coverage import Codes, Coverage, mark_failed
from dnstide.engine.volume.plan import VolumePlan
from dnstide.engine.volume.question import BucketBy, FailurePolicy, VolumeQuestion
from dnstide.engine.volume.series import build_series
from dnstide.shard.partial import Failure, Partial, sum_partials, union


class Accumulator:
    """Collects what shards say about one plan. Not for several threads at once.

    Each table of the plan must be answered for once, by a partial that counts it as answered or lists it as
    failed, or by `fail`. Known failures of the plan are in from the start.
    """

    def __init__(self, plan: VolumePlan, question: VolumeQuestion) -> None:
        self._plan, self._question = plan, question
        self._partials: list[Partial] = []
        self._failures: list[Failure] = list(plan.failures)

    @property
    def answered(self) -> int:
        """Tables whose rows are in so far."""
        return sum(partial.answered for partial in self._partials)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Tables that failed so far, each once."""
        return _one_each(union(self._failures, *(partial.failures for partial in self._partials)))

    def add(self, partial: Partial) -> None:
        """What a shard found in its tables."""
        self._partials.append(partial)

    def fail(self, tables: Iterable[str], failure: Failure) -> None:
        """These tables are not in the answer, all for the same reason; `failure.table` does not matter."""
        self._failures += [replace(failure, table=table) for table in tables]

    def finish(self, timings: Timings = Timings()) -> VolumeAnswer:  # noqa: B008 (frozen)
        """The answer. Raises AnswerIncomplete where a table failed and the question does not take a partial
        answer, CountOverflow for a sum past 2**64-1."""
        began = perf_counter()
        plan, question, failures = self._plan, self._question, self.failures
        if failures and question.policy is FailurePolicy.FAIL:
            raise AnswerIncomplete(failures)
        merged = sum_partials(self._partials)
        if merged.answered + len(failures) != plan.asked:
            heard = f"{merged.answered} answered, {len(failures)} failed"
            raise RuntimeError(f"{plan.asked} tables were asked, but {heard}")
        coverage = coverage_of(plan, failures)
        drop = min(plan.lead, int(merged.bucket.min())) if len(merged.bucket) else plan.lead
        bucket = merged.bucket - np.int32(drop) if drop else merged.bucket
        series = build_series(question, merged.query, merged.rrtype, bucket, merged.count, coverage[drop:])
        spent = perf_counter() - began
        return VolumeAnswer(
            question=question,
            plan=plan,
            edges=plan.edges[drop:],
            coverage=coverage[drop:],
            series=series,
            failures=failures,
            asked=plan.asked,
            answered=merged.answered,
            summarized=merged.summarized,
            rows=merged.rows,
            blocks=merged.blocks,
            timings=replace(timings, merge=timings.merge + spent, slowest_shard=merged.seconds),
        )


def _one_each(failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
    return tuple({failure.table: failure for failure in reversed(failures)}.values())[::-1]


def coverage_of(plan: VolumePlan, failures: Iterable[Failure]) -> Codes:
    """The coverage of each bucket of a plan, now that these of its tables failed."""
    coverage = plan.coverage
    grace = plan.bucket_by is BucketBy.FIRST_SEEN
    failures = tuple(failures)
    for code, unreachable in ((Coverage.DAMAGED, False), (Coverage.UNREACHABLE, True)):
        tables = [plan.catalog.by_name[f.table] for f in failures if f.unreachable is unreachable]
        if tables:
            starts: npt.NDArray[np.int64] = np.array([table.start for table in tables], np.int64)
            stops: npt.NDArray[np.int64] = np.array([table.stop for table in tables], np.int64)
            coverage = mark_failed(coverage, plan.edges, starts, stops, code, grace)
    return coverage
