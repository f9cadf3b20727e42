"""Rows of tables that are none: left out of every answer, counted, and told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dnstide.model.errors import Failure


@dataclass(frozen=True, slots=True)
class SkippedRows:
    """How many rows of one table do not decode under a sound checksum, as dnstable leaves them out; at
    which byte of the file the first block stands that holds one, and what is wrong there.
    """

    table: str
    rows: int
    offset: int
    reason: str

    def __str__(self) -> str:
        rows = "1 row is" if self.rows == 1 else f"{self.rows:,} rows are"
        return f"{self.table}: {rows} left out (the first at byte {self.offset}: {self.reason})"

    def as_failure(self) -> Failure:
        """The failure that they are to whoever is strict."""
        return Failure(self.table, "NOT_DNSTABLE", self.reason, self.offset)


def skipped_text(skipped: Sequence[SkippedRows], rows: int) -> list[str]:
    """A sentence about the rows of all tables, of which the first are listed; none where there are none."""
    if len(skipped) < 2:
        return [str(one) for one in skipped]
    return [f"{rows:,} rows are left out, which are none (the first in {skipped[0]})"]


def merge_skipped(parts: Iterable[SkippedRows]) -> tuple[SkippedRows, ...]:
    """By table, in order: rows added up, and the first place."""
    merged: dict[str, SkippedRows] = {}
    for part in parts:
        known = merged.get(part.table)
        if known is None:
            merged[part.table] = part
        else:
            first = min(known, part, key=lambda one: one.offset)
            merged[part.table] = replace(first, rows=known.rows + part.rows)
    return tuple(merged[table] for table in sorted(merged))
