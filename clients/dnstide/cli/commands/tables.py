"""`dnstide tables`: the catalog."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import Words, output_options, timeout_option
from dnstide.cli.output import Output
from dnstide.cli.source import Source, source_options
from dnstide.model.texts import many
from dnstide.model.vocabulary import DATASETS

if TYPE_CHECKING:
    from dnstide.model.catalog import Catalog
    from dnstide.model.words import DatasetWord


@click.command(epilog=exits.HELP)
@click.option("--dataset", type=Words(DATASETS), help="Only tables of this dataset.")
@click.option("--missing", is_flag=True, help="The periods that have no table, in place of the tables.")
@source_options
@timeout_option
@output_options
def tables(
    dataset: DatasetWord | None, missing: bool, source: Source, timeout: float | None, output: Output
) -> int:
    """The tables of a directory or a server: period, size and health.

    A period runs from `start` up to, not including, `stop`. Health is `sound`, `ignored` for files that are
    not tables, or what is wrong, such as BAD_MAGIC; the reason stands after it. In process, the trailer and
    index of every table are checked; `dnstide verify` checks the rest.

    --missing lists the stretches without a sound table between the first and the last table of each
    granularity: how many periods, whether there is no file (`absent`) or what is wrong with it, and whether
    tables of other granularities cover them (`complete`, `partial` or `none`).
    """
    output.check()
    with closing(source.connect(timeout)) as client:
        catalog = client.tables(dataset)
    from dnstide.cli.write.layout import Layout

    if missing:
        lacking = catalog.missing()
        output.write(Layout(lacking.columns()))
        if catalog.tables:
            periods = many(lacking.periods, "period")
            warn(f"{periods} without a sound table" if lacking.periods else "no period lacks its table")
        return _told(catalog)
    output.write(Layout(catalog.columns()))
    bad = sum(table.problem is not None for table in catalog.tables)
    warn(f"{len(catalog.tables)} tables, {bad} of them not usable; {len(catalog.ignored)} other files")
    return _told(catalog)


def _told(catalog: Catalog) -> int:
    """Names the nodes that have not told their tables; the exit code."""
    for failure in catalog.unlisted:
        warn(f"incomplete: {failure}")
    if catalog.unlisted:
        return exits.PARTIAL
    return exits.COMPLETE if catalog.tables else exits.NOTHING
