"""`dnstide status`: what a server says about itself."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import output_options, timeout_option
from dnstide.cli.output import Output
from dnstide.cli.source import Source, server_options

if TYPE_CHECKING:
    from dnstide.model.catalog import ServerInfo


@click.command(epilog=exits.HELP)
@click.option(
    "--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait that long for the server to serve."
)
@server_options
@timeout_option
@output_options
def status(wait: float | None, timeout: float | None, source: Source, output: Output) -> int:
    """Version, readiness, tables and shards of a server. Ends with 0 where it answers questions, else with 1
    and the reason.

    Text and JSON tell of the server and its shards, the other formats of its shards, one a line.
    """
    output.check()
    with closing(source.connect(timeout)) as client:
        info: ServerInfo = client.info() if wait is None else client.wait_until_ready(wait)  # type: ignore[union-attr]
    from dnstide.cli.write.reports import StatusLayout

    output.write(StatusLayout(info))
    if not info.ready:
        warn(f"server {source.server} does not answer questions: {info.problem}")
        return exits.ERROR
    return exits.COMPLETE
