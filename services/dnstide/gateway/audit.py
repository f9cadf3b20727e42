"""The audit log: a line of JSON for each call, who asked what, and how it ended.

Lines are written by a thread of their own, since a disk may take its time. A file that was renamed or removed
is made anew with the next line, so that it can be rotated.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from dnstide.api.v1 import analysis_pb2, common_pb2, tables_pb2, top_pb2, volume_pb2
from google.protobuf.message import Message

log = logging.getLogger(__name__)

STANDARD_OUTPUT = "-"

FIRST_NAMES = 3
"""Names of a question that a line tells; the others are counted."""

MAX_TEXT = 255
"""Characters of a name or another text of the caller."""

MAX_WAITING = 10_000
"""Lines that wait for the disk. Further ones are lost, and counted: answers do not wait."""

GATHER_SECONDS = 0.05
"""Time in which lines come together: to wake a thread costs more than to write a line."""

CLOSE_SECONDS = 5.0
"""Longest wait for the last lines, when the gateway ends."""

_CLOSE, _REOPEN = object(), object()


class AuditLog:
    """Writes lines to a file, or to standard output for `-`. Safe for several threads."""

    def __init__(self, target: str) -> None:
        """Raises OSError where the file cannot be written to."""
        self.written = self.lost = 0
        self._target = target
        self._descriptor = 1 if target == STANDARD_OUTPUT else _open(target)
        self._lines: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._failing = False
        self._torn = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
        self._thread.start()

    def write(self, record: Mapping[str, Any]) -> None:
        """Write the record as one line, soon. Never raises and never waits."""
        if self._lines.qsize() >= MAX_WAITING:
            self._lose(1, "lines come faster than they can be written")
        else:
            self._lines.put(record)

    def reopen(self) -> None:
        """Open the file under its name anew, soon."""
        self._lines.put(_REOPEN)

    def close(self) -> None:
        """Write what waits, within CLOSE_SECONDS, and close the file. Blocks."""
        self._closing.set()
        self._lines.put(_CLOSE)
        self._thread.join(CLOSE_SECONDS)

    def _work(self) -> None:
        closing = False
        while not closing:
            batch = [self._lines.get()]
            self._closing.wait(GATHER_SECONDS)
            while not self._lines.empty():
                batch.append(self._lines.get())
            closing = _CLOSE in batch
            records = [item for item in batch if item is not _CLOSE and item is not _REOPEN]
            self._follow(forced=_REOPEN in batch)
            if records:
                self._put(records)
        if self._target != STANDARD_OUTPUT:
            os.close(self._descriptor)

    def _follow(self, *, forced: bool) -> None:
        """Make the file anew where another one, or none, lies under its name."""
        if self._target == STANDARD_OUTPUT:
            return
        try:
            if not forced and _identity(os.stat(self._target)) == _identity(os.fstat(self._descriptor)):
                return
        except OSError:
            pass
        try:
            descriptor = _open(self._target)
        except OSError as error:  # what is open may still be written to
            log.error("the audit log %s cannot be opened anew: %s", self._target, error.strerror)
            return
        os.close(self._descriptor)
        self._descriptor = descriptor

    def _put(self, records: list[Mapping[str, Any]]) -> None:
        data = b"\n" * self._torn + b"".join(map(line, records))
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            put = data[: len(data) - len(left)]
            if put:  # a part of a line may stand there: the next one begins on a line of its own
                self._torn = not put.endswith(b"\n")
            self._lose(len(records), f"it cannot be written: {error.strerror}")
            return
        self.written += len(records)
        self._torn = False
        if self._failing:
            self._failing = False
            log.info("the audit log is written again; %d lines were lost so far", self.lost)

    def _lose(self, lines: int, reason: str) -> None:
        self.lost += lines
        if not self._failing:
            self._failing = True
            log.error("lines of the audit log %s are lost: %s", self._target, reason)


def check_audit(target: str) -> None:
    """Raises OSError where lines cannot be written to the file."""
    if target != STANDARD_OUTPUT:
        os.close(_open(target))


def line(record: Mapping[str, Any]) -> bytes:
    """A record as one line of JSON in ASCII: what a caller sent cannot end it, nor move a terminal."""
    text = json.dumps(record, ensure_ascii=True, separators=(",", ":")).replace("\x7f", "\\u007f")
    return text.encode("ascii") + b"\n"


def moment(seconds: float) -> str:
    """A time in unix seconds as UTC in microseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def peer_of(told: str) -> tuple[str, int | None]:
    """Host and port of what gRPC calls a peer, as `ipv4:192.0.2.1:1234` and `ipv6:%5B::1%5D:1234`; another
    kind is taken as it is, without a port.
    """
    kind, _, rest = unquote(told).partition(":")
    host, _, port = rest.rpartition(":")
    if kind not in ("ipv4", "ipv6") or not port.isdigit():
        return told, None
    return host.removeprefix("[").removesuffix("]"), int(port)


def question_of(request: Message | None) -> dict[str, Any] | None:
    """The question of a request in short, None where the call ended before it was read."""
    match request:
        case volume_pb2.QueryVolumeRequest():
            return _volume(request)
        case analysis_pb2.AnalyzeVolumeRequest():
            return {"analysis": request.WhichOneof("analysis"), **_volume(request.question)}
        case top_pb2.RankNamesRequest():
            return {
                "limit": request.limit,
                "by": top_pb2.GroupBy.Name(request.group_by) if request.group_by in _GROUPINGS else None,
                "under": _cut(request.under),
                "exclude": len(request.exclude),
                "span": _span(request, "span"),
                "baseline": _span(request, "baseline"),
            }
        case tables_pb2.ListTablesRequest():
            return {"dataset": _cut(request.dataset), "page_token": _cut(request.page_token)}
        case None:
            return None
    return {}


_GROUPINGS = set(top_pb2.GroupBy.values())


def _volume(request: volume_pb2.QueryVolumeRequest) -> dict[str, Any]:
    return {
        "names": len(request.names),
        "first": _first(request.names),
        "rrtypes": _first(request.filter.rrtypes),
        "span": _span(request, "span"),
    }


def _first(texts: Iterable[str]) -> list[str]:
    return [_cut(text) for text, _ in zip(texts, range(FIRST_NAMES), strict=False)]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _span(request: Any, name: str) -> list[int | None] | None:
    """Start and stop of a span in unix seconds, None for an end that is open."""
    if not request.HasField(name):
        return None
    span: common_pb2.Span = getattr(request, name)
    return [
        span.start.seconds if span.HasField("start") else None,
        span.stop.seconds if span.HasField("stop") else None,
    ]


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
