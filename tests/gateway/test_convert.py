"""Requests to questions, and bad requests field by field."""

from typing import Any

import pytest
from dnstide.api.v1 import common_pb2, volume_pb2
from dnstide.engine import BucketBy, FailurePolicy, Granularity, Smoothing, SmoothingMethod
from dnstide.gateway.convert import MAX_VIOLATIONS, volume_question
from dnstide.gateway.status import BadRequestError


def question(**fields: Any) -> Any:
    return volume_question(volume_pb2.QueryVolumeRequest(**{"names": ["example.com"], **fields}), 10)


def violations(**fields: Any) -> list[str]:
    with pytest.raises(BadRequestError) as caught:
        question(**fields)
    return [violation.field for violation in caught.value.violations]


def test_what_is_left_out_has_its_default() -> None:
    """A request with a name only: days, by first seen, all types, the whole span, complete or not at all."""
    asked = question()
    assert [str(target) for target in asked.targets] == ["example.com."]
    assert (asked.start, asked.stop, asked.step) == (None, None, Granularity.DAY)
    assert (asked.bucket_by, asked.dataset, asked.policy) == (BucketBy.FIRST_SEEN, "dns", FailurePolicy.FAIL)
    assert (asked.split_by_rrtype, asked.fill, asked.smooth) == (False, False, None)


def test_every_field_arrives() -> None:
    """None of the fields of the request is forgotten on the way."""
    asked = question(
        names=["a.example", "*.b.example"],
        rrtypes=["mx", "TYPE65280"],
        bailiwick="example",
        start_time={"seconds": 60},
        end_time={"seconds": 120},
        granularity=common_pb2.GRANULARITY_TEN_MINUTES,
        bucket_by=volume_pb2.BUCKET_BY_FILE,
        split_by_rrtype=True,
        smoothing={"method": volume_pb2.SMOOTHING_METHOD_MEDIAN, "period": 3},
        fill=True,
        failure_policy=common_pb2.FAILURE_POLICY_PARTIAL,
        dataset="dnssec",
    )
    assert [str(target) for target in asked.targets] == ["a.example.", "*.b.example."]
    assert {target.rrtypes for target in asked.targets} == {(15, 65280)}
    assert {str(target.bailiwick) for target in asked.targets} == {"example."}
    assert (asked.start, asked.stop, asked.step) == (60, 120, Granularity.TEN_MINUTES)
    assert (asked.bucket_by, asked.split_by_rrtype, asked.fill) == (BucketBy.FILE, True, True)
    assert asked.smooth == Smoothing(SmoothingMethod.MEDIAN, 3)
    assert (asked.policy, asked.dataset) == (FailurePolicy.PARTIAL, "dnssec")


@pytest.mark.parametrize("enum", [common_pb2.Granularity, volume_pb2.SmoothingMethod])
def test_every_value_of_an_enum_is_known(enum: Any) -> None:
    """The contract has no granularity or method that the engine lacks."""
    for number in enum.values():
        if enum is common_pb2.Granularity:
            asked = question(granularity=number)
            assert number == 0 or f"GRANULARITY_{asked.step.name}" == enum.Name(number)
        else:
            asked = question(smoothing={"method": number, "period": 3})
            assert number == 0 or f"SMOOTHING_METHOD_{asked.smooth.method.name}" == enum.Name(number)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"names": []}, "names"),
        ({"names": ["x"] * 11}, "names"),
        ({"names": ["ok.example", "a..b"]}, "names[1]"),
        ({"rrtypes": ["NOPE"]}, "rrtypes"),
        ({"bailiwick": "a..b"}, "bailiwick"),
        ({"start_time": {"seconds": 5, "nanos": 1}}, "start_time"),
        ({"start_time": {"seconds": -5}}, "start_time"),
        ({"end_time": {"seconds": 2**40}}, "end_time"),
        ({"start_time": {"seconds": 9}, "end_time": {"seconds": 9}}, "end_time"),
        ({"granularity": 99}, "granularity"),
        ({"bucket_by": 99}, "bucket_by"),
        ({"smoothing": {"method": 99, "period": 2}}, "smoothing.method"),
        ({"failure_policy": 99}, "failure_policy"),
        ({"dataset": "dnsx"}, "dataset"),
        ({"names": ["a.example/MX"], "rrtypes": ["A"]}, "names[0]"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], wrong: str) -> None:
    """One wrong field gives one violation under its name in the API."""
    assert violations(**fields) == [wrong]


def test_a_smoothing_period_of_nothing_is_refused() -> None:
    """A method without a period says nothing."""
    (field,) = violations(smoothing={"method": volume_pb2.SMOOTHING_METHOD_MEDIAN})
    assert field.startswith("smoothing")


def test_all_wrong_fields_are_named_at_once() -> None:
    """A caller mends a request in one go."""
    found = violations(
        names=["a..b", "fine.example", "-" * 64],
        rrtypes=["NOPE"],
        granularity=99,
        dataset="dnsx",
        end_time={"seconds": -1},
    )
    assert set(found) == {"names[0]", "names[2]", "rrtypes", "granularity", "dataset", "end_time"}


def test_the_list_of_violations_is_bounded() -> None:
    """A thousand wrong names do not make trailers of a megabyte."""
    request = volume_pb2.QueryVolumeRequest(names=["a..b"] * 1000)
    with pytest.raises(BadRequestError) as caught:
        volume_question(request, 10_000)
    assert len(caught.value.violations) == MAX_VIOLATIONS
