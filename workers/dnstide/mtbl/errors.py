"""What can go wrong with a table.

TableError                   code                  damaged
├── TableMissing             TABLE_MISSING         no
├── TableUnreadable          TABLE_UNREADABLE      no: the system refused, or the disk failed
├── TableTooShort            TABLE_TOO_SHORT       yes
├── BadMagic                 BAD_MAGIC             yes
├── BadOffset                BAD_OFFSET            yes: trailer or index say what cannot be true
├── BadChecksum              BAD_CHECKSUM          yes
├── BadBlock                 BAD_BLOCK             yes
├── UnknownCompression       UNKNOWN_COMPRESSION   yes
├── NotDnstable              NOT_DNSTABLE          yes
└── TableChanged             TABLE_CHANGED         yes: shrunk or rewritten while it was open

Work on sound tables can end with Cancelled, DeadlineExceeded and CountOverflow; these are the model's.
"""

from __future__ import annotations

from typing import ClassVar

from dnstide.model.errors import Cancelled as Cancelled
from dnstide.model.errors import CountOverflow as CountOverflow
from dnstide.model.errors import DeadlineExceeded as DeadlineExceeded

Stopped = (Cancelled, DeadlineExceeded)
"""What ends work before it is done because someone asked for it; for `except` clauses."""


class TableError(Exception):
    """A table that cannot be read: `path`, `offset` (bytes from the file's start, where known), `reason`."""

    code: ClassVar[str] = "TABLE_ERROR"
    damaged: ClassVar[bool] = False
    """True where the file itself is at fault, so that reading it again would not help."""

    def __init__(self, path: str, offset: int | None, reason: str) -> None:
        # The same arguments go to Exception, so that pickle rebuilds the error.
        super().__init__(path, offset, reason)
        self.path = path
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        place = "" if self.offset is None else f" (at byte {self.offset})"
        return f"{self.path}: {self.reason}{place}"


class TableMissing(TableError):
    """There is no file at the path."""

    code = "TABLE_MISSING"


class TableUnreadable(TableError):
    """The system refused to open or read the file."""

    code = "TABLE_UNREADABLE"


class TableTooShort(TableError):
    """The file is shorter than an MTBL trailer."""

    code = "TABLE_TOO_SHORT"
    damaged = True


class BadMagic(TableError):
    """The file does not end as an MTBL table does."""

    code = "BAD_MAGIC"
    damaged = True


class BadOffset(TableError):
    """The trailer or the index says what cannot be true of this file."""

    code = "BAD_OFFSET"
    damaged = True


class BadChecksum(TableError):
    """A block differs from what was written."""

    code = "BAD_CHECKSUM"
    damaged = True


class BadBlock(TableError):
    """A block, an entry or a value is malformed."""

    code = "BAD_BLOCK"
    damaged = True


class UnknownCompression(TableError):
    """The table names a compression that MTBL does not have."""

    code = "UNKNOWN_COMPRESSION"
    damaged = True


class NotDnstable(TableError):
    """A sound MTBL table whose keys are not dnstable entries."""

    code = "NOT_DNSTABLE"
    damaged = True


class TableChanged(TableError):
    """The file shrank or was rewritten while it was open."""

    code = "TABLE_CHANGED"
    damaged = True


_BY_CODE: dict[str, type[TableError]] = {cls.code: cls for cls in TableError.__subclasses__()}


def error_from_code(code: str, path: str, offset: int | None, reason: str) -> TableError:
    """The error of that code; a plain TableError where unknown, so that a newer peer's arrives."""
    return _BY_CODE.get(code, TableError)(path, offset, reason)
