import pickle
from typing import Any

import pytest
from dnstide.engine import (
    AnswerIncomplete,
    BucketBy,
    DirectoryError,
    EngineError,
    FailurePolicy,
    Granularity,
    InvalidQuestion,
    NoTables,
    Smoothing,
    SmoothingMethod,
    VolumeQuestion,
)
from dnstide.shard import Failure


def test_defaults() -> None:
    """A bare name asks by day, by first seen, all types, all or nothing."""
    question = VolumeQuestion.build(["www.example.com"])
    assert [str(target) for target in question.targets] == ["www.example.com."]
    assert (question.step, question.bucket_by) == (Granularity.DAY, BucketBy.FIRST_SEEN)
    assert (question.policy, question.dataset, question.smooth) == (FailurePolicy.FAIL, "dns", None)
    assert (question.start, question.stop, question.fill, question.split_by_rrtype) == (
        None,
        None,
        False,
        False,
    )


def test_texts_become_values() -> None:
    """Every choice may come as text."""
    question = VolumeQuestion.build(
        ["a.com"],
        rrtypes=["AAAA", "a"],
        bailiwick="COM",
        step="M",
        bucket_by="FILE",
        smooth=14,
        policy="Partial",
    )
    assert question.targets[0].rrtypes == (1, 28)
    assert str(question.targets[0].bailiwick) == "com."
    assert question.step is Granularity.MONTH
    assert question.bucket_by is BucketBy.FILE
    assert question.policy is FailurePolicy.PARTIAL
    assert question.smooth == Smoothing(SmoothingMethod.TRAILING_MEAN, 14)


def test_names_that_are_the_same_are_looked_for_once() -> None:
    """Each name asked has a target; equal ones share a query."""
    question = VolumeQuestion.build(["b.com", "a.com.", "B.com", "a.com", "*.a.com", "a.com/A"])
    assert len(question.targets) == 6
    assert [str(target) for target in question.distinct] == ["b.com.", "a.com.", "*.a.com.", "a.com."]
    assert len(question.queries()) == 4


@pytest.mark.parametrize(
    ("field", "value", "arguments"),
    [
        ("names", [], {"names": []}),
        ("names", "a.com", {"names": "a.com"}),
        ("names", 10001, {"names": ["a"] * 10001}),
        ("names[1]", "a..b", {"names": ["a", "a..b"]}),
        ("names[1]", "b/A", {"names": ["a", "b/A"], "rrtypes": ["AAAA"]}),
        ("names[0]", "b//c", {"names": ["b//c"], "bailiwick": "d"}),
        ("rrtypes", "nope", {"rrtypes": ["A", "nope"]}),
        ("rrtypes", "A", {"rrtypes": "A"}),
        ("rrtypes", 65, {"rrtypes": [f"TYPE{n}" for n in range(1000, 1065)]}),
        ("bailiwick", "a..b", {"bailiwick": "a..b"}),
        ("start_time", -1, {"start": -1}),
        ("end_time", 2**60, {"stop": 2**60}),
        ("end_time", 5, {"start": 5, "stop": 5}),
        ("granularity", "fortnight", {"step": "fortnight"}),
        ("bucket_by", "moon", {"bucket_by": "moon"}),
        ("dataset", "../etc", {"dataset": "../etc"}),
        ("smoothing", 0, {"smooth": 0}),
        ("smoothing", 100001, {"smooth": 100001}),
        ("failure_policy", "hope", {"policy": "hope"}),
    ],
)
def test_wrong_questions_name_the_field(field: str, value: object, arguments: dict[str, Any]) -> None:
    """Each refusal names the field as the API does, and the value given."""
    with pytest.raises(InvalidQuestion) as caught:
        VolumeQuestion.build(**({"names": ["a.com"]} | arguments))
    assert (caught.value.field, caught.value.value) == (field, value)


def test_errors_cross_processes() -> None:
    """Every error comes out of a pickle as it went in, with a code of its own."""
    failure = Failure("dns.20181101.D.mtbl", "BAD_CHECKSUM", "checksum of a block is wrong", 4096)
    errors: list[EngineError] = [
        InvalidQuestion("names[0]", "a..b", "a label is empty"),
        NoTables("no table covers any part of the span", ("2 day tables from 2018-11-01 to 2018-11-03",)),
        DirectoryError("/nowhere", "no such directory"),
        AnswerIncomplete((failure, failure)),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.code) == (type(error), str(error), error.code)
    here = {kind for kind in EngineError.__subclasses__() if kind.__module__ == EngineError.__module__}
    assert {type(error) for error in errors} == here
    assert len({error.code for error in errors}) == len(errors)
    assert "dns.20181101.D.mtbl: checksum of a block is wrong (at byte 4096), and 1 more" in str(errors[-1])


def test_long_values_are_cut_in_errors() -> None:
    """A name of a megabyte does not become a message of a megabyte."""
    with pytest.raises(InvalidQuestion) as caught:
        VolumeQuestion.build(["a" * 1_000_000])
    assert len(str(caught.value)) < 200
