"""`dnstide cache`: the summaries that are kept."""

from __future__ import annotations

import click

from . import exits
from .options import cache_option
from .output import note


@click.group(epilog=exits.HELP)
def cache() -> None:
    """Look after the summaries that are kept."""


@cache.command(epilog=exits.HELP)
@cache_option
def prune(cache_dir: str | None) -> int:
    """Remove the summaries of tables that are gone, or have changed since."""
    from dnstide.client.local import prune_cache

    try:
        files, size = prune_cache(cache_dir)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    note(f"removed {files} files, {size:,} bytes")
    return exits.COMPLETE
