"""Everything that can go wrong, as one tree.

    DnstideError
    ├── InvalidQuestion        an argument is wrong: which one, and why
    ├── NoTables               no table covers any part of the span
    ├── DirectoryUnreadable    the directory of tables is missing or cannot be listed
    ├── AnswerIncomplete       tables that the question needs did not answer; .failures names them
    │   ├── TablesDamaged      … because they are damaged, missing or unreadable
    │   └── ShardsUnreachable  … because their shard does not answer
    ├── CountOverflow          a sum passes 2^64-1
    ├── DeadlineExceeded       the answer was not whole in time (also a TimeoutError)
    ├── Cancelled              the call was cancelled
    ├── ServerError
    │   ├── ServerUnreachable  no server answers at the address (also a ConnectionError)
    │   ├── ServerNotReady     the server starts or stops
    │   ├── ServerBusy         too many questions at once
    │   ├── VersionMismatch    client and server do not belong together
    │   ├── AccessDenied       the server refuses this caller
    │   └── ServerDefect       the server met a defect of its own
    └── MissingExtra           an optional part is not installed (also an ImportError)

`error_class` is the one place where a gRPC status and a reason become a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """One table that could not be read or reached.

    `code` is a word such as BAD_CHECKSUM, `offset` the byte in the file where the damage was met (None where
    it has no place), `retryable` is True where asking again may succeed.
    """

    table: str
    code: str
    reason: str
    offset: int | None = None
    retryable: bool = False

    def __str__(self) -> str:
        place = "" if self.offset is None else f" (at byte {self.offset})"
        return f"{self.table}: {self.reason}{place}"


class DnstideError(Exception):
    """Any error of dnstide. `str()` says what, where and what to do; `reason` is a word for programs."""

    reason = "ERROR"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class InvalidQuestion(DnstideError, ValueError):
    """An argument is wrong. `problems` holds a (field, description) pair for each."""

    reason = "INVALID_QUESTION"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{field}: {text}" if field else text for field, text in self.problems))


class NoTables(DnstideError):
    """No table covers any part of the span: nothing could be looked at, which is not the same as a zero."""

    reason = "NO_TABLES"


class DirectoryUnreadable(DnstideError):
    """The directory of tables is missing or cannot be listed."""

    reason = "DIRECTORY_UNREADABLE"


class AnswerIncomplete(DnstideError):
    """Tables that the question needs did not answer. `failures` names them, as far as they are known."""

    reason = "INCOMPLETE"

    def __init__(self, message: str, reason: str | None = None, failures: Sequence[Failure] = ()) -> None:
        super().__init__(message, reason)
        self.failures = tuple(failures)


class TablesDamaged(AnswerIncomplete):
    """A table that the question needs is damaged, missing or unreadable."""

    reason = "DAMAGED"


class ShardsUnreachable(AnswerIncomplete):
    """A shard that the question needs does not answer."""

    reason = "SHARD_UNREACHABLE"


class CountOverflow(DnstideError, OverflowError):
    """A sum passes 2^64-1."""

    reason = "COUNT_OVERFLOW"


class DeadlineExceeded(DnstideError, TimeoutError):
    """The deadline passed before the answer was whole."""

    reason = "DEADLINE_EXCEEDED"


class Cancelled(DnstideError):
    """The call was cancelled before the answer was whole."""

    reason = "CANCELLED"


class ServerError(DnstideError):
    """The server, or the way to it, is at fault rather than the question."""


class ServerUnreachable(ServerError, ConnectionError):
    """No server answers at the address."""

    reason = "SERVER_UNREACHABLE"


class ServerNotReady(ServerError):
    """The server starts or stops; ask again in a moment."""

    reason = "NOT_READY"


class ServerBusy(ServerError):
    """The server has as many questions as it takes; ask again in a moment."""

    reason = "TOO_MANY_QUESTIONS"


class VersionMismatch(ServerError):
    """Client and server do not belong together."""

    reason = "VERSION_MISMATCH"


class AccessDenied(ServerError):
    """The server does not accept this caller."""

    reason = "ACCESS_DENIED"


class ServerDefect(ServerError):
    """The server met a defect of its own."""

    reason = "INTERNAL"


class MissingExtra(DnstideError, ImportError):
    """A part that `pip install dnstide` leaves out is needed."""

    reason = "MISSING_EXTRA"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs a part that is not installed: pip install 'dnstide[{extra}]'")
        self.extra = extra


_BY_STATUS: dict[tuple[str, str], type[DnstideError]] = {
    ("INVALID_ARGUMENT", ""): InvalidQuestion,
    ("FAILED_PRECONDITION", ""): NoTables,
    ("DATA_LOSS", ""): TablesDamaged,
    ("UNAVAILABLE", ""): ServerUnreachable,
    ("UNAVAILABLE", "SHARD_UNREACHABLE"): ShardsUnreachable,
    ("UNAVAILABLE", "SHARD_TIMEOUT"): ShardsUnreachable,
    ("UNAVAILABLE", "NOT_READY"): ServerNotReady,
    ("UNAVAILABLE", "DRAINING"): ServerNotReady,
    ("UNAVAILABLE", "DIRECTORY_UNREADABLE"): DirectoryUnreadable,
    ("RESOURCE_EXHAUSTED", ""): ServerBusy,
    ("OUT_OF_RANGE", ""): CountOverflow,
    ("DEADLINE_EXCEEDED", ""): DeadlineExceeded,
    ("CANCELLED", ""): Cancelled,
    ("UNIMPLEMENTED", ""): VersionMismatch,
    ("UNAUTHENTICATED", ""): AccessDenied,
    ("PERMISSION_DENIED", ""): AccessDenied,
    ("INTERNAL", ""): ServerDefect,
    ("UNKNOWN", ""): ServerDefect,
    ("NOT_FOUND", ""): ServerDefect,
    ("ALREADY_EXISTS", ""): ServerDefect,
    ("ABORTED", ""): ServerDefect,
}


def error_class(status: str, reason: str = "") -> type[DnstideError]:
    """The class for a gRPC status, by name, and the reason of its ErrorInfo (empty where it has none)."""
    exact = _BY_STATUS.get((status, reason))
    return exact or _BY_STATUS.get((status, "")) or ServerDefect
