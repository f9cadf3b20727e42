"""What has no time axis, as bars: the shape of a week or a day, totals by record type, and what gives bars of
its own.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from dnstide.client.plot.figure import new_figure
from dnstide.client.plot.html import still_page
from dnstide.client.plot.style import own_style
from dnstide.client.plot.texts import number, put, shortened
from dnstide.model.analysis import WEEKDAYS, Breakdown, Findings, SeriesFindings, Shape
from dnstide.model.texts import amount
from dnstide.model.vocabulary import Analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 400
"""Bars of one picture; of more names and types the first are drawn, and the title says so."""

ROW = 0.26
"""Inches for each row of a picture of bars."""
LONGEST = 60
"""Characters of a name at most."""
_BLOCKS = " ▏▎▍▌▋▊▉█"

_STYLE = """.bar { background: var(--bar); height: .9em; min-width: 1px; }
.bars td:nth-child(2) { width: 24rem; }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it belongs to, what it is called, its length (None: there is no value) and its words."""

    group: str
    label: str
    value: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars in groups. `level` is the value that all are held against, None where there is none."""

    title: str
    unit: str
    bars: tuple[Bar, ...]
    level: float | None = None

    @property
    def groups(self) -> Iterator[tuple[str, list[Bar]]]:
        """Each group with its bars, in their order."""
        return ((name, list(bars)) for name, bars in groupby(self.bars, key=lambda bar: bar.group))

    @property
    def longest(self) -> float:
        """The largest value, and 1 where there is none."""
        return max((bar.value for bar in self.bars if bar.value), default=0.0) or 1.0


def bars_of(findings: Findings) -> Bars:
    """The bars of a shape or a breakdown."""
    if findings.analysis is Analysis.BREAKDOWN:
        bars = [bar for breakdown in findings.breakdowns for bar in _types(breakdown)]
        title, unit, level = "totals by record type", "count", None
    else:
        shapes = [(series, series.shape) for series in findings.series if series.shape is not None]
        bars = [bar for series, shape in shapes for bar in _profile(series, shape)]
        of_week, of_day = (any(getattr(shape, part) for _, shape in shapes) for part in ("weekdays", "hours"))
        title = "weekly and daily shape" if of_day else "weekly shape" if of_week else "counts per day"
        unit, level = ("mean over the mean of all", 1.0) if of_week or of_day else ("count per day", None)
    names = list(dict.fromkeys(bar.group.partition(", ")[0] for bar in bars))
    who = names[0] if len(names) == 1 else f"{len(names)} names"
    more = f"; the first {MOST} of {len(bars):,}" if len(bars) > MOST else ""
    return Bars(f"{who}: {title}{more}", unit, tuple(bars[:MOST]), level)


def _types(breakdown: Breakdown) -> Iterator[Bar]:
    group = _called(breakdown)
    if not breakdown.parts:
        yield Bar(group, "nothing found", None, "")
    for part in breakdown.parts:
        yield Bar(group, part.rrtype, float(part.total), f"{part.total:,} ({part.share:.1%})")


def _profile(series: SeriesFindings, shape: Shape) -> Iterator[Bar]:
    """The week and the day where steps show them, else the smallest, the middle and the largest rates."""
    group = _called(series)
    hours = [f"{hour:02d}:00" for hour in range(len(shape.hours))]
    for words, values in ((WEEKDAYS, shape.weekdays), (hours, shape.hours)):
        part = f"{group}, {'weekdays' if words is WEEKDAYS else 'hours'}"
        for word, value in zip(words, values, strict=False):
            yield Bar(part, word, value, "no data" if value is None else f"{value:.3f}")
    if not shape.weekdays and not shape.hours:
        for word in ("low", "median", "mean", "high"):
            value = float(getattr(shape, word))
            yield Bar(group, word, value, amount(value))


def _called(of: Breakdown | SeriesFindings) -> str:
    """The name without its closing dot, with what came with it, and the record type where split."""
    within = "" if of.filter.bailiwick is None else f"/{of.filter.bailiwick}"
    narrowed = f"/{','.join(of.filter.rrtypes)}{within}" if of.filter else ""
    rrtype = getattr(of, "rrtype", None)
    return f"{of.name.rstrip('.') or '.'}{narrowed}{f' {rrtype}' if rrtype else ''}"


@own_style
def bars_figure(bars: Bars, size: tuple[float, float] | None = None) -> Figure:
    """A row for each bar under the title of its group. `size` in inches; without it the figure grows with
    the rows. Raises MissingExtra without matplotlib.
    """
    from matplotlib.ticker import FuncFormatter

    rows: list[tuple[str, Bar | None]] = []
    for group, members in bars.groups:
        rows += [(group, None), *((bar.label, bar) for bar in members)]
    figure = new_figure(*(size or (10.0, max(3.0, 1.2 + ROW * len(rows)))))
    axes: Any = figure.add_subplot()
    for place, (_, bar) in enumerate(rows):
        if bar is None:
            continue
        width = bar.value or 0.0
        axes.barh(place, width, height=0.72, facecolor="#bbbbbb", edgecolor="black", linewidth=0.4)
        text = axes.annotate("", (1.0, place), xycoords=axes.get_yaxis_transform(), ha="right", va="center")
        text.set_fontsize(8)
        put(text, f"{bar.words} ", 40)
    if bars.level is not None:
        axes.axvline(bars.level, color="#d55e00", linewidth=1.0, linestyle=(0, (4, 2)))
    axes.set_xlim(0, bars.longest * 1.25)
    axes.set_yticks(range(len(rows)), [shortened(label, LONGEST) for label, _ in rows], fontsize=8)
    for text, (_, bar) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set_parse_math(False)
        text.set_fontweight("bold" if bar is None else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(number))
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(True, axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(bars.unit)
    put(figure.suptitle("", fontsize=12), bars.title, 100)
    return figure


def bars_page(bars: Bars, command: str = "", dataset: str = "") -> str:
    """The same as one HTML page without a script; `command` and `dataset` as for `still_page`."""
    parts = []
    for group, members in bars.groups:
        rows = "".join(
            f"<tr><td>{html.escape(bar.label)}</td>"
            f'<td><div class="bar" style="width:{100 * (bar.value or 0.0) / bars.longest:.4g}%"></div></td>'
            f'<td class="number">{html.escape(bar.words)}</td></tr>\n'
            for bar in members
        )
        parts.append(f'<h2>{html.escape(group)}</h2>\n<table class="part bars">\n{rows}</table>\n')
    return still_page(bars.title, _STYLE, "".join(parts), command, dataset)


def bars_chart(bars: Bars, width: int = 80) -> str:
    """The same as lines of text, at most `width` wide."""
    labels = max((len(bar.label) for bar in bars.bars), default=0)
    words = max((len(bar.words) for bar in bars.bars), default=0)
    room = max(4, width - labels - words - 4)
    lines = [bars.title[:width]]
    for group, members in bars.groups:
        lines.append(group[:width])
        for bar in members:
            drawn = text_bar((bar.value or 0.0) / bars.longest, room)
            lines.append(f"  {bar.label:<{labels}} {drawn} {bar.words}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def text_bar(share: float, room: int) -> str:
    """A bar of text that fills this share of the room, to an eighth of a column."""
    eighths = round(share * room * 8)
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
