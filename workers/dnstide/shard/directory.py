"""The files of a directory of tables, before any is opened."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

from dnstide.model.errors import Failure

LOOK_SECONDS = 0.5
"""Time between two looks of a `DirectoryWatch`."""

SUFFIX = ".mtbl"
"""With which the name of every table ends."""


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One name in the directory, whether it is a table or not. `problem` is why a shard cannot read it,
    `ignored` why it should not.
    """

    name: str
    size: int
    mtime_ns: int
    inode: int
    problem: Failure | None = None
    opened: bool = False
    ctime_ns: int = 0
    ignored: str = ""

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """Changes when the file is replaced or rewritten, also where size and modification time are kept."""
        return self.inode, self.size, self.mtime_ns, self.ctime_ns


class DirectoryWatch:
    """When a directory changed last, as a thread of its own sees it: one look at a network file system can
    hang, and whoever asks here is to have an answer at once.

    The time of change is asked for, since network file systems tell nobody of what others do in them.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.changed_ns = 0
        """Nanoseconds since 1970; 0 where that is not known, as for a directory that is gone."""
        threading.Thread(target=self._keep_looking, name="directory", daemon=True).start()

    def _keep_looking(self) -> None:
        while True:
            try:
                self.changed_ns = os.stat(self._path).st_mtime_ns
            except OSError:
                self.changed_ns = 0
            time.sleep(LOOK_SECONDS)


def list_directory(path: str) -> list[TableStatus]:
    """Every file, sorted by name; files that vanish meanwhile are omitted, and so are directories. A
    directory that bears the name of a table, and a link that leads nowhere, are listed with what is wrong
    with them.

    Raises OSError where the directory itself cannot be listed.
    """
    statuses = []
    with os.scandir(path) as entries:
        for entry in entries:
            try:
                if entry.is_dir():
                    if entry.name.endswith(SUFFIX):
                        statuses.append(_unreadable(entry.name, "is a directory"))
                    continue
                status = entry.stat()
            except FileNotFoundError:
                if entry.is_symlink():
                    statuses.append(_unreadable(entry.name, "is a link that leads nowhere"))
                continue
            except OSError as error:
                statuses.append(_unreadable(entry.name, f"cannot be looked at: {error.strerror}"))
                continue
            size, mtime, inode = status.st_size, status.st_mtime_ns, status.st_ino
            statuses.append(TableStatus(entry.name, size, mtime, inode, ctime_ns=status.st_ctime_ns))
    return sorted(statuses, key=lambda status: status.name)


def _unreadable(name: str, reason: str) -> TableStatus:
    problem = Failure(name, "TABLE_UNREADABLE", reason, retryable=True)
    return TableStatus(name, 0, 0, 0, problem)
