"""What is looked for in a table, and which of its rows count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Rows of these record types and this bailiwick, in the forms of the tables.

    Empty `rrtypes` stand for all record types, `bailiwick` None for all bailiwicks, `owner_labels` None for
    owner names of any length. Record types are numbers; a bailiwick is a name with its labels reversed,
    closed by a zero (see `dnstable.reversed_name`); the root's label does not count.
    """

    rrtypes: tuple[int, ...] = ()
    bailiwick: bytes | None = None
    owner_labels: int | None = None

    def __bool__(self) -> bool:
        """Whether any row can be left out."""
        return bool(self.rrtypes) or self.bailiwick is not None or self.owner_labels is not None


ALL_ROWS = RowFilter()


@dataclass(frozen=True, slots=True)
class LookupQuery:
    """The rows whose RRSET key begins with `prefix` (see `owner_prefix`) and that pass the filter.

    With `wildcard` the prefix is a suffix of names, so it lacks the zero that closes a whole name.
    """

    prefix: bytes
    wildcard: bool = False
    filter: RowFilter = ALL_ROWS
