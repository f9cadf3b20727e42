"""The errors of `dnstide.model.errors`, and the class for a gRPC status."""

from __future__ import annotations

from dnstide.model.errors import (
    AccessDenied,
    AnswerIncomplete,
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    DirectoryUnreadable,
    DnstideError,
    Failure,
    InvalidQuestion,
    MissingExtra,
    NoTables,
    ServerBusy,
    ServerDefect,
    ServerError,
    ServerNotReady,
    ServerUnreachable,
    ShardsUnreachable,
    TablesDamaged,
    VersionMismatch,
)

__all__ = [
    "AccessDenied",
    "AnswerIncomplete",
    "Cancelled",
    "CountOverflow",
    "DeadlineExceeded",
    "DirectoryUnreadable",
    "DnstideError",
    "Failure",
    "InvalidQuestion",
    "MissingExtra",
    "NoTables",
    "ServerBusy",
    "ServerDefect",
    "ServerError",
    "ServerNotReady",
    "ServerUnreachable",
    "ShardsUnreachable",
    "TablesDamaged",
    "VersionMismatch",
    "error_class",
]

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
