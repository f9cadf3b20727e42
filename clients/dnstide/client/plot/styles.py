"""Looks that stay apart in black and white: every line differs by marker or dashes, not by colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnstide.model.vocabulary import Coverage

# Okabe and Ito's palette for all kinds of colour vision, and four more; neighbours differ in their greys too.
COLOURS = (
    "#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#7a5c00",
    "#56b4e9", "#e69f00", "#882255", "#9dbf15", "#5e3fbe", "#f0a8a0",
)  # fmt: skip
DARK_COLOURS = (
    "#f2f2f2", "#ff7f32", "#4c9bff", "#25c797", "#e89ac7", "#b8922e",
    "#9adcff", "#ffc94d", "#e0427f", "#c9ec4a", "#a48bff", "#ffd3cd",
)  # fmt: skip
"""The same on a dark ground."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", "p", ">", "h")
DASHES: tuple[Any, ...] = ("solid", (0, (6, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
RAW_DASH: Any = (0, (3, 2))
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++++", "----", "oooo", "||||", "**", "//", "OO")

BAR = "#bbbbbb"
DENSE_BAR = "#999999"


@dataclass(frozen=True, slots=True)
class Look:
    """How line number i of `of` is drawn."""

    colour: str
    marker: str | None
    dash: Any
    hatch: str
    dark: str = DARK_COLOURS[0]


def look(i: int, of: int, *, classic: bool = False) -> Look:
    """One line alone is plain black; several get a colour, a marker and, from the ninth on, other dashes."""
    if of == 1:
        return Look("#000000", None, "solid", "")
    colour = "#000000" if classic else COLOURS[i % len(COLOURS)]
    dash = DASHES[(i // 8 + (i if classic else 0)) % len(DASHES)]
    dark = DARK_COLOURS[i % len(DARK_COLOURS)]
    return Look(colour, MARKERS[i % len(MARKERS)], dash, HATCHES[i % len(HATCHES)], dark)


def bar_fill(look: Look | None, *, outlined: bool = True) -> dict[str, Any]:
    """Fill of a bar; None is the grey of a line alone, whose bars have outlines where there is room."""
    if look is None:
        edge = "#000000" if outlined else DENSE_BAR
        return {"facecolor": BAR if outlined else DENSE_BAR, "edgecolor": edge, "linewidth": 0.4}
    face = lighter(lighter(look.colour)) if look.hatch else look.colour
    return {"facecolor": face, "edgecolor": look.colour, "hatch": look.hatch, "linewidth": 0.4}


def shade(coverage: Coverage) -> dict[str, Any]:
    """Fill of a stretch without complete coverage: plain grey, dots, or hatching."""
    if coverage is Coverage.NONE:
        return {"facecolor": "#dcdcdc"}
    if coverage is Coverage.PARTIAL:
        return {"facecolor": "#f4f4f4", "hatch": "...", "edgecolor": "#c4c4c4"}
    return {"facecolor": "#f6dcc8", "hatch": "//", "edgecolor": "#c08060"}


def lighter(colour: str) -> str:
    """Halfway to white. PostScript knows no transparency."""
    return "#" + "".join(f"{(int(colour[i : i + 2], 16) + 255) // 2:02x}" for i in (1, 3, 5))
