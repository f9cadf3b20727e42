"""`dnstide demo`: the main job on sample data. The work is done by the sample's distribution."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from dnstide.cli.progress import progress_bar
from dnstide.model.errors import MissingExtra

if TYPE_CHECKING:
    from dnstide.model.volume import Volume


class _Terminal:
    """What the demo borrows from the command line."""

    def progress_bar(self, what: str) -> AbstractContextManager[Callable[[int, int], None] | None]:
        return progress_bar(what)

    def table(self, volume: Volume) -> list[str]:
        from dnstide.cli.write.volume import VolumeLayout

        return "".join(VolumeLayout(volume).text()).splitlines()


@click.command()
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the sample tables are, or shall be written.  [default: the user's cache]",
)
@click.option("--keep", is_flag=True, help="Keep the server running after the answers, until Ctrl-C.")
def demo(directory: Path | None, keep: bool) -> None:
    """Run the main job on sample data: write tables, start a cluster, ask it, draw the answer.

    The first run writes about 950 tables, later ones use them again. The answers are checked against the
    figures of the article that the sample retells. At the end, and after Ctrl-C, everything is stopped.
    """
    try:
        from dnstide.sample.demo import run_demo
    except ImportError:
        raise MissingExtra("the demo", "demo") from None
    run_demo(directory, keep, _Terminal())
