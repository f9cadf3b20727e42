"""Why a question has no answer.

EngineError
├── InvalidQuestion     a field of the question is wrong
├── NoTables            no table covers any part of the span
├── DirectoryError      the directory of tables is missing or unreadable
└── AnswerIncomplete    tables failed, and the question wants all or nothing

Cancelled, DeadlineExceeded and CountOverflow come from `dnstide.mtbl` as they are.
"""

import os
from typing import ClassVar

from dnstide.shard.partial import Failure


class EngineError(Exception):
    """`code` is stable and UPPER_SNAKE; str() is for a person."""

    code: ClassVar[str] = "INTERNAL"


class InvalidQuestion(EngineError):
    """`field` is named as in the API (`names[3]`, `start_time`), `value` was given, `reason` is the cure."""

    code = "INVALID_QUESTION"

    def __init__(self, field: str, value: object, reason: str) -> None:
        super().__init__(field, value, reason)
        self.field, self.value, self.reason = field, value, reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason} (got {_shown(self.value)})"


class NoTables(EngineError):
    """`available` has one line for each granularity in the catalog: what there is instead."""

    code = "NO_TABLES"

    def __init__(self, reason: str, available: tuple[str, ...] = ()) -> None:
        super().__init__(reason, available)
        self.reason, self.available = reason, available

    def __str__(self) -> str:
        return self.reason + (f"; there are {', '.join(self.available)}" if self.available else "")


class DirectoryError(EngineError):
    """The operating system refused `path`."""

    code = "DIRECTORY_UNREADABLE"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    @classmethod
    def of(cls, path: str, error: OSError) -> "DirectoryError":
        if isinstance(error, FileNotFoundError):
            return cls(path, "no such directory")
        if isinstance(error, NotADirectoryError):
            return cls(path, "not a directory")
        return cls(path, f"cannot be listed: {os.strerror(error.errno) if error.errno else error}")

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class AnswerIncomplete(EngineError):
    """`failures` has at least one entry; `damaged` is False where only unreachable shards are to blame."""

    code = "ANSWER_INCOMPLETE"

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures)
        self.failures = failures

    @property
    def damaged(self) -> bool:
        return not all(failure.unreachable for failure in self.failures)

    def __str__(self) -> str:
        first = self.failures[0]
        more = f", and {len(self.failures) - 1} more" if len(self.failures) > 1 else ""
        return (
            f"the answer needs a table that failed: {first}{more}; ask for a partial answer to go on without"
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
