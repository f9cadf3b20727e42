"""Rows to sorted table entries, in whole arrays: the keys are the same in every table and are made once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.mtbl.dnstable import (
    OWNER_NAME,
    RDATA,
    RDATA_NAME,
    RRSET,
    TIME_RANGE,
    VERSION,
    encode_union,
    encode_varint,
    encode_varints,
)
from dnstide.mtbl.entries import row_keys
from dnstide.sample.counts import Rows
from dnstide.sample.rrset import Rrset

# Names carry their types, and the name inside an SVCB or HTTPS record has an entry of its own.
VERSIONS = ((RRSET, 0), (OWNER_NAME, 1), (RDATA, 1), (RDATA_NAME, 1))

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Keys:
    """Sorted keys, and for each the RRsets behind it (rows[offsets[i]:offsets[i + 1]]) and their types."""

    keys: list[bytes]
    unions: list[bytes]
    rows: Int64
    offsets: Int64


class Template:
    """The entries that a set of RRsets can make, ready to be filled with one table's rows."""

    def __init__(self, rrsets: list[Rrset]) -> None:
        sets: dict[int, dict[bytes, list[int]]] = {RRSET: {}, OWNER_NAME: {}, RDATA: {}, RDATA_NAME: {}}
        for i, r in enumerate(rrsets):
            key, owner, by_rdata, by_name = row_keys(r.owner.labels, r.rrtype, r.bailiwick.labels, r.rdata)
            sets[RRSET].setdefault(key, []).append(i)
            sets[OWNER_NAME].setdefault(owner, []).append(i)
            for kind, keys in ((RDATA, by_rdata), (RDATA_NAME, by_name)):
                for each in dict.fromkeys(keys):
                    sets[kind].setdefault(each, []).append(i)
        self._types = np.array([r.rrtype for r in rrsets])
        self._unions: dict[tuple[int, ...], bytes] = {}
        self._sets = {kind: self._keys(entries) for kind, entries in sets.items()}

    def entries(self, rows: Rows) -> Iterator[tuple[bytes, bytes]]:
        """The table's entries in key order."""
        seen = rows.count > 0
        yield from self._counted(RRSET, rows)
        yield from self._typed(OWNER_NAME, seen)
        yield from self._counted(RDATA, rows)
        yield from self._typed(RDATA_NAME, seen)
        yield bytes((TIME_RANGE,)), encode_varints(int(rows.first[seen].min()), int(rows.last[seen].max()))
        for kind, version in VERSIONS:
            yield bytes((VERSION, kind)), encode_varint(version)

    def _keys(self, entries: dict[bytes, list[int]]) -> _Keys:
        keys = sorted(entries)
        rows = [entries[key] for key in keys]
        offsets = np.concatenate(([0], np.cumsum([len(r) for r in rows], dtype=np.int64)))
        unions = [self._union(tuple(self._types[r].tolist())) for r in rows]
        return _Keys(keys, unions, np.array([i for r in rows for i in r], dtype=np.int64), offsets)

    def _counted(self, kind: int, rows: Rows) -> Iterator[tuple[bytes, bytes]]:
        """Entries whose value is first, last, count; RRsets that share a record are merged."""
        part = self._sets[kind]
        count = rows.count[part.rows]
        first = np.where(count > 0, rows.first[part.rows], np.iinfo(np.int64).max)
        last = np.where(count > 0, rows.last[part.rows], 0)
        at = part.offsets[:-1]
        total = np.add.reduceat(count, at)
        here = np.flatnonzero(total)
        earliest, latest = np.minimum.reduceat(first, at)[here], np.maximum.reduceat(last, at)[here]
        keys = part.keys
        for i, value in zip(here.tolist(), _triplets(earliest, latest, total[here]), strict=True):
            yield keys[i], value

    def _typed(self, kind: int, seen: npt.NDArray[np.bool_]) -> Iterator[tuple[bytes, bytes]]:
        """Entries whose value is the union of the types of the RRsets present."""
        part = self._sets[kind]
        present = seen[part.rows]
        at = part.offsets[:-1]
        whole = np.minimum.reduceat(present, at)
        here = np.flatnonzero(np.maximum.reduceat(present, at))
        bounds = part.offsets.tolist()
        for i, all_there in zip(here.tolist(), whole[here].tolist(), strict=True):
            if all_there:
                yield part.keys[i], part.unions[i]
            else:
                rows = part.rows[bounds[i] : bounds[i + 1]]
                types = tuple(self._types[rows[seen[rows]]].tolist())
                yield part.keys[i], self._union(types)

    def _union(self, types: tuple[int, ...]) -> bytes:
        union = self._unions.get(types)
        if union is None:
            union = self._unions[types] = encode_union(types)
        return union


def _triplets(first: Int64, last: Int64, count: Int64) -> list[bytes]:
    """Three varints per row. All at once: one matrix of 7-bit groups, then one cut per row."""
    groups = np.zeros((first.size, 30), dtype=np.uint8)
    width = np.zeros(first.size, dtype=np.int64)
    columns = np.arange(first.size)
    for values in (first, last, count):
        rest = values.astype(np.uint64)
        more = np.ones(first.size, dtype=bool)
        while more.any():
            low = (rest & np.uint64(0x7F)).astype(np.uint8)
            rest >>= np.uint64(7)
            again = more & (rest > 0)
            groups[columns[more], width[more]] = (low | np.where(again, 0x80, 0).astype(np.uint8))[more]
            width[more] += 1
            more = again
    data = groups.tobytes()
    return [data[30 * i : 30 * i + w] for i, w in enumerate(width.tolist())]
