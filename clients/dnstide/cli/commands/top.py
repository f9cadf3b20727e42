"""`dnstide top`: the largest, and the largest changes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from dnstide.client.question import DATASETS
from dnstide.client.ranking_question import GROUPINGS, TopOptions
from dnstide.client.rankings import many

from . import exits
from .options import cache_option, find_source, output_options, source_options, span_options, timeout_option
from .output import check_output, note, write
from .pictures import Drawing, check_drawing, plot_option
from .progress import progress_bar
from .remarks import failures, gaps, plan
from .top_picture import check_top_drawing, draw_top, picture_title

if TYPE_CHECKING:
    from dnstide.client.rankings import Top


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
    "--by", type=click.Choice(GROUPINGS), default="fqdn", show_default=True,
    help="What to rank: owner names, registered domains, last labels, record types, or data.",
)  # fmt: skip
@span_options
@click.option("--date", metavar="D", help="One day; the same as --start D --stop D.")
@click.option(
    "--rrtype", "-t", "rrtypes", multiple=True, metavar="T[,T]",
    help="Only these record types, by name or as TYPEnnn; may be repeated.",
)  # fmt: skip
@click.option("--under", metavar="SUFFIX", help="Only owner names at and under this one.")
@click.option(
    "--exclude", multiple=True, metavar="NAME",
    help="Leave out before ranking: a name, or *.SUFFIX; may be repeated.",
)  # fmt: skip
@click.option(
    "--exclude-file", metavar="FILE", help="The same, one a line, # begins a remark; - is standard input."
)
@click.option(
    "--series", is_flag=False, flag_value="day", default=None, metavar="[G]",
    help="Add a series for each rank; in steps of a day, or of the granularity given.",
)  # fmt: skip
@click.option(
    "--movers-against", metavar="SPAN",
    help="Rank what rose and fell most since this span, D or D..D, both days inclusive.",
)  # fmt: skip
@click.option(
    "--ratio-from", type=int, metavar="COUNT",
    help="With --movers-against: rank by ratio, among names that reach this count in the larger span.",
)  # fmt: skip
@plot_option("Draw the ranking, or with --series its lines; as vot --plot.")
@click.option("--log", is_flag=True, help="Draw with a logarithmic axis of counts.")
@click.option("--partial", is_flag=True, help="Answer even where tables fail; exit code 3.")
@click.option("--dataset", type=click.Choice(DATASETS), default="dns", show_default=True)
@click.option("--explain", is_flag=True, help="Say how the answer was found, and why it is proved.")
@cache_option
@source_options
@timeout_option
@output_options
def top(
    limit: int, by: str, start: str | None, stop: str | None, days_back: int | None, date: str | None,
    rrtypes: tuple[str, ...], under: str | None, exclude: tuple[str, ...], exclude_file: str | None,
    series: str | None, plot: str | None, log: bool, movers_against: str | None, ratio_from: int | None,
    partial: bool, dataset: str,
    explain: bool, cache_dir: str | None, timeout: float | None, form: str, output: str | None, force: bool,
    server: str | None, mtbl_dir: str | None, tls: bool, ca: str | None, cert: str | None, key: str | None,
) -> int:  # fmt: skip
    """The N names that were asked for most (10), exactly.

    \b
    A ranking counts whole tables, so tables have to end where the span does: with daily tables
    any days will do. Equal counts stand in the canonical order of names. A name that has no
    registered domain (a public suffix, a single label, the root) is ranked as itself.

    \b
    Text output is `rank count share name`, with --series a sparkline. With --movers-against it
    is `rise|fall rank difference before after name`.

    \b
    The first ranking makes a summary of each table, which takes about as long as reading it;
    those that follow answer from summaries (see `dnstide summarize`).

    \b
      dnstide top 100 --by domain --date 2018-10-31
      dnstide top 20 --under example.com -t A,AAAA --days-back 30 --series
      dnstide top --movers-against 2018-10-01..2018-10-30 --date 2018-10-31
    """
    source = find_source(server, mtbl_dir, tls=tls, ca=ca, cert=cert, key=key)
    drawing = Drawing(plot, log=log, force=force)
    check_top_drawing(drawing, series)
    check_drawing(drawing, output)
    check_output(output, force)
    if date is not None and (start or stop or days_back):
        raise click.UsageError("--date goes without --start, --stop and --days-back")
    options: TopOptions = {
        "by": by, "rrtypes": rrtypes, "under": under, "exclude": [*exclude, *_listed(exclude_file)],
        "start": date or start, "stop": date or stop, "days_back": days_back, "series": series,
        "against": _span(movers_against), "ratio_from": ratio_from, "partial": partial, "dataset": dataset,
        "explain": explain,
    }  # fmt: skip
    with closing(source.connect(timeout, cache_dir)) as client, progress_bar("making summaries") as bar:
        answer = client.top(limit, progress=bar, **options)
    from .top_render import top_pieces

    if explain:
        _explain(answer)
    draw_top(answer, drawing, picture_title(answer, options))
    if not (drawing.in_terminal and output in (None, "-")):
        write(top_pieces(answer, form), output, force)
    _remarks(answer)
    if not answer.complete:
        return exits.PARTIAL
    return exits.COMPLETE if answer.found else exits.NOTHING


def _listed(path: str | None) -> list[str]:
    if path is None:
        return []
    try:
        with click.open_file(path, encoding="utf-8") as lines:
            return [name for line in lines if (name := line.partition("#")[0].strip())]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise click.UsageError(f"cannot read the names in {path}: {why}") from None


def _span(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, dots, last = text.partition("..")
    if not first or (dots and not last):
        raise click.UsageError("--movers-against: write a day, or two with .. between them")
    return first, last or first


def _explain(answer: Top) -> None:
    summary = answer.summary
    plan(summary.plan)
    tables = many(summary.tables_answered, "table")
    note(f"{summary.method} of {tables}, {summary.keep:,} keys kept of each list")
    for certificate in summary.certificates:
        note(f"proved: {certificate}")
    rows = "" if summary.rows is None else f", {many(summary.rows, 'row')}"
    without = f", without {summary.excluded:,} excluded" if summary.excluded else ""
    note(f"total {summary.total:,}{without}{rows}")
    if summary.suffix_list:
        note(f"public suffix list {summary.suffix_list}")


def _remarks(answer: Top) -> None:
    if not answer.found and answer.complete:
        note("nothing found: is the suffix spelt right, or the record type?")
    if answer.axis is not None and answer.found:
        gaps(answer.axis)
    failures(answer.summary)
