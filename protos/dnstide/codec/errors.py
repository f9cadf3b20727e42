"""Errors as gRPC statuses, and statuses as errors. ERRORS is the one table of both directions.

A status goes by its name, so that this package needs no gRPC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dnstide.api.v1 import common_pb2
from dnstide.codec.common import failure_of
from dnstide.model.errors import (
    AccessDenied,
    AnalysisRefused,
    AnswerIncomplete,
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    DirectoryUnreadable,
    DnstideError,
    Failure,
    InvalidQuestion,
    NoTables,
    ServerBusy,
    ServerDefect,
    ServerNotReady,
    ServerUnreachable,
    ShardsUnreachable,
    TablesDamaged,
    VersionMismatch,
)
from dnstide.model.vocabulary import MAX_PROBLEMS
from google.protobuf import duration_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

DOMAIN = "dnstide"

MAX_FAILURES = 16
"""Failed tables that an error names."""

DETAIL_BYTES = 3_800
"""Room for failures or problems, so that all details and the text, in base64, stay below 8 KiB."""

TEXT_BYTES, TEXT_BYTES_ESCAPED = 1_000, 350
"""Room for the text, and for one with signs for which gRPC sends three bytes each."""

_UNESCAPED = re.compile(r"[ -$&-~]*")
"""Texts that go over the wire as they are: printable ASCII without the percent sign."""

TABLE_BYTES = 255
"""Bytes of the name of a table that an error tells: as many as a file's name has."""


@dataclass(frozen=True, slots=True)
class Row:
    """An error class, the name of its gRPC status, and the reason in its ErrorInfo.

    Of several rows for one class the first is taken on the way out, with the reason of the error itself. An
    empty reason stands for all that have no row. `retry_seconds` is set where the call is worth repeating.
    """

    kind: type[DnstideError]
    status: str
    reason: str = ""
    retry_seconds: float | None = None


ERRORS = (
    Row(InvalidQuestion, "INVALID_ARGUMENT"),
    Row(AnalysisRefused, "INVALID_ARGUMENT", "ANALYSIS_REFUSED"),
    Row(NoTables, "FAILED_PRECONDITION"),
    Row(TablesDamaged, "DATA_LOSS"),
    Row(ShardsUnreachable, "UNAVAILABLE", "SHARD_UNREACHABLE", 1.0),
    Row(ShardsUnreachable, "UNAVAILABLE", "SHARD_TIMEOUT", 1.0),
    Row(ServerNotReady, "UNAVAILABLE", "NOT_READY", 1.0),
    Row(ServerNotReady, "UNAVAILABLE", "DRAINING", 1.0),
    Row(DirectoryUnreadable, "UNAVAILABLE", "DIRECTORY_UNREADABLE", 5.0),
    Row(ServerUnreachable, "UNAVAILABLE"),
    Row(ServerBusy, "RESOURCE_EXHAUSTED", "", 0.1),
    Row(CountOverflow, "OUT_OF_RANGE"),
    Row(DeadlineExceeded, "DEADLINE_EXCEEDED"),
    Row(Cancelled, "CANCELLED"),
    Row(VersionMismatch, "UNIMPLEMENTED"),
    Row(AccessDenied, "UNAUTHENTICATED"),
    Row(AccessDenied, "PERMISSION_DENIED"),
    Row(ServerDefect, "INTERNAL"),
    Row(ServerDefect, "UNKNOWN"),
    Row(ServerDefect, "NOT_FOUND"),
    Row(ServerDefect, "ALREADY_EXISTS"),
    Row(ServerDefect, "ABORTED"),
)

_ROW_OF = {row.kind: row for row in reversed(ERRORS)}
_KIND_OF = {(row.status, row.reason): row.kind for row in ERRORS}


@dataclass(frozen=True, slots=True)
class Status:
    """What is told of an error: the name of its gRPC status, its reason, and seconds until a call is worth
    repeating, None where it is not.
    """

    code_name: str
    reason: str
    retry_seconds: float | None = None


INTERNAL = Status("INTERNAL", ServerDefect.reason)
"""The status of an error that is none of the model's: a defect, whose text is for the log alone."""


def status_of(error: BaseException) -> Status:
    """The status of an error; INTERNAL for one that the table does not have."""
    for kind in type(error).__mro__:
        row = _ROW_OF.get(kind)
        if row is not None:
            assert isinstance(error, DnstideError)
            told = error.retry_after
            return Status(row.status, error.reason, row.retry_seconds if told is None else told)
    return INTERNAL


def rich_status(error: BaseException) -> status_pb2.Status:
    """The whole status of an error with its details, small enough for trailers."""
    status = status_of(error)
    text = f"a defect of the server: {type(error).__name__}" if status is INTERNAL else str(error)
    info = error_details_pb2.ErrorInfo(reason=status.reason, domain=DOMAIN)
    details: list[Message] = [info]
    if isinstance(error, InvalidQuestion):
        details.append(_bad_request(error.problems))
    if isinstance(error, AnswerIncomplete):
        info.metadata["failed_tables"] = str(len(error.failures))
        details += _failures(error.failures[:MAX_FAILURES])
    if status.retry_seconds is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(status.retry_seconds * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    longest = TEXT_BYTES if _UNESCAPED.fullmatch(text) else TEXT_BYTES_ESCAPED
    rich = status_pb2.Status(code=code_pb2.Code.Value(status.code_name), message=_cut(text, longest))
    for detail in details:
        rich.details.add().Pack(detail)
    return rich


def error_of(status_name: str, message: str, rich: bytes | None = None) -> DnstideError:
    """The error that a status stands for; `rich` is the serialized google.rpc.Status of the trailers."""
    details = _Details.read(rich)
    kind = error_class(status_name, details.reason)
    reason = details.reason or None
    error: DnstideError
    if issubclass(kind, InvalidQuestion):
        error = kind(details.problems or [("", message)])
    elif issubclass(kind, AnswerIncomplete):
        error = kind(message, reason, details.failures)
    else:
        error = kind(message, reason)
    error.retry_after = details.retry_seconds
    return error


def retry_seconds_of(rich: bytes | None) -> float | None:
    """Seconds after which a call is worth repeating, as the serialized google.rpc.Status of its trailers
    says; None where it does not say.
    """
    return _Details.read(rich).retry_seconds


def error_class(status_name: str, reason: str = "") -> type[DnstideError]:
    """The class for the name of a status and the reason of its ErrorInfo (empty where it has none)."""
    return _KIND_OF.get((status_name, reason)) or _KIND_OF.get((status_name, "")) or ServerDefect


@dataclass(slots=True)
class _Details:
    """What the rich status of a server says; nothing where it has none, or none that can be read."""

    reason: str = ""
    problems: list[tuple[str, str]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    retry_seconds: float | None = None

    @classmethod
    def read(cls, rich: bytes | None) -> _Details:
        details = cls()
        try:
            for packed in status_pb2.Status.FromString(rich or b"").details:
                details._take(packed.TypeName(), packed.value)
        except DecodeError:
            return cls()
        return details

    def _take(self, name: str, data: bytes) -> None:
        if name == error_details_pb2.ErrorInfo.DESCRIPTOR.full_name:
            info = error_details_pb2.ErrorInfo.FromString(data)
            if info.domain == DOMAIN:
                self.reason = info.reason
        elif name == error_details_pb2.BadRequest.DESCRIPTOR.full_name:
            bad = error_details_pb2.BadRequest.FromString(data)
            self.problems.extend((problem.field, problem.description) for problem in bad.field_violations)
        elif name == common_pb2.Failure.DESCRIPTOR.full_name:
            self.failures.append(failure_of(common_pb2.Failure.FromString(data)))
        elif name == error_details_pb2.RetryInfo.DESCRIPTOR.full_name:
            delay = error_details_pb2.RetryInfo.FromString(data).retry_delay
            self.retry_seconds = delay.ToMilliseconds() / 1000


def _bad_request(problems: Iterable[tuple[str, str]]) -> error_details_pb2.BadRequest:
    problems = tuple(problems)[:MAX_PROBLEMS]
    longest = _share(len(problems), 80)
    violations = [
        error_details_pb2.BadRequest.FieldViolation(field=_cut(name, 64), description=_cut(text, longest))
        for name, text in problems
    ]
    return error_details_pb2.BadRequest(field_violations=_fitting(violations))


def _failures(failures: Iterable[Failure]) -> Iterator[common_pb2.Failure]:
    failures = tuple(failures)
    names = [_cut(failure.table, TABLE_BYTES) for failure in failures]
    longest = _share(len(failures), 60 + max((len(name.encode()) for name in names), default=0))
    return _fitting(
        common_pb2.Failure(
            table=name,
            code=failure.code,
            reason=_cut(failure.reason, longest),
            offset=failure.offset,
            retryable=failure.retryable,
        )
        for name, failure in zip(names, failures, strict=True)
    )


def _share(items: int, beside: int) -> int:
    """The longest text of each of several details, so that all fit; `beside` is what else each takes."""
    return max(100, DETAIL_BYTES // max(items, 1) - beside)


def _fitting(messages: Iterable[Message]) -> Iterator[Message]:
    """The first of the messages, as far as there is room."""
    room = DETAIL_BYTES
    for message in messages:
        room -= message.ByteSize() + 4
        if room < 0:
            return
        yield message


def _cut(text: str, longest: int) -> str:
    """The text, cut to so many bytes of UTF-8 where it is longer."""
    data = text.encode(errors="replace")
    if len(data) <= longest:
        return data.decode()
    return data[: longest - 3].decode(errors="ignore") + "…"
