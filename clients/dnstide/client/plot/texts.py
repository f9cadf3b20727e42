"""Texts in a picture: taken as they are, cut where they would not fit."""

from __future__ import annotations

from typing import Any


def put(text: Any, words: str, most: int) -> None:
    """Set a matplotlib text; a $ is a dollar, not mathematics, since titles quote a shell's prompt."""
    text.set_parse_math(False)
    text.set_text(shortened(words, most))


def shortened(words: str, most: int) -> str:
    """The words, cut to `most` characters where they are longer."""
    return words if len(words) <= most else words[: most - 1] + "…"


def number(value: float, _place: object = None) -> str:
    """A tick of a count axis."""
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"
