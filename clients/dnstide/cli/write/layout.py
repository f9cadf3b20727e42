"""How an answer looks in each format. Kinds of answer change what is special to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from dnstide.cli.write.csv import CSV, csv_rows
from dnstide.cli.write.fields import Spell
from dnstide.cli.write.json import JSON, json_array, json_lines
from dnstide.cli.write.text import TEXT, text_rows
from dnstide.model.columns import Columns


class Layout:
    """Plain rows: aligned text, CSV, an array of objects, an object a line.

    Each method gives pieces of text, so that a large answer streams. `dates` tells moments as dates, `number`
    spells the floats of the text, which the other formats have in full; `header` puts the titles above the
    text.
    """

    def __init__(
        self, columns: Columns, *, dates: bool = False, number: Spell = repr, header: bool = False
    ) -> None:
        self.columns = columns
        self.dates = dates
        self._header = header
        self._text = replace(TEXT, dates=dates, number=number)
        self._csv = replace(CSV, dates=dates)
        self._json = replace(JSON, dates=dates)

    def text(self) -> Iterator[str]:
        return text_rows(self.columns, self._text, self._header)

    def csv(self) -> Iterator[str]:
        return csv_rows(self.columns, self._csv)

    def json(self) -> Iterator[str]:
        return json_array(self.columns, self._json)

    def jsonl(self) -> Iterator[str]:
        return json_lines(self.columns, self._json)

    def pieces(self, form: str) -> Iterator[str]:
        """One of the text formats."""
        writers: dict[str, Callable[[], Iterator[str]]] = {
            "text": self.text,
            "csv": self.csv,
            "json": self.json,
            "jsonl": self.jsonl,
        }
        return writers[form]()
