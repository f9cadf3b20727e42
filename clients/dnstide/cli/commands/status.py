"""`dnstide status`: what a server says about itself."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import Words, timeout_option
from dnstide.cli.output import write
from dnstide.cli.source import Source, server_options

if TYPE_CHECKING:
    from dnstide.model.catalog import ServerInfo


@click.command(epilog=exits.HELP)
@click.option(
    "--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait that long for the server to serve."
)
@click.option("--format", "form", type=Words(("text", "json")), default="text", show_default=True)
@server_options
@timeout_option
def status(wait: float | None, form: str, timeout: float | None, source: Source) -> int:
    """Version, readiness, tables and shards of a server. Ends with 0 where it serves, else with 1."""
    with closing(source.connect(timeout)) as client:
        info: ServerInfo = client.info() if wait is None else client.wait_until_ready(wait)  # type: ignore[union-attr]
    write([_text(info) if form == "text" else _json(info)])
    if not info.ready:
        warn(
            f"server {source.server} does not serve yet"
            if not info.draining
            else f"server {source.server} stops"
        )
        return exits.ERROR
    return exits.COMPLETE


def _text(info: ServerInfo) -> str:
    state = "draining" if info.draining else "serving" if info.ready else "starting"
    damaged = f", {info.tables_damaged} of them not usable" if info.tables_damaged else ""
    lines = [
        f"dnstide {info.version}, {state} since {info.started:%Y-%m-%dT%H:%M:%SZ}",
        f"{info.tables_total} tables{damaged}",
    ]
    for shard in info.shards:
        health = "alive" if shard.alive else "dead"
        lines.append(
            f"shard {shard.name}: {health}, on {shard.node}, {shard.tables_owned} tables, "
            f"{shard.threads} threads, restarted {shard.restarts} times"
        )
    return "".join(f"{line}\n" for line in lines)


def _json(info: ServerInfo) -> str:
    import json
    from dataclasses import asdict

    about = {**asdict(info), "started": f"{info.started:%Y-%m-%dT%H:%M:%SZ}"}
    del about["limits"]
    return json.dumps(about, indent=1) + "\n"
