"""Requests to questions. Every field that is wrong is named, not only the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dnstide.api.v1 import common_pb2, volume_pb2
from dnstide.engine import (
    BucketBy,
    FailurePolicy,
    Granularity,
    InvalidQuestion,
    OwnerTarget,
    Smoothing,
    SmoothingMethod,
    VolumeQuestion,
)
from dnstide.gateway.status import BadRequestError
from google.protobuf.timestamp_pb2 import Timestamp

MAX_VIOLATIONS = 20  # the details travel in trailers, which have to stay small

GRANULARITIES: dict[int, Granularity] = {
    common_pb2.GRANULARITY_UNSPECIFIED: Granularity.DAY,
    **{common_pb2.Granularity.Value(f"GRANULARITY_{g.name}"): g for g in Granularity},
}
GRANULARITY_NUMBERS = {g: number for number, g in GRANULARITIES.items() if number}
BUCKET_BYS: dict[int, BucketBy] = {
    volume_pb2.BUCKET_BY_UNSPECIFIED: BucketBy.FIRST_SEEN,
    volume_pb2.BUCKET_BY_FIRST_SEEN: BucketBy.FIRST_SEEN,
    volume_pb2.BUCKET_BY_FILE: BucketBy.FILE,
}
POLICIES: dict[int, FailurePolicy] = {
    common_pb2.FAILURE_POLICY_UNSPECIFIED: FailurePolicy.FAIL,
    common_pb2.FAILURE_POLICY_FAIL: FailurePolicy.FAIL,
    common_pb2.FAILURE_POLICY_PARTIAL: FailurePolicy.PARTIAL,
}
METHODS: dict[int, SmoothingMethod] = {
    volume_pb2.SMOOTHING_METHOD_UNSPECIFIED: SmoothingMethod.TRAILING_MEAN,
    **{volume_pb2.SmoothingMethod.Value(f"SMOOTHING_METHOD_{m.name}"): m for m in SmoothingMethod},
}


def volume_question(request: volume_pb2.QueryVolumeRequest, max_names: int) -> VolumeQuestion:
    """The question that a request asks. Raises BadRequestError."""
    if len(request.names) > max_names:
        error = InvalidQuestion("names", len(request.names), f"at most {max_names:,} names at once")
        raise BadRequestError([error])
    fields: dict[str, Any] = {}
    wrong: list[InvalidQuestion] = []
    for field, read in _READERS.items():
        try:
            fields[field] = read(request)
        except InvalidQuestion as error:
            wrong.append(error)
    fields["split_by_rrtype"] = request.split_by_rrtype
    fields["fill"] = request.fill
    names = list(request.names)
    if not wrong:
        try:
            return VolumeQuestion.build(names, **fields)
        except InvalidQuestion as error:
            wrong.append(error)
    raise BadRequestError(_all_violations(names, fields, wrong))


def _all_violations(
    names: list[str], fields: dict[str, Any], wrong: list[InvalidQuestion]
) -> list[InvalidQuestion]:
    """The errors found, and those that each field has by itself."""
    found = {error.field: error for error in wrong}
    for i, name in enumerate(names):
        try:
            OwnerTarget.parse(name, f"names[{i}]")
        except InvalidQuestion as error:
            found.setdefault(error.field, error)
        if len(found) >= MAX_VIOLATIONS:
            break
    for field, value in fields.items():
        try:
            VolumeQuestion.build(["."], **{field: value})
        except InvalidQuestion as error:
            found.setdefault(error.field, error)
    return list(found.values())[:MAX_VIOLATIONS]


def _start(request: volume_pb2.QueryVolumeRequest) -> int | None:
    return seconds("start_time", request.start_time) if request.HasField("start_time") else None


def _stop(request: volume_pb2.QueryVolumeRequest) -> int | None:
    return seconds("end_time", request.end_time) if request.HasField("end_time") else None


def seconds(field: str, time: Timestamp) -> int:
    """Unix time. Raises InvalidQuestion for a fraction."""
    if time.nanos:
        raise InvalidQuestion(field, time.nanos, "times are whole seconds: leave nanos at 0")
    return int(time.seconds)


def _smoothing(request: volume_pb2.QueryVolumeRequest) -> Smoothing | None:
    if not request.HasField("smoothing"):
        return None
    method, period = request.smoothing.method, request.smoothing.period
    if not method and not period:
        return None
    return Smoothing(known("smoothing.method", METHODS, method), period)


def known(field: str, table: dict[int, Any], number: int) -> Any:
    """What a number of an enumeration stands for. Raises InvalidQuestion for one that is not known."""
    try:
        return table[number]
    except KeyError:
        reason = "this server does not know that value; it may be older than the client"
        raise InvalidQuestion(field, number, reason) from None


_READERS: dict[str, Callable[[volume_pb2.QueryVolumeRequest], Any]] = {
    "rrtypes": lambda request: tuple(request.rrtypes),
    "bailiwick": lambda request: request.bailiwick or None,
    "start": _start,
    "stop": _stop,
    "step": lambda request: known("granularity", GRANULARITIES, request.granularity),
    "bucket_by": lambda request: known("bucket_by", BUCKET_BYS, request.bucket_by),
    "dataset": lambda request: request.dataset or "dns",
    "smooth": _smoothing,
    "policy": lambda request: known("failure_policy", POLICIES, request.failure_policy),
}
