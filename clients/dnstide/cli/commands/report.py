"""`dnstide report`: all about one name."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn, warn_of_buckets, warn_of_coverage, warn_of_failures
from dnstide.cli.options import Words, cache_option, counting_options, timeout_option
from dnstide.cli.output import Output
from dnstide.cli.profile import current_profile
from dnstide.cli.source import Source, source_options

FORMATS = ("text", "json", "html")
_OF_SUFFIX = {".json": "json", ".html": "html", ".htm": "html"}


@click.command(epilog=exits.HELP)
@click.argument("name")
@counting_options
@click.option(
    "--children", type=int, default=10, show_default=True, metavar="N",
    help="Rank the N largest names under NAME; 0: none.",
)  # fmt: skip
@cache_option
@source_options
@timeout_option
@click.option(
    "--format", "form", type=Words(FORMATS),
    help="How to write; by default what the file of --output is called after, else text.",
)  # fmt: skip
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help="Write to a file (.json, .html, …).")
@click.option("--force", is_flag=True, help="Replace the file of --output where it exists.")
def report(
    name: str, children: int, cache_dir: str | None, source: Source, timeout: float | None,
    form: str | None, output: str | None, force: bool, **question: Any,
) -> int:  # fmt: skip
    """All about one NAME, and a sentence that says it.

    First and last seen, coverage, levels with their ratios, spikes, silent spans, the week, record types, and
    the largest names under it. It is put together from what vot, analyze and top answer. --format html is a
    page with a picture, in one file that needs no network.

    \b
      dnstide report laveeneld.k12.az.us --start 2016-09-01
      dnstide report www.example.com --days-back 365 -o www.html
    """
    named = _OF_SUFFIX.get(Path(output or "").suffix.lower())
    if form and named and form != named:
        raise click.UsageError(
            f"--format {form} is not what {output} is called after: leave one of the two out"
        )
    usual = current_profile().get("format")
    out = Output(form or named or (usual if usual in FORMATS else "text"), output, force)
    out.check()
    with closing(source.connect(timeout, cache_dir)) as client:
        found = client.report(name, children=children, **question)
    from dnstide.cli.write.name_report import NameReportLayout

    out.write(NameReportLayout(found))
    if found.changed:
        warn("the tables changed while the report was made: its parts may speak of different ones")
    if found.childless and found.seen:
        warn(f"nothing ranked under {found.series.name}: {found.childless}")
    warn_of_buckets(found.volume.question.bucket_by, found.summary)
    warn_of_coverage(found.coverage)
    warn_of_failures(found.summary)
    if found.summary.failures_total:
        return exits.PARTIAL
    if not found.seen:
        warn("nothing found: is the name spelt right, the record type, the bailiwick?")
        return exits.NOTHING
    return exits.COMPLETE
