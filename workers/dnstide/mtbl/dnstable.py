"""dnstable entries: what the keys and values of a table mean (dnstable-encoding(5)).

======  ============  ================================================================  ==================
byte    entry         key after that byte                                               value
======  ============  ================================================================  ==================
`00`    `Row`         owner (reversed), rrtype, bailiwick (reversed), length + rdata…   first, last, count
`01`    `OwnerName`   owner                                                             rrtype union
`02`    `RdataRow`    rdata, rrtype, owner (reversed), [head], u16 LE length of rdata   first, last, count
`03`    `RdataName`   name inside the rdata (reversed)                                  rrtype union
`FD`    `SourceInfo`  nothing                                                           text
`FE`    `TimeRange`   nothing                                                           first, last
`FF`    `Version`     the entry type it speaks of                                       version
======  ============  ================================================================  ==================

Numbers without a width are base-128 varints, least significant group first. A reversed name has its labels
in the opposite order, so that everything under a suffix is one range of keys. Times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import dns.name

MAX_U64 = 2**64 - 1
MAX_RDATA = 65535

RRSET, OWNER_NAME, RDATA, RDATA_NAME = 0x00, 0x01, 0x02, 0x03
SOURCE_INFO, TIME_RANGE, VERSION = 0xFD, 0xFE, 0xFF

NAME_OFFSET = {2: 0, 5: 0, 6: 0, 12: 0, 15: 2, 33: 6, 39: 0, 64: 2, 65: 2}
"""Where the domain name begins in the rdata of the types that are indexed by it, in bytes, as dnstable does:
NS, CNAME, SOA (its first name), PTR, MX, SRV, DNAME, SVCB, HTTPS."""

_ONE_BYTE = tuple(bytes((n,)) for n in range(256))


class BadEntry(ValueError):
    """A key or value that is no dnstable entry, or a row that cannot become one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One RRset as it was seen: the unit that is counted.

    rdata holds each record's data in wire form. A stored count of 0 is decoded as 1 and a stored time_last
    of 0 as time_first, as dnstable does.
    """

    owner: dns.name.Name
    rrtype: int
    bailiwick: dns.name.Name
    rdata: tuple[bytes, ...]
    time_first: int
    time_last: int
    count: int


@dataclass(frozen=True, slots=True)
class OwnerName:
    """That a name owns RRsets of these types; None means that any type is possible."""

    owner: dns.name.Name
    rrtypes: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class RdataRow:
    """One record, found by its data; `sliced` where the key begins with the name inside the data."""

    rdata: bytes
    rrtype: int
    owner: dns.name.Name
    sliced: bool
    time_first: int
    time_last: int
    count: int


@dataclass(frozen=True, slots=True)
class RdataName:
    """That a name stands in the data of records of these types; None means any type that can hold one."""

    name: dns.name.Name
    rrtypes: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Where the rows of the table come from, in bytes that mean nothing here."""

    text: bytes


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The earliest time_first and the latest time_last of the table; None where an older merge lost them."""

    time_first: int | None
    time_last: int | None


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the encoding of one entry type; None where an older merge lost it."""

    entry_type: int
    version: int | None


Entry = Row | OwnerName | RdataRow | RdataName | SourceInfo | TimeRange | Version


def encode_varint(value: int) -> bytes:
    """Base-128, least significant group first. ValueError for what does not fit in 64 unsigned bits."""
    if not 0 <= value <= MAX_U64:
        raise BadEntry(f"{value} does not fit in 64 unsigned bits")
    if value < 0x80:
        return _ONE_BYTE[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """The number at offset, and the offset after it. BadEntry where it is cut short or passes 64 bits."""
    value = shift = 0
    for position in range(offset, min(offset + 10, len(data))):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > MAX_U64:
                break
            return value, position + 1
        shift += 7
    raise BadEntry(f"no varint of 64 bits at byte {offset}")


def encode_varints(*values: int) -> bytes:
    return b"".join([encode_varint(value) for value in values])


def decode_varints(data: bytes, count: int) -> tuple[int, ...]:
    """Exactly `count` numbers and nothing after them."""
    values, offset = [], 0
    for _ in range(count):
        value, offset = decode_varint(data, offset)
        values.append(value)
    if offset != len(data):
        raise BadEntry(f"{len(data) - offset} bytes left over after {count} varints")
    return tuple(values)


def reversed_labels(labels: tuple[bytes, ...], keep_case: bool = False) -> bytes:
    """The labels of an absolute name (the root's empty one last), in reversed wire form, lower case unless
    it is kept.
    """
    if not labels or labels[-1]:
        raise BadEntry("a name must be absolute (end with a dot)")
    parts = []
    for label in reversed(labels[:-1]):
        parts.append(_ONE_BYTE[len(label)])
        parts.append(label if keep_case else label.lower())
    parts.append(b"\0")
    return b"".join(parts)


def reversed_name(name: dns.name.Name, keep_case: bool = False) -> bytes:
    """The wire form with its labels reversed, in lower case unless it is kept.

    `www.example.com.` becomes `03 com 07 example 03 www 00`.
    """
    return reversed_labels(name.labels, keep_case)


def owner_prefix(name: dns.name.Name, wildcard: bool = False, keep_case: bool = False) -> bytes:
    """The prefix of the keys of the name's RRsets; with `wildcard`, also of those of all names under it."""
    prefix = b"\0" + reversed_name(name, keep_case)
    return prefix[:-1] if wildcard else prefix


def forward_name(name: dns.name.Name, keep_case: bool = False) -> bytes:
    """The name in wire form, in lower case unless it is kept."""
    if not name.is_absolute():
        raise BadEntry("a name must be absolute (end with a dot)")
    labels = name.labels if keep_case else [label.lower() for label in name.labels]
    return b"".join([_ONE_BYTE[len(label)] + label for label in labels])


def read_labels(data: bytes, offset: int = 0) -> tuple[tuple[bytes, ...], int]:
    """The labels of the uncompressed wire name at offset, the root's last, and the offset after it."""
    labels, position = [], offset
    while position < len(data):
        length = data[position]
        if length > 63 or position + 1 + length - offset > 255:
            break
        label = data[position + 1 : position + 1 + length]
        if len(label) != length:
            break
        position += 1 + length
        labels.append(label)
        if not length:
            return tuple(labels), position
    raise BadEntry(f"no domain name at byte {offset}")


def read_reversed_name(data: bytes, offset: int = 0) -> tuple[dns.name.Name, int]:
    """The name whose reversed form stands at offset, and the offset after it."""
    labels, end = read_labels(data, offset)
    return dns.name.Name((*labels[-2::-1], b"")), end


def encode_union(rrtypes: Iterable[int] | None) -> bytes:
    """An rrtype union: empty for any type, a byte or u16 LE for one type, else a bitmap of RFC 4034 4.1.2."""
    types = sorted(set(rrtypes)) if rrtypes is not None else []
    if types and not 0 <= types[0] <= types[-1] <= 0xFFFF:
        raise BadEntry("a record type must be from 0 to 65535")
    if len(types) < 2:
        return b"".join([bytes((t,)) if t < 256 else t.to_bytes(2, "little") for t in types])
    windows: dict[int, bytearray] = {}
    for rrtype in types:
        window, low = divmod(rrtype, 256)
        bits = windows.setdefault(window, bytearray())
        bits.extend(bytes(low // 8 + 1 - len(bits)))
        bits[low // 8] |= 0x80 >> low % 8
    return b"".join([bytes((window, len(bits))) + bits for window, bits in windows.items()])


def decode_union(data: bytes) -> frozenset[int] | None:
    """The types of an rrtype union; None for any type."""
    if not data:
        return None
    if len(data) <= 2:
        return frozenset((int.from_bytes(data, "little"),))
    types: set[int] = set()
    offset, last_window = 0, -1
    while offset < len(data):
        window, length = data[offset], data[offset + 1] if offset + 1 < len(data) else 0
        bits = data[offset + 2 : offset + 2 + length]
        if window <= last_window or not 1 <= length <= 32 or len(bits) != length:
            raise BadEntry(f"no bitmap window at byte {offset} of the rrtype union")
        types.update(window * 256 + i * 8 + j for i, b in enumerate(bits) for j in range(8) if b & 0x80 >> j)
        offset, last_window = offset + 2 + length, window
    return frozenset(types)
