"""Columns as a workbook of one sheet (Office Open XML).

A sheet knows no 64-bit integers: figures of more than 15 digits would be rounded, and are written as
texts. It knows no time zones either, so the titles of times say UTC.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

from dnstide.model.columns import Column, Columns, Kind
from dnstide.model.errors import InvalidQuestion

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767
"""Of a sheet: rows with that of the titles, columns, characters of a cell."""

EXACT = 10**15
"""Whole figures below it are shown to the last digit."""

_DATE, _TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"


def xlsx_bytes(columns: Columns, *, dates: bool) -> bytes:
    """The whole file. `dates` tells moments as dates. Raises InvalidQuestion where a sheet cannot hold it."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    if len(columns) >= MAX_ROWS or len(columns.columns) > MAX_COLUMNS:
        size = f"{len(columns):,} rows and {len(columns.columns):,} columns"
        limits = f"{MAX_ROWS - 1:,} and {MAX_COLUMNS:,}"
        raise InvalidQuestion([("format", f"a sheet takes {limits}, this is {size}: take csv or parquet")])
    columns = Columns(tuple(map(_plain, columns)))
    book = Workbook(write_only=True)
    sheet = book.create_sheet("dnstide")
    sheet.freeze_panes = "A2"
    titles = [_text(sheet, _title(column, dates)) for column in columns]
    for place, title in enumerate(titles):
        title.font = Font(bold=True)
        width = max(map(len, (title.value, *columns.columns[place].words)))
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(60, max(12, width + 2))
    sheet.append(titles)
    form = _DATE if dates else _TIME
    for row in zip(*(_cells(sheet, column, form) for column in columns), strict=True):
        sheet.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _title(column: Column, dates: bool) -> str:
    return f"{column.title} (UTC)" if column.kind is Kind.TIME and not dates else column.title


def _cells(sheet: Any, column: Column, form: str) -> list[Any]:
    values = column.tolist()
    if column.kind is Kind.TEXT:
        return [None if value is None else _text(sheet, value) for value in values]
    if column.kind is Kind.TIME:
        return [None if value is None else _moment(sheet, value, form) for value in values]
    return [_figure(sheet, value) for value in values]


def _figure(sheet: Any, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < EXACT else _text(sheet, str(value))
    return None if value != value else value


def _moment(sheet: Any, moment: Any, form: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, moment.item())
    cell.number_format = form
    return cell


def _text(sheet: Any, text: str) -> Any:
    """A cell of text whatever it begins with: a name such as `=cmd` is no formula."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def _plain(column: Column) -> Column:
    """The column with what a cell cannot hold escaped. Raises InvalidQuestion for a text that is too long."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    words = tuple(
        ILLEGAL_CHARACTERS_RE.sub(
            lambda match: f"\\x{ord(match[0]):02x}", word.encode(errors="backslashreplace").decode()
        )
        for word in column.words
    )
    for word in words:
        if len(word) > MAX_TEXT:
            what = f"{word[:40]!r}... has {len(word):,}"
            reason = f"a cell takes {MAX_TEXT:,} characters, {what}: take csv or parquet"
            raise InvalidQuestion([("format", reason)])
    return replace(column, words=words)
