"""`dnstide vot`: volume over time."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.client.question import BUCKET_BY, DATASETS, GRANULARITIES, SMOOTHINGS, QuestionOptions, Smoothing

from . import exits
from .options import find_source, output_options, source_options, timeout_option
from .output import check_output, note, write
from .progress import progress_bar

if TYPE_CHECKING:
    from dnstide.client.results import Progress, Volume

MOST_LINES = 20
"""Of tables that failed, and of stretches that are not complete."""


def _complete_granularity(_ctx: click.Context, _param: click.Parameter, begin: str) -> list[str]:
    return [name for name in GRANULARITIES if name.startswith(begin)]


@click.command(epilog=exits.HELP)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--rrtype", "-t", "rrtypes", multiple=True, metavar="T[,T]",
    help="Only these record types, by name or as TYPEnnn; may be repeated.",
)  # fmt: skip
@click.option("--bailiwick", "-b", metavar="B", help="Only rows seen in this bailiwick.")
@click.option("--smooth", type=int, metavar="N", help="Add the average over N buckets; see --smooth-by.")
@click.option(
    "--smooth-by", type=click.Choice(SMOOTHINGS), default=SMOOTHINGS[0], show_default=True,
    help="How to smooth; the default is the moving average of vot.pl.",
)  # fmt: skip
@click.option("--start", metavar="D", help="First day, YYYY-MM-DD or YYYYMMDD, or time, RFC 3339.")
@click.option("--stop", metavar="D", help="Last day or time, inclusive.")
@click.option("--days-back", type=int, metavar="N", help="The last N days, today included.")
@click.option(
    "--granularity", default="day", show_default=True, metavar="G", shell_complete=_complete_granularity,
    help=f"Step of the time axis: {', '.join(GRANULARITIES)}, or {' '.join(GRANULARITIES.values())}.",
)  # fmt: skip
@click.option(
    "--bucket-by", type=click.Choice(BUCKET_BY), default="first-seen", show_default=True,
    help="Count a row where it was first seen, or in the period of its file.",
)  # fmt: skip
@click.option("--split-by-rrtype", is_flag=True, help="One series for each record type.")
@click.option("--fill", is_flag=True, help="List every bucket: 0 where covered, empty where not.")
@click.option("--partial", is_flag=True, help="Answer even where tables fail; exit code 3.")
@click.option("--dataset", type=click.Choice(DATASETS), default="dns", show_default=True)
@click.option("--explain", is_flag=True, help="Say which tables were used, and why others were not.")
@source_options
@timeout_option
@output_options
def vot(
    names: tuple[str, ...], smooth: int | None, smooth_by: str, explain: bool, timeout: float | None,
    form: str, output: str | None, force: bool, server: str | None, mtbl_dir: str | None,
    tls: bool, ca: str | None, cert: str | None, key: str | None, **question: Any,
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
      dnstide vot www.yahoo.com/cname/yahoo.com --start 20181031 --stop 20181127
      dnstide vot laveeneld.k12.az.us gesd.k12.az.us --smooth 14 --format csv --output k12.csv
      dnstide vot '*.example.com' -t A,AAAA --split-by-rrtype --granularity month
    """
    source = find_source(server, mtbl_dir, tls=tls, ca=ca, cert=cert, key=key)
    check_output(output, force)
    smoothing = None if smooth is None else Smoothing(smooth, smooth_by)
    options: QuestionOptions = {**question, "smooth": smoothing, "explain": explain}  # type: ignore[typeddict-item]
    with closing(source.connect(timeout)) as client, progress_bar("reading tables") as bar:

        def progress(now: Progress) -> None:
            if bar is not None:
                bar(now.tables_answered + now.tables_failed, now.tables_asked)

        volume = client.volume(names, progress=progress if bar else None, **options)
    if explain:
        _explain(volume)
    from .render import volume_pieces

    write(volume_pieces(volume, form), output, force)
    _remarks(volume)
    if not volume.complete:
        return exits.PARTIAL
    return exits.COMPLETE if volume.found else exits.NOTHING


def _explain(volume: Volume) -> None:
    for entry in volume.summary.plan:
        why = f": {entry.reason}" if entry.reason else ""
        note(f"{'used' if entry.used else 'left out'}: {entry.table}{why}")
    summary = volume.summary
    note(
        f"{summary.tables_answered} of {summary.tables_asked} tables answered, "
        f"{summary.rows_read:,} rows counted, {summary.blocks_read:,} blocks read"
    )


def _remarks(volume: Volume) -> None:
    """What a reader of the numbers must know: empty series, gaps, and what failed."""
    if not volume.found and volume.complete:
        note("nothing found: is the name spelt right, the record type, the bailiwick?")
    else:
        for series in volume:
            if not len(series) or not series.counts.any():
                note(f"nothing found for {series.name}{' ' + series.rrtype if series.rrtype else ''}")
    _gaps(volume)
    if volume.complete:
        return
    summary = volume.summary
    for failure in summary.failures[:MOST_LINES]:
        note(f"failed: {failure}")
    if summary.failures_total > MOST_LINES:
        note(f"failed: {summary.failures_total - MOST_LINES} more tables")
    note(
        f"incomplete: {summary.tables_answered} of {summary.tables_asked} tables answered; "
        "counts of the buckets concerned are lower bounds"
    )


def _gaps(volume: Volume) -> None:
    from dnstide.client.results import Coverage

    from .render import bucket_labels, coverage_runs

    runs = [run for run in coverage_runs(volume.axis) if run[2] is not Coverage.COMPLETE]
    labels = bucket_labels(volume.axis) if runs else []
    words = {
        Coverage.PARTIAL: "covered in part only",
        Coverage.NONE: "no table",
        Coverage.DAMAGED: "damaged",
        Coverage.UNREACHABLE: "not reached",
    }
    for first, last, mark in runs[:MOST_LINES]:
        stretch = labels[first] if first == last else f"{labels[first]} to {labels[last]}"
        note(f"{words[mark]}: {stretch}")
    if len(runs) > MOST_LINES:
        note(f"{len(runs) - MOST_LINES} more stretches are not complete")
