"""`dnstide analyze`: what the counts show."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.client.analyses import ANALYSES

from . import exits
from .options import (
    FORMATS,
    find_source,
    names_options,
    output_options_of,
    question_options,
    read_names,
    source_options,
    timeout_option,
)
from .output import check_output, note, write, write_bytes
from .pictures import Drawing, check_drawing, draw, plot_option

if TYPE_CHECKING:
    from dnstide.client import Client, Findings, LocalClient

PICTURED = ("shifts", "correlation")


@click.command(epilog=exits.HELP)
@click.argument("analysis", type=click.Choice(ANALYSES), metavar="|".join(ANALYSES))
@names_options
@question_options
@click.option(
    "--shortest", type=int, metavar="N", help="Shifts: a level lasts N buckets at least; default 7."
)
@click.option(
    "--min-ratio", type=float, metavar="R", help="Shifts: levels differ R-fold at least; default 1.25."
)
@click.option(
    "--window", type=int, metavar="N", help="Spikes: compare with the N buckets around; default 29."
)
@click.option("--threshold", type=float, metavar="Z", help="Spikes: from this robust z-score on; default 6.")
@click.option("--alpha", type=float, metavar="A", help="Gaps: chance makes fewer such than A; default 0.01.")
@plot_option("Shifts: the series with its changes marked; correlation: the scatter plot. As vot --plot.")
@source_options
@timeout_option
@output_options_of(FORMATS)
def analyze(
    analysis: str, names: tuple[str, ...], names_file: str | None, shortest: int | None,
    min_ratio: float | None, window: int | None, threshold: float | None, alpha: float | None,
    plot: str | None, timeout: float | None, form: str, output: str | None, force: bool,
    server: str | None, mtbl_dir: str | None, tls: bool, ca: str | None, cert: str | None, key: str | None,
    **question: Any,
) -> int:  # fmt: skip
    """What the counts of each NAME show. Names, spans and steps as for vot.

    \b
    shifts       changes of level: first bucket of the new level, levels, ratio, score
    spikes       buckets that stand out: count, what was expected, score (negative: a dip)
    gaps         silent spans, and spans without data: start, end (exclusive), kind, how many
                 such spans chance would make, whether it may be longer
    correlation  each further series on the first: slope, intercept, r, R², error of the slope, n
    shape        totals, mean, median, variation; weekday and hour profiles
    breakdown    totals and shares by record type

    Only buckets that tables cover whole take part. docs/analyses.md has the formulas.

    \b
      dnstide analyze shifts laveeneld.k12.az.us gesd.k12.az.us --plot shifts.png
      dnstide analyze correlation mail.example.com/AAAA mail.example.com/A --granularity minute
      dnstide analyze breakdown www.example.com --start 2018-12-03 --stop 2018-12-03
    """
    source = find_source(server, mtbl_dir, tls=tls, ca=ca, cert=cert, key=key)
    if plot is not None and analysis not in PICTURED:
        raise click.UsageError(f"--plot draws {' and '.join(PICTURED)}; for {analysis} there is no picture")
    if plot == "-" and analysis == "correlation":
        raise click.UsageError("--plot - draws series only; name a file for the scatter plot")
    drawing = Drawing(plot, force=force)
    check_drawing(drawing, output)
    check_output(output, force)
    if plot is not None and analysis == "correlation" and plot.lower().endswith(".html"):
        raise click.UsageError("--plot: the scatter plot is drawn as .png, .svg, .pdf, .ps or .eps")
    asked = read_names(names, names_file)
    given = {"shortest": shortest, "min_ratio": min_ratio, "window": window, "threshold": threshold}
    settings: Any = {name: value for name, value in (given | {"alpha": alpha}).items() if value is not None}
    with closing(source.connect(timeout)) as client:
        found = client.analyze(analysis, asked, settings=settings, **question)
        if plot is not None:
            _draw(client, found, asked, question, drawing)
    if not (drawing.in_terminal and output in (None, "-")):
        from .findings import findings_pieces

        write(findings_pieces(found, form), output, force)
    from .remarks import failures

    failures(found.summary)
    if not found.complete:
        return exits.PARTIAL
    if not found.summary.total_count:
        note("nothing found: is the name spelt right, the record type, the bailiwick?")
        return exits.NOTHING
    return exits.COMPLETE


def _draw(
    client: Client | LocalClient,
    found: Findings,
    names: list[str],
    question: dict[str, Any],
    drawing: Drawing,
) -> None:
    volume = client.volume(names, **question)
    if found.analysis == "shifts":
        logarithmic = Drawing(drawing.path, log=True, force=drawing.force)
        draw(volume, logarithmic, names, question, found.marks(volume))
        return
    from dnstide.client.plot import figure_bytes, format_of, scatter

    from .findings import shared_counts

    line = found.correlations[0]
    if len(found.correlations) > 1:
        note(f"the picture shows {line.y} on {line.x} only")
    x, y = shared_counts(volume)
    step = volume.axis.granularity.replace("-", " ")
    of_x, of_y = (label.replace(". ", " ").rstrip(".") or label for label in (line.x, line.y))
    figure = scatter(
        x, y, labels=(f"{of_x}, count by {step}", f"{of_y}, count by {step}"), slope=line.slope,
        intercept=line.intercept, r_squared=line.r_squared, title=f"{of_y} on {of_x}",
    )  # fmt: skip
    path = drawing.path or ""
    write_bytes([figure_bytes(figure, format_of(path))], path, drawing.force)
