"""Rankings as pictures: bars for the largest, pairs of points for what changed most, lines where there are
series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from dnstide.client.plot.bars import LONGEST, MOST, ROW, Bar, Bars, bars_page, text_bar
from dnstide.client.plot.figure import new_figure
from dnstide.client.plot.html import page
from dnstide.client.plot.picture import (
    PANELS_FROM,
    Line,
    Picture,
    check_limits,
    dataset_words,
    stretches,
)
from dnstide.client.plot.style import own_style
from dnstide.client.plot.texts import number, put, shortened
from dnstide.model.coverage import Stretch, time_text
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import EVERYTHING, Span
from dnstide.model.texts import rate_text
from dnstide.model.top import Rank
from dnstide.model.vocabulary import Coverage

if TYPE_CHECKING:
    from dnstide.model.top import Change, Top
    from matplotlib.figure import Figure


Limits = tuple[float | None, float | None]
"""The least and the largest count of an axis, None for what the counts need."""


def over_time(answer: Top) -> bool:
    """Whether the picture of the answer shows series."""
    return answer.axis is not None and bool(answer.ranks)


def default_title(answer: Top) -> str:
    """What was ranked, and when: `the 20 largest by domain under k12.az.us (A): 2018-12-03`."""
    question = answer.question
    what = f"the {len(answer)} largest" if question.baseline is None else "changes"
    under = f" under {question.under}" if question.under else ""
    only = f" ({', '.join(question.filter.rrtypes)})" if question.filter.rrtypes else ""
    when = " against ".join(filter(None, map(_span_text, (question.span, question.baseline or EVERYTHING))))
    lacks = "".join(f"; {said}" for said in answer.lacks)
    return f"{what} by {question.group_by}{under}{only}{when and f': {when}'}{lacks}"


def _span_text(span: Span) -> str:
    """What was asked, as dates: words such as `yesterday` mean nothing in a picture that is kept."""
    if span.start is not None and span.stop is not None:
        return str(Stretch(span.start, span.stop, Coverage.COMPLETE))
    if span.start is not None:
        return f"from {time_text(span.start)}"
    return "" if span.stop is None else f"until {time_text(span.stop)}"


def draw_ranking(
    answer: Top,
    *,
    title: str | None = None,
    log: bool = False,
    ylim: Limits | None = None,
    size: tuple[float, float] | None = None,
) -> Figure:
    """Series as lines over time; without them ranks as bars (dots with `log`), and changes as the rates
    before (hollow) and after (full). `ylim` limits the axis of counts. Raises MissingExtra, InvalidQuestion.
    """
    title = default_title(answer) if title is None else title
    if over_time(answer):
        from dnstide.client.plot.figure import draw

        return draw(ranking_picture(answer, title, log=log, ylim=ylim), size)
    return ranking_figure(answer, title, log=log, ylim=ylim, size=size)


def ranking_page(
    answer: Top,
    *,
    title: str | None = None,
    log: bool = False,
    ylim: Limits | None = None,
    command: str = "",
) -> str:
    """The same as an HTML page. Raises InvalidQuestion where bars are asked for on another axis than theirs,
    which begins at zero.
    """
    title = default_title(answer) if title is None else title
    if over_time(answer):
        return page(ranking_picture(answer, title, log=log, ylim=ylim, command=command))
    check_bars(log=log, ylim=ylim)
    return bars_page(ranking_bars(answer, title), command, dataset_words(answer))


def check_bars(*, log: bool, ylim: Limits | None) -> None:
    """Raises InvalidQuestion for an axis that bars of a page or a terminal have not."""
    for word, asked in (("log", log), ("ylim", ylim is not None)):
        if asked:
            reason = "bars begin at zero there; take .png, .svg or .pdf, or ask for series"
            raise InvalidQuestion([(word, reason)])


@own_style
def ranking_figure(
    answer: Top,
    title: str,
    *,
    log: bool = False,
    ylim: Limits | None = None,
    size: tuple[float, float] | None = None,
) -> Figure:
    """The figure without series. It grows with the number of names, unless `size` is given."""
    if ylim is not None:
        check_limits(ylim)
    rows: Sequence[Rank | Change] = answer.ranks or (*answer.rises, *answer.falls)
    figure = new_figure(*(size or (10.0, max(3.0, 1.2 + ROW * len(rows)))))
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
        for place, change in enumerate(changes):
            most = max(change.before_per_day, change.after_per_day)
            text = axes.annotate("", (most, place), xytext=(8, 0), textcoords="offset points", va="center")
            text.set_fontsize(8)
            put(text, change.factor, 20)
        axes.margins(x=0.08)
        axes.legend(loc="best", fontsize=9)
    if log:
        axes.set_xscale("symlog", linthresh=1.0, linscale=0.4)
    low, high = ylim or (None, None)
    axes.set_xlim(low or 0, high)
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


def ranking_picture(
    answer: Top, title: str, *, log: bool = False, ylim: Limits | None = None, command: str = ""
) -> Picture:
    """The series of the ranks, as a picture over time. The answer must have been asked with series."""
    if ylim is not None:
        check_limits(ylim)
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
        ylim=ylim,
        command=command,
        dataset=dataset_words(answer),
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
            _rates(change),
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
    words = [f"{row.count:,}" if isinstance(row, Rank) else _rates(row) for row in rows]
    names = [title_of(row) for row in rows]
    wide = min(max(map(len, names), default=0), max(10, width // 2))
    room = max(4, width - wide - max(map(len, words), default=0) - 2)
    most = max(values, default=0) or 1
    lines = [title[:width]]
    for name, value, word in zip(names, values, words, strict=True):
        bar = text_bar(value / most, room)
        lines.append(f"{shortened(name, wide):<{wide}} {bar} {word}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _rates(change: Change) -> str:
    return f"{rate_text(change.before_per_day)} → {rate_text(change.after_per_day)} ({change.factor})"


def title_of(row: Rank | Change) -> str:
    """The name without its closing dot, behind the record type where data are ranked."""
    name = row.name if row.rrtype is not None else row.name.rstrip(".") or "."
    return name if row.rrtype is None else f"{row.rrtype} {name}"
