"""`vot`: takes the place of vot.pl. Its options, aliases, abbreviations, defaults and table are those of the
script.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `vot` script."""
    from dnstide.cli import streams
    from dnstide.cli.vot_pl.command import run

    streams.prepare()
    sys.exit(streams.settle(run(sys.argv[1:])))
