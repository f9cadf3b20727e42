"""Dates as users of vot.pl write them, beside those that dnstide reads."""

from __future__ import annotations

import re
from datetime import date, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_FORMS = (
    re.compile(r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"),
    re.compile(r"(?P<name>[a-z]{3})[a-z]*\.? +(?P<d>\d{1,2})(?:st|nd|rd|th)?,? +(?P<y>\d{4})"),
    re.compile(r"(?P<d>\d{1,2})[ -](?P<name>[a-z]{3})[a-z]*\.?[ -](?P<y>\d{4})"),
)
_AGO = re.compile(r"(?P<n>\d+) +(?P<unit>day|week)s? +ago")


def plain_date(text: str, today: date) -> str:
    """YYYY-MM-DD for the commoner of Date::Manip's forms; any other text unchanged, for the client to judge.

    Understood: 2018/10/31, 10/31/2018 (month first, as there), Oct 31 2018, 31 Oct 2018, today, yesterday,
    tomorrow, 3 days ago, 2 weeks ago. `today` is the UTC date.
    """
    word = " ".join(text.lower().split())
    days = {"today": 0, "now": 0, "yesterday": -1, "tomorrow": 1}.get(word)
    ago = _AGO.fullmatch(word)
    if ago:
        days = -int(ago["n"]) * (7 if ago["unit"] == "week" else 1)
    try:
        if days is not None:
            return (today + timedelta(days=days)).isoformat()
        for form in _FORMS:
            match = form.fullmatch(word)
            if match:
                parts = match.groupdict()
                month = MONTHS.index(parts["name"]) + 1 if "name" in parts else int(parts["m"])
                return date(int(parts["y"]), month, int(parts["d"])).isoformat()
    except (ValueError, OverflowError):
        return text
    return text
