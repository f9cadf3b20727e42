"""Answers as files that are not text: Parquet, Arrow, workbooks. What is unknown is null, or empty."""

from __future__ import annotations

from importlib.util import find_spec

from dnstide.cli.write.formats import EXTRA_OF
from dnstide.cli.write.layout import Layout
from dnstide.model.columns import Columns
from dnstide.model.errors import MissingExtra


def check_binary(form: str) -> None:
    """Raises MissingExtra where the library is not installed, before the work rather than after it."""
    library, extra = EXTRA_OF[form]
    if find_spec(library) is None:
        raise MissingExtra(f"--format {form}", extra)


def binary_bytes(layout: Layout, form: str) -> bytes:
    """The whole file: `parquet`, `arrow` (the Arrow IPC file format) or `xlsx`. Raises as `xlsx_bytes`."""
    check_binary(form)
    if form == "xlsx":
        from dnstide.cli.write.xlsx import xlsx_bytes

        return xlsx_bytes(layout.columns, dates=layout.dates)
    return _arrow_bytes(layout.columns, form)


def _arrow_bytes(columns: Columns, form: str) -> bytes:
    import pyarrow as pa

    table = columns.to_arrow()
    sink = pa.BufferOutputStream()
    if form == "arrow":
        with pa.ipc.new_file(sink, table.schema) as file:
            file.write_table(table)
    else:
        from pyarrow import parquet

        parquet.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content
