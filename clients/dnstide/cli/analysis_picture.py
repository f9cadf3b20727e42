"""The picture of `dnstide analyze --plot`: series with what was found in them, bars, or a scatter plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dnstide.cli.diagnostics import warn
from dnstide.cli.output import write, write_bytes
from dnstide.cli.pictures import Drawing, command_line, draw, terminal_size
from dnstide.model.vocabulary import Analysis

if TYPE_CHECKING:
    from dnstide.model.analysis import Findings
    from dnstide.model.volume import Volume

HELP: dict[Analysis, str] = {
    Analysis.SHIFTS: "Draw the series with its changes marked; as vot --plot.",
    Analysis.SPIKES: "Draw the series with its spikes and dips marked; as vot --plot.",
    Analysis.GAPS: "Draw the series with its silent spans marked; as vot --plot.",
    Analysis.SHAPE: "Draw the week and the day as bars; as vot --plot.",
    Analysis.CORRELATION: "Draw the scatter plot; as vot --plot.",
    Analysis.BREAKDOWN: "Draw the totals as bars; as vot --plot.",
}
"""What --plot draws of each analysis."""

OVER_TIME = (Analysis.SHIFTS, Analysis.SPIKES, Analysis.GAPS)
LOGARITHMIC = (Analysis.SHIFTS, Analysis.SPIKES)
"""What is told as a factor shows on a logarithmic axis."""


def draw_findings(
    findings: Findings,
    drawing: Drawing,
    names: Sequence[str],
    question: Mapping[str, Any],
    counts: Callable[[], Volume],
) -> None:
    """Draw what was found; `counts` asks for the series where the picture shows them."""
    if drawing.path is None:
        return
    if findings.analysis in OVER_TIME:
        volume = counts()
        draw(volume, drawing, names, question, findings.marks(volume))
    elif findings.analysis is Analysis.CORRELATION:
        _draw_scatter(findings, counts(), drawing)
    else:
        _draw_bars(findings, drawing)


def _draw_bars(findings: Findings, drawing: Drawing) -> None:
    from dnstide.client.plot import figure_bytes, format_of
    from dnstide.client.plot.bars import bars_chart, bars_figure, bars_of, bars_page
    from dnstide.client.plot.picture import dataset_words

    bars, path = bars_of(findings), drawing.path or ""
    bars = replace(bars, title=drawing.title or bars.title)
    if drawing.in_terminal:
        write([bars_chart(bars, terminal_size()[0])])
        return
    form = format_of(path)
    if form == "html":
        made = bars_page(bars, command_line(), dataset_words(findings)).encode()
    else:
        made = figure_bytes(bars_figure(bars, drawing.size), form, drawing.dpi)
    write_bytes([made], path, drawing.force)


def _draw_scatter(findings: Findings, volume: Volume, drawing: Drawing) -> None:
    """The second series of a correlation on the first, in the buckets that tables cover whole."""
    from dnstide.client.plot import figure_bytes, format_of, scatter
    from dnstide.client.plot.picture import dataset_words
    from dnstide.client.plot.scatter import words_of
    from dnstide.client.plot.scatter_text import scatter_chart, scatter_page
    from dnstide.model.vocabulary import Coverage

    line = findings.correlations[0]
    if len(findings.correlations) > 1:
        warn(f"the picture shows {line.y} on {line.x} only")
    known = volume.axis.coverage == Coverage.COMPLETE
    x, y = (volume.axis.rates(series.dense())[known] for series in volume.series[:2])
    step = volume.axis.granularity
    unit = f"count by {step.words}" if step.per is step else f"count per day, by {step.words}"
    name_x, name_y = (label.replace(". ", " ").rstrip(".") or label for label in (line.x, line.y))
    shown: Any = {
        "labels": (f"{name_x}, {unit}", f"{name_y}, {unit}"),
        "slope": line.slope,
        "intercept": line.intercept,
        "words": words_of(line),
        "title": drawing.title or f"{name_y} on {name_x}",
    }
    if drawing.in_terminal:
        columns, lines = terminal_size()
        write([scatter_chart(x, y, **shown, width=columns, height=lines)])
        return
    path = drawing.path or ""
    form = format_of(path)
    if form == "html":
        asked, dataset = command_line(), dataset_words(volume)
        made = scatter_page(x, y, **shown, command=asked, dataset=dataset).encode()
    else:
        shown |= {"size": drawing.size} if drawing.size else {}
        made = figure_bytes(scatter(x, y, **shown), form, drawing.dpi)
    write_bytes([made], path, drawing.force)
