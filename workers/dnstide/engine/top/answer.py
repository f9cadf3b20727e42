"""What a question about the largest gets back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from dnstide.engine.top.question import TopQuestion
from dnstide.engine.top.threshold import Certificate
from dnstide.engine.volume.plan import VolumePlan
from dnstide.shard.partial import Failure

__all__ = ["Change", "Entry", "TopAnswer"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rank. `rrtype` is set where the key is rdata; `share` is of all that is ranked; `series` has a
    count (uint64) for each bucket of the answer's axis, None where not asked.
    """

    rank: int
    name: str
    rrtype: str | None
    count: int
    share: float
    series: npt.NDArray[np.uint64] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One rank among rises or falls, with the exact counts in both spans."""

    rank: int
    name: str
    rrtype: str | None
    before: int
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class TopAnswer:
    """`entries`, or with a question of changes `rises` and `falls`.

    `plans` are those of the asked span, of the span it is held against, and of the series.

    `total` is what all ranked rows add up to, exclusions taken off; `excluded` what they were; of the asked
    span. `rows` counts the RRSET rows behind it. `certificates` prove the answer: one for entries, two for
    rises and falls. `method` is summary, scan or range: the costliest way that was needed. `suffixes` is the
    version of the public suffix list, None where it was not used. Counts are lower bounds where `complete` is
    False.
    """

    question: TopQuestion = field(repr=False)
    plans: tuple[VolumePlan, ...] = field(repr=False)
    entries: tuple[Entry, ...]
    rises: tuple[Change, ...]
    falls: tuple[Change, ...]
    total: int
    excluded: int
    rows: int | None
    certificates: tuple[Certificate, ...]
    method: str
    keep: int
    suffixes: str | None
    asked: int
    answered: int
    failures: tuple[Failure, ...]
    edges: npt.NDArray[np.int64] | None = field(default=None, repr=False)
    coverage: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        return not self.failures

    @property
    def catalog_version(self) -> str:
        return self.plans[0].catalog.version

    @property
    def tables(self) -> Iterator[tuple[str, bool, str]]:
        """Every table of the catalog, whether it was used, and if not why: the used ones first."""
        used = {table for plan in self.plans for table in plan.tables}
        for info in self.plans[0].catalog.tables:
            if info.name in used:
                yield info.name, True, ""
        for left in self.plans[0].left_out:
            if left.table not in used:
                yield left.table, False, left.reason
