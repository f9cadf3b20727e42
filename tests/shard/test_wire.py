"""Everything that a shard is asked or says keeps every field on the direct channel."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgspec
import numpy as np
import pytest
from dnstide.model.errors import Cancelled, DeadlineExceeded, Failure
from dnstide.model.skipped import SkippedRows
from dnstide.model.vocabulary import Grouping
from dnstide.mtbl import BadChecksum, LookupQuery, RowFilter
from dnstide.mtbl.keys import Keys
from dnstide.shard import Partial, ShardError, ShardPlan, ShardQuestion, TableStatus
from dnstide.shard.load import ProcessLoad, ShardLoad, SummaryLoad
from dnstide.shard.ranking import requests
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.wire import KINDS, Wire

PLAN = ShardPlan(("a", "b"), b"\0\0\0\0\1\0\0\0", bytes(24))
QUERIES = (LookupQuery(b"\0x"), LookupQuery(b"\0", True, RowFilter((1, 65280), b"\0")))
FAILURE = Failure("t", "BAD_BLOCK", "x", 9, True)
SKIPPED = SkippedRows("t", 3, 2**40, "x")
SCOPE = requests.RankScope(Grouping.RDATA, (1, 28), b"\3com\0", (b"a", b"b"), (b"c",))
KEYS = Keys.of([b"first", b"", b"third"])


def travelled(value: Any) -> Any:
    """What a method returned, as it arrives at the other end; the arguments of a call take the same way."""
    ((argument,), (succeeded, result)) = (
        Wire().decode_call(Wire().encode_call("rank", [value]))[1],
        Wire().decode_reply("rank", Wire().encode_reply("rank", True, value)),
    )
    assert succeeded
    assert type(argument) is type(result)
    return result


def called(sender: Wire, receiver: Wire, questions: list[ShardQuestion]) -> list[ShardQuestion]:
    """The questions of a call, as they arrive."""
    method, arguments = receiver.decode_call(sender.encode_call("answer", [questions]))
    assert method == "answer"
    (arrived,) = arguments
    return list(arrived)


def answered(answers: list[Any]) -> list[Any]:
    """Answers, as they arrive."""
    succeeded, arrived = Wire().decode_reply("answer", Wire().encode_reply("answer", True, answers))
    assert succeeded
    return list(arrived)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, their arrays in type and shape too."""
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
        )
    if type(a) is not type(b):
        return False
    if type(a).__name__ in KINDS and hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def test_questions_survive() -> None:
    """Every field of questions, plans and queries, none at its default."""
    asked = [
        ShardQuestion("1", PLAN, QUERIES, True, 2.5),
        ShardQuestion("2", ShardPlan((), None, b""), (), False, None),
    ]
    assert called(Wire(), Wire(), asked) == asked


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
        failures=(FAILURE,),
        seconds=0.5,
        skipped=(SKIPPED,),
        outside=(1, 2**64 - 1),
    )
    answers = [full, ShardError("1", "CANCELLED", "gone"), Partial()]
    back = answered(answers)
    assert back == answers
    assert all(getattr(full, field.name) is not field.default for field in fields(Partial))
    assert isinstance(back[0], Partial)
    assert [column.dtype for column in (back[0].query, back[0].rrtype, back[0].bucket, back[0].count)] == [
        np.int32,
        np.uint16,
        np.int32,
        np.uint64,
    ]


BOUNDS = Bounds(
    KEYS,
    np.array([1, 2, 3], np.uint64),
    np.array([2**64 - 1, 5, 6], np.uint64),
    np.array([0, 1, 2], np.uint32),
    2**70,
    3,
    True,
    9,
    1,
)
VALUES = [
    ShardLoad(
        365,
        2**40,
        3,
        question_seconds=0.5,
        summaries=SummaryLoad(1, 2),
        process=ProcessLoad(9, -1),
        directory_changed_ns=7,
    ),
    TableStatus("dns.20240101.D.mtbl", 7, 2**60, 12, FAILURE, opened=True),
    requests.RankQuestion("1", ("a", "b"), SCOPE, requests.TopRequest(5, 6, True, 1), 1.5),
    requests.RankQuestion("1", ("a",), SCOPE, requests.AboveRequest(2**63, 1), None),
    requests.RankQuestion("1", ("a",), SCOPE, requests.ExactRequest(KEYS, 1)),
    requests.RankQuestion("1", ("a",), SCOPE, requests.TotalsRequest(1)),
    requests.RankQuestion(
        "1", ("a",), SCOPE, requests.SeriesRequest(KEYS, np.array([3, -1], np.int32), 4, 1)
    ),
    requests.RankReply(BOUNDS, (FAILURE,), skipped=(SKIPPED,)),
    requests.RankReply(np.arange(6, dtype=np.uint64).reshape(2, 3)),
    requests.RankReply(requests.Totals(2**64 + 5, 3, {1: (2, 2**64 - 1), 28: (0, 0)})),
    requests.RankReply(requests.Totals(1, 0, None), ()),
    requests.RankReply(None, (FAILURE,)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_survive(value: Any) -> None:
    """Every kind that a ranking and an inventory send, sums past 64 bits included; and tuples as tuples."""
    assert same(travelled([value]), [value])


def test_every_kind_has_an_example() -> None:
    """A kind that is added to what shards are asked needs a value above."""
    seen: set[str] = set()

    def visit(value: Any) -> None:
        if type(value).__name__ in KINDS:
            seen.add(type(value).__name__)
        if hasattr(value, "__dataclass_fields__"):
            for field in fields(value):
                visit(getattr(value, field.name))
        elif isinstance(value, tuple):
            for item in value:
                visit(item)

    for value in (*VALUES, ShardError("1", "CANCELLED", "gone")):
        visit(value)
    assert seen == set(KINDS)


def test_arrays_that_arrive_can_be_written_to() -> None:
    """Rankings work in place on what they are told."""
    array = travelled(np.arange(3, dtype=np.int64))
    array[0] = 5
    assert array.tolist() == [5, 1, 2]


@pytest.mark.parametrize(
    "error",
    [
        BadChecksum("/data/t.mtbl", 12, "the checksum does not match"),
        FileNotFoundError(2, "No such file or directory", "/data"),
        Cancelled("gone"),
        DeadlineExceeded("late"),
    ],
)
def test_exceptions_arrive_as_themselves(error: Exception) -> None:
    """Errors of tables, of the operating system, and the ends of a question."""
    succeeded, back = Wire().decode_reply("answer", Wire().encode_reply("answer", False, error))
    assert not succeeded
    assert (type(back), back.args, str(back)) == (type(error), error.args, str(error))


def test_other_exceptions_are_told_in_words() -> None:
    """Nothing else is made at the other end."""
    back = travelled(KeyError("x"))
    assert (type(back), str(back)) == (RuntimeError, "KeyError: 'x'")


def test_what_has_no_place_on_the_wire_is_refused() -> None:
    """Neither sent nor read: a name that is none of the kinds makes nothing."""
    with pytest.raises(TypeError, match="does not travel"):
        Wire().encode_reply("rank", True, object())
    shard = msgspec.msgpack.Ext(1, msgspec.msgpack.encode(["Shard", "/"]))
    with pytest.raises(ValueError, match="Shard"):
        Wire().decode_call(msgspec.msgpack.encode(["rank", [shard]]))


def test_a_plan_is_read_once() -> None:
    """The same bytes give the same object, whose tables are not read again."""
    sender, receiver = Wire(), Wire()
    question = ShardQuestion("1", PLAN, QUERIES)
    (first,), (second,) = (called(sender, receiver, [question]) for _ in range(2))
    assert first.plan is second.plan


def test_many_plans_are_not_kept_for_ever() -> None:
    """Both ends forget old plans and still agree on new ones."""
    sender, receiver = Wire(), Wire()
    for i in range(1000):
        question = ShardQuestion("1", ShardPlan((f"t{i}",), None, b""), ())
        assert called(sender, receiver, [question]) == [question]
    assert len(sender._packed) <= 128
    assert len(receiver._plans) <= 128
