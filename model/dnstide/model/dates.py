"""Days, months and years as people write them, to whole UTC days."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

Days = tuple[date, date]
"""The first day, and the last one."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_Y, _M, _D = "(?P<y>[0-9]{4})", "(?P<m>[0-9]{2})", "(?P<d>[0-9]{2})"
_DAYS = tuple(
    map(
        re.compile,
        (
            f"{_Y}-{_M}-{_D}",
            f"{_Y}{_M}{_D}",
            f"{_Y}/(?P<m>[0-9]{{1,2}})/(?P<d>[0-9]{{1,2}})",
            rf"{_MONTH} (?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,? {_Y}",
            rf"(?P<d>[0-9]{{1,2}})[ -]{_MONTH}[ -]{_Y}",
        ),
    )
)
_PERIOD = re.compile(rf"{_Y}(?:-{_M})?")
_AGO = re.compile(r"(?P<n>[0-9]{1,6}) ?(?P<unit>d|w|days? ago|weeks? ago)")
_NEAR = {"today": 0, "yesterday": -1, "tomorrow": 1}


def read_days(text: str, today: date) -> Days | None:
    """The days that a text stands for, None where it is of no such form.

    A day: 2018-10-31, 20181031, 2018/10/31, Oct 31 2018, 31 October 2018; today, yesterday, tomorrow; days or
    weeks before today: 30d, 4w, 3 days ago. All of a month or of a year: 2018-10, 2018. Raises ValueError or
    OverflowError for a day that is in no calendar.
    """
    word = " ".join(text.lower().split())
    if word in _NEAR:
        return _day(today + timedelta(days=_NEAR[word]))
    if ago := _AGO.fullmatch(word):
        return _day(today - timedelta(days=int(ago["n"]) * (7 if ago["unit"].startswith("w") else 1)))
    if period := _PERIOD.fullmatch(word):
        return _period(int(period["y"]), period["m"])
    for form in _DAYS:
        if match := form.fullmatch(word):
            parts = match.groupdict()
            month = MONTHS.index(parts["name"][:3]) + 1 if "name" in parts else int(parts["m"])
            return _day(date(int(parts["y"]), month, int(parts["d"])))
    return None


def _period(year: int, month: str | None) -> Days:
    """All of a year, or of one of its months."""
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    return date(year, int(month), 1), date(year, int(month), monthrange(year, int(month))[1])


def _day(day: date) -> Days:
    return day, day
