"""Questions and answers as plain values, for the direct channel: pickling them field by field takes four
times as long, and a busy gateway does little else.

A plan travels as bytes that are made once and read once: both ends keep the last ones.
"""

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from dnstide.mtbl import LookupQuery, RowFilter
from dnstide.shard.partial import Partial, ShardError
from dnstide.shard.question import ShardPlan, ShardQuestion

_KEPT = 128


class PlanPacker:
    """Plans to bytes. For one thread."""

    def __init__(self) -> None:
        # By identity, since comparing long plans costs what packing them costs; the plan is kept with
        # its bytes so that its identity is not given to another one.
        self._packed: OrderedDict[int, tuple[ShardPlan, bytes]] = OrderedDict()

    def pack(self, plan: ShardPlan) -> bytes:
        known = self._packed.get(id(plan))
        if known is not None:
            return known[1]
        packed = pickle.dumps((plan.tables, plan.table_buckets, plan.edges), protocol=5)
        self._packed[id(plan)] = plan, packed
        while len(self._packed) > _KEPT:
            self._packed.popitem(last=False)
        return packed


class PlanReader:
    """Bytes to plans. For several threads: at worst one of them reads a plan once more."""

    def __init__(self) -> None:
        self._plans: dict[bytes, ShardPlan] = {}

    def read(self, packed: bytes) -> ShardPlan:
        plan = self._plans.get(packed)
        if plan is None:
            plan = ShardPlan(*pickle.loads(packed))
            if len(self._plans) >= _KEPT:
                self._plans = {}
            self._plans[packed] = plan
        return plan


def pack_questions(questions: Sequence[ShardQuestion], plans: PlanPacker) -> list[tuple[Any, ...]]:
    """One tuple for each question."""
    return [
        (
            q.id,
            plans.pack(q.plan),
            [
                (query.prefix, query.wildcard, query.filter.rrtypes, query.filter.bailiwick)
                for query in q.queries
            ],
            q.split_by_rrtype,
            q.seconds_left,
        )
        for q in questions
    ]


def read_questions(packed: list[tuple[Any, ...]], plans: PlanReader) -> list[ShardQuestion]:
    """The questions of `pack_questions`."""
    return [
        ShardQuestion(id, plans.read(plan), tuple([_query(*query) for query in queries]), split, left)
        for id, plan, queries, split, left in packed
    ]


def _query(prefix: bytes, wildcard: bool, rrtypes: tuple[int, ...], bailiwick: bytes | None) -> LookupQuery:
    return LookupQuery(prefix, wildcard, RowFilter(rrtypes, bailiwick))


def pack_answers(answers: Sequence[Partial | ShardError]) -> list[tuple[Any, ...]]:
    """One tuple for each answer: of three values for an error, of ten for a partial."""
    return [
        (answer.id, answer.code, answer.reason)
        if isinstance(answer, ShardError)
        else (
            answer.query.tobytes(),
            answer.rrtype.tobytes(),
            answer.bucket.tobytes(),
            answer.count.tobytes(),
            answer.rows,
            answer.blocks,
            answer.answered,
            answer.summarized,
            answer.failures,
            answer.seconds,
        )
        for answer in answers
    ]


def read_answers(packed: list[tuple[Any, ...]]) -> list[Partial | ShardError]:
    """The answers of `pack_answers`. Columns are read-only."""
    return [
        ShardError(*values)
        if len(values) == 3
        else Partial(
            np.frombuffer(values[0], np.int32),
            np.frombuffer(values[1], np.uint16),
            np.frombuffer(values[2], np.int32),
            np.frombuffer(values[3], np.uint64),
            *values[4:],
        )
        for values in packed
    ]
