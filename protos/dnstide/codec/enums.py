"""The enumerations of the model and their numbers in the contract. Each pair is compared on import."""

from __future__ import annotations

from enum import Enum
from typing import Any, Generic, TypeVar

from dnstide.api.v1 import analysis_pb2, common_pb2, top_pb2, volume_pb2
from dnstide.model.errors import ServerDefect
from dnstide.model.granularity import Granularity
from dnstide.model.vocabulary import (
    BucketBy,
    Coverage,
    FailurePolicy,
    GapKind,
    Grouping,
    Movement,
    RankMethod,
    SmoothingMethod,
)

_Member = TypeVar("_Member", bound=Enum)
Problems = list[tuple[str, str]]


class EnumNumbers(Generic[_Member]):
    """One enumeration: member to number for messages, number to member for what arrives.

    `default` is what a request means that leaves the field at 0. Raises ValueError where the contract and the
    model do not have the same members.
    """

    def __init__(self, kind: type[_Member], wrapper: Any, prefix: str, default: _Member) -> None:
        self.number: dict[_Member, Any] = {
            member: wrapper.Value(f"{prefix}_{member.name}") for member in kind
        }
        self._member: dict[int, _Member] = {number: member for member, number in self.number.items()}
        self._default = default
        if {0, *self._member} != set(wrapper.values()):
            raise ValueError(f"{kind.__name__} of the model and {prefix} of the contract differ")
        self._asked = {0: default, **self._member}

    def asked(self, problems: Problems, field: str, number: int) -> _Member:
        """What a number in a request stands for. A number that is not known is added to the problems."""
        member = self._asked.get(number)
        if member is None:
            problems.append(
                (
                    field,
                    f"this server does not know that value; it may be older than the client (got {number})",
                )
            )
            return self._default
        return member

    def told(self, number: int) -> _Member:
        """What a number in an answer stands for. Raises ServerDefect for one that is not known."""
        member = self._member.get(number)
        if member is None:
            kind = type(self._default).__name__
            raise ServerDefect(f"the answer has a {kind} that this client does not know: {number}")
        return member


GRANULARITY = EnumNumbers(Granularity, common_pb2.Granularity, "GRANULARITY", Granularity.DAY)
COVERAGE = EnumNumbers(Coverage, common_pb2.Coverage, "COVERAGE", Coverage.COMPLETE)
FAILURE_POLICY = EnumNumbers(FailurePolicy, common_pb2.FailurePolicy, "FAILURE_POLICY", FailurePolicy.FAIL)
BUCKET_BY = EnumNumbers(BucketBy, volume_pb2.BucketBy, "BUCKET_BY", BucketBy.AUTO)
SMOOTHING_METHOD = EnumNumbers(
    SmoothingMethod, volume_pb2.SmoothingMethod, "SMOOTHING_METHOD", SmoothingMethod.TRAILING_MEAN
)
GROUP_BY = EnumNumbers(Grouping, top_pb2.GroupBy, "GROUP_BY", Grouping.FQDN)
MOVEMENT = EnumNumbers(Movement, top_pb2.Movement, "MOVEMENT", Movement.ALL)
RANK_METHOD = EnumNumbers(RankMethod, top_pb2.RankMethod, "RANK_METHOD", RankMethod.SUMMARY)
GAP_KIND = EnumNumbers(GapKind, analysis_pb2.GapKind, "GAP_KIND", GapKind.SILENT)

if any(COVERAGE.number[mark] != mark for mark in Coverage):
    raise ValueError(
        "a Coverage of the model has another number in the contract"
    )  # arrays travel as they are
