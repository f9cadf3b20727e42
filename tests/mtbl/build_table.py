"""MTBL tables written in plain Python: both versions, every compression, and as wrong as one likes."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.mtbl.codecs import CODES, compress
from tests.mtbl.reference import FIELDS, TRAILER, Entry, crc32c

MAGIC = {1: 0x77846676, 2: 0x4D54424C}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def encode_block(entries: Sequence[Entry], interval: int = 16) -> bytes:
    """Prefix-compressed entries, then where each run of `interval` begins, then the number of runs."""
    out, restarts, last = bytearray(), [0], b""
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % interval == 0:
            if number:
                restarts.append(len(out))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def frame(stored: bytes, version: int) -> bytes:
    length = varint(len(stored)) if version == 2 else struct.pack("<I", len(stored))
    return length + struct.pack("<I", crc32c(stored)) + stored


def split_blocks(entries: Iterable[Entry], block_size: int) -> list[list[Entry]]:
    """The entries in runs of about block_size bytes, at least one entry each."""
    blocks: list[list[Entry]] = []
    size = block_size
    for key, value in entries:
        if size + len(key) + len(value) + 15 > block_size and (not blocks or blocks[-1]):
            blocks.append([])
            size = 0
        blocks[-1].append((key, value))
        size += len(key) + len(value) + 3
    return blocks


@dataclass
class TableParts:
    """A table in pieces. Change any of them: `assemble` gives a file whose frames and checksums are right."""

    version: int
    compression: str
    block_size: int
    plain: list[bytes]  # the data blocks, not yet compressed
    index_keys: list[bytes]
    counts: dict[str, int]
    stored: dict[int, bytes] = field(default_factory=dict)  # stored bytes in place of what compression gives
    index: Callable[[bytes], bytes] = lambda plain: plain  # what becomes of the index block
    trailer: dict[str, int] = field(default_factory=dict)  # fields that are not what they should be
    prefix: bytes = b""  # bytes of the caller's before the first block

    def assemble(self) -> bytes:
        out, offsets = bytearray(self.prefix), []
        for number, plain in enumerate(self.plain):
            offsets.append(len(out))
            out += frame(self.stored.get(number) or compress(self.compression, plain), self.version)
        index_at = len(out)
        pointers = [varint(offset) for offset in offsets]
        index = frame(
            self.index(encode_block(list(zip(self.index_keys, pointers, strict=True)))), self.version
        )
        fields = {
            "index_block_offset": index_at,
            "data_block_size": self.block_size,
            "compression": CODES[self.compression],
            "count_data_blocks": len(self.plain),
            "bytes_data_blocks": index_at - len(self.prefix),
            "bytes_index_block": len(index),
            **self.counts,
            **self.trailer,
        }
        trailer = struct.pack("<9Q", *(fields[name] for name in FIELDS)).ljust(TRAILER - 4, b"\0")
        return bytes(out) + index + trailer + struct.pack("<I", MAGIC[self.version])


def table_parts(
    entries: Sequence[Entry],
    *,
    version: int = 2,
    compression: str = "zlib",
    block_size: int = 8192,
    interval: int = 16,
) -> TableParts:
    blocks = split_blocks(entries, block_size)
    return TableParts(
        version,
        compression,
        block_size,
        [encode_block(block, interval) for block in blocks],
        [block[-1][0] for block in blocks],
        {
            "count_entries": len(entries),
            "bytes_keys": sum(len(key) for key, _ in entries),
            "bytes_values": sum(len(value) for _, value in entries),
        },
    )


def build_table(entries: Sequence[Entry], **options: object) -> bytes:
    """A sound table of these entries, which must ascend by key. Options as for `table_parts`."""
    return table_parts(entries, **options).assemble()  # type: ignore[arg-type]
