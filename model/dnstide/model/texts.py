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
