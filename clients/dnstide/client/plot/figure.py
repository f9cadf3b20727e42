"""A picture as a matplotlib figure, through the object interface alone: no pyplot, no shared state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dnstide.client.plot.styles as styles
import numpy as np
import numpy.typing as npt
from dnstide.client.plot.axes import LANE, days, dress, half_bucket, seconds, span
from dnstide.client.plot.legend import add_key, add_legend
from dnstide.client.plot.picture import Line, Picture
from dnstide.client.plot.style import own_style
from dnstide.client.plot.texts import put
from dnstide.model.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (10.0, 7.0)
PANEL_HEIGHT = 1.5
MARKERS_PER_LINE = 14
BARS = 200
"""More bars of several lines than these cannot be told apart, and are drawn as steps."""


def new_figure(width: float, height: float, *, layout: Any = "constrained") -> Figure:
    """A figure on the Agg canvas. Raises MissingExtra without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("a picture", "plot") from None
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


@own_style
def draw(picture: Picture, size: tuple[float, float] | None = None) -> Figure:
    """The figure of a picture: 10 x 7 inches, or higher where many panels need it. Raises MissingExtra."""
    if picture.kind == "bar" and picture.log:  # a bar has no foot there: dots say as much with less ink
        picture = replace(picture, kind="point")
    if picture.panels and len(picture.lines) > 1:
        return _draw_panels(picture, size)
    if picture.kind == "bar" and len(picture.lines) > 1 and len(picture.starts) * len(picture.lines) > BARS:
        picture = replace(picture, kind="step")
    figure = new_figure(*(size or SIZE))
    axes = figure.add_subplot()
    _draw_lines(axes, picture, range(len(picture.lines)))
    put(figure.suptitle("", fontsize=12), picture.title, 100)
    add_legend(figure, picture)
    return figure


def _draw_panels(picture: Picture, size: tuple[float, float] | None) -> Figure:
    many = len(picture.lines)
    columns = 1 if many <= 4 else 2 if many <= 16 else 4 if many <= 120 else 6
    rows = math.ceil(many / columns)
    wide = 10.0 if columns < 6 else 14.0
    width, height = size or (wide, max(SIZE[1], 1.3 + PANEL_HEIGHT * rows))
    figure = new_figure(width, height, layout=None)  # hundreds of panels take a solver minutes
    side, gap = 0.62 / width, 0.3 / height
    spaces = {"left": side, "right": 1 - 0.15 / width, "top": 1 - 0.65 / height, "bottom": 0.85 / height}
    panel_wide = (spaces["right"] - spaces["left"] - (columns - 1) * side) / columns
    panel_high = (spaces["top"] - spaces["bottom"] - (rows - 1) * gap) / rows
    grid = figure.subplots(
        rows, columns, squeeze=False,
        gridspec_kw=spaces | {"wspace": side / panel_wide, "hspace": gap / panel_high},
    ).ravel()  # fmt: skip
    for i, axes in enumerate(grid):
        if i >= many:
            axes.set_visible(False)
            continue
        _draw_lines(axes, picture, [i], alone=True)
        axes.tick_params(labelbottom=i + columns >= many)
        if not picture.lines[i].counts.any():
            axes.text(0.5, 0.5, "not seen", transform=axes.transAxes, ha="center", fontsize=8, color="#666")
        put(
            axes.set_title("", fontsize=8, loc="left", pad=3),
            picture.lines[i].label,
            60 if columns == 2 else 32,
        )
    put(figure.suptitle("", fontsize=12, y=1 - 0.08 / height, va="top"), picture.title, 100)
    figure.supxlabel(span(picture), fontsize=9, y=0.34 / height, va="bottom")
    add_key(figure, picture)
    return figure


def _draw_lines(axes: Axes, picture: Picture, which: Sequence[int], *, alone: bool = False) -> None:
    """The lines of these numbers with shades, marks and axes; alone: a panel, which has no other line."""
    _shade(axes, picture)
    of = 1 if alone else len(picture.lines)
    for i in which:
        line = picture.lines[i]
        look = styles.look(i, of, classic=picture.classic)
        smooth = picture.smoothed_drawn and line.smoothed is not None
        if picture.raw:
            _draw_counts(axes, picture, line, look, i if of > 1 else 0, of, faint=smooth)
        if smooth and line.smoothed is not None:
            _draw_curve(axes, picture, line.smoothed, look, 0 if alone else i, width=1.8, average=True)
    dress(axes, picture, small=alone, lanes=_mark(axes, picture, set(which)))


def _draw_counts(
    axes: Axes, picture: Picture, line: Line, look: styles.Look, place: int, of: int, *, faint: bool
) -> None:
    raw = line.raw()
    if picture.kind == "bar":
        begin = seconds(picture.starts)
        width = np.diff(seconds(picture.edges))
        apart = 0.86 if len(width) <= 60 else 1.0
        wide = width * apart / of
        left = begin + width * (1 - apart) / 2 + place * wide
        fill = styles.bar_fill(look if of > 1 else None, outlined=len(width) <= 60)
        height = np.nan_to_num(raw)
        axes.bar(days(left), height, width=days(wide), align="edge", **fill)
        return
    if picture.kind == "point":
        size = 4.0 if len(raw) <= 100 else 2.2
        style = "none" if faint else "full"
        dots: dict[str, Any] = {"marker": look.marker or "o", "markersize": size, "fillstyle": style}
        axes.plot(days(seconds(picture.starts)), raw, linestyle="none", color=look.colour, **dots)
        return
    if not faint:
        _draw_curve(axes, picture, raw, look, place, width=1.2 if len(raw) <= 400 else 0.8)
        return
    # The smoothed line is the one to follow.
    colour = styles.lighter(look.colour) if of > 2 else look.colour
    thin = replace(look, colour=colour, marker=None, dash=styles.RAW_DASH)
    _draw_curve(axes, picture, raw, thin, place, width=0.8 if of <= 2 else 0.5)


def _draw_curve(
    axes: Axes,
    picture: Picture,
    values: npt.NDArray[np.float64],
    look: styles.Look,
    place: int,
    *,
    width: float,
    average: bool = False,
) -> None:
    """One line through the values, with gaps where they are NaN. An average is never drawn as steps."""
    step = picture.kind == "step" and not average
    starts = seconds(picture.starts)
    if picture.kind == "bar":
        starts = starts + np.diff(seconds(picture.edges)) / 2
    x = days(seconds(picture.edges) if step else starts)
    y = np.append(values, values[-1:]) if step else values
    style: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "linewidth": width}
    if step:
        style["drawstyle"] = "steps-post"
    if look.marker:
        every = max(1, len(y) // MARKERS_PER_LINE)
        style |= {
            "marker": look.marker,
            "markersize": 5.5,
            "markeredgecolor": "white",
            "markeredgewidth": 0.5,
        }
        style["markevery"] = (place * every // len(styles.MARKERS) % every, every)
    axes.plot(x, y, **style)
    alone = np.flatnonzero(_isolated(values))
    if alone.size and not step:  # a value between two gaps has no line to show it
        dot: dict[str, Any] = {"marker": look.marker or "o", "markersize": 5 if len(values) == 1 else 3}
        axes.plot(x[alone], y[alone], linestyle="none", color=look.colour, **dot)


def _isolated(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    there = np.concatenate([[False], np.isfinite(values), [False]])
    return np.asarray(there[1:-1] & ~there[:-2] & ~there[2:])


def _shade(axes: Axes, picture: Picture) -> None:
    """Grey where there are no tables, hatched where counts are lower bounds.

    Points and lines stand at the start of a bucket, so their shade reaches half a bucket to either side.
    """
    edges = seconds(picture.edges)
    half = 0.0 if picture.kind in ("bar", "step") else half_bucket(picture)
    for stretch in picture.stretches:
        low, high = edges[stretch.first] - half, edges[stretch.stop] - half
        axes.axvspan(days(low), days(high), linewidth=0, zorder=0, **styles.shade(stretch.coverage))


def _mark(axes: Axes, picture: Picture, which: set[int]) -> int:
    """Draw the marks of these lines; how many rows their texts take."""
    shown = [mark for mark in picture.marks if mark.line in which]
    lanes = _lanes([mark.time for mark in shown], picture)
    for mark, lane in zip(shown, lanes, strict=True):
        colour = styles.look(mark.line, len(which), classic=picture.classic).colour
        at = days(float(seconds(mark.time)))
        axes.axvline(at, color=colour, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0}
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        place |= {"xytext": (3, -4 - LANE * lane), "va": "top", "zorder": 5}
        text = axes.annotate("", (at, 1.0), fontsize=8, color=colour, bbox=box, **place)
        put(text, mark.text, 40)
    return 1 + max(lanes, default=-1)


def _lanes(times: list[np.datetime64], picture: Picture) -> list[int]:
    """For each mark the first of six rows whose last text is at least a tenth of the axis away."""
    span = float((picture.edges[-1] - picture.edges[0]) / np.timedelta64(1, "s"))
    last: list[float] = [-math.inf] * 6
    lanes = []
    for time in times:
        at = float((time - picture.edges[0]) / np.timedelta64(1, "s")) / span
        lane = next((k for k, before in enumerate(last) if at - before > 0.1), 0)
        last[lane] = at
        lanes.append(lane)
    return lanes
