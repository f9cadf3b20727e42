"""`dnstide analyze`: what the counts show."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn, warn_of_buckets, warn_of_coverage, warn_of_failures
from dnstide.cli.listed import read_names
from dnstide.cli.options import (
    names_options,
    output_options,
    question_options,
    timeout_option,
    words_of,
)
from dnstide.cli.output import Output
from dnstide.cli.pictures import Drawing, check_drawing, draw, draw_scatter, plot_option
from dnstide.cli.source import Source, source_options
from dnstide.model.vocabulary import Analysis

if TYPE_CHECKING:
    from dnstide.client import Client, Findings, LocalClient
    from dnstide.model.words import AnalysisWord

DRAWN = (Analysis.SHIFTS, Analysis.CORRELATION)
"""The analyses that have a picture."""


@click.command(epilog=exits.HELP)
@click.argument("analysis", type=click.Choice(words_of(Analysis)), metavar="|".join(Analysis))
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
@output_options
def analyze(
    analysis: AnalysisWord, names: tuple[str, ...], names_files: tuple[str, ...], skip_bad: bool,
    shortest: int | None, min_ratio: float | None, window: int | None, threshold: float | None,
    alpha: float | None,
    plot: str | None, source: Source, timeout: float | None, output: Output,
    **question: Any,
) -> int:  # fmt: skip
    """What the counts of each NAME show. Names, spans and steps as for vot.

    \b
    shifts       changes of level: first bucket of the new level, levels, ratio, score
    spikes       buckets that stand out: count, what was expected, score (negative: a dip)
    gaps         silent spans, and spans without data: start, end (exclusive), kind, how many
                 such spans chance would make, whether it may be longer
    correlation  each further series on the first: slope, intercept, r, R², error of the slope, n;
                 how many levels they have together, r within these and of the changes
                 from bucket to bucket in them; whether it rests on the levels
    shape        totals, mean, median, variation; weekday and hour profiles
    breakdown    totals and shares by record type

    Only buckets that tables cover whole take part. docs/analyses.md has the formulas.

    \b
      dnstide analyze shifts laveeneld.k12.az.us gesd.k12.az.us --plot shifts.png
      dnstide analyze correlation mail.example.com/AAAA mail.example.com/A --granularity minute
      dnstide analyze breakdown www.example.com --start 2018-12-03 --stop 2018-12-03
    """
    if plot is not None and analysis not in DRAWN:
        raise click.UsageError(f"--plot draws {' and '.join(DRAWN)}; for {analysis} there is no picture")
    if plot == "-" and analysis == Analysis.CORRELATION:
        raise click.UsageError("--plot - draws series only; name a file for the scatter plot")
    drawing = Drawing(plot, log=analysis == Analysis.SHIFTS, force=output.force)
    check_drawing(drawing, output)
    output.check()
    if plot is not None and analysis == Analysis.CORRELATION and plot.lower().endswith(".html"):
        raise click.UsageError("--plot: the scatter plot is drawn as .png, .svg, .pdf, .ps or .eps")
    asked = read_names(names, names_files, skip_bad)
    given = {"shortest": shortest, "min_ratio": min_ratio, "window": window, "threshold": threshold}
    settings: Any = {name: value for name, value in (given | {"alpha": alpha}).items() if value is not None}
    with closing(source.connect(timeout)) as client:
        findings = asked.ask(lambda texts: client.analyze(analysis, texts, settings=settings, **question))
        if plot is not None:
            _draw(client, findings, asked.texts, question, drawing)
    if not (drawing.in_terminal and output.to_stdout):
        from dnstide.cli.write.findings import FindingsLayout

        output.write(FindingsLayout(findings))
    for remark in findings.remarks:
        warn(remark)
    warn_of_buckets(findings.question.volume.bucket_by, findings.summary)
    warn_of_coverage(findings.coverage)
    warn_of_failures(findings.summary)
    if findings.summary.failures_total or asked.left_out:
        return exits.PARTIAL
    if not findings.summary.total_count:
        warn("nothing found: is the name spelt right, the record type, the bailiwick?")
        return exits.NOTHING
    return exits.COMPLETE


def _draw(
    client: Client | LocalClient,
    findings: Findings,
    names: list[str],
    question: dict[str, Any],
    drawing: Drawing,
) -> None:
    """Ask for the counts as well, and draw them with what was found."""
    volume = client.volume(names, **question)
    if findings.analysis is Analysis.SHIFTS:
        draw(volume, drawing, names, question, findings.marks(volume))
    else:
        draw_scatter(findings, volume, drawing)
