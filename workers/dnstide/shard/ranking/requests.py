"""The questions that a ranking puts to every shard, and what a shard needs to know to answer them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.model.errors import Failure
from dnstide.mtbl.keys import Grouping, Keys
from dnstide.shard.counts import Counts
from dnstide.shard.ranking.bounds import Bounds

__all__ = [
    "Ask",
    "AskAbove",
    "AskExact",
    "AskSeries",
    "AskTop",
    "AskTotals",
    "RankQuestion",
    "RankReply",
    "RankScope",
    "Totals",
]


@dataclass(frozen=True, slots=True)
class RankScope:
    """Which rows are ranked, and by what.

    ``rrtypes`` empty: all types. ``under``: only owners at and under this name. ``excluded`` keys, and keys
    at and under ``excluded_under``, are left out. Names are reversed and closed by a zero; those of
    ``excluded_under`` do not hold one another, and each is a group of its own or holds whole groups.
    """

    grouping: Grouping
    rrtypes: tuple[int, ...] = ()
    under: bytes | None = None
    excluded: tuple[bytes, ...] = ()
    excluded_under: tuple[bytes, ...] = ()

    @property
    def selects(self) -> bool:
        """Whether some keys are not ranked."""
        return self.under is not None or bool(self.excluded or self.excluded_under)


@dataclass(frozen=True, slots=True)
class AskTop:
    """The largest keys by the first ``depth`` places of every list; at least the best ``send`` of them.

    With ``scan``, lists shorter than ``depth`` are made again by reading their tables.
    """

    depth: int
    send: int
    scan: bool = False
    span: int = 0


@dataclass(frozen=True, slots=True)
class AskAbove:
    """Every key that reaches ``threshold`` in any list.

    A shard of m lists may leave out keys whose sum cannot pass m * (threshold - 1).
    """

    threshold: int
    span: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AskExact:
    """The exact sums of these keys, uint64."""

    keys: Keys
    span: int = 0


@dataclass(frozen=True, slots=True)
class AskTotals:
    """What all ranked rows add up to, and what the exclusions took away."""

    span: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AskSeries:
    """The exact sums of these keys by bucket: uint64[len(keys), size]; ``buckets`` (int32) has one for each
    table.
    """

    keys: Keys
    buckets: npt.NDArray[np.int32]
    size: int
    span: int = 0


Ask = AskTop | AskAbove | AskExact | AskTotals | AskSeries


@dataclass(frozen=True, slots=True)
class Totals:
    """``count``: what the rows of the scope add up to, exclusions and all; ``excluded``: what those take
    away.

    ``types``: rows and count by record type, where they were wanted or cost nothing; else None.
    """

    count: int
    excluded: int
    types: dict[int, tuple[int, int]] | None


@dataclass(frozen=True, slots=True)
class RankQuestion:
    """One ask to one shard, about these tables of its directory; seconds_left None means no deadline."""

    id: str
    tables: tuple[str, ...]
    scope: RankScope
    ask: Ask
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RankReply:
    """What the ask asks for; None where no table could be read. A table among ``failures`` is in none of
    it.
    """

    value: Bounds | Counts | Totals | None
    failures: tuple[Failure, ...] = ()
