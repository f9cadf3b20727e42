"""`dnstide top`: the largest, and the largest changes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import explain_top, warn_of_top
from dnstide.cli.listed import Listed, Names, read_list
from dnstide.cli.options import (
    Words,
    cache_option,
    case_option,
    dataset_option,
    output_options,
    partial_option,
    rrtype_option,
    span_options,
    strict_option,
    timeout_option,
)
from dnstide.cli.output import Output
from dnstide.cli.pictures import Drawing, check_drawing, look_options, plot_option, ylim_option
from dnstide.cli.progress import progress_bar
from dnstide.cli.source import Source, source_options
from dnstide.cli.top_picture import check_top_drawing, draw_top
from dnstide.cli.unicode import unicode_option, unicode_top
from dnstide.model.errors import InvalidQuestion
from dnstide.model.times import span
from dnstide.model.vocabulary import Grouping, Movement

if TYPE_CHECKING:
    from dnstide.model.arguments import TopOptions
    from dnstide.model.top import TopProgress
    from dnstide.model.words import DatasetWord, GranularityWord, GroupingWord, MovementWord


class _Top(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            for text in given:
                if text[1:].isdecimal():
                    raise click.UsageError(f"N: {text} is not a number from 1 to 100,000", ctx) from None
            raise


@click.command(cls=_Top, epilog=exits.HELP)
@click.argument("limit", metavar="[N]", type=int, default=10)
@click.option(
    "--by", type=Words(Grouping), default="fqdn", show_default=True,
    help="What to rank: owner names, registered domains, last labels, record types, or data.",
)  # fmt: skip
@span_options
@click.option("--date", metavar="D", help="One day, month or year; the same as --start D --stop D.")
@rrtype_option
@click.option("--under", metavar="SUFFIX", help="Only owner names at and under this one.")
@click.option(
    "--exclude", multiple=True, metavar="NAME",
    help="Leave out before ranking: a name, or *.SUFFIX; may be repeated.",
)  # fmt: skip
@click.option(
    "--exclude-file", "exclude_files", multiple=True, metavar="FILE",
    help="The same, one a line, # begins a remark; - is standard input; may be repeated.",
)  # fmt: skip
@click.option(
    "--series", is_flag=False, flag_value="day", default=None, metavar="[G]",
    help="Add a series for each rank; in steps of a day, or of the granularity given.",
)  # fmt: skip
@click.option(
    "--movers-against", metavar="SPAN",
    help="Rank what rose and fell most since this span, D or D..D, days as for --start, both inclusive.",
)  # fmt: skip
@click.option(
    "--only", type=Words(Movement), default=str(Movement.ALL),
    help="With --movers-against: rises or falls alone; or names that are new, or gone.",
)  # fmt: skip
@click.option(
    "--ratio-from", type=int, metavar="COUNT",
    help="With --movers-against: rank by ratio, among names that reach this count in the larger span.",
)  # fmt: skip
@plot_option("Draw the ranking, or with --series its lines; as vot --plot.")
@click.option("--log", is_flag=True, help="Draw with a logarithmic axis of counts.")
@look_options
@ylim_option
@unicode_option
@partial_option
@strict_option
@case_option
@dataset_option
@click.option("--explain", is_flag=True, help="Say how the answer was found, and why it is proved.")
@cache_option
@source_options
@timeout_option
@output_options
def top(
    limit: int, by: GroupingWord, start: str | None, stop: str | None, days_back: int | None,
    date: str | None, rrtypes: tuple[str, ...], under: str | None, exclude: tuple[str, ...],
    exclude_files: tuple[str, ...], series: GranularityWord | None, plot: str | None, log: bool,
    title: str | None, size: tuple[float, float] | None, dpi: int | None,
    ylim: tuple[float | None, float | None] | None, no_table: bool,
    in_unicode: bool, movers_against: str | None, only: MovementWord, ratio_from: int | None, partial:
        bool, strict: bool, case_sensitive: bool,
    dataset: DatasetWord, explain: bool, cache_dir: str | None, source: Source, timeout: float | None,
    output: Output,
) -> int:  # fmt: skip
    """The N names that were asked for most (10), exactly.

    \b
    A ranking counts whole tables, so tables have to end where the span does: with daily tables
    any days will do. Equal counts stand in the canonical order of names. A name that has no
    registered domain (a public suffix, a single label, the root) is ranked as itself.

    \b
    Text output is `rank count share name`, with --series a sparkline. With --movers-against it
    is `rise|fall rank difference/day ratio before after name`: spans are compared per day that
    tables cover, before and after are the counts themselves.

    \b
    The first ranking makes a summary of each table, which takes about as long as reading it;
    those that follow answer from summaries (see `dnstide summarize`).

    \b
      dnstide top 100 --by domain --date 2018-10-31
      dnstide top 20 --under example.com -t A,AAAA --days-back 30 --series
      dnstide top --movers-against 2018-10-01..2018-10-30 --date 2018-10-31
      dnstide top --movers-against 2018-10-01..2018-10-30 --date 2018-10-31 --only new
    """
    drawing = Drawing(plot, log=log, force=output.force, title=title, size=size, dpi=dpi, ylim=ylim,
        table=not no_table)  # fmt: skip
    check_top_drawing(drawing, series)
    check_drawing(drawing, output)
    output.check()
    if date is not None and (start or stop or days_back):
        raise click.UsageError("--date goes without --start, --stop and --days-back")
    if date is not None:
        _check_date(date)
    given = [Listed(name, f"--exclude {number}") for number, name in enumerate(exclude, 1)]
    excluded = Names([*given, *(name for path in dict.fromkeys(exclude_files) for name in read_list(path))])
    options: TopOptions = {
        "by": by, "rrtypes": rrtypes, "under": under,
        "start": date or start, "stop": date or stop, "days_back": days_back, "series": series,
        "against": _span(movers_against), "only": only, "ratio_from": ratio_from, "partial": partial,
        "strict": strict, "case_sensitive": case_sensitive,
        "dataset": dataset, "explain": explain,
    }  # fmt: skip
    with closing(source.connect(timeout, cache_dir)) as client, progress_bar("making summaries") as bar:

        def progress(now: TopProgress) -> None:
            assert bar is not None
            bar(now.summaries_made, now.summaries_wanted)

        shown = progress if bar else None
        answer = excluded.ask(lambda texts: client.top(limit, progress=shown, **options | {"exclude": texts}))
    if explain:
        explain_top(answer)
    shown_answer = unicode_top(answer) if in_unicode else answer
    draw_top(shown_answer, drawing)
    if not drawing.takes_the_place(output):
        from dnstide.cli.write.top import TopLayout

        output.write(TopLayout(shown_answer if output.form == "text" else answer))
    warn_of_top(answer)
    if answer.summary.failures_total:
        return exits.PARTIAL
    return exits.COMPLETE if answer.found else exits.NOTHING


def _check_date(text: str) -> None:
    """Refuses by this option's name what would be refused as a start. Raises InvalidQuestion."""
    try:
        span(text, text, None)
    except InvalidQuestion as error:
        (field, reason), *_ = error.problems
        if field == "stop":
            reason = f'"{text}" is a time: a ranking of one day, month or year is asked'
        raise InvalidQuestion([("date", reason)]) from None


def _span(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, dots, last = text.partition("..")
    if not first or (dots and not last):
        raise click.UsageError("--movers-against: write a day, or two with .. between them")
    return first, last or first
