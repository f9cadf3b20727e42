"""The picture of `dnstide top --plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnstide.cli.output import write, write_bytes
from dnstide.cli.pictures import Drawing, colourful, command_line, plain_text, terminal_size

if TYPE_CHECKING:
    from dnstide.model.top import Top


def check_top_drawing(drawing: Drawing, series: str | None) -> None:
    """Refuse before the work what has no such picture. Raises InvalidQuestion."""
    page = drawing.path is not None and drawing.path.lower().endswith(".html")
    if series is None and (page or drawing.in_terminal):
        from dnstide.client.plot.ranking import check_bars

        check_bars(log=drawing.log, ylim=drawing.ylim)


def draw_top(answer: Top, drawing: Drawing) -> None:
    """Series as lines over time, ranks as bars, changes as counts before and after."""
    if drawing.path is None or not answer.found:
        return
    from dnstide.client.plot import chart, figure_bytes, format_of
    from dnstide.client.plot.ranking import (
        default_title,
        draw_ranking,
        over_time,
        ranking_chart,
        ranking_page,
        ranking_picture,
    )

    title, log, ylim = drawing.title or default_title(answer), drawing.log, drawing.ylim
    if drawing.in_terminal:
        columns, lines = terminal_size()
        if over_time(answer):
            picture = ranking_picture(answer, title, log=log, ylim=ylim)
            write([chart(picture, columns, lines, colour=colourful(), plain=plain_text())])
        else:
            from dnstide.client.plot.terminal import in_ascii

            text = ranking_chart(answer, title, columns)
            write([in_ascii(text) if plain_text() else text])
        return
    form = format_of(drawing.path)
    if form == "html":
        content = ranking_page(answer, title=title, log=log, ylim=ylim, command=command_line()).encode()
    else:
        figure = draw_ranking(answer, title=title, log=log, ylim=ylim, size=drawing.size)
        content = figure_bytes(figure, form, drawing.dpi)
    write_bytes([content], drawing.path, drawing.force)
