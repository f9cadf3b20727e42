"""`dnstide tables`: the catalog."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from dnstide.client.question import DATASETS

from . import exits
from .options import find_source, output_options, source_options, timeout_option
from .output import check_output, note, write

if TYPE_CHECKING:
    from dnstide.client.catalog import Catalog

COLUMNS = ("name", "dataset", "granularity", "start", "stop", "size", "health", "reason")


@click.command(epilog=exits.HELP)
@click.option("--dataset", type=click.Choice(DATASETS), help="Only tables of this dataset.")
@source_options
@timeout_option
@output_options
def tables(
    dataset: str | None, timeout: float | None, form: str, output: str | None, force: bool,
    server: str | None, mtbl_dir: str | None, tls: bool, ca: str | None, cert: str | None, key: str | None,
) -> int:  # fmt: skip
    """The tables of a directory or a server: period, size and health.

    A period runs from `start` up to, not including, `stop`. Health is `sound`, `ignored` for files that are
    not tables, or what is wrong, such as BAD_MAGIC; the reason stands after it. In process, the trailer and
    index of every table are checked; `dnstide verify` checks the rest.
    """
    source = find_source(server, mtbl_dir, tls=tls, ca=ca, cert=cert, key=key)
    check_output(output, force)
    with closing(source.connect(timeout)) as client:
        catalog = client.tables(dataset)
    from .render import rows_pieces

    write(rows_pieces(COLUMNS, _rows(catalog), form), output, force)
    bad = sum(table.problem is not None for table in catalog.tables)
    note(f"{len(catalog.tables)} tables, {bad} of them not usable; {len(catalog.ignored)} other files")
    return exits.COMPLETE if catalog.tables else exits.NOTHING


def _rows(catalog: Catalog) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for table in catalog.tables:
        problem = table.problem
        health = ("sound", None) if problem is None else (problem.code, problem.reason)
        period = (f"{table.start}Z", f"{table.stop}Z")
        rows.append((table.name, table.dataset, table.granularity, *period, table.size, *health))
    rows += [(name, None, None, None, None, None, "ignored", reason) for name, reason in catalog.ignored]
    return rows
