"""Dates as users of vot.pl write them, beside those that dnstide reads."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

_MONTH_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def plain_date(text: str) -> str:
    """YYYY-MM-DD for the forms of Date::Manip that dnstide does not read, since they are not clear:
    10/31/2018, which has its month first there, and `now`, a day. Any other text unchanged, for the
    client to judge.
    """
    word = text.strip().lower()
    if word == "now":
        return "today"
    if match := _MONTH_FIRST.fullmatch(word):
        month, day, year = map(int, match.groups())
        with suppress(ValueError):
            return date(year, month, day).isoformat()
    return text
