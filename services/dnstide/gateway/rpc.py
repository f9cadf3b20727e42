"""The one frame around each RPC: identity, version, admission, deadline, log, metrics, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

import grpc
from dnstide.codec.errors import INTERNAL, rich_status, status_of
from dnstide.codec.metadata import DETAILS_KEY, REQUEST_ID_KEY, VERSION_KEY
from dnstide.gateway.admission import Admission
from dnstide.gateway.audit import AuditLog, moment, peer_of, question_of
from dnstide.gateway.config import Settings
from dnstide.gateway.health import SERVICE
from dnstide.gateway.metrics import KINDS, Metrics
from dnstide.gateway.request_id import REQUEST_ID
from dnstide.gateway.tokens import Tokens
from dnstide.gateway.tracing import CALL_TRACE, CallTrace, Tracing
from dnstide.model.errors import DeadlineExceeded, VersionMismatch
from google.protobuf.message import Message

log = logging.getLogger(__name__)

SLOW_SECONDS = 1.0
"""Calls that take longer are logged though they succeed."""

WELL_FORMED_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")
"""What a caller may call a request; anything else gets a name of ours."""

Context: TypeAlias = grpc.aio.ServicerContext
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Call:
    """One RPC under way: what it may take, how it speaks, and what is told of it at its end."""

    kind: str
    request_id: str
    seconds: float
    metadata: tuple[tuple[str, str], ...]
    context: Context = field(repr=False)
    names: int = 0
    tables_asked: int = 0
    tables_answered: int = 0
    rows: int = 0
    blocks: int = 0
    rows_skipped: int = 0
    token: str | None = None
    request: Message | None = None
    trace: CallTrace | None = None
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _introduced: bool = False

    async def write(self, message: Message) -> None:
        """Send a message ahead of the last one. The first also sends version and request id ahead.

        Raises DeadlineExceeded where the caller does not read within the time of the call: it would keep its
        place, and what was made for it, for as long as it likes.
        """
        try:
            async with asyncio.timeout_at(self.began + self.seconds):
                if not self._introduced:
                    self._introduced = True
                    await self.context.send_initial_metadata(self.metadata)
                await self.context.write(message.SerializeToString())
        except TimeoutError:
            reason = f"the answer was not read within {self.seconds:.3g} s"
            raise DeadlineExceeded(reason) from None

    async def all_but_last(self, messages: Iterable[Message]) -> bytes:
        """Write the messages, at least one, as they are made, but the last: return that one, serialized."""
        last: Message | None = None
        for message in messages:
            if last is not None:
                await self.write(last)
            last = message
        assert last is not None
        data: bytes = last.SerializeToString()
        return data


class Rpc:
    """Runs the work of RPCs within the frame."""

    def __init__(
        self,
        settings: Settings,
        admission: Admission,
        metrics: Metrics,
        version: str,
        audit: AuditLog | None = None,
        tracing: Tracing | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self._tokens = tokens
        self._audit = audit
        self._tracing = tracing
        self._settings = settings
        self._admission = admission
        self._metrics = metrics
        self._version = version

    async def run(
        self, kind: str, context: Context, work: Callable[[Call], Awaitable[T]], *, counted: bool = False
    ) -> T:
        """What the work returns; where it raises, the call ends with the status of the error.

        A `counted` call is one of at most `max_inflight`, and is answered only while the server is ready.
        """
        began = perf_counter()
        told = _metadata(context)
        call = self._call(kind, context, told.get(REQUEST_ID_KEY))
        REQUEST_ID.set(call.request_id)
        if self._tracing is not None:
            call.trace = self._tracing.call(f"{SERVICE}/{KINDS[kind]}", told, *peer_of(context.peer()))
            CALL_TRACE.set(call.trace)
        # At the end of the call: headers sent ahead would cost a batch of their own, and end gRPC's retries
        # of a call that is refused as UNAVAILABLE.
        context.set_trailing_metadata(call.metadata)
        try:
            self._check_version(told.get(VERSION_KEY))
            with contextlib.ExitStack() as stack:
                if self._tokens is not None:
                    call.token = self._tokens.caller(told.get("authorization"))
                    if counted:
                        stack.enter_context(self._tokens.asking(call.token))
                if counted:
                    stack.enter_context(self._admission)
                result = await work(call)
        except asyncio.CancelledError:
            remaining = context.time_remaining()
            status = "CANCELLED" if remaining is None or remaining > 0 else "DEADLINE_EXCEEDED"
            self._ended(call, status, perf_counter() - began)
            raise
        except Exception as error:
            told_status = status_of(error)
            self._ended(call, told_status.code_name, perf_counter() - began, told_status.reason)
            await self._abort(call, error)
            raise
        self._ended(call, "OK", perf_counter() - began)
        return result

    def _call(self, kind: str, context: Context, told: str | bytes | None) -> Call:
        well_formed = isinstance(told, str) and WELL_FORMED_ID.fullmatch(told)
        request_id = well_formed.group() if well_formed else os.urandom(16).hex()
        remaining = context.time_remaining()
        wanted = self._settings.default_deadline if remaining is None else float(remaining)
        seconds = min(wanted, self._settings.max_deadline)
        metadata = ((VERSION_KEY, self._version), (REQUEST_ID_KEY, request_id))
        return Call(kind, request_id, seconds, metadata, context)

    def _check_version(self, told: str | bytes | None) -> None:
        """Raises VersionMismatch where the caller tells a version that does not belong to this one."""
        if isinstance(told, str) and told.split(".")[:2] != self._version.split(".")[:2]:
            raise VersionMismatch(
                f"this server is dnstide {self._version}, the client is {told}: "
                "they need the same MAJOR.MINOR"
            )

    async def _abort(self, call: Call, error: Exception) -> None:
        """End the call with the status of the error. Never returns."""
        status = status_of(error)
        if status is INTERNAL:
            log.error("call %s failed", call.request_id, exc_info=error)
        rich = rich_status(error)
        details = (DETAILS_KEY, rich.SerializeToString())
        code = grpc.StatusCode[status.code_name]
        await call.context.abort(code, rich.message, (*call.metadata, details))

    def _ended(self, call: Call, status: str, seconds: float, reason: str = "") -> None:
        self._metrics.call_ended(call, status, seconds)
        if call.trace is not None:
            call.trace.ended(call, status, reason)
        if self._audit is not None:
            self._audit.write(_record(call, status, seconds, reason))
        level = logging.DEBUG if status == "OK" and seconds <= SLOW_SECONDS else logging.INFO
        if not log.isEnabledFor(level):
            return
        log.log(
            level,
            "call kind=%s names=%d tables_asked=%d tables_answered=%d rows=%d blocks=%d "
            "status=%s ms=%.1f id=%s",
            call.kind,
            call.names,
            call.tables_asked,
            call.tables_answered,
            call.rows,
            call.blocks,
            status,
            seconds * 1000,
            call.request_id,
        )


def _metadata(context: Context) -> dict[str, str | bytes]:
    """What the caller sent beside the request."""
    pairs: Any = context.invocation_metadata()
    return dict(pairs or ())


def _record(call: Call, status: str, seconds: float, reason: str) -> dict[str, Any]:
    """What the audit log tells of a call."""
    context = call.context
    host, port = peer_of(context.peer())
    names = context.auth_context().get("x509_common_name")
    return {
        "time": moment(time.time() - seconds),
        "id": call.request_id,
        "trace": None if call.trace is None else call.trace.trace_id,
        "peer": host,
        "port": port,
        "client": call.token or (names[0].decode(errors="backslashreplace") if names else None),
        "method": KINDS[call.kind],
        "question": question_of(call.request),
        "status": status,
        "reason": reason or None,
        "tables_asked": call.tables_asked,
        "tables_answered": call.tables_answered,
        "rows": call.rows,
        "seconds": round(seconds, 6),
    }
