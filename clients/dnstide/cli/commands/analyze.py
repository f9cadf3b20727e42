"""`dnstide analyze`: what the counts show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.cli import exits
from dnstide.cli.analysis_picture import HELP, LOGARITHMIC, OVER_TIME, draw_findings
from dnstide.cli.diagnostics import warn, warn_of_buckets, warn_of_coverage, warn_of_failures
from dnstide.cli.listed import read_names
from dnstide.cli.options import (
    Command,
    apply_options,
    names_options,
    output_options,
    question_options,
    timeout_option,
)
from dnstide.cli.output import Output
from dnstide.cli.pictures import Drawing, check_drawing, look_options, plot_option, ylim_option
from dnstide.cli.source import Source, source_options
from dnstide.cli.unicode import unicode_findings, unicode_option, unicode_volume
from dnstide.model.texts import meant
from dnstide.model.vocabulary import SETTINGS_OF, Analysis, AnalysisSettings

if TYPE_CHECKING:
    from dnstide.client import Volume

_HELP: dict[Analysis, str] = {
    Analysis.SHIFTS: """Changes of level.

    \b
    Each is told by the first bucket of the new level, the levels before and after, their ratio,
    and a score.

    \b
      dnstide analyze shifts laveeneld.k12.az.us gesd.k12.az.us --plot shifts.png
    """,
    Analysis.SPIKES: """Buckets that stand out from those around.

    \b
    Each is told by its count, what was expected, and a score, which is negative for a dip.

    \b
      dnstide analyze spikes www.example.com --start 2018-10 --window 15
    """,
    Analysis.GAPS: """Silent spans, and spans without data.

    \b
    Each is told by its start, its end (exclusive), its kind, how many such spans chance would
    make, and whether it may be longer.

    \b
      dnstide analyze gaps mail.example.com --days-back 90
    """,
    Analysis.CORRELATION: """Each further series on the first.

    \b
    Told by slope, intercept, r, R², the error of the slope, and the number of buckets; by how many
    levels the series have together, r within these and of the changes from bucket to bucket in
    them; and by whether it rests on the levels.

    \b
      dnstide analyze correlation mail.example.com/AAAA mail.example.com/A --granularity minute
    """,
    Analysis.SHAPE: """Totals, mean, median, variation; weekday and hour profiles.

    \b
      dnstide analyze shape www.example.com --start 2018 --granularity hour
    """,
    Analysis.BREAKDOWN: """Totals and shares by record type.

    \b
      dnstide analyze breakdown www.example.com --start 2018-12-03 --stop 2018-12-03
    """,
}

_SETTINGS: dict[str, Callable[[Command], Command]] = {
    "shortest": click.option(
        "--shortest", type=int, metavar="N", help="A level lasts N buckets at least; default 7."
    ),
    "min_ratio": click.option(
        "--min-ratio", type=float, metavar="R", help="Levels differ R-fold at least; default 1.25."
    ),
    "window": click.option(
        "--window", type=int, metavar="N", help="Compare with the N buckets around; default 29."
    ),
    "threshold": click.option(
        "--threshold", type=float, metavar="Z", help="From this robust z-score on; default 6."
    ),
    "alpha": click.option(
        "--alpha", type=float, metavar="A", help="Chance makes fewer such than A; default 0.01."
    ),
}
"""The option of each setting."""


class _Analyses(click.Group):
    """The analyses as commands, each with the options that it has."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            known = ", ".join(self.commands)
            ctx.fail(f"{args[0]!r} is not one of the analyses {known}.{meant(args[0], self.commands)}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(
                f"the analysis comes first, options such as {error.option_name} after it: "
                f"{ctx.command_path} {next(iter(self.commands))} NAME...", ctx,
            ) from None  # fmt: skip


@click.group(cls=_Analyses, epilog=exits.HELP, subcommand_metavar="ANALYSIS NAME... [OPTIONS]")
def analyze() -> None:
    """What the counts of each NAME show. Names, spans and steps as for vot.

    Only buckets that tables cover whole take part. docs/analyses.md has the formulas.

    \b
      dnstide analyze shifts laveeneld.k12.az.us gesd.k12.az.us --plot shifts.png
      dnstide analyze shifts --help
    """


def _add(analysis: Analysis) -> None:
    """Make the command of an analysis."""

    def command(**given: Any) -> int:
        settings: Any = {name: given.pop(name) for name in SETTINGS_OF[analysis]}
        return _analyze(analysis, settings=settings, **given)

    decorated = apply_options(
        command,
        names_options,
        *(_SETTINGS[name] for name in SETTINGS_OF[analysis]),
        question_options,
        plot_option(HELP[analysis]),
        look_options,
        *([ylim_option] if analysis in OVER_TIME else []),
        unicode_option,
        source_options,
        timeout_option,
        output_options,
    )
    analyze.command(str(analysis), help=_HELP[analysis], epilog=exits.HELP)(decorated)


for _analysis in Analysis:
    _add(_analysis)


def _analyze(
    analysis: Analysis, names: tuple[str, ...], names_files: tuple[str, ...], skip_bad: bool,
    settings: AnalysisSettings, plot: str | None, title: str | None, size: tuple[float, float] | None,
    dpi: int | None, no_table: bool, source: Source, timeout: float | None, output: Output,
    in_unicode: bool, ylim: tuple[float | None, float | None] | None = None, **question: Any,
) -> int:  # fmt: skip
    drawing = Drawing(plot, log=analysis in LOGARITHMIC, force=output.force, title=title, size=size, dpi=dpi,
        ylim=ylim, table=not no_table)  # fmt: skip
    check_drawing(drawing, output)
    output.check()
    asked = read_names(names, names_files, skip_bad)
    with closing(source.connect(timeout)) as client:
        findings = asked.ask(lambda texts: client.analyze(analysis, texts, settings=settings, **question))
        shown = unicode_findings(findings) if in_unicode else findings

        def counts() -> Volume:
            volume = client.volume(asked.texts, **question)
            return unicode_volume(volume) if in_unicode else volume

        draw_findings(shown, drawing, asked.texts, question, counts)
    if not drawing.takes_the_place(output):
        from dnstide.cli.write.findings import FindingsLayout

        output.write(FindingsLayout(shown if output.form == "text" else findings))
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
