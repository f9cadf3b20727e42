"""Dates and times as people write them, to half-open spans of unix seconds. All times are UTC.

A date stands for its whole day, month or year: as a start its first second, as a stop its last one, so
`start="2018-10-31", stop="2018-11-27"` are 28 days. A time is an instant: as a start it is inside, as a stop
it is the first one outside.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from dnstide.model.dates import read_days
from dnstide.model.errors import InvalidQuestion

if TYPE_CHECKING:
    import numpy as np

    Moment = str | date | datetime | np.datetime64

DAY = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_SLASHED = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")
_FORMS = (
    "write YYYY-MM-DD, YYYYMMDD, YYYY-MM, YYYY, today, yesterday, 30d (days ago) "
    "or a time such as 2018-10-31T06:00:00Z"
)


def span(
    start: Moment | None, stop: Moment | None, days_back: int | None, *, now: datetime | None = None
) -> tuple[int | None, int | None]:
    """[start, stop) in unix seconds, None where open. Raises InvalidQuestion.

    `days_back` counts whole days up to and including today, so 1 is today alone. `now` is for tests.
    """
    now = now or datetime.now(UTC)
    if days_back is not None:
        return _span_back(start, stop, days_back, now)
    begun = None if start is None else _parse("start", start, now)
    ended = None if stop is None else _parse("stop", stop, now)
    first = None if begun is None else math.ceil(begun[0])
    end = None if ended is None else math.ceil(ended[1])
    if begun and ended and first is not None and end is not None and end <= first:
        where = f"the start {_show(start)}"
        if ended[0] < begun[0]:
            raise InvalidQuestion([("stop", f"{_show(stop)} lies before {where}")])
        reason = f"{_show(stop)} does not lie after {where}: a time as a stop is exclusive"
        raise InvalidQuestion([("stop", reason)])
    return first, end


def _span_back(start: object, stop: object, days_back: int, now: datetime) -> tuple[int, int]:
    if start is not None or stop is not None:
        raise InvalidQuestion([("days_back", "cannot be combined with start or stop")])
    if isinstance(days_back, bool) or not isinstance(days_back, int) or days_back < 1:
        raise InvalidQuestion([("days_back", f"{days_back!r} is not a number of days from 1 on")])
    end = (int(now.timestamp()) // DAY + 1) * DAY
    if days_back * DAY > end:
        raise InvalidQuestion([("days_back", f"{days_back} reaches back before 1970")])
    return end - days_back * DAY, end


def _parse(field: str, value: object, now: datetime) -> tuple[Fraction, Fraction]:
    """[start, stop) of a date in unix seconds; both are the same for a time."""
    try:
        start, stop = _read(field, value, now)
    except InvalidQuestion:
        raise
    except (ValueError, OverflowError, TypeError):
        raise InvalidQuestion([(field, f"{_show(value)} is not a date: {_FORMS}")]) from None
    if start < 0:
        raise InvalidQuestion([(field, f"{_show(value)} lies before 1970")])
    return start, stop


def _read(field: str, value: object, now: datetime) -> tuple[Fraction, Fraction]:
    if type(value).__module__ == "numpy" and hasattr(value, "astype"):
        return _read_numpy(field, value, now)
    if isinstance(value, datetime):
        return _instant(_seconds(value if value.tzinfo else value.replace(tzinfo=UTC)))
    if isinstance(value, date):
        return _days(value, value)
    if not isinstance(value, str):
        raise ValueError(value)
    text = value.strip()
    if days := read_days(text, now.astimezone(UTC).date()):
        return _days(*days)
    if _SLASHED.fullmatch(text):
        raise InvalidQuestion([(field, f"{_show(text)} may have its day or its month first: {_FORMS}")])
    if not (parts := _TIME.fullmatch(text)):
        raise ValueError(value)
    day, clock, fraction, offset = parts.groups()
    if offset is None:
        raise InvalidQuestion([(field, f"{_show(text)} lacks its offset: write {day}T{clock}Z for UTC")])
    whole = _seconds(datetime.fromisoformat(f"{day}T{clock}{offset.upper()}"))
    return _instant(whole + Fraction(fraction or 0))


def _read_numpy(field: str, value: object, now: datetime) -> tuple[Fraction, Fraction]:
    unit = str(getattr(value, "dtype", ""))
    if unit in ("datetime64[Y]", "datetime64[M]"):
        return _read(field, str(value), now)
    if unit == "datetime64[D]":
        return _read(field, value.item(), now)  # type: ignore[attr-defined]
    if unit.startswith("datetime64"):
        return _read(field, value.astype("datetime64[us]").item(), now)  # type: ignore[attr-defined]
    raise ValueError(value)


def _days(first: date, last: date) -> tuple[Fraction, Fraction]:
    epoch = _EPOCH.date()
    return Fraction((first - epoch).days * DAY), Fraction(((last - epoch).days + 1) * DAY)


def _instant(moment: Fraction) -> tuple[Fraction, Fraction]:
    return moment, moment


def _seconds(moment: datetime) -> Fraction:
    return Fraction((moment - _EPOCH) // timedelta(microseconds=1), 1_000_000)


def _show(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
