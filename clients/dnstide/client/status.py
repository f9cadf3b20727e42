"""gRPC errors, of either client, to exceptions of `errors`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnstide.api.v1 import common_pb2
from google.rpc import error_details_pb2, status_pb2

from .calls import failure
from .errors import (
    AnswerIncomplete,
    DeadlineExceeded,
    DnstideError,
    Failure,
    InvalidQuestion,
    ServerBusy,
    ServerDefect,
    ServerNotReady,
    ServerUnreachable,
    VersionMismatch,
    error_class,
)
from .version import METADATA_KEY, check_version

DOMAIN = "dnstide"


def error_from_rpc(error: Any, server: str) -> DnstideError:
    """The exception for a grpc.RpcError that came from `server` (HOST:PORT).

    A server of another version may refuse a question for that reason alone, so that is said first.
    """
    version = told_version(error.initial_metadata()) or told_version(error.trailing_metadata())
    if version is not None:
        try:
            check_version(server, version)
        except VersionMismatch as mismatch:
            return mismatch
    status = error.code().name
    details = _details(error)
    kind = error_class(status, details.reason)
    text = error.details() or status
    if kind is InvalidQuestion:
        return InvalidQuestion(_problems(details.problems, text))
    if issubclass(kind, AnswerIncomplete):
        return kind(text, details.reason or None, details.failures)
    return kind(_explained(kind, text, server), details.reason or None)


def told_version(metadata: Any) -> str | None:
    """The version that a server told in the metadata of a call, or None."""
    return next((str(value) for key, value in metadata or () if key == METADATA_KEY), None)


def _problems(problems: list[tuple[str, str]], text: str) -> list[tuple[str, str]]:
    """The text of the status shows the value that was refused, which the entry of its field does not."""
    if len(problems) == 1 and text.startswith(f"{problems[0][0]}: "):
        return [(problems[0][0], text.removeprefix(f"{problems[0][0]}: "))]
    return problems or [("", text)]


def _explained(kind: type[DnstideError], text: str, server: str) -> str:
    """Adds the address and what to do where the server's own words cannot."""
    if kind is ServerUnreachable:
        return (
            f"no server answers at {server} ({_cause(text)}): check the address, "
            f"or start one with `dnstide serve --mtbl-dir DIR --listen {server}`"
        )
    if kind is DeadlineExceeded:
        return f"no whole answer from {server} in time: allow more with a longer timeout, or ask for less"
    if kind is ServerBusy:
        return f"server {server} is busy ({text}): ask again in a moment"
    if kind is ServerNotReady:
        return f"server {server} is not ready ({text}): ask again in a moment"
    if kind is VersionMismatch:
        return f"what answers at {server} does not know this question ({text}): is it a dnstide server?"
    if kind is ServerDefect:
        return f"server {server} failed ({text}): see its log"
    return text


def _cause(text: str) -> str:
    """The last clause of gRPC's chain of causes, which is the one that a person can use."""
    cause = text.rsplit("; last error: ", 1)[-1]
    return cause.rsplit(": ", 1)[-1].strip(" ]") or text


class _Details:
    """What the rich error of a server says: reason, problems by field, failures by table."""

    def __init__(self) -> None:
        self.reason = ""
        self.problems: list[tuple[str, str]] = []
        self.failures: list[Failure] = []


def _details(error: Any) -> _Details:
    found = _Details()
    raw = next(
        (value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"), None
    )
    if raw is None:
        return found
    for detail in status_pb2.Status.FromString(raw).details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            if info.domain == DOMAIN:
                found.reason = info.reason
                found.failures.extend(_failure(info.reason, info.metadata))
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            found.problems.extend((one.field, one.description) for one in bad.field_violations)
        elif detail.Is(common_pb2.Failure.DESCRIPTOR):
            one = common_pb2.Failure()
            detail.Unpack(one)
            found.failures.append(failure(one))
    return found


def _failure(reason: str, metadata: Mapping[str, str]) -> list[Failure]:
    if "table" not in metadata:
        return []
    offset = metadata.get("offset")
    return [Failure(metadata["table"], reason, metadata.get("reason", ""), int(offset) if offset else None)]
