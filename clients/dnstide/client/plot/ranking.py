"""Rankings as pictures: bars for the largest, pairs of points for what changed most, lines where there are
series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from dnstide.client.plot.bars import LONGEST, MOST, ROW, Bar, Bars, text_bar
from dnstide.client.plot.figure import new_figure
from dnstide.client.plot.picture import PANELS_FROM, Line, Picture, stretches
from dnstide.client.plot.style import own_style
from dnstide.client.plot.texts import number, put, shortened
from dnstide.model.texts import rate_text
from dnstide.model.top import Rank

if TYPE_CHECKING:
    from dnstide.model.top import Change, Top
    from matplotlib.figure import Figure


@own_style
def ranking_figure(answer: Top, title: str, *, log: bool = False) -> Figure:
    """Bars for ranks (dots with `log`), or for each rise and fall its rates before (hollow) and after (full).

    The figure grows with the number of names. Raises MissingExtra without matplotlib.
    """
    rows: Sequence[Rank | Change] = answer.ranks or (*answer.rises, *answer.falls)
    figure = new_figure(10.0, max(3.0, 1.2 + ROW * len(rows)))
    axes: Any = figure.add_subplot()
    places = np.arange(len(rows))
    if answer.ranks:
        counts = [float(rank.count) for rank in answer.ranks]
        if log:  # a bar would need a zero to stand on
            axes.plot(counts, places, "o", color="black", markersize=5)
        else:
            axes.barh(places, counts, height=0.72, facecolor="#bbbbbb", edgecolor="black", linewidth=0.4)
        for place, rank in enumerate(answer.ranks):
            text = axes.annotate(
                "", (float(rank.count), place), xytext=(6, 0), textcoords="offset points", va="center"
            )
            text.set_fontsize(8)
            put(text, f"{rank.count:,}", 40)
        axes.margins(x=0.12)
    else:
        changes = (*answer.rises, *answer.falls)
        before, after = (
            list(column)
            for column in zip(*((c.before_per_day, c.after_per_day) for c in changes), strict=True)
        )
        axes.hlines(places, before, after, color="#999999", linewidth=1.4)
        axes.plot(before, places, "o", fillstyle="none", color="black", label="before")
        axes.plot(after, places, "o", color="black", label="after")
        axes.legend(loc="best", fontsize=9)
    if log:
        axes.set_xscale("symlog", linthresh=1.0, linscale=0.4)
    axes.set_xlim(left=0)
    axes.set_yticks(places, [shortened(title_of(row), LONGEST) for row in rows], fontsize=8)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    from matplotlib.ticker import FuncFormatter

    axes.xaxis.set_major_formatter(FuncFormatter(number))
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(True, axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("count" if answer.ranks else "count per covered day")
    put(figure.suptitle("", fontsize=12), title, 100)
    return figure


def ranking_picture(answer: Top, title: str, *, log: bool = False) -> Picture:
    """The series of the ranks, as a picture over time. The answer must have been asked with series."""
    axis = answer.axis
    if axis is None:
        raise ValueError("the ranking was asked without series")
    lines = tuple(
        Line(title_of(rank), rank.series, None, answer.known(rank))
        for rank in answer.ranks
        if rank.series is not None
    )
    return Picture(
        title=title,
        edges=np.append(axis.starts, axis.stop).astype("datetime64[s]"),
        granularity=axis.granularity,
        lines=lines,
        stretches=stretches(axis),
        log=log,
        panels=len(lines) >= PANELS_FROM,
    )


def ranking_bars(answer: Top, title: str) -> Bars:
    """Ranks by count with their shares, rises and falls by the larger of their rates, for a page."""
    if answer.ranks:
        bars = [
            Bar(
                f"the largest of {answer.summary.total_count:,} in all",
                title_of(rank),
                float(rank.count),
                words,
            )
            for rank in answer.ranks
            for words in [f"{rank.count:,} ({rank.share:.2%})"]
        ]
        more = f"; the first {MOST} of {len(bars):,}" if len(bars) > MOST else ""
        return Bars(f"{title}{more}", "count", tuple(bars[:MOST]))
    bars = [
        Bar(
            f"{group}, per covered day",
            title_of(change),
            max(change.before_per_day, change.after_per_day),
            f"{rate_text(change.before_per_day)} → {rate_text(change.after_per_day)}",
        )
        for group, changes in (("rises", answer.rises), ("falls", answer.falls))
        for change in changes
    ]
    return Bars(title, "count per covered day", tuple(bars))


def ranking_chart(answer: Top, title: str, width: int = 80) -> str:
    """Ranks as bars of text, each line at most `width` wide; for changes the larger rate is the bar."""
    rows: Sequence[Rank | Change] = answer.ranks or (*answer.rises, *answer.falls)
    values = [
        row.count if isinstance(row, Rank) else max(row.before_per_day, row.after_per_day) for row in rows
    ]
    words = [
        f"{row.count:,}"
        if isinstance(row, Rank)
        else f"{rate_text(row.before_per_day)} → {rate_text(row.after_per_day)}"
        for row in rows
    ]
    names = [title_of(row) for row in rows]
    wide = min(max(map(len, names), default=0), max(10, width // 2))
    room = max(4, width - wide - max(map(len, words), default=0) - 2)
    most = max(values, default=0) or 1
    lines = [title[:width]]
    for name, value, word in zip(names, values, words, strict=True):
        bar = text_bar(value / most, room)
        lines.append(f"{shortened(name, wide):<{wide}} {bar} {word}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def title_of(row: Rank | Change) -> str:
    """The name without its closing dot, behind the record type where data are ranked."""
    name = row.name if row.rrtype is not None else row.name.rstrip(".") or "."
    return name if row.rrtype is None else f"{row.rrtype} {name}"
