"""Periods of tables and steps of the time axis, in UTC.

Every period of a finer granularity lies inside one period of each coarser one; all planning rests on that.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt
from dnstide.engine.errors import InvalidQuestion

Seconds = npt.NDArray[np.int64]

DAY: Final = 86400
#: The axis ends here: 1970 to the last second of 9999.
MIN_TIME: Final = 0
MAX_TIME: Final = 253402300800

_FIXED: Final = {"m": 60, "X": 600, "H": 3600, "D": DAY}
_MONTHS: Final = {"M": 1, "Q": 3, "Y": 12}


class Granularity(Enum):
    """Values are DNSDB's letters; members stand from fine to coarse."""

    MINUTE = "m"
    TEN_MINUTES = "X"
    HOUR = "H"
    DAY = "D"
    WEEK = "W"
    MONTH = "M"
    QUARTER = "Q"
    YEAR = "Y"

    @classmethod
    def parse(cls, text: str) -> "Granularity":
        """From a letter (m and M differ) or a name in any case, or raises InvalidQuestion."""
        found = _LETTERS.get(text.strip()) or _NAMES.get(text.strip().lower().replace("_", "-"))
        if found is None:
            known = ", ".join(f"{g.label} ({g.value})" for g in cls)
            raise InvalidQuestion("granularity", text, f"no such granularity; take one of {known}")
        return found

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def rank(self) -> int:
        """0 for the finest. A table fits into one bucket exactly where its rank is not above the step's."""
        return _RANKS[self]

    def floor(self, timestamp: int) -> int:
        """First second of the period that holds the unix time."""
        if self.value in _FIXED:
            return timestamp - timestamp % _FIXED[self.value]
        if self is Granularity.WEEK:
            month = Granularity.MONTH.floor(timestamp)
            return month + min((timestamp - month) // DAY // 7, 4) * 7 * DAY
        return _month_start(_month(timestamp) // _MONTHS[self.value] * _MONTHS[self.value])

    def next(self, timestamp: int) -> int:
        """First second after the period that holds the unix time."""
        if self.value in _FIXED:
            return self.floor(timestamp) + _FIXED[self.value]
        if self is Granularity.WEEK:
            return min(self.floor(timestamp) + 7 * DAY, Granularity.MONTH.next(timestamp))
        return _month_start((_month(timestamp) // _MONTHS[self.value] + 1) * _MONTHS[self.value])

    def ceil(self, timestamp: int) -> int:
        """The unix time itself where a period begins there, otherwise the end of its period."""
        return timestamp if self.floor(timestamp) == timestamp else self.next(timestamp)

    def count(self, start: int, stop: int) -> int:
        """An upper bound, off by few, of the number of buckets in [start, stop), without making them."""
        shortest = _FIXED.get(self.value) or {"W": 6, "M": 28, "Q": 90, "Y": 365}[self.value] * DAY
        return max(0, stop - start) // shortest + 2

    def edges(self, start: int, stop: int) -> Seconds:
        """The n+1 borders of the buckets that make up [start, stop), the outer two clipped to it."""
        if stop <= start:
            raise ValueError("an axis needs a stop after its start")
        inner = self._grid(start, stop)
        inner = inner[(inner > start) & (inner < stop)]
        return np.concatenate(([start], inner, [stop])).astype(np.int64)

    def _grid(self, start: int, stop: int) -> Seconds:
        if self.value in _FIXED:
            return np.arange(self.floor(start), stop, _FIXED[self.value], dtype=np.int64)
        width = _MONTHS.get(self.value, 1)
        months = np.arange(_month(start) // width * width, _month(stop) + 2 * width, width, dtype=np.int64)
        firsts = months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
        if self is not Granularity.WEEK:
            return firsts
        weeks = (firsts[:-1, None] + np.arange(5, dtype=np.int64) * 7 * DAY).ravel()
        ends = np.repeat(firsts[1:], 5)
        return np.append(weeks[weeks < ends], firsts[-1])


_LABELS: Final[Mapping[Granularity, str]] = dict(
    zip(
        Granularity, ("minute", "ten-minutes", "hour", "day", "week", "month", "quarter", "year"), strict=True
    )
)
_RANKS: Final[Mapping[Granularity, int]] = {g: rank for rank, g in enumerate(Granularity)}
_LETTERS: Final[Mapping[str, Granularity]] = (
    {g.value: g for g in Granularity}
    | {g.value.lower(): g for g in Granularity if g is not Granularity.MONTH}
    | {"m": Granularity.MINUTE}
)
_NAMES: Final[Mapping[str, Granularity]] = (
    {label: g for g, label in _LABELS.items()}
    | {label + "s": g for g, label in _LABELS.items() if not label.endswith("s")}
    | {"ten-minute": Granularity.TEN_MINUTES, "daily": Granularity.DAY, "hourly": Granularity.HOUR}
    | {"weekly": Granularity.WEEK, "monthly": Granularity.MONTH, "quarterly": Granularity.QUARTER}
    | {"yearly": Granularity.YEAR}
)


def _month(timestamp: int) -> int:
    """Months since January 1970."""
    return int(np.datetime64(timestamp, "s").astype("datetime64[M]").astype(np.int64))


def _month_start(month: int) -> int:
    return int(np.datetime64(month, "M").astype("datetime64[s]").astype(np.int64))
