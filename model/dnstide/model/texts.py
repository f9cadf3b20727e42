"""Numbers and words in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable


def meant(word: object, words: Iterable[str]) -> str:
    """`` Did you mean "day"?`` where a wrong word is like a right one, else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(str(word).lower(), list(words), 1)
    return f' Did you mean "{near[0]}"?' if near else ""


def many(number: int, what: str) -> str:
    """``1 table``, ``1,000 tables``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def factor_text(ratio: float) -> str:
    """``×3.2``, ``÷3.0``, ``×∞`` from zero, ``→0`` to zero."""
    if math.isinf(ratio):
        return "×∞"
    factor = ratio if ratio >= 1 else (1 / ratio if ratio else math.inf)
    sign = "×" if ratio >= 1 else "÷"
    if factor >= 100:
        return f"{sign}{factor:,.0f}" if factor < math.inf else "→0"
    return f"{sign}{factor:.1f}"


_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def amount(number: float) -> str:
    """Three significant digits: ``2.08 million``, ``27,100``, ``3.14``, ``0``."""
    for unit, word in _LARGE:
        if float(f"{number:.3g}") >= unit:
            return f"{number / unit:.3g} {word}"
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:.3g}"


def rate_text(rate: float) -> str:
    """``2,634,318``, ``12.5``, ``0.143``: whole above 100, else three significant digits, and never 0 for
    something.
    """
    return f"{rate:,.0f}" if rate >= 100 or rate.is_integer() else f"{rate:.3g}"


def times_text(ratio: float) -> str:
    """``1,440 times``, ``0.505 times``."""
    return f"{amount(ratio)} times"
