"""The facts that are computed once about a table and kept: its largest keys, bounds for all others, totals.

A summary is itself an MTBL table:

==============================  =======================================================================
`head`                        JSON: format, suffix list, source (size, mtime, digest), keep, rows, blocks,
                              rrsets, rdata: odd entries [number, first offset, why]
`list/GROUPING/CLASS`         JSON: listed, floor, distinct, total, overflow
`list/GROUPING/CLASS/CHUNK`   keys of these places: u32 n | n counts, u64 | n + 1 offsets, u32 | keys
`types`                       JSON: record type → [rows, count], of the RRSET rows
==============================  =======================================================================

CLASS is two digits: the common types in the order of `COMMON_TYPES`, the other types, all types. Numbers are
little endian. Chunks grow, so that a short ranking reads little.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from dnstide.mtbl import Cancel, Table, TableChanged, TableError
from dnstide.mtbl.keys import Grouping, Keys
from dnstide.mtbl.psl import suffix_list
from dnstide.mtbl.scan import COMMON_TYPES, NONE_SKIPPED, Skipped, TableScan, TopKeys, TypeClasses, scan

FORMAT = 3

KEEP = 10_000
"""Keys kept of each list: they proved the top 1,000 of 365 daily tables in all 84 simulated cases."""

LISTED = (Grouping.FQDN, Grouping.DOMAIN, Grouping.TLD, Grouping.RDATA)
SUMMARY_TYPES = TypeClasses(tuple(frozenset({t}) for t in COMMON_TYPES), other=True, all=True)
ALL = len(COMMON_TYPES) + 1
"""The class of all types."""

FIRST_PLACES = 500
"""The length of the first chunk."""

DAMAGED = (TableError, KeyError, ValueError, TypeError)
"""Exceptions that reading a stored summary raises where its file was damaged."""

_CHUNKS = (FIRST_PLACES, 2_000, 5_000)
"""Where chunks end; all further places are one more chunk."""

_LARGEST_CHUNK = 2 << 20
"""Bytes of keys in a chunk; rdata may be long."""


@dataclass(frozen=True, slots=True)
class ListHead:
    """The facts about a list that are known before its keys are read; see `TopKeys`."""

    listed: int
    floor: int
    distinct: int
    total: int
    overflow: bool


class Summary:
    """A summary in memory, as a scan has made it."""

    def __init__(self, scan: TableScan, digest: int) -> None:
        """`digest` is that of the table before it was scanned."""
        self._scan = scan
        self.digest = digest
        self.types = scan.types
        self.rrsets, self.rdata = scan.rrsets, scan.rdata

    def head(self, grouping: Grouping, cls: int) -> ListHead:
        """The facts about one list."""
        top = self.top(grouping, cls)
        return ListHead(len(top.keys), top.floor, top.distinct, top.total, top.overflow)

    def top(self, grouping: Grouping, cls: int) -> TopKeys:
        """All places of one list."""
        return self._scan.lists[LISTED.index(grouping)][cls]

    def places(self, grouping: Grouping, cls: int, depth: int) -> TopKeys:
        """At least the first `depth` places of a list, all of it where it is shorter."""
        return self.top(grouping, cls)

    def entries(self, table: Table, keep: int) -> Iterator[tuple[bytes, bytes]]:
        """The summary as the entries of its own table."""
        source = {"size": table.size, "mtime_ns": table.mtime_ns, "digest": f"{self.digest:016x}"}
        head = {"format": FORMAT, "suffixes": suffix_list().version, "source": source, "keep": keep}
        read = {"rows": self._scan.rows, "blocks": self._scan.blocks}
        yield b"head", _json({**head, **read, "rrsets": self.rrsets, "rdata": self.rdata})
        for grouping in sorted(LISTED):
            for cls in range(ALL + 1):
                name = _name(grouping, cls)
                about = self.head(grouping, cls)
                yield (
                    name,
                    _json([about.listed, about.floor, about.distinct, str(about.total), about.overflow]),
                )
                for i, chunk in enumerate(_chunks(self.top(grouping, cls))):
                    yield b"%s/%02d" % (name, i), chunk
        yield b"types", _json({str(t): [rows, str(count)] for t, (rows, count) in self.types.items()})


class StoredSummary:
    """A summary read from its table, chunk by chunk, as it is needed. Raises the exceptions of DAMAGED."""

    def __init__(self, stored: Table) -> None:
        self._stored = stored
        self.header: dict[str, Any] = json.loads(self._get(b"head"))
        self.rrsets, self.rdata = (_skipped(self.header.get(kind)) for kind in ("rrsets", "rdata"))
        types = json.loads(self._get(b"types"))
        self.types = {int(t): (rows, int(count)) for t, (rows, count) in types.items()}

    def is_current(self, keep: int) -> bool:
        """Whether it is in the format of this version."""
        current = {"format": FORMAT, "suffixes": suffix_list().version, "keep": keep}
        return self.header.items() >= current.items()

    def describes(self, table: Table) -> bool:
        """Whether it is a summary of just these bytes. Reads a little of every block of the table."""
        source = self.header["source"]
        told = source["size"], source["mtime_ns"], int(source["digest"], 16)
        return told[:2] == (table.size, table.mtime_ns) and told[2] == table.digest()

    def head(self, grouping: Grouping, cls: int) -> ListHead:
        """The facts about one list."""
        listed, floor, distinct, total, overflow = json.loads(self._get(_name(grouping, cls)))
        return ListHead(listed, floor, distinct, int(total), overflow)

    def places(self, grouping: Grouping, cls: int, depth: int) -> TopKeys:
        """At least the first `depth` places of a list, all of it where it is shorter."""
        head = self.head(grouping, cls)
        parts: list[tuple[np.ndarray[Any, np.dtype[np.uint64]], Keys]] = []
        read = 0
        while read < min(depth, head.listed):
            counts, keys = _read_chunk(self._get(b"%s/%02d" % (_name(grouping, cls), len(parts))))
            parts.append((counts, keys))
            read += len(keys)
        counts = np.concatenate([np.zeros(0, np.uint64), *(c for c, _ in parts)])
        keys = parts[0][1] if len(parts) == 1 else Keys.of(key for _, chunk in parts for key in chunk)
        return TopKeys(keys, counts, head.floor, head.distinct, head.total, head.overflow)

    def _get(self, key: bytes) -> bytes:
        value = self._stored.get(key)
        if value is None:
            raise KeyError(f"{self._stored.path} holds no {key.decode()}")
        return value


def classes_of(rrtypes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The classes that add up to these types (none: all of them); None where no classes do."""
    if not rrtypes:
        return (ALL,)
    if any(rrtype not in COMMON_TYPES for rrtype in rrtypes):
        return None
    return tuple(COMMON_TYPES.index(rrtype) for rrtype in sorted(set(rrtypes)))


def count_of(summary: Summary | StoredSummary, grouping: Grouping, cls: int, key: bytes) -> int | None:
    """The exact count of a key that is among the largest, 0 for one that has no rows; else None.

    Only the first chunk of a list is read: the keys with many rows, which are costly to add up, are in it.
    """
    about = summary.head(grouping, cls)
    top = summary.places(grouping, cls, FIRST_PLACES)
    at = None if about.overflow else top.keys.find(key)
    if at is not None:
        return int(top.counts[at])
    whole = len(top.keys) == about.listed and not about.floor and not about.overflow
    return 0 if whole else None


def summarize(
    tables: list[Table], *, keep: int = KEEP, threads: int = 1, cancel: Cancel | None = None
) -> list[Summary | TableError]:
    """Read the tables in full, once. A table that is written to meanwhile fails with TableChanged.

    Raises Cancelled, DeadlineExceeded.
    """
    # Before the scan, so that a table written over meanwhile is never taken for the one that was scanned.
    digests = [_digest(table) for table in tables]
    scans = scan(tables, LISTED, SUMMARY_TYPES, keep=keep, threads=threads, cancel=cancel)
    return [
        _summary(table, digest, result) for table, digest, result in zip(tables, digests, scans, strict=True)
    ]


def _digest(table: Table) -> int | TableError:
    try:
        return table.digest()
    except TableError as error:
        return error


def _summary(table: Table, digest: int | TableError, result: TableScan | TableError) -> Summary | TableError:
    if isinstance(result, TableError):
        return result
    if isinstance(digest, TableError):
        return digest
    if table.changed():
        return TableChanged(table.path, None, "the file was written to while it was read")
    return Summary(result, digest)


def _name(grouping: Grouping, cls: int) -> bytes:
    return b"list/%s/%02d" % (grouping.encode(), cls)


def _skipped(told: object) -> Skipped:
    """Nothing where a summary of an older format does not tell; it is not used."""
    match told:
        case [int(rows), int(offset), str(reason)]:
            return rows, offset, reason
    return NONE_SKIPPED


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _chunks(top: TopKeys) -> Iterator[bytes]:
    start = 0
    while start < len(top.keys):
        stop = next((end for end in _CHUNKS if end > start), len(top.keys))
        reach = int(np.searchsorted(top.keys.offsets, top.keys.offsets[start] + _LARGEST_CHUNK))
        stop = min(max(min(stop, reach), start + 1), len(top.keys))
        offsets = top.keys.offsets[start : stop + 1]
        blob = top.keys.blob[offsets[0] : offsets[-1]]
        yield b"".join(
            (
                (stop - start).to_bytes(4, "little"),
                top.counts[start:stop].astype("<u8").tobytes(),
                (offsets - offsets[0]).astype("<u4").tobytes(),
                blob,
            )
        )
        start = stop


def _read_chunk(chunk: bytes) -> tuple[np.ndarray[Any, np.dtype[np.uint64]], Keys]:
    n = int.from_bytes(chunk[:4], "little")
    counts = np.frombuffer(chunk, "<u8", n, 4).astype(np.uint64)
    offsets = np.frombuffer(chunk, "<u4", n + 1, 4 + 8 * n).astype(np.int64)
    return counts, Keys(chunk[4 + 8 * n + 4 * (n + 1) :], offsets)
