"""Which periods lack a table, between the first one and the last one of their granularity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from dnstide.model.columns import Columns, Tabular, count_column, text_column, time_column
from dnstide.model.coverage import Stretch
from dnstide.model.granularity import Granularity
from dnstide.model.texts import many
from dnstide.model.vocabulary import Coverage

ABSENT = "absent"
"""There is no file; else it is told what is wrong with the one there is."""

Intervals = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Period:
    """The period [start, stop) of a table, unix seconds; `problem` says what is wrong with it."""

    dataset: str
    granularity: Granularity
    start: int
    stop: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Neighbouring periods of one granularity that no sound table holds, together [start, stop) in unix
    seconds.

    `health` is `absent`, or what is wrong with their tables. `coverage` tells how much of them sound
    tables of other granularities hold: all, a part, or nothing.
    """

    dataset: str
    granularity: Granularity
    start: int
    stop: int
    periods: int
    health: str
    coverage: Coverage

    def __str__(self) -> str:
        what = many(self.periods, f"{self.granularity} table")
        told = f"{self.dataset}: {what} {self.health}, {Stretch(self.start, self.stop, self.coverage)}"
        if self.coverage is Coverage.NONE:
            return told
        part = "" if self.coverage is Coverage.COMPLETE else " in part"
        return f"{told} (covered{part} by tables of other granularities)"


@dataclass(frozen=True, slots=True, eq=False)
class MissingTables(Tabular):
    """What is missing, by dataset, then coarsest first, then in the order of time. A sequence."""

    stretches: tuple[Missing, ...]

    def __iter__(self) -> Iterator[Missing]:
        return iter(self.stretches)

    def __len__(self) -> int:
        return len(self.stretches)

    def __getitem__(self, place: int) -> Missing:
        return self.stretches[place]

    def __str__(self) -> str:
        return "\n".join(map(str, self.stretches)) or "nothing is missing"

    @property
    def periods(self) -> int:
        """How many periods lack a sound table."""
        return sum(stretch.periods for stretch in self.stretches)

    def columns(self) -> Columns:
        """One row for each stretch: dataset, granularity, start, stop (exclusive), periods, health, covered:
        `complete`, `partial` or `none`, by tables of other granularities.
        """
        rows = self.stretches
        return Columns(
            (
                text_column("dataset", [row.dataset for row in rows]),
                text_column("granularity", [str(row.granularity) for row in rows]),
                time_column("start", [np.datetime64(row.start, "s") for row in rows]),
                time_column("stop", [np.datetime64(row.stop, "s") for row in rows]),
                count_column("periods", [row.periods for row in rows]),
                text_column("health", [row.health for row in rows]),
                text_column("covered", [str(row.coverage) for row in rows]),
            )
        )


def missing_tables(tables: Iterable[Period]) -> MissingTables:
    """What is missing among these."""
    found: list[Missing] = []
    every = list(tables)
    for dataset in sorted({table.dataset for table in every}):
        of_dataset = [table for table in every if table.dataset == dataset]
        for granularity in reversed(Granularity):
            own = [table for table in of_dataset if table.granularity is granularity]
            if own:
                others = [t for t in of_dataset if t.granularity is not granularity and t.problem is None]
                found.extend(_missing(own, _union((t.start, t.stop) for t in others)))
    return MissingTables(tuple(found))


def _missing(own: Sequence[Period], others: Intervals) -> Iterator[Missing]:
    """Of the tables of one granularity; `others` are disjoint and ascending."""
    granularity = own[0].granularity
    sound = np.array([table.start for table in own if table.problem is None], np.int64)
    edges = granularity.edges(min(t.start for t in own), max(t.stop for t in own))
    lacking = np.flatnonzero(~np.isin(edges[:-1], sound))
    bad = {table.start: table.problem for table in own if table.problem is not None}
    words = [bad.get(start) or ABSENT for start in edges[lacking].tolist()]
    # Neighbours have one difference of number and place.
    runs = groupby(range(len(lacking)), key=lambda place: (int(lacking[place]) - place, words[place]))
    starts, stops = (np.array(side, np.int64) for side in ([a for a, _ in others], [b for _, b in others]))
    for (_, word), run in runs:
        places = list(run)
        start, stop = int(edges[lacking[places[0]]]), int(edges[lacking[places[-1]] + 1])
        coverage = _covered(start, stop, starts, stops)
        yield Missing(own[0].dataset, granularity, start, stop, len(places), word, coverage)


def _covered(start: int, stop: int, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> Coverage:
    seconds = int((np.clip(stops, start, stop) - np.clip(starts, start, stop)).sum())
    if not seconds:
        return Coverage.NONE
    return Coverage.COMPLETE if seconds == stop - start else Coverage.PARTIAL


def _union(intervals: Iterable[tuple[int, int]]) -> Intervals:
    """Disjoint and ascending."""
    joined: Intervals = []
    for start, stop in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
