"""Everything that can go wrong, as one tree.

    DnstideError
    ├── InvalidQuestion        an argument is wrong: which one, and why
    │   └── AnalysisRefused    the counts cannot be analysed as asked
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

The engine, the gateway and the clients raise these classes. `dnstide.codec.errors` is the one place where
an error becomes a gRPC status and a status becomes an error.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

SHARD_UNREACHABLE = "SHARD_UNREACHABLE"
SHARD_TIMEOUT = "SHARD_TIMEOUT"

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Failure:
    """One table whose rows are not in the answer, and why. Where a node of a server has not told which tables
    it holds, `table` is `node` and its name.

    `code` is a word such as BAD_CHECKSUM (the code of a reader's error), SHARD_UNREACHABLE or SHARD_TIMEOUT.
    `offset` is the byte in the file where the damage was met, None where it has no place. `retryable` is True
    where asking again may succeed.
    """

    table: str
    code: str
    reason: str
    offset: int | None = None
    retryable: bool = False

    @property
    def unreachable(self) -> bool:
        """True where the shard did not answer, so that nothing is known about the table itself."""
        return self.code in (SHARD_UNREACHABLE, SHARD_TIMEOUT)

    def __str__(self) -> str:
        place = "" if self.offset is None else f" (at byte {self.offset})"
        return f"{self.table}: {self.reason}{place}"


class DnstideError(Exception):
    """Any error of dnstide. `str()` says what, where and what to do; `reason` is a word for programs.

    `request_id` names the call at the server that answered with the error, None where no server did.
    `retry_after` is set where a server said that the call is worth repeating, after so many seconds.
    """

    reason = "ERROR"
    request_id: str | None = None
    retry_after: float | None = None

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickle calls the class without arguments of its own, since constructors differ.
        return _rebuild, (type(self), self.args), dict(self.__dict__)


def _rebuild(kind: type[DnstideError], args: tuple[Any, ...]) -> DnstideError:
    error = kind.__new__(kind)
    error.args = args
    return error


class InvalidQuestion(DnstideError, ValueError):
    """An argument is wrong. `problems` holds a (field, description) pair for each.

    A field is called as in the question (`names[3]`, `start`, `smoothing.period`, `baseline.stop`); an empty
    field stands for the question as a whole.
    """

    reason = "INVALID_QUESTION"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{field}: {text}" if field else text for field, text in self.problems))

    @classmethod
    def of(cls, field: str, value: object, reason: str) -> Self:
        """One wrong field: the value that was given, and what to give in its place."""
        return cls([(field, f"{reason} (got {shown(value)})")])


class AnalysisRefused(InvalidQuestion):
    """The counts cannot be analysed as asked; the text says why and what to change."""

    reason = "ANALYSIS_REFUSED"


class NoTables(DnstideError):
    """No table covers any part of the span: nothing could be looked at, which is not the same as a zero."""

    reason = "NO_TABLES"

    @classmethod
    def of(cls, reason: str, available: Sequence[str] = ()) -> Self:
        """`available` has one line for each granularity in the catalog: what there is instead."""
        return cls(reason + (f"; there are {', '.join(available)}" if available else ""))


class DirectoryUnreadable(DnstideError):
    """The directory of tables is missing or cannot be listed."""

    reason = "DIRECTORY_UNREADABLE"

    @classmethod
    def of(cls, path: str, error: OSError) -> Self:
        """What the operating system's refusal means for the directory."""
        if isinstance(error, FileNotFoundError):
            return cls(f"{path}: no such directory")
        if isinstance(error, NotADirectoryError):
            return cls(f"{path}: not a directory")
        cause = os.strerror(error.errno) if error.errno else error
        return cls(f"{path}: cannot be listed: {cause}")


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


def answer_incomplete(failures: Sequence[Failure]) -> AnswerIncomplete:
    """The error of an answer that lacks these tables, at least one.

    Where a table itself is at fault that decides; only where shards alone are to blame is it
    ShardsUnreachable.
    """
    faults = [failure for failure in failures if not failure.unreachable]
    kind: type[AnswerIncomplete] = TablesDamaged if faults else ShardsUnreachable
    first = (faults or failures)[0]
    more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    text = f"the answer needs a table that failed: {first}{more}; ask for a partial answer to go on without"
    return kind(text, first.code, failures)


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
    """The server starts or stops; ask again in a moment. `reason` is NOT_READY or DRAINING."""

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


class ClientClosed(DnstideError):
    """The client was closed before it was asked."""

    reason = "CLIENT_CLOSED"

    @classmethod
    def now(cls) -> Self:
        """The error, with its text."""
        return cls("this client is closed: make a new one")


class MissingExtra(DnstideError, ImportError):
    """A part that `pip install dnstide` leaves out is needed."""

    reason = "MISSING_EXTRA"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs a part that is not installed: pip install 'dnstide[{extra}]'")
        self.extra = extra


def shown(value: object) -> str:
    """A value as an error text quotes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."
