"""`dnstide summarize`: what rankings rest on, made ahead of the questions."""

from __future__ import annotations

import os

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import show_log_warnings, warn
from dnstide.cli.options import cache_option
from dnstide.cli.profile import current_profile, profile_option
from dnstide.cli.progress import progress_bar


@click.command(epilog=exits.HELP)
@click.option(
    "--mtbl-dir",
    metavar="DIR",
    type=click.Path(),
    help="The tables of this directory.  [env: DNSTIDE_MTBL_DIR]",
)
@cache_option
@profile_option
def summarize(mtbl_dir: str | None, cache_dir: str | None) -> int:
    """Make the summaries that tables lack, so that rankings need not wait for them.

    Each table is read once, in full; its summary is kept until the table changes. A server makes summaries by
    itself, in the background.
    """
    folder = mtbl_dir or os.environ.get("DNSTIDE_MTBL_DIR") or current_profile().get("mtbl-dir")
    if not folder:
        raise click.UsageError("which tables? give --mtbl-dir DIR, or set DNSTIDE_MTBL_DIR")
    from dnstide.client.local import LocalClient

    show_log_warnings()
    with LocalClient(folder, cache_dir=cache_dir) as client:
        try:
            with progress_bar("making summaries") as bar:
                failed = client.summarize(progress=bar)
        except OSError as error:
            raise click.ClickException(
                f"cannot keep summaries in {error.filename}: {error.strerror}"
            ) from None
        count = len(client.tables().tables)
    for failure in failed:
        warn(f"failed: {failure}")
    warn(f"{count - len(failed)} of {count} tables are summarized")
    return exits.ERROR if failed else exits.COMPLETE if count else exits.NOTHING
