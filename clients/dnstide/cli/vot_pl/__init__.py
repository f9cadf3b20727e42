"""`vot`: takes the place of vot.pl. Its options, aliases, abbreviations, defaults and table are those of the
script.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `vot` script."""
    from dnstide.cli.vot_pl.command import run

    sys.exit(run(sys.argv[1:]))
