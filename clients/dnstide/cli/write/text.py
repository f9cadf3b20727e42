"""Columns as aligned text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dnstide.cli.write.fields import Spelling, spell
from dnstide.model.columns import Columns

TEXT = Spelling(flags=("no", "yes"), unknown="-")


def text_rows(columns: Columns, spelling: Spelling = TEXT, header: bool = False) -> Iterator[str]:
    """A line for each row, with `-` where there is no value; the titles in the first line where asked."""
    cells = [spell(column, spelling) for column in columns]
    if header:
        cells = [[column.title, *texts] for column, texts in zip(columns, cells, strict=True)]
    return aligned(cells)


def aligned(cells: Sequence[Sequence[str]], sides: str = "") -> Iterator[str]:
    """Lines of cells that are given column by column, padded to one width.

    `sides` has `>` for each leading column that is aligned to the right; all others are to the left.
    """
    padded = []
    for place, texts in enumerate(cells):
        width = max(map(len, texts), default=0)
        side = str.rjust if sides[place : place + 1] == ">" else str.ljust
        padded.append([side(text, width) for text in texts])
    for row in zip(*padded, strict=True):
        yield "  ".join(row).rstrip() + "\n"
