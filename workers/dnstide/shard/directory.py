"""The files of a directory of tables, before any is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dnstide.model.errors import Failure


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One name in the directory, whether it is a table or not. `problem` is why a shard cannot read it."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    problem: Failure | None = None
    opened: bool = False
    ctime_ns: int = 0

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """Changes when the file is replaced or rewritten, also where size and modification time are kept."""
        return self.inode, self.size, self.mtime_ns, self.ctime_ns


def list_directory(path: str) -> list[TableStatus]:
    """Every file, sorted by name; files that vanish meanwhile are omitted.

    Raises OSError where the directory itself cannot be listed.
    """
    statuses = []
    with os.scandir(path) as entries:
        for entry in entries:
            try:
                if entry.is_dir():
                    continue
                status = entry.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = f"cannot be looked at: {error.strerror}"
                problem = Failure(entry.name, "TABLE_UNREADABLE", reason, retryable=True)
                statuses.append(TableStatus(entry.name, 0, 0, 0, problem))
                continue
            size, mtime, inode = status.st_size, status.st_mtime_ns, status.st_ino
            statuses.append(TableStatus(entry.name, size, mtime, inode, ctime_ns=status.st_ctime_ns))
    return sorted(statuses, key=lambda status: status.name)
