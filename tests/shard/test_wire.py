"""Questions and answers keep every field on the direct channel."""

import pickle
from dataclasses import fields

import numpy as np
from dnstide.model.errors import Failure
from dnstide.mtbl import LookupQuery, RowFilter
from dnstide.shard import Partial, ShardError, ShardPlan, ShardQuestion
from dnstide.shard.wire import (
    PlanPacker,
    PlanReader,
    pack_answers,
    pack_questions,
    read_answers,
    read_questions,
)

PLAN = ShardPlan(("a", "b"), b"\0\0\0\0\1\0\0\0", bytes(24))
QUERIES = (LookupQuery(b"\0x"), LookupQuery(b"\0", True, RowFilter((1, 65280), b"\0")))


def test_questions_survive() -> None:
    """Every field of questions, plans and queries, none at its default."""
    asked = [
        ShardQuestion("1", PLAN, QUERIES, True, 2.5),
        ShardQuestion("2", ShardPlan((), None, b""), (), False, None),
    ]
    packed = pickle.loads(pickle.dumps(pack_questions(asked, PlanPacker())))
    assert read_questions(packed, PlanReader()) == asked


def test_answers_survive() -> None:
    """Every field of partials and errors, columns with their types."""
    full = Partial(
        np.array([0, 1], np.int32),
        np.array([1, 65535], np.uint16),
        np.array([5, 6], np.int32),
        np.array([7, 2**64 - 1], np.uint64),
        rows=1,
        blocks=2,
        answered=3,
        summarized=2,
        failures=(Failure("t", "BAD_BLOCK", "x", 9, True),),
        seconds=0.5,
    )
    answers = [full, ShardError("1", "CANCELLED", "gone"), Partial()]
    back = read_answers(pickle.loads(pickle.dumps(pack_answers(answers))))
    assert back == answers
    assert all(getattr(full, field.name) is not field.default for field in fields(Partial))
    assert isinstance(back[0], Partial)
    assert [column.dtype for column in (back[0].query, back[0].rrtype, back[0].bucket, back[0].count)] == [
        np.int32,
        np.uint16,
        np.int32,
        np.uint64,
    ]


def test_a_plan_is_packed_and_read_once() -> None:
    """The same plan gives the same bytes, and the same bytes the same object, whose tables are not read
    again.
    """
    packer, reader = PlanPacker(), PlanReader()
    assert packer.pack(PLAN) is packer.pack(PLAN)
    assert reader.read(packer.pack(PLAN)) is reader.read(bytes(bytearray(packer.pack(PLAN))))


def test_many_plans_are_not_kept_for_ever() -> None:
    """Both ends forget old plans and still agree on new ones."""
    packer, reader = PlanPacker(), PlanReader()
    for i in range(1000):
        plan = ShardPlan((f"t{i}",), None, b"")
        assert reader.read(packer.pack(plan)) == plan
    assert len(packer._packed) <= 128
    assert len(reader._plans) <= 128
