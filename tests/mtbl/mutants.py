"""Damaged tables, as many as one likes, from a seed: what disks, copies and forgers do to a file.

A mutant is *damaged* where the bytes of a sound table were changed (the right answer is that table's, or an
error), *harmless* where no byte with a meaning was (the right answer is that table's), and *forged* where
checksums were made to fit (the right answer is what the new content says, if that is sound, or an error).
"""

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from tests.mtbl.build_table import MAGIC, TableParts, table_parts, varint
from tests.mtbl.codecs import CODES, compress
from tests.mtbl.reference import COMPRESSIONS, FIELDS, TRAILER, Entry, read_table
from tests.mtbl.tables import fixed_entries

DAMAGED, HARMLESS, FORGED = "damaged", "harmless", "forged"
EXTREMES = (0, 1, 2, 127, 128, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
BOMB = 1 << 26


@dataclass(frozen=True, eq=False)
class Base:
    """A sound table, in pieces and as a file."""

    name: str
    version: int
    compression: str
    entries: list[Entry]
    data: bytes
    offsets: list[int]  # of each data block, and of the index

    @property
    def index_at(self) -> int:
        return self.offsets[-1]

    def parts(self) -> TableParts:
        parts = _parts(self.version, self.compression)
        return replace(parts, plain=list(parts.plain), stored={}, trailer={})


@dataclass(frozen=True)
class Mutant:
    kind: str
    how: str
    data: bytes


@cache
def _parts(version: int, compression: str) -> TableParts:
    return table_parts(fixed_entries(), version=version, compression=compression, block_size=512, interval=4)


@cache
def bases() -> tuple[Base, ...]:
    """One table in both versions and all compressions."""
    made = []
    for version, compression in product((1, 2), COMPRESSIONS):
        data = _parts(version, compression).assemble()
        table = read_table(data)
        offsets = [*table.offsets, table.trailer["index_block_offset"]]
        made.append(Base(f"v{version} {compression}", version, compression, table.entries, data, offsets))
    return tuple(made)


def _flip(rng: random.Random, data: bytes, start: int, stop: int) -> bytes:
    out = bytearray(data)
    out[rng.randrange(start, stop)] ^= 1 << rng.randrange(8)
    return bytes(out)


def data_flip(rng: random.Random, base: Base) -> Mutant:
    return Mutant("data flip", DAMAGED, _flip(rng, base.data, 0, base.index_at))


def index_flip(rng: random.Random, base: Base) -> Mutant:
    return Mutant("index flip", DAMAGED, _flip(rng, base.data, base.index_at, len(base.data) - TRAILER))


def trailer_byte(rng: random.Random, base: Base) -> Mutant:
    out = bytearray(base.data)
    at = rng.randrange(8 * len(FIELDS))
    out[len(out) - TRAILER + at] ^= rng.randrange(1, 256)
    return Mutant(f"trailer byte: {FIELDS[at // 8]}", DAMAGED, bytes(out))


def trailer_extreme(rng: random.Random, base: Base) -> Mutant:
    out = bytearray(base.data)
    at = len(out) - TRAILER + 8 * rng.randrange(len(FIELDS))
    value = rng.choice(EXTREMES)
    if rng.random() < 0.5:
        value = struct.unpack_from("<Q", out, at)[0] + rng.choice((-512, -16, -1, 1, 16, 512))
    struct.pack_into("<Q", out, at, value % 2**64)
    return Mutant("trailer extreme", DAMAGED, bytes(out))


def trailer_fields(rng: random.Random, base: Base) -> Mutant:
    """Several fields at once, some zero."""
    out = bytearray(base.data)
    for field in rng.sample(range(len(FIELDS)), rng.randint(2, len(FIELDS))):
        value = rng.choice((0, 0, *EXTREMES, rng.randrange(len(out)), rng.choice(base.offsets)))
        struct.pack_into("<Q", out, len(out) - TRAILER + 8 * field, value)
    return Mutant("trailer fields", DAMAGED, bytes(out))


def magic(rng: random.Random, base: Base) -> Mutant:
    """A changed byte, or the other version's number."""
    if rng.random() < 0.3:
        other = struct.pack("<I", MAGIC[3 - base.version])
        return Mutant("magic", DAMAGED, base.data[:-4] + other)
    return Mutant("magic", DAMAGED, _flip(rng, base.data, len(base.data) - 4, len(base.data)))


def padding(rng: random.Random, base: Base) -> Mutant:
    return Mutant(
        "padding", HARMLESS, _flip(rng, base.data, len(base.data) - TRAILER + 72, len(base.data) - 4)
    )


def block_size_field(rng: random.Random, base: Base) -> Mutant:
    """data_block_size says how the table was written; nothing needs it to be read."""
    out = bytearray(base.data)
    struct.pack_into("<Q", out, len(out) - TRAILER + 8, rng.choice(EXTREMES))
    return Mutant("block size field", HARMLESS, bytes(out))


def truncation(rng: random.Random, base: Base) -> Mutant:
    near = [*base.offsets, len(base.data) - TRAILER, len(base.data)]
    at = rng.randrange(len(base.data)) if rng.random() < 0.6 else rng.choice(near) - rng.randint(1, 5)
    return Mutant("truncation", DAMAGED, base.data[: max(0, min(at, len(base.data) - 1))])


def excision(rng: random.Random, base: Base) -> Mutant:
    """A hole cut out, the trailer kept."""
    start = rng.randrange(len(base.data) - TRAILER)
    stop = min(start + rng.choice((1, 4, 16, 300, 2000)), len(base.data) - TRAILER)
    if rng.random() < 0.3:
        start, stop = sorted(rng.sample(base.offsets, 2))
    return Mutant("excision", DAMAGED, base.data[:start] + base.data[stop:])


def insertion(rng: random.Random, base: Base) -> Mutant:
    at = rng.choice((*base.offsets, rng.randrange(len(base.data)), len(base.data) - TRAILER, len(base.data)))
    added = rng.choice((b"\0", bytes(512), rng.randbytes(7), base.data[: base.offsets[1]]))
    return Mutant("insertion", DAMAGED, base.data[:at] + added + base.data[at:])


def zeroed(rng: random.Random, base: Base) -> Mutant:
    """A lost extent: what is read there is zeros."""
    start = rng.choice((*base.offsets, rng.randrange(len(base.data))))
    stop = min(start + rng.choice((1, 5, 64, 512, 4096)), len(base.data))
    if rng.random() < 0.3:
        start, stop = len(base.data) - TRAILER, len(base.data) - 4
    return Mutant("zeroed range", DAMAGED, base.data[:start] + bytes(stop - start) + base.data[stop:])


def overwritten(rng: random.Random, base: Base) -> Mutant:
    start = rng.randrange(len(base.data))
    noise = rng.randbytes(rng.choice((1, 2, 8, 100)))
    return Mutant("overwritten range", DAMAGED, (base.data[:start] + noise + base.data[start + len(noise) :]))


def block_header(rng: random.Random, base: Base) -> Mutant:
    """A block's length and checksum, which no checksum covers."""
    start = rng.choice(base.offsets)
    header = rng.choice(
        (
            bytes(8),
            b"\xff" * 12,
            b"\x80" * 12,
            varint(rng.choice(EXTREMES)),
            struct.pack("<I", rng.choice(EXTREMES) % 2**32),
            rng.randbytes(rng.randint(1, 6)),
        )
    )
    return Mutant("block header", DAMAGED, base.data[:start] + header + base.data[start + len(header) :])


def swapped(rng: random.Random, base: Base) -> Mutant:
    """Two blocks in each other's place, whole, as a file system that mixes up extents would leave them."""
    extents = list(zip(base.offsets, [*base.offsets[1:], len(base.data) - TRAILER], strict=True))
    (a, a_end), (b, b_end) = sorted(rng.sample(extents, 2))
    data = base.data[:a] + base.data[b:b_end] + base.data[a_end:b] + base.data[a:a_end] + base.data[b_end:]
    return Mutant("swapped blocks", DAMAGED, data)


def swapped_in_place(rng: random.Random, base: Base) -> Mutant:
    """Two blocks swapped and the index's offsets made to fit: each block is sound where the index says."""
    parts = base.parts()
    a, b = rng.sample(range(len(parts.plain)), 2)
    parts.plain[a], parts.plain[b] = parts.plain[b], parts.plain[a]
    return Mutant("swapped blocks, right offsets", DAMAGED, parts.assemble())


def repeated(rng: random.Random, base: Base) -> Mutant:
    """One block in another's place, with the right frame: a lost write."""
    parts = base.parts()
    a, b = rng.sample(range(len(parts.plain)), 2)
    parts.plain[a] = parts.plain[b]
    return Mutant("repeated block", DAMAGED, parts.assemble())


def _edit(rng: random.Random, plain: bytes) -> bytes:
    """Forge a block: bytes, entry headers, restarts, or its end."""
    out = bytearray(plain)
    match rng.randrange(7):
        case 0:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        case 1:
            at = rng.randrange(len(out))
            out[at : at + rng.randint(0, 5)] = varint(rng.choice(EXTREMES))
        case 2:
            out[rng.randrange(3)] = rng.choice((0, 1, 127, 128, 255))
        case 3:
            out[-4:] = struct.pack("<I", rng.choice((*EXTREMES, len(plain) // 4, 3)) % 2**32)
        case 4:
            restarts = struct.unpack("<I", plain[-4:])[0]
            at = len(out) - 4 - 4 * rng.randint(1, restarts)
            struct.pack_into("<I", out, at, rng.choice((*EXTREMES, rng.randrange(len(plain)))) % 2**32)
        case 5:
            out = out[: rng.randrange(len(out))]
        case _:
            out[:] = rng.choice((b"\0", bytes(8), b"\xff" * 8, bytes(400), rng.randbytes(64)))
    return bytes(out)


def forged_block(rng: random.Random, base: Base) -> Mutant:
    parts = base.parts()
    number = rng.randrange(len(parts.plain))
    parts.plain[number] = _edit(rng, parts.plain[number]) or b"\0"
    return Mutant("forged block", FORGED, parts.assemble())


def forged_index(rng: random.Random, base: Base) -> Mutant:
    parts = base.parts()
    parts.index = lambda plain: _edit(rng, plain) or b"\0"
    return Mutant("forged index", FORGED, parts.assemble())


def forged_stream(rng: random.Random, base: Base) -> Mutant:
    """A stream that is cut, damaged, followed by more, or lies about its size, under a right checksum."""
    parts = base.parts()
    number = rng.randrange(len(parts.plain))
    stream = compress(base.compression, parts.plain[number])
    match rng.randrange(5):
        case 0:
            stream = stream[: rng.randrange(1, len(stream))]
        case 1:
            stream += rng.choice((b"\0", b"\xff" * 9, stream))
        case 2:
            stream = _flip(rng, stream, 0, len(stream))
        case 3:
            stream = _flip(rng, stream, 0, min(8, len(stream)))
        case _:
            size = rng.choice(EXTREMES)
            stream = (varint(size) if base.compression == "snappy" else struct.pack("<Q", size)[:4]) + stream[
                4:
            ]
    parts.stored[number] = stream
    return Mutant("forged stream", FORGED, parts.assemble())


@cache
def _bomb(compression: str) -> bytes:
    """A few kilobytes that claim to be, or are, 64 MiB and more."""
    if compression == "zlib":
        return zlib.compress(bytes(BOMB), 9)
    return compress(compression, bytes(BOMB))


def bomb(rng: random.Random, base: Base) -> Mutant:
    """A block that would become 64 MiB, in a table whose trailer may say that it holds that much."""
    parts = base.parts()
    parts.stored[rng.randrange(len(parts.plain))] = _bomb(
        base.compression if base.compression != "none" else "zlib"
    )
    if rng.random() < 0.3:
        parts.trailer["bytes_values"] = rng.choice((BOMB, 2**63, 2**64 - 1))
    return Mutant("bomb", FORGED, parts.assemble())


def other_compression(rng: random.Random, base: Base) -> Mutant:
    """The blocks of one compression under the code of another."""
    parts = base.parts()
    parts.trailer["compression"] = rng.choice([code for code in range(7) if code != CODES[base.compression]])
    return Mutant("other compression", DAMAGED, parts.assemble())


def twice(rng: random.Random, base: Base) -> Mutant:
    """One kind of damage on top of another."""
    simple = (
        data_flip,
        index_flip,
        trailer_byte,
        trailer_extreme,
        zeroed,
        overwritten,
        excision,
        block_header,
    )
    first = rng.choice(simple)(rng, base)
    if len(first.data) != len(base.data):
        return Mutant("two kinds", DAMAGED, first.data)
    return Mutant("two kinds", DAMAGED, rng.choice(simple)(rng, replace(base, data=first.data)).data)


# How often each kind comes, in thousandths or thereabouts.
KINDS: tuple[tuple[Callable[[random.Random, Base], Mutant], int], ...] = (
    (data_flip, 250),
    (index_flip, 90),
    (trailer_byte, 90),
    (trailer_extreme, 60),
    (trailer_fields, 40),
    (magic, 15),
    (padding, 10),
    (block_size_field, 10),
    (truncation, 55),
    (excision, 50),
    (insertion, 30),
    (zeroed, 70),
    (overwritten, 40),
    (block_header, 50),
    (swapped, 20),
    (swapped_in_place, 20),
    (repeated, 10),
    (forged_block, 80),
    (forged_index, 30),
    (forged_stream, 50),
    (bomb, 1),
    (other_compression, 9),
    (twice, 20),
)


def mutants(base: Base, count: int, seed: int) -> Iterator[Mutant]:
    """`count` mutants of one table, none equal to it; the same for the same seed."""
    rng = random.Random(f"{base.name} {seed}")
    makers, weights = zip(*KINDS, strict=True)
    for _ in range(count):
        mutant = rng.choices(makers, weights)[0](rng, base)
        while mutant.data == base.data:
            mutant = rng.choices(makers, weights)[0](rng, base)
        yield mutant
