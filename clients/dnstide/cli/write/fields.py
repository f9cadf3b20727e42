"""A column as a list of texts: how each kind of value is spelt, the same in every format.

Counts are spelt from integers, floats as the shortest number that reads back the same. A list of texts is
made a column at a time, since answers of hundreds of thousands of rows are common.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.model.columns import Column, Kind

Spell = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Spelling:
    """What differs between formats and kinds of answer."""

    word: Callable[[str], str] = str
    """A text or a moment, quoted as the format wants it."""
    number: Spell = repr
    flags: tuple[str, str] = ("false", "true")
    unknown: str = ""
    dates: bool = False
    """Whether moments are told as dates (YYYY-MM-DD), else as times of RFC 3339."""
    compact: bool = False
    """Whether dates are told as YYYYMMDD."""


def spell(column: Column, spelling: Spelling) -> list[str]:
    """The values of a column as texts, `unknown` where there is none."""
    if column.known is not None and not column.known.any():
        return [spelling.unknown] * len(column)
    texts = _spell_all(column, spelling)
    if column.known is not None:
        for place in np.flatnonzero(~column.known).tolist():
            texts[place] = spelling.unknown
    return texts


def spell_moments(moments: npt.NDArray[np.datetime64], spelling: Spelling) -> list[str]:
    """Each moment as a date or a time."""
    if not spelling.dates:
        return [f"{text}Z" for text in np.datetime_as_string(moments).tolist()]
    days: list[str] = np.datetime_as_string(moments.astype("datetime64[D]")).tolist()
    return [day.replace("-", "") for day in days] if spelling.compact else days


def six_digits(value: float) -> str:
    """Six significant digits, and whole numbers as such."""
    short = float(f"{value:.6g}")
    return str(int(short)) if short.is_integer() else repr(short)


def c_float(value: float) -> str:
    """As C's %.15g, with NaN for not a number."""
    return "NaN" if value != value else f"{value:.15g}"


def _spell_all(column: Column, spelling: Spelling) -> list[str]:
    values = column.values
    if column.kind is Kind.TEXT:
        return _by_code([spelling.word(word) for word in column.words], values.tolist())
    if column.kind is Kind.COUNT:
        return list(map(str, values.tolist()))
    if column.kind is Kind.NUMBER:
        return list(map(spelling.number, values.tolist()))
    if column.kind is Kind.TIME:
        distinct, codes = np.unique(values, return_inverse=True)
        return _by_code([spelling.word(text) for text in spell_moments(distinct, spelling)], codes.tolist())
    if column.kind is Kind.FLAG:
        return _by_code(spelling.flags, values.astype(np.intp).tolist())
    return [str(value) if isinstance(value, int) else spelling.number(value) for value in values]


def _by_code(words: Sequence[str], codes: list[int]) -> list[str]:
    return list(map(words.__getitem__, codes))
