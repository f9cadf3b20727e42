"""Answers about the largest: ranks or changes, with the proof that nothing is missing. Frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import Failure
from .results import UNKNOWN_WHERE_ZERO, Axis, Counts, PlanEntry

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import polars as pl


def many(number: int, what: str) -> str:
    """``1 table``, ``1,000 tables``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True, eq=False)
class Rank:
    """One of the largest. `rrtype` is set where rdata is ranked, `share` is of all that is ranked; `series`
    has a count for each bucket of the axis, where it was asked; `Top.known` tells its zeros from gaps.
    """

    rank: int
    name: str
    rrtype: str | None
    count: int
    share: float
    series: Counts | None = None

    def __str__(self) -> str:
        title = self.name if self.rrtype is None else f"{self.rrtype} {self.name}"
        return f"{self.rank}. {title}: {self.count:,}"


@dataclass(frozen=True, slots=True)
class Change:
    """One of the largest rises or falls, with the exact counts in the span held against and in the one
    asked.
    """

    rank: int
    name: str
    rrtype: str | None
    before: int
    after: int

    @property
    def difference(self) -> int:
        """After minus before; negative for a fall."""
        return self.after - self.before

    def __str__(self) -> str:
        title = self.name if self.rrtype is None else f"{self.rrtype} {self.name}"
        return f"{self.rank}. {title}: {self.before:,} → {self.after:,}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why nothing that is not in the answer can belong in it.

    `theta` bounds every key that was never listed, `threshold` is the smallest value that made the ranks.
    `lists` of largest keys were read `depth` places far; `candidates` keys were counted exactly, for which
    `lookups` lists were asked for single keys; `scanned` tables were read in full.
    """

    theta: int
    threshold: int
    lists: int
    depth: int
    candidates: int
    lookups: int
    scanned: int
    rounds: int

    def __str__(self) -> str:
        sign = "<" if self.theta < self.threshold else "<="
        proof = "everything was listed"
        if self.theta:
            proof = f"floors of {self.theta:,} in all {sign} the {self.threshold:,} that it takes to rank"
        lists = many(self.lists, "list")
        return (
            f"{proof}; {lists} read {self.depth:,} deep, {many(self.candidates, 'candidate')}, "
            f"{many(self.lookups, 'lookup')}, {many(self.scanned, 'table')} scanned"
        )


@dataclass(frozen=True, slots=True)
class TopSummary:
    """What a ranking rests on. `total` is what all ranked rows add up to, `excluded` what exclusions took
    away.

    `method` is summary, scan or range: the costliest way that was needed. `rows` is None where counting them
    would have cost a scan, `suffix_list` where the public suffix list was not used.
    """

    complete: bool
    tables_asked: int
    tables_answered: int
    failures: tuple[Failure, ...]
    failures_total: int
    plan: tuple[PlanEntry, ...]
    total: int
    excluded: int
    certificates: tuple[Certificate, ...]
    method: str
    keep: int
    suffix_list: str | None
    rows: int | None
    seconds: float
    catalog_version: str


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The answer to `top`: `ranks`, or `rises` and `falls` where another span was held against."""

    ranks: tuple[Rank, ...]
    rises: tuple[Change, ...]
    falls: tuple[Change, ...]
    summary: TopSummary
    axis: Axis | None = None

    @property
    def complete(self) -> bool:
        """False where a table failed and `partial` was asked: counts are lower bounds."""
        return self.summary.complete

    @property
    def found(self) -> bool:
        return bool(self.ranks or self.rises or self.falls)

    def known(self, rank: Rank) -> npt.NDArray[np.bool_]:
        """Where the series of a rank has a count: a zero of a bucket without tables is none."""
        if self.axis is None or rank.series is None:
            raise ValueError("the ranking was asked without series")
        return (rank.series > 0) | ~np.isin(self.axis.coverage, UNKNOWN_WHERE_ZERO)

    def __iter__(self) -> Iterator[Rank]:
        return iter(self.ranks)

    def __len__(self) -> int:
        return len(self.ranks)

    def __getitem__(self, rank: int) -> Rank:
        return self.ranks[rank]

    def __str__(self) -> str:
        lines: list[Rank | Change] = [*self.ranks, *self.rises, *self.falls]
        return "\n".join(map(str, lines)) or "nothing found"

    def columns(self) -> dict[str, list[object]]:
        """The ranks as columns, or the changes with one that says which way."""
        if self.ranks or not (self.rises or self.falls):
            names = ("rank", "name", "rrtype", "count", "share")
            return {name: [getattr(one, name) for one in self.ranks] for name in names}
        rows = [("rise", one) for one in self.rises] + [("fall", one) for one in self.falls]
        found: dict[str, list[object]] = {"change": [word for word, _ in rows]}
        for name in ("rank", "name", "rrtype", "before", "after"):
            found[name] = [getattr(one, name) for _, one in rows]
        return found

    def to_pandas(self) -> pd.DataFrame:
        """One row for each rank or change. Raises MissingExtra."""
        from .frames import pandas_frame

        return pandas_frame(self.columns())

    def to_polars(self) -> pl.DataFrame:
        """One row for each rank or change. Raises MissingExtra."""
        from .frames import polars_frame

        return polars_frame(self.columns())
