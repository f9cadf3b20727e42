"""MTBL tables in dnstable encoding: read natively, written by libmtbl."""

from dnstide.mtbl.dnstable import BadEntry, Row, owner_prefix, reversed_name
from dnstide.mtbl.entries import decode_entry, encode_entry
from dnstide.mtbl.errors import CountOverflow
from dnstide.mtbl.writer import DnstableWriter, merge_tables, write_entries

__all__ = [
    "BadEntry",
    "CountOverflow",
    "DnstableWriter",
    "Row",
    "decode_entry",
    "encode_entry",
    "merge_tables",
    "owner_prefix",
    "reversed_name",
    "write_entries",
]
