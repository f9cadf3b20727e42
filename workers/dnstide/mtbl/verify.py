"""Whether a whole table is sound."""

import os
from dataclasses import dataclass

from dnstide.mtbl import _native
from dnstide.mtbl._native import Cancel, Table


@dataclass(frozen=True, slots=True)
class TableReport:
    """A sound table: its layout, and how much was looked at. `bytes` is the file's size."""

    path: str
    version: int
    compression: str
    entries: int
    blocks: int
    bytes: int


def verify_table(path: str | os.PathLike[str], cancel: Cancel | None = None) -> TableReport:
    """Reads all of a table: checksums, order of keys, index, trailer, and that each entry is a dnstable one.

    Raises the TableError of the first thing that is wrong; Cancelled and DeadlinePassed between blocks.
    """
    with Table(path) as table:
        _native.verify(table, cancel)
        return TableReport(
            table.path, table.version, table.compression, table.entries_count, table.blocks, table.size
        )
