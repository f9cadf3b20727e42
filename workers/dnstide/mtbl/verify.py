"""Checks whole tables."""

from __future__ import annotations

import os
from dataclasses import dataclass

import dnstide.mtbl._native as _native
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
    """Read a whole table and check its checksums, the order of its keys, its index, its trailer and each entry.

    Raises the TableError of the first thing that is wrong, and Cancelled or DeadlineExceeded between blocks.
    """
    with Table(path) as table:
        _native.verify(table, cancel)
        return TableReport(
            table.path, table.version, table.compression, table.entries_count, table.blocks, table.size
        )
