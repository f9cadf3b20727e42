"""Columns as CSV (RFC 4180)."""

from __future__ import annotations

from collections.abc import Iterator

from dnstide.cli.write.fields import Spelling, spell
from dnstide.model.columns import Columns

CHUNK_ROWS = 16_384
"""Rows that are written at once: large answers stream, and one chunk stays in the processor's cache."""


def quoted(text: str) -> str:
    """One field, quoted only where it must be."""
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


CSV = Spelling(word=quoted)


def csv_rows(columns: Columns, spelling: Spelling = CSV) -> Iterator[str]:
    """A line of titles, then a line for each row; an empty field where there is no value."""
    yield ",".join(quoted(column.title) for column in columns) + "\n"
    for chunk in chunks(columns):
        fields = [spell(column, spelling) for column in chunk]
        yield "\n".join(map(",".join, zip(*fields, strict=True))) + "\n"


def chunks(columns: Columns) -> Iterator[Columns]:
    """The rows in pieces that are written one after the other."""
    for start in range(0, len(columns), CHUNK_ROWS):
        yield columns.slice(start, start + CHUNK_ROWS)
