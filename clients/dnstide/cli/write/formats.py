"""The names of the formats, and of the files that hold them. This module imports nothing, for the options of
the commands.
"""

from __future__ import annotations

TEXT_FORMATS = ("text", "csv", "json", "jsonl")
FILE_FORMATS = ("parquet", "arrow", "xlsx")
"""Binary formats, for files only."""
FORMATS = (*TEXT_FORMATS, *FILE_FORMATS)

OF_SUFFIX = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".xlsx": "xlsx",
}
"""What a file is called says what it holds. Any other name may hold any format."""

EXTRA_OF = {"parquet": ("pyarrow", "parquet"), "arrow": ("pyarrow", "parquet"), "xlsx": ("openpyxl", "xlsx")}
"""The library behind a format, and the extra that brings it."""
