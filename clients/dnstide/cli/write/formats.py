"""The names of the formats. This module imports nothing, for the options of the commands."""

from __future__ import annotations

TEXT_FORMATS = ("text", "csv", "json", "jsonl")
FILE_FORMATS = ("parquet", "arrow")
"""Binary formats, for files only."""
FORMATS = (*TEXT_FORMATS, *FILE_FORMATS)
