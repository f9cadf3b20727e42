"""`dnstide vot`: volume over time."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.cli import exits
from dnstide.cli.absent import reasons
from dnstide.cli.diagnostics import explain_volume, warn_of_volume
from dnstide.cli.listed import read_names
from dnstide.cli.options import (
    Words,
    cache_option,
    names_options,
    output_options,
    question_options,
    timeout_option,
)
from dnstide.cli.output import Output
from dnstide.cli.pictures import Drawing, check_drawing, draw, picture_options
from dnstide.cli.progress import progress_bar
from dnstide.cli.source import Source, source_options
from dnstide.cli.unicode import unicode_option, unicode_volume
from dnstide.model.vocabulary import Analysis, SmoothingMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnstide.client.plot import Mark
    from dnstide.model.volume import Progress


@click.command(epilog=exits.HELP)
@names_options
@question_options
@click.option("--smooth", type=int, metavar="N", help="Add the average over N buckets; see --smooth-by.")
@click.option(
    "--smooth-by", "--smooth-method", type=Words(SmoothingMethod),
    show_default=SmoothingMethod.TRAILING_MEAN,
    help="The mean of a bucket and those before (the moving average of vot.pl), or of those around; a mean "
    "that weighs recent buckets more; the median, which no single bucket moves; a parabola fitted around, "
    "which keeps peaks, for odd N.",
)  # fmt: skip
@click.option("--fill", is_flag=True, help="List every bucket: 0 where covered, empty where not.")
@click.option("--wide", is_flag=True, help="A line for each bucket of the span, a column for each name.")
@click.option("--explain", is_flag=True, help="Say which tables were used, and why others were not.")
@picture_options
@unicode_option
@cache_option
@source_options
@timeout_option
@output_options
def vot(
    names: tuple[str, ...], names_files: tuple[str, ...], skip_bad: bool, smooth: int | None,
    smooth_by: str | None, wide: bool, explain: bool, plot: str | None, plot_type: str, log: bool,
    panels: bool, title: str | None, size: tuple[float, float] | None, dpi: int | None,
    ylim: tuple[float | None, float | None] | None, no_table: bool, mark_shifts: bool, in_unicode: bool,
        cache_dir: str | None,
    source: Source, timeout: float | None, output: Output,
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
    from dnstide.model.question import Smoothing

    drawing = Drawing(plot, plot_type, log=log, panels=panels, force=output.force, title=title, size=size,
        dpi=dpi, ylim=ylim, table=not no_table)  # fmt: skip
    check_drawing(drawing, output)
    output.check()
    asked = read_names(names, names_files, skip_bad)
    if smooth is None and smooth_by:
        raise click.UsageError("--smooth-by goes with --smooth N, the number of buckets")
    method = SmoothingMethod(smooth_by or SmoothingMethod.TRAILING_MEAN)
    smoothing = None if smooth is None else Smoothing(smooth, method)
    with closing(source.connect(timeout, cache_dir)) as client, progress_bar("reading tables") as bar:

        def progress(now: Progress) -> None:
            if bar is not None:
                bar(now.tables_answered + now.tables_failed, now.tables_asked)

        shown = progress if bar else None
        volume = asked.ask(
            lambda texts: client.volume(texts, progress=shown, smooth=smoothing, explain=explain, **question)
        )
        absent = reasons(volume, lambda texts, **other: client.volume(texts, **{**question, **other}))
        marks: Sequence[Mark] = ()
        if mark_shifts and plot:
            analyzed = {name: value for name, value in question.items() if name != "fill"}
            marks = client.analyze(Analysis.SHIFTS, asked.texts, **analyzed).marks(volume)
    if explain:
        explain_volume(volume)
    shown_volume = unicode_volume(volume) if in_unicode else volume
    draw(shown_volume, drawing, asked.texts, question, marks)
    if not drawing.takes_the_place(output):
        from dnstide.cli.write.volume import VolumeLayout, WideLayout

        written = shown_volume if output.form == "text" else volume
        output.write(WideLayout(written) if wide else VolumeLayout(written))
    warn_of_volume(volume, absent)
    if volume.summary.failures_total or asked.left_out:
        return exits.PARTIAL
    return exits.COMPLETE if volume.found else exits.NOTHING
