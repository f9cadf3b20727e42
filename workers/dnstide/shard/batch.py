"""Questions that travel in one native lookup."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dnstide.model.errors import Failure
from dnstide.mtbl import Cancel, LookupQuery, LookupResult
from dnstide.shard.partial import Partial
from dnstide.shard.question import ShardPlan, ShardQuestion


class Batch:
    """Questions over the same plan and split. The lookup stops when nobody waits for it any more."""

    def __init__(self, questions: Sequence[ShardQuestion], cancel: Cancel | None = None) -> None:
        self.questions = tuple(questions)
        self._waiting = {question.id for question in questions}
        # A question that wants longer keeps the lookup alive for the others, too.
        times = [question.seconds_left for question in questions]
        longest = None if None in times else max(seconds for seconds in times if seconds is not None)
        self.stop = cancel or Cancel(longest)

    @property
    def plan(self) -> ShardPlan:
        return self.questions[0].plan

    @property
    def split_by_rrtype(self) -> bool:
        return self.questions[0].split_by_rrtype

    @property
    def queries(self) -> list[LookupQuery]:
        return [query for question in self.questions for query in question.queries]

    def cancel(self, question_id: str) -> None:
        """That question is not waited for any more."""
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
) -> list[Partial]:
    """The result of a batch, question by question. Columns are views; rows and blocks are the batch's, since
    blocks are decoded once for all of it, and they stand with its first question.
    """
    if len(questions) == 1:
        columns = result.query, result.rrtype, result.bucket, result.count
        return [Partial(*columns, result.rows, result.blocks, answered, 0, failures, seconds)]
    firsts = np.cumsum([0, *(len(question.queries) for question in questions)])
    bounds = np.searchsorted(result.query, firsts).tolist()
    partials = []
    for i, first in enumerate(firsts[:-1].tolist()):
        part = slice(bounds[i], bounds[i + 1])
        query = result.query[part] - np.int32(first)
        rows, blocks = (result.rows, result.blocks) if i == 0 else (0, 0)
        columns = query, result.rrtype[part], result.bucket[part], result.count[part]
        partials.append(Partial(*columns, rows, blocks, answered, 0, failures, seconds))
    return partials
