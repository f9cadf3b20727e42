"""Columns as Parquet and as Arrow files: counts exact, what is unknown null."""

from __future__ import annotations

from importlib.util import find_spec

from dnstide.model.columns import Columns
from dnstide.model.errors import MissingExtra


def check_binary(form: str) -> None:
    """Raises MissingExtra where the library is not installed, before the work rather than after it."""
    if find_spec("pyarrow") is None:
        raise MissingExtra(f"--format {form}", "parquet")


def binary_bytes(columns: Columns, form: str) -> bytes:
    """The whole file, `parquet` or `arrow` (the Arrow IPC file format)."""
    check_binary(form)
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
