"""From what became of a request to the tables that are worth asking elsewhere. Pure, once for each try."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dnstide.model.errors import SHARD_UNREACHABLE, Failure


@dataclass(frozen=True, slots=True)
class Attempt:
    """Tables as a shard was asked for them, and the shards and nodes that they have been asked from, that one
    included.
    """

    shard: str
    tables: tuple[str, ...]
    shards: frozenset[str]
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Tables to ask elsewhere, with the shard for each, and the failures that are final."""

    reassigned: dict[str, str]
    failures: tuple[Failure, ...]


Choose = Callable[[str, Attempt], str | None]
"""Names a living shard for a table that was not tried, or None."""


def after_answer(attempt: Attempt, failures: tuple[Failure, ...], choose: Choose) -> RetryDecision:
    """A shard on another node may have a sound copy of a table that failed here; one beside this shard has
    not. `choose` is to look at other nodes.
    """
    if not failures:
        return RetryDecision({}, failures)
    reassigned = {
        failure.table: shard for failure in failures if (shard := choose(failure.table, attempt)) is not None
    }
    return RetryDecision(reassigned, tuple([f for f in failures if f.table not in reassigned]))


def after_loss(attempt: Attempt, reason: str, choose: Choose) -> RetryDecision:
    """All tables of a lost shard go to the next ones that see them; what nobody else sees has failed."""
    reassigned = {table: shard for table in attempt.tables if (shard := choose(table, attempt)) is not None}
    lost = [table for table in attempt.tables if table not in reassigned]
    return RetryDecision(reassigned, failed(lost, SHARD_UNREACHABLE, reason))


def failed(tables: Iterable[str], code: str, reason: str) -> tuple[Failure, ...]:
    """The failures of tables that were not answered for."""
    return tuple([Failure(table, code, reason, retryable=True) for table in sorted(tables)])
