"""Enumerations of the model and the numbers that stand for them in messages."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from dnstide.api.v1 import common_pb2
from dnstide.codec import enums
from dnstide.codec.enums import EnumNumbers
from dnstide.model.errors import ServerDefect
from dnstide.model.granularity import Granularity
from dnstide.model.vocabulary import FailurePolicy

ALL = [each for each in vars(enums).values() if isinstance(each, EnumNumbers)]


def policies() -> EnumNumbers[FailurePolicy]:
    """One of them, made anew."""
    return EnumNumbers(FailurePolicy, common_pb2.FailurePolicy, "FAILURE_POLICY", FailurePolicy.FAIL)


@pytest.mark.parametrize("numbers", ALL)
def test_numbers_come_back(numbers: EnumNumbers[Any]) -> None:
    """Each member has a number of its own that stands for it, in requests and in answers."""
    problems: enums.Problems = []
    for member, number in numbers.number.items():
        assert number > 0
        assert numbers.asked(problems, "field", number) is member
        assert numbers.told(number) is member
    assert not problems


def test_what_is_left_open() -> None:
    """A request may leave a field at 0, an answer may not."""
    numbers, problems = policies(), []  # type: tuple[EnumNumbers[FailurePolicy], enums.Problems]
    assert dict(numbers.number) == {FailurePolicy.FAIL: 1, FailurePolicy.PARTIAL: 2}
    assert numbers.asked(problems, "field", 0) is FailurePolicy.FAIL
    assert not problems
    with pytest.raises(
        ServerDefect, match=r"^the answer has a FailurePolicy that this client does not know: 0$"
    ):
        numbers.told(0)


def test_numbers_of_a_newer_client() -> None:
    """They are named with their field, and the default stands in so that other fields can be judged."""
    problems: enums.Problems = []
    assert policies().asked(problems, "failure_policy", 9) is FailurePolicy.FAIL
    assert problems == [
        ("failure_policy", "this server does not know that value; it may be older than the client (got 9)")
    ]


class Fewer(Enum):
    FAIL = "fail"


class Other(Enum):
    FAIL = "fail"
    PARTIALLY = "partially"


def test_a_contract_that_differs_is_refused() -> None:
    """A member on one side alone is found when the package is imported, not when it is met."""
    with pytest.raises(ValueError, match=r"^Fewer of the model and FAILURE_POLICY of the contract differ$"):
        EnumNumbers(Fewer, common_pb2.FailurePolicy, "FAILURE_POLICY", Fewer.FAIL)
    with pytest.raises(ValueError, match="FAILURE_POLICY_PARTIALLY"):
        EnumNumbers(Other, common_pb2.FailurePolicy, "FAILURE_POLICY", Other.FAIL)
    with pytest.raises(ValueError, match="FAILURE_POLICY_MINUTE"):
        EnumNumbers(Granularity, common_pb2.FailurePolicy, "FAILURE_POLICY", Granularity.DAY)
