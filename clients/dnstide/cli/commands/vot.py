"""`dnstide vot`: volume over time."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.client.question import SMOOTHINGS, QuestionOptions, Smoothing

from . import exits
from .options import (
    FORMATS,
    cache_option,
    find_source,
    names_options,
    output_options_of,
    question_options,
    read_names,
    source_options,
    timeout_option,
)
from .output import check_output, write, write_bytes
from .pictures import Drawing, check_drawing, draw, picture_options
from .progress import progress_bar

if TYPE_CHECKING:
    from dnstide.client import Client, LocalClient
    from dnstide.client.results import Progress, Volume


@click.command(epilog=exits.HELP)
@names_options
@question_options
@click.option("--smooth", type=int, metavar="N", help="Add the average over N buckets; see --smooth-by.")
@click.option(
    "--smooth-by", "--smooth-method", type=click.Choice(SMOOTHINGS), default=SMOOTHINGS[0], show_default=True,
    help="How to smooth; the default is the moving average of vot.pl.",
)  # fmt: skip
@click.option("--fill", is_flag=True, help="List every bucket: 0 where covered, empty where not.")
@click.option("--explain", is_flag=True, help="Say which tables were used, and why others were not.")
@picture_options
@cache_option
@source_options
@timeout_option
@output_options_of((*FORMATS, "parquet"))
def vot(
    names: tuple[str, ...], names_file: str | None, smooth: int | None, smooth_by: str, explain: bool,
    plot: str | None, plot_type: str, log: bool, panels: bool, mark_shifts: bool, cache_dir: str | None,
    timeout: float | None, form: str, output: str | None, force: bool,
    server: str | None, mtbl_dir: str | None, tls: bool, ca: str | None, cert: str | None, key: str | None,
    **question: Any,
) -> int:  # fmt: skip
    """How often each NAME was seen, bucket by bucket. All times are UTC.

    \b
    A NAME is www.example.com, or *.example.com for the sum over everything under it (the name
    itself included), or NAME/TYPE or NAME/TYPE/BAILIWICK. Unicode names are understood.

    \b
    Text output is a line for each day that has rows, `YYYYMMDD count [average]`, times as RFC 3339
    where the step is finer than a day. With several names, or with --split-by-rrtype, each line
    begins with the name (and the type). NaN: the average is not defined there. A date alone, with
    --fill: there is no data for it, which is not a zero. The other formats carry the coverage of
    each bucket too.

    \b
    --plot draws the answer beside the table; --plot - draws in the terminal, in its place.

    \b
      dnstide vot www.yahoo.com/cname/yahoo.com --start 20181031 --stop 20181127
      dnstide vot laveeneld.k12.az.us gesd.k12.az.us --smooth 14 --format csv --output k12.csv
      dnstide vot -f names.txt --days-back 90 --plot names.html > names.tsv
      dnstide vot '*.example.com' -t A,AAAA --split-by-rrtype --granularity month
    """
    source = find_source(server, mtbl_dir, tls=tls, ca=ca, cert=cert, key=key)
    drawing = Drawing(plot, plot_type, log=log, panels=panels, force=force)
    check_drawing(drawing, output)
    check_output(output, force)
    if form == "parquet" and output in (None, "-"):
        raise click.UsageError("--format parquet makes a file: name it with --output")
    asked = read_names(names, names_file)
    smoothing = None if smooth is None else Smoothing(smooth, smooth_by)
    options: QuestionOptions = {**question, "smooth": smoothing, "explain": explain}  # type: ignore[typeddict-item]
    with closing(source.connect(timeout, cache_dir)) as client, progress_bar("reading tables") as bar:

        def progress(now: Progress) -> None:
            if bar is not None:
                bar(now.tables_answered + now.tables_failed, now.tables_asked)

        volume = client.volume(asked, progress=progress if bar else None, **options)
        marks = _shifts(client, asked, question, volume) if mark_shifts and plot else ()
    from .remarks import explain as explain_plan
    from .remarks import remarks

    if explain:
        explain_plan(volume)
    draw(volume, drawing, asked, question, marks)
    if form == "parquet":
        from .parquet import volume_bytes

        write_bytes([volume_bytes(volume)], output or "", force)
    elif not (drawing.in_terminal and output in (None, "-")):
        from .render import volume_pieces

        write(volume_pieces(volume, form), output, force)
    remarks(volume)
    if not volume.complete:
        return exits.PARTIAL
    return exits.COMPLETE if volume.found else exits.NOTHING


def _shifts(client: Client | LocalClient, names: list[str], question: dict[str, Any], volume: Volume) -> Any:
    """The level changes of the same series, as marks."""
    return client.analyze("shifts", names, **question).marks(volume)
