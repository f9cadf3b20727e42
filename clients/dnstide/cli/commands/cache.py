"""`dnstide cache`: the summaries that are kept."""

from __future__ import annotations

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import cache_option
from dnstide.cli.profile import profile_option


@click.group(epilog=exits.HELP)
def cache() -> None:
    """Look after the summaries that are kept."""


@cache.command(epilog=exits.HELP)
@cache_option
@profile_option
def prune(cache_dir: str | None) -> int:
    """Remove the summaries of tables that are gone, or have changed since."""
    from dnstide.client.local import prune_cache

    try:
        files, size = prune_cache(cache_dir)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    warn(f"removed {files} files, {size:,} bytes")
    return exits.COMPLETE
