"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Hook = Callable[[int, int], None]
PATIENCE = 0.4
"""Seconds without a bar: most answers come sooner, and a bar that only flashes tells nothing."""


@contextmanager
def progress_bar(what: str) -> Iterator[Hook | None]:
    """Give a hook that takes (done, total), or None where standard error is no terminal.

    The bar is wiped away at the end.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    bar = _Bar(what)
    try:
        yield bar
    finally:
        bar.stop()


class _Bar:
    """A bar that appears when it hears of progress after PATIENCE."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._shown is None:
            if time.monotonic() - self._begun < PATIENCE:
                return
            self._shown = self._show()
        bar, task = self._shown
        bar.update(task, completed=done, total=total)

    def stop(self) -> None:
        if self._shown is not None:
            self._shown[0].stop()

    def _show(self) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task(self._what, total=None)
