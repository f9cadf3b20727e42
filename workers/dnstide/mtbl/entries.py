"""Rows to table entries and back, every type of `dnstide.mtbl.dnstable`, and the merge of equal keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import dns.name
from dnstide.mtbl.dnstable import (
    MAX_RDATA,
    MAX_U64,
    NAME_OFFSET,
    OWNER_NAME,
    RDATA,
    RDATA_NAME,
    RRSET,
    SOURCE_INFO,
    TIME_RANGE,
    VERSION,
    BadEntry,
    Entry,
    OwnerName,
    RdataName,
    RdataRow,
    Row,
    SourceInfo,
    TimeRange,
    Version,
    decode_union,
    decode_varint,
    decode_varints,
    encode_union,
    encode_varint,
    encode_varints,
    forward_name,
    read_labels,
    read_reversed_name,
    reversed_labels,
    reversed_name,
)
from dnstide.mtbl.errors import CountOverflow

Labels = tuple[bytes, ...]

LOWER_SLICES = (64, 65)
"""SVCB and HTTPS, whose sliced entries dnstable writes in lower case: their names come in any case."""


def rrset_key(
    owner: Labels, rrtype: int, bailiwick: Labels, rdata: tuple[bytes, ...], keep_case: bool = False
) -> bytes:
    """The key of an RRSET entry; names as their labels, the root's empty one last, in lower case unless it is
    kept.
    """
    _check_rrtype(rrtype)
    if not rdata:
        raise BadEntry("a row has no rdata; it needs at least one record")
    names = reversed_labels(owner, keep_case), reversed_labels(bailiwick, keep_case)
    parts = [b"\0", names[0], encode_varint(rrtype), names[1]]
    for data in rdata:
        if len(data) > MAX_RDATA:
            raise BadEntry(f"rdata of {len(data)} bytes is longer than {MAX_RDATA}")
        parts.append(encode_varint(len(data)))
        parts.append(data)
    return b"".join(parts)


def rdata_key(
    rdata: bytes, rrtype: int, reversed_owner: bytes, head_length: int = 0, name_length: int = 0
) -> bytes:
    """The key of an RDATA entry; head_length bytes are sliced off the front and stand at the end, and the
    name of name_length bytes behind them is in lower case.
    """
    tail = rdata[head_length:]
    if name_length:  # a length is below 64, so that no letter is among them
        tail = tail[:name_length].lower() + tail[name_length:]
    if len(tail) > MAX_RDATA:
        raise BadEntry(f"rdata of {len(tail)} bytes is longer than {MAX_RDATA}")
    head = rdata[:head_length]
    return b"".join(
        (b"\2", tail, encode_varint(rrtype), reversed_owner, head, len(tail).to_bytes(2, "little"))
    )


# Tables of one set hold the same RRsets day after day, so the derived keys are kept.
@lru_cache(maxsize=32768)
def row_keys(
    owner: Labels, rrtype: int, bailiwick: Labels, rdata: tuple[bytes, ...], keep_case: bool = False
) -> tuple[bytes, bytes, tuple[bytes, ...], tuple[bytes, ...]]:
    """All keys that one row makes: RRSET, RRSET_NAME_FWD, the RDATA ones and the RDATA_NAME_REV ones."""
    key = rrset_key(owner, rrtype, bailiwick, rdata, keep_case)
    reversed_owner = reversed_labels(owner, keep_case)
    by_rdata = [rdata_key(data, rrtype, reversed_owner) for data in rdata]
    by_name: list[bytes] = []
    offset = NAME_OFFSET.get(rrtype)
    if offset is not None:
        for data in rdata:
            try:
                labels, end = read_labels(data, offset)
            except BadEntry:
                continue  # as dnstable_convert does: the row counts, and is found by its data alone
            by_name.append(b"\3" + reversed_labels(labels))
            if offset:
                name_length = end - offset if rrtype in LOWER_SLICES else 0
                by_rdata.append(rdata_key(data, rrtype, reversed_owner, offset, name_length))
    return key, b"\1" + forward_name(dns.name.Name(owner), keep_case), tuple(by_rdata), tuple(by_name)


def encode_entry(entry: Entry) -> tuple[bytes, bytes]:
    """The key and value of one entry. BadEntry where a field cannot be stored."""
    match entry:
        case Row():
            key = rrset_key(entry.owner.labels, entry.rrtype, entry.bailiwick.labels, entry.rdata)
            return key, encode_varints(entry.time_first, entry.time_last, entry.count)
        case OwnerName():
            return b"\1" + forward_name(entry.owner), encode_union(entry.rrtypes)
        case RdataRow():
            _check_rrtype(entry.rrtype)
            head = NAME_OFFSET.get(entry.rrtype, 0) if entry.sliced else 0
            key = rdata_key(entry.rdata, entry.rrtype, reversed_name(entry.owner), head)
            return key, encode_varints(entry.time_first, entry.time_last, entry.count)
        case RdataName():
            return b"\3" + reversed_name(entry.name), encode_union(entry.rrtypes)
        case SourceInfo():
            return bytes((SOURCE_INFO,)), entry.text
        case TimeRange():
            times = [time for time in (entry.time_first, entry.time_last) if time is not None]
            return b"\xfe", encode_varints(*times)
        case Version():
            version = b"" if entry.version is None else encode_varint(entry.version)
            return bytes((VERSION, entry.entry_type)), version


def decode_entry(key: bytes, value: bytes) -> Entry:
    """The entry that a key and its value stand for. BadEntry where they stand for none."""
    kind = key[0] if key else None
    if kind == RRSET:
        return _decode_rrset(key, value)
    if kind == RDATA:
        return _decode_rdata(key, value)
    if kind == OWNER_NAME:
        labels, end = read_labels(key, 1)
        _check_end(key, end)
        return OwnerName(dns.name.Name(labels), decode_union(value))
    if kind == RDATA_NAME:
        name, end = read_reversed_name(key, 1)
        _check_end(key, end)
        return RdataName(name, decode_union(value))
    if kind == SOURCE_INFO and len(key) == 1:
        return SourceInfo(value)
    if kind == TIME_RANGE and len(key) == 1:
        return TimeRange(*decode_varints(value, 2)) if value else TimeRange(None, None)
    if kind == VERSION and len(key) == 2:
        return Version(key[1], decode_varints(value, 1)[0] if value else None)
    raise BadEntry(f"key {key[:16].hex() or '(empty)'} begins no known entry type")


def merge_values(key: bytes, values: Sequence[bytes]) -> bytes:
    """The value of one key that several tables hold: earliest first, latest last, sum of the stored counts.

    Unions of types join (any type wins), of versions the smallest stays; an entry type unknown here keeps its
    value if all agree, else it becomes empty, as dnstable makes it. CountOverflow where a sum passes 2**64-1.
    """
    kind = key[0] if key else None
    if kind in (RRSET, RDATA):
        firsts, lasts, counts = zip(*(decode_varints(value, 3) for value in values), strict=True)
        total = sum(counts)
        if total > MAX_U64:
            raise CountOverflow(f"the counts of key {key[:64].hex()} add up to {total}, past 2**64-1")
        return encode_varints(min(firsts), max(lasts), total)
    if kind in (OWNER_NAME, RDATA_NAME):
        unions = [decode_union(value) for value in values]
        known = [union for union in unions if union is not None]
        return encode_union(frozenset().union(*known)) if len(known) == len(unions) else b""
    if all(value == values[0] for value in values):
        return values[0]
    if kind == TIME_RANGE and all(values):
        firsts, lasts = zip(*(decode_varints(value, 2) for value in values), strict=True)
        return encode_varints(min(firsts), max(lasts))
    if kind == VERSION and all(values):
        return encode_varint(min(decode_varints(value, 1)[0] for value in values))
    return b""


def _decode_rrset(key: bytes, value: bytes) -> Row:
    owner, offset = read_reversed_name(key, 1)
    rrtype, offset = decode_varint(key, offset)
    _check_rrtype(rrtype)
    bailiwick, offset = read_reversed_name(key, offset)
    rdata = []
    while offset < len(key):
        length, offset = decode_varint(key, offset)
        data = key[offset : offset + length]
        if length > MAX_RDATA or len(data) != length:
            raise BadEntry(f"rdata of {length} bytes does not fit in the key")
        offset += length
        rdata.append(data)
    return Row(owner, rrtype, bailiwick, tuple(rdata), *_decode_triplet(value))


def _decode_rdata(key: bytes, value: bytes) -> RdataRow:
    length = int.from_bytes(key[-2:], "little")
    end = len(key) - 2
    if 1 + length > end:
        raise BadEntry(f"rdata of {length} bytes does not fit in the key")
    rrtype, offset = decode_varint(key, 1 + length)
    _check_rrtype(rrtype)
    owner, offset = read_reversed_name(key, offset)
    if offset > end:
        raise BadEntry("the owner name runs into the closing length")
    head = key[offset:end]
    return RdataRow(head + key[1 : 1 + length], rrtype, owner, bool(head), *_decode_triplet(value))


def _decode_triplet(value: bytes) -> tuple[int, int, int]:
    first, last, count = decode_varints(value, 3)
    return first, last or first, count or 1


def _check_rrtype(rrtype: int) -> None:
    if not 0 <= rrtype <= 0xFFFF:
        raise BadEntry(f"record type {rrtype} is not from 0 to 65535")


def _check_end(key: bytes, end: int) -> None:
    if end != len(key):
        raise BadEntry(f"{len(key) - end} bytes left over after the name")
