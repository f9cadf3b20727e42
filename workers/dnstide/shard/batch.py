"""Questions that travel in one native lookup."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dnstide.model.errors import Failure
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
) -> list[Partial]:
    """The result of a batch, question by question.

    Columns are views. The first question carries the rows and blocks of the batch, since blocks are decoded
    once for all of it.
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
