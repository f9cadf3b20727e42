"""Questions that travel in one native lookup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from dnstide.model.errors import Failure
from dnstide.model.skipped import SkippedRows, merge_skipped
from dnstide.mtbl import Cancel, LookupQuery, LookupResult
from dnstide.shard.partial import Partial
from dnstide.shard.question import ShardPlan, ShardQuestion


class Batch:
    """Questions over the same plan and split. Their lookup stops once all of them are cancelled."""

    def __init__(self, questions: Sequence[ShardQuestion], cancel: Cancel | None = None) -> None:
        self.questions = tuple(questions)
        self._waiting = {question.id for question in questions}
        # The question with the most time keeps the lookup alive for the others, too.
        seconds = [question.seconds_left for question in questions]
        longest = None if None in seconds else max(s for s in seconds if s is not None)
        self.stop = cancel or Cancel(longest)

    @property
    def plan(self) -> ShardPlan:
        """The plan that all questions share."""
        return self.questions[0].plan

    @property
    def split_by_rrtype(self) -> bool:
        """Whether counts are wanted by record type."""
        return self.questions[0].split_by_rrtype

    @property
    def queries(self) -> list[LookupQuery]:
        """The queries of all questions, one question after the other."""
        return [query for question in self.questions for query in question.queries]

    def cancel(self, question_id: str) -> None:
        """Cancel one question; the lookup goes on for the others."""
        self._waiting.discard(question_id)
        if not self._waiting:
            self.stop.cancel()


def batches(questions: Sequence[ShardQuestion], cancel: Cancel | None = None) -> list[Batch]:
    """Questions grouped by plan and split, in the order of their first ones."""
    if len(questions) == 1:
        return [Batch(questions, cancel)]
    groups: dict[tuple[ShardPlan, bool], list[ShardQuestion]] = {}
    for question in questions:
        groups.setdefault((question.plan, question.split_by_rrtype), []).append(question)
    return [Batch(group, cancel) for group in groups.values()]


def divide(
    result: LookupResult,
    questions: Sequence[ShardQuestion],
    answered: int,
    failures: tuple[Failure, ...],
    seconds: float,
    names: Sequence[str],
) -> list[Partial]:
    """The result of a batch, question by question; `names` are those of the tables.

    Columns are views. The first question carries the rows and blocks of the batch, since blocks are decoded
    once for all of it; each carries the odd rows that it met itself, and the times outside the axis that any
    of them met, which share it.
    """
    if len(questions) == 1:
        columns = result.query, result.rrtype, result.bucket, result.count
        skipped = _skipped(result, 0, len(questions[0].queries), names)
        rows, blocks = result.rows, result.blocks
        return [
            Partial(*columns, rows, blocks, answered, 0, failures, seconds, skipped, result.outside),
        ]
    firsts = np.cumsum([0, *(len(question.queries) for question in questions)])
    bounds = np.searchsorted(result.query, firsts).tolist()
    partials = []
    for i, (first, end) in enumerate(pairwise(firsts.tolist())):
        part = slice(bounds[i], bounds[i + 1])
        query = result.query[part] - np.int32(first)
        rows, blocks = (result.rows, result.blocks) if i == 0 else (0, 0)
        columns = query, result.rrtype[part], result.bucket[part], result.count[part]
        skipped = _skipped(result, first, end, names)
        partials.append(
            Partial(*columns, rows, blocks, answered, 0, failures, seconds, skipped, result.outside)
        )
    return partials


def _skipped(result: LookupResult, first: int, end: int, names: Sequence[str]) -> tuple[SkippedRows, ...]:
    """The odd rows that queries from the first up to the end met."""
    if not result.skipped:
        return ()
    return merge_skipped(
        SkippedRows(names[table], rows, offset, reason)
        for query, table, rows, offset, reason in result.skipped
        if first <= query < end
    )
