"""`dnstide status`: what a server says about itself."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from . import exits
from .options import find_server, server_options, timeout_option
from .output import note, write

if TYPE_CHECKING:
    from dnstide.client.catalog import ServerInfo


@click.command(epilog=exits.HELP)
@click.option(
    "--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait that long for the server to serve."
)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@server_options
@timeout_option
def status(wait: float | None, form: str, timeout: float | None, server: str | None, **tls: Any) -> int:
    """Version, readiness, tables and shards of a server. Ends with 0 where it serves, else with 1."""
    source = find_server(server, **tls)
    with closing(source.connect(timeout)) as client:
        info: ServerInfo = client.info() if wait is None else client.wait_until_ready(wait)  # type: ignore[union-attr]
    write([_text(info) if form == "text" else _json(info)])
    if not info.ready:
        note(
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

    return json.dumps({**asdict(info), "started": f"{info.started:%Y-%m-%dT%H:%M:%SZ}"}, indent=1) + "\n"
