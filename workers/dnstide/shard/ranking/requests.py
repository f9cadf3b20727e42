"""The requests that a ranking makes of every shard, and what a shard needs to know to answer them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from dnstide.model.errors import Failure
from dnstide.model.skipped import SkippedRows
from dnstide.mtbl.keys import Grouping, Keys
from dnstide.shard.counts import Counts
from dnstide.shard.ranking.bounds import Bounds


@dataclass(frozen=True, slots=True)
class RankScope:
    """Which rows are ranked, and by what.

    Empty `rrtypes` stand for all types. `under` restricts the owners to those at and under this name.
    `excluded` keys, and keys at and under `excluded_under`, are omitted. Names are reversed and closed by a
    zero; those of `excluded_under` do not hold one another, and each is a group of its own or holds whole
    groups.
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
class TopRequest:
    """The largest keys by the first `depth` places of every list; at least the best `send` of them.

    With `scan`, lists shorter than `depth` are made again by reading their tables. `span` is 0 for the span
    of the question and 1 for its baseline, here and in the other requests.
    """

    depth: int
    send: int
    scan: bool = False
    span: int = 0


@dataclass(frozen=True, slots=True)
class AboveRequest:
    """Every key that reaches `threshold` in any list.

    A shard of m lists may omit keys whose sum cannot pass m * (threshold - 1).
    """

    threshold: int
    span: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ExactRequest:
    """The exact sums of these keys: uint64[len(keys)]."""

    keys: Keys
    span: int = 0


@dataclass(frozen=True, slots=True)
class TotalsRequest:
    """The sum of all ranked rows, and the sum of the excluded ones."""

    span: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class SeriesRequest:
    """The exact sums of these keys by bucket: uint64[len(keys), size].

    `buckets` (int32) has the bucket of each table.
    """

    keys: Keys
    buckets: npt.NDArray[np.int32]
    size: int
    span: int = 0


RankRequest = TopRequest | AboveRequest | ExactRequest | TotalsRequest | SeriesRequest


@dataclass(frozen=True, slots=True)
class Totals:
    """`count` is the sum of the rows of the scope, exclusions included; `excluded` is the sum of those.

    `types` has rows and count by record type, or is None where finding them would have meant another scan.
    """

    count: int
    excluded: int
    types: dict[int, tuple[int, int]] | None


@dataclass(frozen=True, slots=True)
class RankQuestion:
    """One request to one shard about these tables of its directory.

    `seconds_left` None means no deadline.
    """

    id: str
    tables: tuple[str, ...]
    scope: RankScope
    request: RankRequest
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RankReply:
    """The value that was requested, or None where no table could be read.

    The tables among `failures` add nothing to the value. `tables` are those of the question, and `stamps`
    (uint64) has the `Table.stamp` of each, 0 for one that failed: a ranking asks in rounds, and a table may
    be replaced between two of them.
    """

    value: Bounds | Counts | Totals | None
    failures: tuple[Failure, ...] = ()
    tables: tuple[str, ...] = ()
    stamps: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    skipped: tuple[SkippedRows, ...] = ()
    """Tables with rows that are none, and how many; they are in no value."""
