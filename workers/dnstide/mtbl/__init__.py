"""MTBL tables in dnstable encoding: read natively, written by libmtbl."""

from dnstide.mtbl._native import BlockCache, Cancel, Table, open_tables
from dnstide.mtbl.dnstable import BadEntry, Row, owner_prefix, reversed_name
from dnstide.mtbl.entries import decode_entry, encode_entry
from dnstide.mtbl.errors import (
    BadBlock,
    BadChecksum,
    BadMagic,
    BadOffset,
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    NotDnstable,
    Stopped,
    TableChanged,
    TableError,
    TableMissing,
    TableTooShort,
    TableUnreadable,
    UnknownCompression,
    error_from_code,
)
from dnstide.mtbl.handshake import require_same_version
from dnstide.mtbl.lookup import LookupResult, lookup
from dnstide.mtbl.query import ALL_ROWS, LookupQuery, RowFilter
from dnstide.mtbl.verify import verify_table
from dnstide.mtbl.writer import DnstableWriter, merge_tables, write_entries

__all__ = [
    "ALL_ROWS",
    "BadBlock",
    "BadChecksum",
    "BadEntry",
    "BadMagic",
    "BadOffset",
    "BlockCache",
    "Cancel",
    "Cancelled",
    "CountOverflow",
    "DeadlineExceeded",
    "DnstableWriter",
    "LookupQuery",
    "LookupResult",
    "NotDnstable",
    "Row",
    "RowFilter",
    "Stopped",
    "Table",
    "TableChanged",
    "TableError",
    "TableMissing",
    "TableTooShort",
    "TableUnreadable",
    "UnknownCompression",
    "decode_entry",
    "encode_entry",
    "error_from_code",
    "lookup",
    "merge_tables",
    "open_tables",
    "owner_prefix",
    "reversed_name",
    "verify_table",
    "write_entries",
]

require_same_version()
