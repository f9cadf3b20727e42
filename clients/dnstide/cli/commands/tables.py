"""`dnstide tables`: the catalog."""

from __future__ import annotations

from contextlib import closing

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import Words, output_options, timeout_option
from dnstide.cli.output import Output
from dnstide.cli.source import Source, source_options
from dnstide.model.vocabulary import DATASETS


@click.command(epilog=exits.HELP)
@click.option("--dataset", type=Words(DATASETS), help="Only tables of this dataset.")
@source_options
@timeout_option
@output_options
def tables(dataset: str | None, source: Source, timeout: float | None, output: Output) -> int:
    """The tables of a directory or a server: period, size and health.

    A period runs from `start` up to, not including, `stop`. Health is `sound`, `ignored` for files that are
    not tables, or what is wrong, such as BAD_MAGIC; the reason stands after it. In process, the trailer and
    index of every table are checked; `dnstide verify` checks the rest.
    """
    output.check()
    with closing(source.connect(timeout)) as client:
        catalog = client.tables(dataset)
    from dnstide.cli.write.layout import Layout

    output.write(Layout(catalog.columns()))
    bad = sum(table.problem is not None for table in catalog.tables)
    warn(f"{len(catalog.tables)} tables, {bad} of them not usable; {len(catalog.ignored)} other files")
    return exits.COMPLETE if catalog.tables else exits.NOTHING
