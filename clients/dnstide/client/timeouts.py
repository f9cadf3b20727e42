"""Deadlines: a call's own, none, or the client's, which are three different things."""

from __future__ import annotations

from dnstide.model.errors import InvalidQuestion

DEFAULT_TIMEOUT = 60.0
"""gRPC has no deadline of its own; a warm question takes milliseconds, a cold one over years some seconds."""


class _Default:
    """Stands for "the client's own timeout", which is not the same as None, no deadline."""

    def __repr__(self) -> str:
        return "DEFAULT"


DEFAULT = _Default()
Timeout = float | None | _Default


def seconds_of(timeout: Timeout, default: float | None) -> float | None:
    """The deadline of a call. Raises InvalidQuestion for one that is not positive."""
    value = default if isinstance(timeout, _Default) else timeout
    if value is not None and not value > 0:
        raise InvalidQuestion([("timeout", f"{value} is not a positive number of seconds")])
    return value
