"""From what became of a part of a question to the tables that are worth asking elsewhere. Pure, once for
each try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dnstide.gateway.pool import Part
from dnstide.shard import SHARD_UNREACHABLE, Failure, Partial


@dataclass(frozen=True, slots=True)
class Attempt:
    """A part as it was sent, and the shards and nodes that its tables have been asked from, this one
    included.
    """

    part: Part
    shards: frozenset[str]
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Again:
    """Tables to ask elsewhere, with the shard for each, and what is final of the answer."""

    elsewhere: dict[str, str]
    final: Partial | None


def after_answer(attempt: Attempt, partial: Partial, other: Callable[[str, Attempt], str | None]) -> Again:
    """A shard on another node may have a sound copy of a table that failed here; one beside this shard
    has not.

    other(table, attempt) names a living shard on a node that was not tried, or None.
    """
    if not partial.failures:
        return Again({}, partial)
    elsewhere = {
        failure.table: shard
        for failure in partial.failures
        if (shard := other(failure.table, attempt)) is not None
    }
    kept = tuple([failure for failure in partial.failures if failure.table not in elsewhere])
    return Again(elsewhere, replace(partial, failures=kept))


def after_loss(attempt: Attempt, reason: str, other: Callable[[str, Attempt], str | None]) -> Again:
    """All tables of a lost shard go to the next ones that see them; those that nobody else sees have failed.

    other(table, attempt) names a living shard that was not tried, or None.
    """
    tables = attempt.part.plan.tables
    elsewhere = {table: shard for table in tables if (shard := other(table, attempt)) is not None}
    lost = [table for table in tables if table not in elsewhere]
    return Again(elsewhere, failed(lost, SHARD_UNREACHABLE, reason) if lost else None)


def failed(tables: list[str] | tuple[str, ...], code: str, reason: str) -> Partial:
    """The partial of tables that did not answer."""
    return Partial(failures=tuple([Failure(table, code, reason, retryable=True) for table in sorted(tables)]))
