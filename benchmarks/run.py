"""Every benchmark, in one run: ``make bench``. The tables are made on first use (about 2 GB)."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from pathlib import Path

import dnstide.mtbl  # noqa: F401  (fails here, and not an hour later, where the reader is not built)
import gateway
import top
import volume


def main() -> None:
    """Print what was measured where, then each figure as it comes."""
    here = Path(__file__).parent
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=here
    ).stdout
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    print(f"{when}, commit {commit.strip() or 'unknown'}, {platform.platform()}")
    print("peer: libmtbl, one thread, tables open, checksums off; dnstide always checks them")
    print("medians, minima in brackets\n")
    volume.run()
    gateway.run()
    top.run()


if __name__ == "__main__":
    sys.exit(main())
