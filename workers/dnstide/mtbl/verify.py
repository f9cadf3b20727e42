"""Checks whole tables."""

from __future__ import annotations

import os

import dnstide.mtbl._native as _native
from dnstide.model.catalog import TableReport
from dnstide.model.skipped import SkippedRows
from dnstide.mtbl._native import Cancel, Table


def verify_table(path: str | os.PathLike[str], cancel: Cancel | None = None) -> TableReport:
    """Read a whole table and check its checksums, the order of its keys, its index, trailer and entries.

    Rows that are none are counted, and fail a table only where it has no others. Raises the TableError of the
    first thing that is wrong, and Cancelled or DeadlineExceeded between blocks.
    """
    with Table(path) as table:
        rows, offset, reason = _native.verify(table, cancel)
        return TableReport(
            table.path,
            table.version,
            table.compression,
            table.entries_count,
            table.blocks,
            table.size,
            skipped=SkippedRows(table.path, rows, offset, reason) if rows else None,
        )
