"""The progress bar: for terminals, for work that takes a while, and without a trace."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from dnstide.cli.progress import progress_bar

SCRIPT = """
from dnstide.cli import progress
progress.PATIENCE = {patience}
with progress.progress_bar("reading") as bar:
    for done in range(1, 4):
        bar(done, 3)
print("data")
"""


def on_a_terminal(patience, **environment):
    """What a terminal on standard error sees, and standard output."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SCRIPT.format(patience=patience)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"} | environment,
        check=True,
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:
        pass  # all ends of the terminal are closed
    os.close(ours)
    return seen.decode(), done.stdout.decode()


def test_not_for_files(capsys) -> None:
    """Where standard error is no terminal, there is no hook."""
    with progress_bar("reading") as bar:
        assert bar is None
    assert capsys.readouterr().err == ""


def test_bar_on_a_terminal() -> None:
    """The bar shows how far the work is, and is wiped away; data are apart."""
    seen, out = on_a_terminal(0, NO_COLOR="1")
    assert "reading" in seen
    assert "3/3" in seen
    assert seen.rstrip("\r\n").endswith("\x1b[2K")
    assert "\x1b[3" not in seen
    assert out == "data\n"


def test_fast_work_shows_none() -> None:
    """What ends at once draws nothing."""
    assert on_a_terminal(60) == ("", "data\n")
