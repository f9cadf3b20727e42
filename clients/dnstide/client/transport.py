"""What both clients do around a call: repeat it where that is safe, check the server's version, and turn
gRPC's errors into those of the model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import tenacity
from dnstide.client.address import is_loopback, proxy_of
from dnstide.client.handshake import tls_mistake
from dnstide.client.version import check_version, client_version
from dnstide.codec.errors import error_of, retry_seconds_of
from dnstide.codec.metadata import DETAILS_KEY, REQUEST_ID_KEY, VERSION_KEY
from dnstide.model.errors import (
    DeadlineExceeded,
    DnstideError,
    InvalidQuestion,
    ServerBusy,
    ServerDefect,
    ServerNotReady,
    ServerUnreachable,
    VersionMismatch,
)

if TYPE_CHECKING:
    from dnstide.client.channel import Tls
    from dnstide.model.catalog import ServerInfo

Metadata = tuple[tuple[str, str], ...]


def caller(server: str, token: str | None, tls: Tls | None) -> Metadata:
    """The metadata of every call to the server: a server refuses clients that do not belong to it.

    Raises InvalidQuestion for a token that is none, or that others could read on its way.
    """
    told = ((VERSION_KEY, client_version()),)
    if token is None:
        return told
    if not _TOKEN.fullmatch(token):
        raise InvalidQuestion([("token", "a token is one word of printable ASCII characters")])
    if tls is None and not is_loopback(server):
        reason = f"it would travel to {server} in clear: call it with TLS (--tls or --ca)"
        raise InvalidQuestion([("token", reason)])
    return (*told, ("authorization", f"Bearer {token}"))


_TOKEN = re.compile(r"[!-~]{1,512}")

ATTEMPTS = 4
"""A call is tried so often, until the first message of its answer."""

BUSY_ATTEMPTS = 16
"""The same where a server is busy: it answers others meanwhile, in milliseconds mostly."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between attempts; they double, and chance shortens them, so that clients come back apart."""

LONGEST_WANTED = 5.0
"""Seconds of pause that a server may ask for at most."""

TOO_LARGE = "larger than max"
"""What gRPC says of a message that passes the limit of either end; it has no status of its own."""

_Retrying = TypeVar("_Retrying", bound=tenacity.BaseRetrying)


def retrying(kind: type[_Retrying], seconds: float | None) -> _Retrying:
    """The attempts at one call that has so many seconds in all; None is no limit.

    Only what has not begun is repeated: where no server answers, and where one takes no more. The last error
    comes out as it is.
    """
    stop: Any = _Enough()
    if seconds is not None:
        stop = stop | tenacity.stop_before_delay(seconds)
    return kind(
        stop=stop,
        wait=_Pause(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        retry=tenacity.retry_if_exception(lambda error: _is_unavailable(error) or _is_busy(error)),
        reraise=True,
    )


def _is_unavailable(error: BaseException) -> bool:
    return isinstance(error, grpc.RpcError) and error.code() is grpc.StatusCode.UNAVAILABLE


def _is_busy(error: BaseException) -> bool:
    if not isinstance(error, grpc.RpcError):
        return False
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return TOO_LARGE not in (error.details() or "")
    return _was_dropped(error)


def _was_dropped(error: Any) -> bool:
    """Whether the server's gRPC let go of a call that it had not begun: so many wait that it takes no more.

    Calls that were begun are cancelled with the version of the server, and by the caller without this error.
    """
    told_version = told(error.initial_metadata(), VERSION_KEY) or told(error.trailing_metadata(), VERSION_KEY)
    return error.code() is grpc.StatusCode.CANCELLED and told_version is None


class _Enough(tenacity.stop.stop_base):
    """Whether a call was tried often enough, by what became of it last."""

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        error = None if retry_state.outcome is None else retry_state.outcome.exception()
        busy = error is not None and _is_busy(error)
        return retry_state.attempt_number >= (BUSY_ATTEMPTS if busy else ATTEMPTS)


class _Pause(tenacity.wait_random_exponential):
    """Chance within doubling bounds, and never less than the server asks for: clients stay apart all the
    same.
    """

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = None if retry_state.outcome is None else retry_state.outcome.exception()
        trailers = error.trailing_metadata() if isinstance(error, grpc.RpcError) else None
        wanted = retry_seconds_of(_details(trailers)) or 0.0
        return min(wanted, LONGEST_WANTED) + super().__call__(retry_state)


def _details(trailers: Any) -> bytes | None:
    return next((value for name, value in trailers or () if name == DETAILS_KEY), None)


def left(end: float | None, now: float) -> float | None:
    """Seconds until the end of a call, which is a moment of the same clock; None is no limit."""
    return None if end is None else max(end - now, 0.0)


def told(metadata: Any, key: str) -> str | None:
    """A text of the metadata of a call, None where it is not there."""
    return next((str(value) for name, value in metadata or () if name == key), None)


def accept(server: str, metadata: Any) -> None:
    """Check the version that a server told in the metadata of a call. Raises VersionMismatch."""
    check_version(server, told(metadata, VERSION_KEY))


def not_ready(server: str, seconds: float, info: ServerInfo) -> ServerNotReady:
    """The error of a server that answers, but no questions, after so many seconds."""
    reason = f": {info.problem}" if info.problem else ""
    return ServerNotReady(f"server {server} is not ready after {seconds:g} s{reason}")


def error_from_rpc(error: Any, server: str, tls: Tls | None = None) -> DnstideError:
    """The error that a grpc.RpcError of a call to `server` (HOST:PORT) stands for, with the request's id.

    Where no server answers, the handshake is tried once more, which takes up to a second. A server of
    another version may refuse a question for that reason alone, so that is said first.
    """
    trailers = error.trailing_metadata()
    version = told(error.initial_metadata(), VERSION_KEY) or told(trailers, VERSION_KEY)
    raised: DnstideError
    try:
        if version is not None:
            check_version(server, version)
        code, text = error.code().name, error.details() or error.code().name
        if _was_dropped(error):
            code, text = "RESOURCE_EXHAUSTED", "more calls wait than it keeps"
        raised = _explained(error_of(code, text, _details(trailers)), server, tls)
    except VersionMismatch as mismatch:
        raised = mismatch
    raised.request_id = told(trailers, REQUEST_ID_KEY)
    return raised


def _explained(error: DnstideError, server: str, tls: Tls | None) -> DnstideError:
    """Adds the address and what to do where the server's own words cannot."""
    text = str(error)
    if isinstance(error, ServerBusy) and TOO_LARGE in text:
        return InvalidQuestion([("request", f"it is too large for {server} ({text}): ask in parts")])
    mistake = tls_mistake(server, tls) if isinstance(error, ServerUnreachable) else None
    if mistake is not None:
        error.args = (f"{server} answers, but not this call: {mistake}",)
        return error
    proxy = proxy_of(server)
    way = f" by way of the proxy {proxy}" if proxy else ""
    words: dict[type[DnstideError], str] = {
        ServerUnreachable: (
            f"no server answers at {server}{way} ({_cause(text)}): check the address, "
            f"or start one with `dnstide serve --mtbl-dir DIR --listen {server}`"
        ),
        DeadlineExceeded: (
            f"no whole answer from {server} in time: allow more with a longer timeout, or ask for less"
        ),
        ServerBusy: f"server {server} is busy ({text}): ask again in a moment",
        ServerNotReady: f"server {server} is not ready ({text}): ask again in a moment",
        VersionMismatch: (
            f"what answers at {server} does not know this question ({text}): is it a dnstide server?"
        ),
        ServerDefect: f"server {server} failed ({text}): see its log",
    }
    if type(error) in words:
        error.args = (words[type(error)],)
    return error


def _cause(text: str) -> str:
    """The last clause of gRPC's chain of causes, which is the one that a person can use."""
    cause = text.rsplit("; last error: ", 1)[-1]
    return cause.rsplit(": ", 1)[-1].strip(" ]") or text
