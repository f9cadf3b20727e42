"""Periods of tables and steps of the time axis, in UTC.

Every period of a finer granularity that tables have lies inside one period of each coarser one; all
planning rests on that. A step that no tables have (ISO weeks) holds whole days, and is answered from
tables of days and finer ones. numpy is imported where edges are made, so that the words alone cost
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from dnstide.model.errors import InvalidQuestion
from dnstide.model.texts import meant

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Seconds: TypeAlias = "npt.NDArray[np.int64]"

DAY: Final = 86400
MONDAY: Final = 4 * DAY
"""The first Monday of unix time."""
MIN_TIME: Final = 0
MAX_TIME: Final = 253402300800
"""The axis goes from 1970 to the last second of 9999."""


class Granularity(StrEnum):
    """The step of a time axis, or the period of one table; members stand from fine to coarse.

    A week is that of the month: it begins on day 1, 8, 15, 22 or 29 and never leaves the month. One of
    ISO 8601 begins on Monday.
    """

    MINUTE = "minute"
    TEN_MINUTES = "ten-minutes"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    ISO_WEEK = "iso-week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @classmethod
    def parse(cls, text: str, field: str = "granularity") -> Granularity:
        """From a letter (m and M differ) or a name in any case. Raises InvalidQuestion for that field."""
        word = text.strip() if isinstance(text, str) else ""
        granularity = _BY_LETTER.get(word) or _BY_NAME.get(word.lower().replace("_", "-"))
        if granularity is None:
            known = ", ".join(cls)
            reason = f'"{text}" is not a granularity: choose one of {known}.{meant(text, cls)}'
            raise InvalidQuestion([(field, reason.removesuffix("."))])
        return granularity

    @classmethod
    def of_letter(cls, letter: str) -> Granularity:
        """The granularity for which a file name has that letter. Raises KeyError."""
        return _OF_LETTER[letter]

    @property
    def letter(self) -> str:
        """The letter of file names, which is DNSDB's: m X H D W M Q Y. Raises KeyError for an ISO week."""
        return _LETTERS[self]

    @property
    def words(self) -> str:
        """As it is called in prose: ``ten minutes``, ``ISO week``."""
        return "ISO week" if self is Granularity.ISO_WEEK else self.replace("-", " ")

    @property
    def per(self) -> Granularity:
        """What counts are compared per where buckets may differ in length: a day, or the step if it is
        finer.
        """
        return self if self.fine else Granularity.DAY

    @property
    def seconds(self) -> int:
        """The length of a bucket of a day or less. Raises KeyError for a longer one, whose buckets differ."""
        return _FIXED[self]

    @property
    def fine(self) -> bool:
        """Whether it is finer than a day, so that its buckets are told by a time and not by a date."""
        return self.rank < _RANKS[Granularity.DAY]

    @property
    def rank(self) -> int:
        """0 for the finest. A table fits into one bucket exactly where its rank is not above the step's.
        An ISO week has that of a day: weeks of a month, months and years reach over its ends.
        """
        return _RANKS[self]

    def floor(self, timestamp: int) -> int:
        """First second of the period that holds the unix time."""
        if self in _FIXED:
            return timestamp - timestamp % _FIXED[self]
        if self is Granularity.WEEK:
            month = Granularity.MONTH.floor(timestamp)
            return month + min((timestamp - month) // DAY // 7, 4) * 7 * DAY
        if self is Granularity.ISO_WEEK:
            return timestamp - (timestamp - MONDAY) % (7 * DAY)
        return _month_start(_month(timestamp) // _MONTHS[self] * _MONTHS[self])

    def next(self, timestamp: int) -> int:
        """First second after the period that holds the unix time."""
        if self in _FIXED:
            return self.floor(timestamp) + _FIXED[self]
        if self is Granularity.WEEK:
            return min(self.floor(timestamp) + 7 * DAY, Granularity.MONTH.next(timestamp))
        if self is Granularity.ISO_WEEK:
            return self.floor(timestamp) + 7 * DAY
        return _month_start((_month(timestamp) // _MONTHS[self] + 1) * _MONTHS[self])

    def ceil(self, timestamp: int) -> int:
        """The unix time itself where a period begins there, otherwise the end of its period."""
        return timestamp if self.floor(timestamp) == timestamp else self.next(timestamp)

    def bucket_bound(self, start: int, stop: int) -> int:
        """An upper bound, off by few, of the number of buckets in [start, stop), without making them."""
        shortest = _SHORTEST[self]
        return max(0, stop - start) // shortest + 2

    def edges(self, start: int, stop: int) -> Seconds:
        """The n+1 borders of the buckets that make up [start, stop), the outer two clipped to it."""
        if stop <= start:
            raise ValueError("an axis needs a stop after its start")
        import numpy as np

        inner = self._grid(start, stop)
        inner = inner[(inner > start) & (inner < stop)]
        return np.concatenate(([start], inner, [stop])).astype(np.int64)

    def _grid(self, start: int, stop: int) -> Seconds:
        import numpy as np

        if self in _FIXED:
            return np.arange(self.floor(start), stop, _FIXED[self], dtype=np.int64)
        if self is Granularity.ISO_WEEK:
            return np.arange(self.floor(start), stop, 7 * DAY, dtype=np.int64)
        width = _MONTHS.get(self, 1)
        months = np.arange(_month(start) // width * width, _month(stop) + 2 * width, width, dtype=np.int64)
        firsts = months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
        if self is not Granularity.WEEK:
            return firsts
        weeks = (firsts[:-1, None] + np.arange(5, dtype=np.int64) * 7 * DAY).ravel()
        ends = np.repeat(firsts[1:], 5)
        return np.append(weeks[weeks < ends], firsts[-1])


TABLE_GRANULARITIES: Final = tuple(step for step in Granularity if step is not Granularity.ISO_WEEK)
"""The periods that tables have, from fine to coarse."""

_LETTERS: Final[Mapping[Granularity, str]] = dict(zip(TABLE_GRANULARITIES, "mXHDWMQY", strict=True))
_OF_LETTER: Final = {letter: granularity for granularity, letter in _LETTERS.items()}
_RANKS: Final[Mapping[Granularity, int]] = {
    **{granularity: rank for rank, granularity in enumerate(TABLE_GRANULARITIES)},
    Granularity.ISO_WEEK: TABLE_GRANULARITIES.index(Granularity.DAY),
}
_FIXED: Final[Mapping[Granularity, int]] = {
    Granularity.MINUTE: 60,
    Granularity.TEN_MINUTES: 600,
    Granularity.HOUR: 3600,
    Granularity.DAY: DAY,
}
_MONTHS: Final[Mapping[Granularity, int]] = {
    Granularity.MONTH: 1,
    Granularity.QUARTER: 3,
    Granularity.YEAR: 12,
}
_SHORTEST: Final[Mapping[Granularity, int]] = {
    **_FIXED,
    Granularity.WEEK: 6 * DAY,
    Granularity.ISO_WEEK: 7 * DAY,
    Granularity.MONTH: 28 * DAY,
    Granularity.QUARTER: 90 * DAY,
    Granularity.YEAR: 365 * DAY,
}
_BY_LETTER: Final[Mapping[str, Granularity]] = {
    **{letter.lower(): granularity for letter, granularity in _OF_LETTER.items() if letter != "M"},
    **_OF_LETTER,
}
_BY_NAME: Final[Mapping[str, Granularity]] = {
    **{str(granularity): granularity for granularity in Granularity},
    **{f"{granularity}s": granularity for granularity in Granularity if not granularity.endswith("s")},
    "ten-minute": Granularity.TEN_MINUTES,
    "hourly": Granularity.HOUR,
    "daily": Granularity.DAY,
    "weekly": Granularity.WEEK,
    "monthly": Granularity.MONTH,
    "quarterly": Granularity.QUARTER,
    "yearly": Granularity.YEAR,
}


def _month(timestamp: int) -> int:
    """Months since January 1970."""
    import numpy as np

    return int(np.datetime64(timestamp, "s").astype("datetime64[M]").astype(np.int64))


def _month_start(month: int) -> int:
    import numpy as np

    return int(np.datetime64(month, "M").astype("datetime64[s]").astype(np.int64))
