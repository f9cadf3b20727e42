"""MTBL and lookups in plain Python: slow, obvious, and strict. The judge of the native reader.

Nothing here is shared with the package under test.
"""

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tests.mtbl.codecs import decompress

MAGIC = {0x77846676: 1, 0x4D54424C: 2}
COMPRESSIONS = ("none", "snappy", "zlib", "lz4", "lz4hc", "zstd")
FIELDS = (
    "index_block_offset",
    "data_block_size",
    "compression",
    "count_entries",
    "count_data_blocks",
    "bytes_data_blocks",
    "bytes_index_block",
    "bytes_keys",
    "bytes_values",
)
TRAILER = 512

Entry = tuple[bytes, bytes]


class BadTable(ValueError):
    """The bytes are no sound table."""


def require(truth: bool, reason: str) -> None:
    if not truth:
        raise BadTable(reason)


def _crc_table() -> list[int]:
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


@lru_cache(maxsize=4096)  # most blocks of a mutant are those of the table it was
def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(data: bytes, at: int, bits: int = 64) -> tuple[int, int]:
    value = 0
    for n, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            require(value < 1 << bits, f"a varint at {at} passes {bits} bits")
            return value, at + n + 1
    raise BadTable(f"a varint at {at} does not end")


def frame(data: bytes, at: int, end: int, version: int) -> tuple[bytes, int]:
    """The stored bytes of the block at `at`, checked, and where the next one begins."""
    if version == 1:
        require(at + 4 <= end, "a block header is cut short")
        length, body = int.from_bytes(data[at : at + 4], "little"), at + 4
    else:
        length, body = varint(data[:end], at)
    crc, body = data[body : body + 4], body + 4
    require(0 < length <= end - body, "a block runs out of its place")
    stored = data[body : body + length]
    require(crc == struct.pack("<I", crc32c(stored)), f"the checksum of the block at {at} differs")
    return stored, body + length


def entries_of(plain: bytes, strict: bool = True) -> list[Entry]:
    """The entries of one decompressed block. Unless strict, the restarts need only be there."""
    require(len(plain) >= 8, "a block is too short")
    restarts = int.from_bytes(plain[-4:], "little")
    end = len(plain) - 4 - 4 * restarts
    require(restarts > 0 and end >= 0, "the restarts do not fit")
    body, offsets = plain[:end], struct.unpack(f"<{restarts}I", plain[end:-4])
    entries: list[Entry] = []
    starts: dict[int, int] = {}
    key, at = b"", 0
    while at < end:
        start = at
        shared, at = varint(body, at, 32)
        unshared, at = varint(body, at, 32)
        length, at = varint(body, at, 32)
        require(shared <= len(key), "more is shared than the key before has")
        require(unshared + length <= end - at, "an entry runs out of its block")
        starts[start] = shared
        key = key[:shared] + body[at : at + unshared]
        entries.append((key, body[at + unshared : at + unshared + length]))
        at += unshared + length
    if strict:
        for offset in offsets if entries else ():
            require(starts.get(offset) == 0, "a restart is no entry that shares nothing")
        require(not entries or offsets[0] == 0, "the first restart is not the first entry")
        require(all(a < b for a, b in pairwise(offsets)), "restarts do not ascend")
    require(all(a[0] < b[0] for a, b in pairwise(entries)), "keys do not ascend")
    return entries


@dataclass(frozen=True)
class ReferenceTable:
    version: int
    compression: str
    trailer: dict[str, int]
    entries: list[Entry]
    blocks: list[list[Entry]]
    offsets: list[int]


def read_trailer(data: bytes) -> tuple[int, dict[str, int]]:
    require(len(data) >= TRAILER, "too short for a trailer")
    magic = int.from_bytes(data[-4:], "little")
    require(magic in MAGIC, "no magic")
    return MAGIC[magic], dict(zip(FIELDS, struct.unpack_from("<9Q", data, len(data) - TRAILER), strict=True))


def read_table(data: bytes, strict: bool = True) -> ReferenceTable:
    """All that is in the table, every checksum, count and order checked. BadTable for what is not right.

    Unless strict, what a plain walk over the blocks does not need may be wrong: restarts, counts of entries.
    """
    version, trailer = read_trailer(data)
    require(trailer["compression"] < len(COMPRESSIONS), "unknown compression")
    compression = COMPRESSIONS[trailer["compression"]]
    index_at, end = trailer["index_block_offset"], len(data) - TRAILER
    require(index_at < end, "the index is outside the file")
    index_bytes, after = frame(data, index_at, end, version)
    require(after == end, "the index does not end where the trailer begins")
    index = entries_of(index_bytes, strict)
    blocks, offsets = [], []
    at = begin = index_at - trailer["bytes_data_blocks"]  # libmtbl may begin behind bytes of its caller's
    require(begin >= 0, "the data blocks begin before the file")
    for _, value in index:
        offset, stop = varint(value, 0)
        require(stop == len(value) and offset == at, "the index does not point at the next block")
        stored, at = frame(data, at, index_at, version)
        offsets.append(offset)
        blocks.append(entries_of(decompress(compression, stored), strict))
        require(bool(blocks[-1]), "a data block is empty")
    require(at == index_at, "data that the index does not know of")
    entries = [entry for block in blocks for entry in block]
    require(all(a[0] < b[0] for a, b in pairwise(entries)), "keys do not ascend")
    for (separator, _), block in zip(index, blocks, strict=True):
        require(block[-1][0] <= separator, "an index key is below its block")
    for (separator, _), block in zip(index, blocks[1:], strict=False):
        require(separator < block[0][0], "an index key is not below the next block")
    facts = {
        "count_data_blocks": len(blocks),
        "bytes_index_block": end - index_at,
    }
    exact = {
        "count_entries": len(entries),
        "bytes_keys": sum(len(key) for key, _ in entries),
        "bytes_values": sum(len(value) for _, value in entries),
    }
    for field, fact in {**facts, **(exact if strict else {})}.items():
        require(trailer[field] == fact, f"{field} is {trailer[field]}, not {fact}")
    return ReferenceTable(version, compression, trailer, entries, blocks, offsets)


@dataclass(frozen=True)
class RrsetRow:
    rrtype: int
    bailiwick: bytes
    time_first: int
    count: int


def skip_name(key: bytes, at: int) -> int:
    while key[at]:
        at += 1 + key[at]
    return at + 1


def rrset(key: bytes, value: bytes) -> RrsetRow:
    """What a lookup needs of one sound RRSET entry."""
    rrtype, at = varint(key, skip_name(key, 1), 32)
    end = skip_name(key, at)
    first, next_at = varint(value, 0)
    _, next_at = varint(value, next_at)
    count, _ = varint(value, next_at)
    return RrsetRow(rrtype, key[at:end], first, count or 1)


@dataclass(frozen=True)
class Question:
    """A LookupQuery by another name, so that the judge stands alone."""

    prefix: bytes
    rrtypes: tuple[int, ...] = ()
    bailiwick: bytes | None = None


def matches(entries: Sequence[Entry], question: Question) -> Iterator[RrsetRow]:
    for key, value in entries:
        if key.startswith(question.prefix):
            row = rrset(key, value)
            if question.rrtypes and row.rrtype not in question.rrtypes:
                continue
            if question.bailiwick is not None and row.bailiwick != question.bailiwick:
                continue
            yield row


def lookup(
    tables: Sequence[Sequence[Entry]],
    questions: Sequence[Question],
    edges: Sequence[int],
    buckets: Sequence[int] | None = None,
    split: bool = False,
) -> tuple[dict[tuple[int, int, int], int], int]:
    """Counts by (question, rrtype or 0, bucket), and how many rows that were, by looking at every entry."""
    counts: Counter[tuple[int, int, int]] = Counter()
    rows = 0
    for number, entries in enumerate(tables):
        fixed = buckets[number] if buckets is not None else -1
        for which, question in enumerate(questions):
            for row in matches(entries, question):
                bucket = fixed
                if fixed < 0:
                    places = [i for i in range(len(edges) - 1) if edges[i] <= row.time_first < edges[i + 1]]
                    if not places:
                        continue
                    bucket = places[0]
                counts[which, row.rrtype if split else 0, bucket] += row.count
                rows += 1
    return dict(counts), rows
