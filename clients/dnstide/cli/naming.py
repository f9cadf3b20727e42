"""The fields of a question, called as the options that set them."""

from __future__ import annotations

from collections.abc import Callable

from dnstide.model.errors import InvalidQuestion


def format_problems(error: InvalidQuestion, option_of: Callable[[str, int | None], str]) -> str:
    """All problems of a question in one text.

    `option_of` gets a field without its parts (`smoothing` for `smoothing.period`) and the place of the value
    in it, counted from 0, or None.
    """
    return "; ".join(
        f"{option_of(*_split(field))}: {text}" if field else text for field, text in error.problems
    )


def _split(field: str) -> tuple[str, int | None]:
    base, _, index = field.partition("[")
    number = index.rstrip("]")
    return base.partition(".")[0], int(number) if number.isdigit() else None
