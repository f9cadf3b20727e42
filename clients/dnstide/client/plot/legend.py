"""What dashes, markers and shades mean: below the picture, where it covers no data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dnstide.client.plot.styles as styles
from dnstide.client.plot.picture import Picture
from dnstide.client.plot.texts import put
from dnstide.model.vocabulary import Coverage

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def add_legend(figure: Figure, picture: Picture) -> None:
    """The names of several lines, or raw and smoothed for one, and the shades."""
    entries = (_names(picture) if len(picture.lines) > 1 else _looks(picture)) + _shades(picture)
    longest = max((len(label) for _, label in entries), default=0)
    columns = 1 if longest > 55 else 2 if longest > 34 else 3 if longest > 22 else 4
    _place(figure, entries, columns)


def add_key(figure: Figure, picture: Picture) -> None:
    """Below panels: what dashes and shades mean; the names stand above each panel."""
    entries = _looks(picture) + _shades(picture)
    _place(figure, entries, len(entries))


def _place(figure: Figure, entries: list[tuple[Any, str]], columns: int) -> None:
    if not entries:
        return
    blank = [str(i) for i in range(len(entries))]  # names that begin with _ would be left out
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": columns, "frameon": False}
    made = figure.legend([handle for handle, _ in entries], blank, handlelength=3.4, fontsize=9, **place)
    for text, (_, label) in zip(made.get_texts(), entries, strict=True):
        put(text, label, 70)


def _names(picture: Picture) -> list[tuple[Any, str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[tuple[Any, str]] = []
    for i, line in enumerate(picture.lines):
        look = styles.look(i, len(picture.lines), classic=picture.classic)
        if picture.kind == "bar":
            entries.append((Patch(**styles.bar_fill(look)), line.label))
            continue
        dash: Any = "none" if picture.kind == "point" and not picture.smoothed_drawn else look.dash
        handle = Line2D(
            [], [], color=look.colour, marker=look.marker, markersize=5.5, linewidth=1.5, linestyle=dash
        )
        entries.append((handle, line.label))
    return entries


def _looks(picture: Picture) -> list[tuple[Any, str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if not picture.smoothed_drawn:
        return []
    entries: list[tuple[Any, str]] = []
    if picture.raw and picture.kind == "bar":
        entries.append((Patch(facecolor=styles.BAR, edgecolor="black", linewidth=0.4), "raw"))
    elif picture.raw and picture.kind == "point":
        entries.append(
            (Line2D([], [], color="k", marker="o", fillstyle="none", markersize=4, linestyle="none"), "raw")
        )
    elif picture.raw:
        entries.append((Line2D([], [], color="k", linewidth=0.8, linestyle=styles.RAW_DASH), "raw"))
    words = f"smoothed: {picture.smoothing}" if picture.smoothing and not picture.classic else "smoothed"
    entries.append((Line2D([], [], color="k", linewidth=1.8), words))
    return entries


def _shades(picture: Picture) -> list[tuple[Any, str]]:
    from matplotlib.patches import Patch

    seen = {stretch.coverage for stretch in picture.stretches}
    entries: list[tuple[Any, str]] = []
    if Coverage.NONE in seen:
        entries.append((Patch(**styles.shade(Coverage.NONE)), "no table"))
    if seen & {Coverage.DAMAGED, Coverage.UNREACHABLE}:
        entries.append((Patch(**styles.shade(Coverage.DAMAGED)), "lower bound"))
    if Coverage.PARTIAL in seen:
        entries.append((Patch(**styles.shade(Coverage.PARTIAL)), "covered in part"))
    return entries
