"""What an answer could look at of the span that it was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from dnstide.model.columns import Column, text_column
from dnstide.model.granularity import DAY
from dnstide.model.texts import many
from dnstide.model.vocabulary import MAX_LISTED_STRETCHES, Coverage

_UNITS = {DAY: "day", 3600: "hour", 60: "minute", 1: "second"}

_MANY = 100
"""More of a unit than this are told in a larger one."""

SAID_STRETCHES = 8
"""Stretches of each kind that a sentence names."""

_WORDS = {
    Coverage.NONE: "no table for",
    Coverage.PARTIAL: "covered in part",
    Coverage.DAMAGED: "damaged",
    Coverage.UNREACHABLE: "not reached",
}


class Stretch(NamedTuple):
    """[start, stop), unix seconds, of one coverage."""

    start: int
    stop: int
    coverage: Coverage

    @property
    def seconds(self) -> int:
        return self.stop - self.start

    def __str__(self) -> str:
        """``2018-07-07``, ``2018-07-07 to 2018-07-09`` (both included), or two times, the last exclusive."""
        if self.start % DAY or self.stop % DAY:
            return f"{time_text(self.start)} to {time_text(self.stop)}"
        first, last = _date(self.start), _date(self.stop - DAY)
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class SpanCoverage:
    """The span that was asked for (open ends: where the tables begin and end), cut into stretches.

    Stretch i is [edges[i], edges[i+1]), unix seconds, of coverage marks[i]; neighbours differ. Of more than
    MAX_LISTED_STRETCHES the last one stands for all that follow, as PARTIAL. `covered_seconds` is how much
    lies in tables that answered, of all stretches.
    """

    edges: tuple[int, ...] = ()
    marks: tuple[Coverage, ...] = ()
    covered_seconds: int = 0

    @classmethod
    def of(cls, stretches: Iterable[tuple[int, int, Coverage]]) -> SpanCoverage:
        """From adjacent stretches in the order of time; those of equal coverage are joined."""
        edges: list[int] = []
        marks: list[Coverage] = []
        covered = 0
        for start, stop, mark in stretches:
            if stop <= start:
                continue
            covered += stop - start if mark is Coverage.COMPLETE else 0
            if not edges:
                edges.append(start)
            if marks and (marks[-1] is mark or len(marks) == MAX_LISTED_STRETCHES):
                marks[-1] = mark if marks[-1] is mark else Coverage.PARTIAL
                edges[-1] = stop
            else:
                marks.append(mark)
                edges.append(stop)
        return cls(tuple(edges), tuple(marks), covered)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """All stretches in the order of time."""
        return tuple(map(Stretch, self.edges[:-1], self.edges[1:], self.marks))

    @property
    def complete(self) -> bool:
        """Whether every moment of the span lies in a table that answered."""
        return self.covered_seconds == self.seconds

    @property
    def seconds(self) -> int:
        """The length of the span."""
        return self.edges[-1] - self.edges[0] if self.edges else 0

    @property
    def covered_length(self) -> str:
        """``6 days``."""
        return duration_text(self.covered_seconds)

    def lacking(self, *kinds: Coverage) -> tuple[Stretch, ...]:
        """The stretches of these kinds; without kinds, all that are not complete."""
        return tuple(
            stretch
            for stretch in self.stretches
            if (stretch.coverage in kinds if kinds else stretch.coverage is not Coverage.COMPLETE)
        )

    def __str__(self) -> str:
        """``covers 2 of 5 days: no table for 2018-07-07 to 2018-07-09``."""
        parts = []
        for kind, words in _WORDS.items():
            stretches = self.lacking(kind)
            if stretches:
                more = len(stretches) - SAID_STRETCHES
                tail = f" and {more:,} more stretches" if more > 0 else ""
                parts.append(f"{words} {', '.join(map(str, stretches[:SAID_STRETCHES]))}{tail}")
        said = f"covers {length(self.covered_seconds, self.seconds)}"
        return f"{said}: {'; '.join(parts)}" if parts else said


NOT_TOLD = SpanCoverage()
"""Of an empty span."""


def coverage_column(rows: int, *, complete: bool) -> Column:
    """`complete` or `partial` for each row of an answer that has one coverage for all."""
    word = Coverage.COMPLETE if complete else Coverage.PARTIAL
    return text_column("coverage", [str(word)] * rows)


def length(covered: int, whole: int) -> str:
    """``2 of 5 days``, or ``all of 5 days``: in whole days, hours, minutes or seconds where a few of them are
    both; else ``79.7 of 4,050 days``, rounded down.
    """
    unit = _unit(covered, whole)
    if whole // unit > _MANY and whole >= 2 * DAY:
        unit = DAY
    elif whole // unit > _MANY and whole >= 2 * 3600:
        unit = 3600
    part = "all" if covered == whole else _floored(covered, unit)
    return f"{part} of {_floored(whole, unit)} {_UNITS[unit]}{'' if whole == unit else 's'}"


def duration_text(seconds: int) -> str:
    """``12 hours``, in the largest unit in which it is whole."""
    return _whole(seconds, _unit(seconds))


def _unit(*lengths: int) -> int:
    """Seconds of the largest unit in which all are whole."""
    return next(unit for unit in _UNITS if not any(seconds % unit for seconds in lengths))


def _whole(seconds: int, unit: int) -> str:
    return many(seconds // unit, _UNITS[unit])


def _floored(seconds: int, unit: int) -> str:
    """In that unit, with one decimal where it is not whole; never more than it is."""
    tenths = seconds * 10 // unit
    return f"{seconds // unit:,}" if seconds % unit == 0 else f"{tenths // 10:,}.{tenths % 10}"


def _date(seconds: int) -> str:
    return str(np.datetime64(seconds, "s").astype("datetime64[D]"))


def time_text(seconds: int) -> str:
    """``2018-07-07T18:00:00Z`` (RFC 3339)."""
    return f"{np.datetime64(seconds, 's')}Z"
