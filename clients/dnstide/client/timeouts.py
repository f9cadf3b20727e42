"""Deadlines: a call's own, none, or the client's, which are three different things."""

from __future__ import annotations

from dnstide.model.errors import InvalidQuestion

DEFAULT_TIMEOUT = 60.0
"""gRPC has no deadline of its own; a warm question takes milliseconds, a cold one over years some seconds."""


LONGEST_TIMEOUT = 366 * 86_400
"""gRPC and the clocks of threads cannot count much further."""


class _Default:
    """Stands for "the client's own timeout", which is not the same as None, no deadline."""

    def __repr__(self) -> str:
        return "DEFAULT"


DEFAULT = _Default()
Timeout = float | None | _Default


def seconds_of(timeout: Timeout, default: float | None) -> float | None:
    """The deadline of a call. Raises InvalidQuestion for what is no positive number of seconds."""
    value = default if isinstance(timeout, _Default) else timeout
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise InvalidQuestion([("timeout", f"{value!r} is not a positive number of seconds")])
    if value > LONGEST_TIMEOUT:
        reason = (
            f"{value!r} is more than the {LONGEST_TIMEOUT:,} seconds of a year: take None for no deadline"
        )
        raise InvalidQuestion([("timeout", reason)])
    return value
