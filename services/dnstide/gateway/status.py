"""Every error to one gRPC status: the table is STATUSES, the most specific class wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import grpc
from dnstide.api.v1 import common_pb2
from dnstide.engine import AnswerIncomplete, DirectoryError, InvalidQuestion, NoTables
from dnstide.engine.analyze import AnalysisError
from dnstide.gateway.handles import ShardGoneError
from dnstide.mtbl import Cancelled, CountOverflow, DeadlinePassed
from dnstide.shard import Failure
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "dnstide"
DETAILS_KEY = "grpc-status-details-bin"
MAX_FAILURES = 16  # trailers have to stay below 8 KiB
MAX_REASON = 160

Code: TypeAlias = grpc.StatusCode


class BadRequestError(Exception):
    """A request that is refused. violations: one error for each field that is wrong, at least one."""

    def __init__(self, violations: Sequence[InvalidQuestion]) -> None:
        super().__init__("; ".join(str(violation) for violation in violations))
        self.violations = tuple(violations)


class NotReadyError(Exception):
    """The server starts."""


class DrainingError(Exception):
    """The server stops."""


class OverloadError(Exception):
    """As many questions as the server takes are under way."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is told of an error. retry: seconds after which the call is worth repeating, or None."""

    code: Code
    reason: str
    retry: float | None = None


def _incomplete(error: BaseException) -> Status:
    assert isinstance(error, AnswerIncomplete)
    if not error.damaged:
        return Status(Code.UNAVAILABLE, error.failures[0].code, 1.0)
    first = next(failure for failure in error.failures if not failure.unreachable)
    return Status(Code.DATA_LOSS, first.code)


STATUSES: dict[type[BaseException], Status | Callable[[BaseException], Status]] = {
    BadRequestError: Status(Code.INVALID_ARGUMENT, "INVALID_QUESTION"),
    InvalidQuestion: Status(Code.INVALID_ARGUMENT, "INVALID_QUESTION"),
    AnalysisError: Status(Code.INVALID_ARGUMENT, "ANALYSIS_REFUSED"),
    NoTables: Status(Code.FAILED_PRECONDITION, "NO_TABLES"),
    DirectoryError: Status(Code.UNAVAILABLE, "DIRECTORY_UNREADABLE", 5.0),
    AnswerIncomplete: _incomplete,
    ShardGoneError: Status(Code.UNAVAILABLE, "SHARD_UNREACHABLE", 1.0),
    NotReadyError: Status(Code.UNAVAILABLE, "NOT_READY", 1.0),
    DrainingError: Status(Code.UNAVAILABLE, "DRAINING", 1.0),
    OverloadError: Status(Code.RESOURCE_EXHAUSTED, "TOO_MANY_QUESTIONS", 0.1),
    CountOverflow: Status(Code.OUT_OF_RANGE, "COUNT_OVERFLOW"),
    DeadlinePassed: Status(Code.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
    Cancelled: Status(Code.CANCELLED, "CANCELLED"),
}
INTERNAL = Status(Code.INTERNAL, "INTERNAL")


def status_of(error: BaseException) -> Status:
    """The status of an error; INTERNAL for one that the table does not know."""
    for kind in type(error).__mro__:
        found = STATUSES.get(kind)
        if found is not None:
            return found(error) if callable(found) else found
    return INTERNAL


def rich_status(error: BaseException) -> status_pb2.Status:
    """The whole status with its details. An unknown error tells its kind only: its text is for the log."""
    status = status_of(error)
    text = str(error) if status is not INTERNAL else f"a defect of the server: {type(error).__name__}"
    info = error_details_pb2.ErrorInfo(reason=status.reason, domain=DOMAIN)
    details: list[Message] = [info]
    violations = _violations(error)
    if violations:
        bad = error_details_pb2.BadRequest()
        for violation in violations:
            bad.field_violations.add(field=violation.field, description=violation.reason)
        details.append(bad)
    if isinstance(error, AnswerIncomplete):
        info.metadata["failed_tables"] = str(len(error.failures))
        details += [failure_message(failure, MAX_REASON) for failure in error.failures[:MAX_FAILURES]]
    if status.retry is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(int(status.retry * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    rich = status_pb2.Status(code=status.code.value[0], message=text)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        rich.details.append(packed)
    return rich


def failure_message(failure: Failure, longest: int = 1000) -> common_pb2.Failure:
    """A failed table, its reason cut where it is longer."""
    message = common_pb2.Failure(
        table=failure.table, code=failure.code, reason=failure.reason[:longest], retryable=failure.retryable
    )
    if failure.offset is not None:
        message.offset = failure.offset
    return message


def _violations(error: BaseException) -> Sequence[InvalidQuestion]:
    if isinstance(error, BadRequestError):
        return error.violations
    return (error,) if isinstance(error, InvalidQuestion) else ()
