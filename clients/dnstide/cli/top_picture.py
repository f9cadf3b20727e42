"""The picture of `dnstide top --plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from dnstide.cli.output import write, write_bytes
from dnstide.cli.pictures import Drawing, colourful, limits, plain_text, terminal_size

if TYPE_CHECKING:
    from dnstide.model.arguments import TopOptions
    from dnstide.model.question import Span
    from dnstide.model.top import Top


def check_top_drawing(drawing: Drawing, series: str | None) -> None:
    """Refuse before the work what has no such picture. Raises click.UsageError."""
    page = drawing.path is not None and drawing.path.lower().endswith(".html")
    if page and series is None and drawing.log:
        raise click.UsageError(
            "--log: the bars of a page begin at zero; take .png, .svg or .pdf, or ask for --series"
        )


def picture_title(answer: Top, options: TopOptions) -> str:
    """What was ranked, and when: `the 20 largest by domain under k12.az.us (A): 2018-12-03`."""
    what = f"the {len(answer)} largest" if answer.ranks else "changes"
    under, only = options.get("under"), limits(options)
    where = (f" under {under}" if under else "") + (f" ({only})" if only else "")
    from dnstide.model.question import EVERYTHING

    spans = (answer.question.span, answer.question.baseline or EVERYTHING)
    when = " against ".join(filter(None, map(_span_text, spans)))
    lacks = "".join(f"; {said}" for said in answer.lacks)
    return f"{what} by {options['by']}{where}{when and f': {when}'}{lacks}"


def _span_text(span: Span) -> str:
    """What was asked, as dates: words such as `yesterday` mean nothing in a picture that is kept."""
    from dnstide.model.coverage import Stretch, time_text
    from dnstide.model.vocabulary import Coverage

    if span.start is not None and span.stop is not None:
        return str(Stretch(span.start, span.stop, Coverage.COMPLETE))
    if span.start is not None:
        return f"from {time_text(span.start)}"
    return "" if span.stop is None else f"until {time_text(span.stop)}"


def draw_top(answer: Top, drawing: Drawing, title: str) -> None:
    """Series as lines over time, ranks as bars, changes as counts before and after."""
    if drawing.path is None or not answer.found:
        return
    from dnstide.client.plot import chart, figure_bytes, format_of, render
    from dnstide.client.plot.ranking import ranking_chart, ranking_figure, ranking_picture

    over_time = answer.axis is not None and bool(answer.ranks)
    if drawing.in_terminal:
        columns, lines = terminal_size()
        if over_time:
            picture = ranking_picture(answer, title, log=drawing.log)
            write([chart(picture, columns, lines, colour=colourful(), plain=plain_text())])
        else:
            from dnstide.client.plot.terminal import in_ascii

            text = ranking_chart(answer, title, columns)
            write([in_ascii(text) if plain_text() else text])
        return
    form = format_of(drawing.path)
    if form == "html" and not over_time:
        from dnstide.client.plot.bars import bars_page
        from dnstide.client.plot.ranking import ranking_bars

        write_bytes([bars_page(ranking_bars(answer, title)).encode()], drawing.path, drawing.force)
        return
    if over_time:
        content = render(ranking_picture(answer, title, log=drawing.log), form)
    else:
        content = figure_bytes(ranking_figure(answer, title, log=drawing.log), form)
    write_bytes([content], drawing.path, drawing.force)
