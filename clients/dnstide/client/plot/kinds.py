"""How counts can be drawn. Loads nothing, so that command lines can be checked at once."""

from __future__ import annotations

from dnstide.model.errors import InvalidQuestion

KINDS = ("line", "point", "step", "bar")
"""How counts are drawn."""

KIND_ALIASES = {
    "lines": "line", "points": "point", "dot": "point", "dots": "point", "steps": "step",
    "bars": "bar", "vbar": "bar", "impulse": "bar", "impulses": "bar", "boxes": "bar",
}  # fmt: skip
"""Words of gnuplot and of vot.pl for the same."""


def kind_name(text: str) -> str:
    """One of KINDS, from any of their spellings. Raises InvalidQuestion with the list."""
    word = text.lower()
    word = KIND_ALIASES.get(word, word)
    if word not in KINDS:
        raise InvalidQuestion(
            [("plot_type", f'"{text}" is not a plot type: choose one of {", ".join(KINDS)}')]
        )
    return word
