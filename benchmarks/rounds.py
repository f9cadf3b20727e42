"""Timing side by side: rounds in ABBA order, medians and minima, ratios of medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def best(self) -> float:
        return min(self.seconds)

    def quantile(self, q: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]

    def __str__(self) -> str:
        return f"{_text(self.median)} (min {_text(self.best)})"


def _text(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """`work` as a function that returns the seconds it took."""

    def run() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return run


def warmed(contestant: Callable[[], float]) -> Callable[[], float]:
    """`contestant` run once unmeasured before each measurement, so that the caches are its own."""

    def run() -> float:
        contestant()
        return contestant()

    return run


def abba(
    contestants: Sequence[Callable[[], float]], rounds: int = 6, before: Callable[[], object] | None = None
) -> list[Times]:
    """Run each contestant once a round, in order and in reverse by turns; each returns its own seconds.

    `before` runs ahead of every single measurement (to drop caches, say).
    """
    taken: list[list[float]] = [[] for _ in contestants]
    for number in range(rounds):
        order = range(len(contestants)) if number % 2 == 0 else reversed(range(len(contestants)))
        for index in order:
            if before is not None:
                before()
            taken[index].append(contestants[index]())
    return [Times(tuple(each)) for each in taken]


def report(what: str, ours: Times, peer: Times, bound: float | None = None) -> str:
    """One line: both figures, the ratio of their medians, and the bound it is held against."""
    ratio = ours.median / peer.median
    line = f"{what:<58} {ours!s:<30} peer {peer!s:<30} ratio {ratio:.3f}"
    if bound is not None:
        line += f"  (at most {bound:.3f}: {'held' if ratio <= bound else 'NOT held'})"
    print(line, flush=True)
    return line
