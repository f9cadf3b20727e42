"""Dates and times as people write them, to half-open spans of unix seconds. All times are UTC.

A date stands for its whole day: as a start its first second, as a stop its last one. A stop is inclusive, so
`start="2018-10-31", stop="2018-11-27"` are 28 days; the span behind it is half-open.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from dnstide.model.errors import InvalidQuestion

if TYPE_CHECKING:
    import numpy as np

    Moment = str | date | datetime | np.datetime64

DAY = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_DASHES = re.compile(r"[0-9]{4}(-[0-9]{2}-|[0-9]{2})[0-9]{2}")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_FORMS = "write YYYY-MM-DD, YYYYMMDD or a time such as 2018-10-31T06:00:00Z"


def span(
    start: Moment | None, stop: Moment | None, days_back: int | None, *, now: datetime | None = None
) -> tuple[int | None, int | None]:
    """[start, stop) in unix seconds, None where open. Raises InvalidQuestion.

    `days_back` counts whole days up to and including today, so 1 is today alone. `now` is for tests.
    """
    if days_back is not None:
        return _span_back(start, stop, days_back, now or datetime.now(UTC))
    first = None if start is None else parse_start(start)
    end = None if stop is None else parse_stop(stop)
    if first is not None and end is not None and end <= first:
        raise InvalidQuestion([("stop", f"{_show(stop)} lies before the start {_show(start)}")])
    return first, end


def parse_start(value: Moment) -> int:
    """First unix second that counts: a date's first one, or the first at or after a time."""
    moment, _ = _parse("start", value)
    return math.ceil(moment)


def parse_stop(value: Moment) -> int:
    """First unix second that does not count any more: the value itself is inside."""
    moment, length = _parse("stop", value)
    return math.floor(moment) + length


def _span_back(start: object, stop: object, days_back: int, now: datetime) -> tuple[int, int]:
    if start is not None or stop is not None:
        raise InvalidQuestion([("days_back", "cannot be combined with start or stop")])
    if isinstance(days_back, bool) or not isinstance(days_back, int) or days_back < 1:
        raise InvalidQuestion([("days_back", f"{days_back!r} is not a number of days from 1 on")])
    end = (int(now.timestamp()) // DAY + 1) * DAY
    if days_back * DAY > end:
        raise InvalidQuestion([("days_back", f"{days_back} reaches back before 1970")])
    return end - days_back * DAY, end


def _parse(field: str, value: object) -> tuple[Fraction, int]:
    """(unix seconds, length in seconds: a day for a date, one second for a time)."""
    if type(value).__module__ == "numpy" and hasattr(value, "astype"):
        value = _from_numpy(field, value)
    try:
        moment, length = _read(field, value)
    except InvalidQuestion:
        raise
    except (ValueError, OverflowError):
        raise InvalidQuestion([(field, f"{_show(value)} is not a date: {_FORMS}")]) from None
    if moment < 0:
        raise InvalidQuestion([(field, f"{_show(value)} lies before 1970")])
    return moment, length


def _read(field: str, value: object) -> tuple[Fraction, int]:
    if isinstance(value, datetime):
        return _seconds(value if value.tzinfo else value.replace(tzinfo=UTC)), 1
    if isinstance(value, date):
        return Fraction((value - _EPOCH.date()).days * DAY), DAY
    if not isinstance(value, str):
        raise ValueError(value)
    text = value.strip()
    if _DASHES.fullmatch(text) and (parts := _DATE.fullmatch(text)):
        return _read(field, date(*map(int, parts.groups())))
    if not (parts := _TIME.fullmatch(text)):
        raise ValueError(value)
    day, clock, fraction, offset = parts.groups()
    if offset is None:
        raise InvalidQuestion([(field, f"{_show(text)} lacks its offset: write {day}T{clock}Z for UTC")])
    whole = _seconds(datetime.fromisoformat(f"{day}T{clock}{offset.upper()}"))
    return whole + Fraction(fraction or 0), 1


def _from_numpy(field: str, value: object) -> object:
    unit = str(getattr(value, "dtype", ""))
    if unit == "datetime64[D]":
        return value.item()  # type: ignore[attr-defined]
    if unit.startswith("datetime64"):
        return value.astype("datetime64[us]").item()  # type: ignore[attr-defined]
    return value


def _seconds(moment: datetime) -> Fraction:
    return Fraction((moment - _EPOCH) // timedelta(microseconds=1), 1_000_000)


def _show(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
