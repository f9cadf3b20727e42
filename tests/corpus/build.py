"""Writes the kept tables: `good` ones in every layout, and `bad` ones named after what is wrong with them.

    python -m tests.corpus.build

They are the seeds of the fuzzer, and tests/mtbl/test_corpus.py says what each bad one must end in.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tests.mtbl.build_table import TableParts, build_table, encode_block, table_parts, varint
from tests.mtbl.codecs import compress
from tests.mtbl.reference import COMPRESSIONS, FIELDS, TRAILER, Entry, read_table
from tests.mtbl.tables import fixed_entries

CORPUS = Path(__file__).parent
ENTRIES = fixed_entries(owners=14)


def parts(compression: str = "none", version: int = 2) -> TableParts:
    return table_parts(ENTRIES, version=version, compression=compression, block_size=400, interval=4)


def with_field(data: bytes, name: str, value: int) -> bytes:
    out = bytearray(data)
    struct.pack_into("<Q", out, len(out) - TRAILER + 8 * FIELDS.index(name), value)
    return bytes(out)


def replaced(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def good() -> Iterator[tuple[str, bytes]]:
    for version, compression in product((1, 2), COMPRESSIONS):
        yield f"v{version}-{compression}", parts(compression, version).assemble()
    yield "no-entries", build_table([])
    yield "one-entry", build_table(ENTRIES[:1])
    yield "empty-key", build_table([(b"", b"x"), (b"\0", b"y")])
    for value in (0, 2**64 - 1):
        yield f"block-size-field-{value:x}", with_field(parts("zlib").assemble(), "data_block_size", value)
    behind = parts()
    behind.prefix = b"#!" * 20
    yield "behind-a-prefix", behind.assemble()


def bad() -> Iterator[tuple[str, bytes]]:
    yield from bad_files()
    yield from bad_trailers()
    yield from bad_blocks()
    yield from bad_streams()
    yield from bad_rows()


def bad_files() -> Iterator[tuple[str, bytes]]:
    data = parts().assemble()
    table = read_table(data)
    yield "empty-file", b""
    yield "shorter-than-a-trailer", data[:511]
    yield "trailer-alone", data[-512:]
    yield "cut-in-the-trailer", data[:-1]
    yield "cut-in-the-data", data[: table.offsets[2] + 9]
    yield "magic", data[:-4] + b"MTBX"
    yield "magic-of-version-1", data[:-4] + struct.pack("<I", 0x77846676)
    yield "hole-of-zeros", replaced(data, table.offsets[1], bytes(table.offsets[2] - table.offsets[1]))
    yield "data-byte", replaced(data, table.offsets[1] + 40, bytes([data[table.offsets[1] + 40] ^ 1]))
    index = table.trailer["index_block_offset"]
    yield "index-byte", replaced(data, index + 20, bytes([data[index + 20] ^ 1]))
    yield "block-length-extreme", replaced(data, table.offsets[1], b"\xff" * 9 + b"\x01")
    yield "block-length-unending", replaced(data, table.offsets[1], b"\xff" * 12)
    yield "index-length-extreme", replaced(data, index, b"\xff" * 4)


def bad_trailers() -> Iterator[tuple[str, bytes]]:
    data = parts().assemble()
    trailer = read_table(data).trailer
    yield "trailer-zeroed", data[:-512] + bytes(508) + data[-4:]
    yield "compression-unknown", with_field(data, "compression", 6)
    yield "index-offset-past-the-end", with_field(data, "index_block_offset", 2**64 - 1)
    yield "index-offset-at-a-data-block", with_field(data, "index_block_offset", 0)
    for name in FIELDS[3:]:
        yield f"{name.replace('_', '-')}-off-by-one", with_field(data, name, trailer[name] + 1)
        yield f"{name.replace('_', '-')}-extreme", with_field(data, name, 2**64 - 1)


def bad_blocks() -> Iterator[tuple[str, bytes]]:
    def block(plain: bytes) -> bytes:
        one = parts()
        one.plain[1] = plain
        return one.assemble()

    plain = parts().plain[1]
    entries = [ENTRIES[n] for n in range(8, 12)]
    yield "block-empty", block(encode_block([]))
    yield "block-of-one-byte", block(b"\0")
    yield "restarts-none", block(plain[:-4] + bytes(4))
    yield "restarts-too-many", block(plain[:-4] + b"\xff\xff\xff\xff")
    yield "restart-past-the-entries", block(plain[:-8] + b"\xff\xff\xff\x7f" + plain[-4:])
    yield "first-restart-not-first", block(encode_block(entries)[:-8] + struct.pack("<II", 3, 1))
    yield "shared-past-the-key", block(replaced(plain, 0, b"\x05"))
    yield "entry-past-the-block", block(replaced(plain, 1, b"\x7f"))
    long = varint(2**32 - 1)
    yield "lengths-that-wrap", block(b"\0" + long + long + plain[3:])
    yield "length-unending", block(b"\xff" * 12 + plain)
    yield "keys-not-ascending", block(encode_block(entries[::-1]))
    yield "keys-equal", block(encode_block([entries[0], entries[0]]))
    swapped = parts()
    swapped.plain[1], swapped.plain[2] = swapped.plain[2], swapped.plain[1]
    yield "blocks-swapped", swapped.assemble()
    one = parts()
    one.index_keys[0] = b""
    yield "first-separator-below-its-block", one.assemble()
    for name, key in (("separator-below-its-block", b"\0"), ("separator-above-the-next-block", b"\xff")):
        one = parts()
        one.index_keys[1] = key
        yield name, one.assemble()
    for name, change in (
        ("index-of-one-byte", lambda plain: b"\0"),
        ("index-value-of-no-varint", lambda plain: replaced(plain, len(plain) - 4 * 3 - 1, b"\xff")),
        ("index-of-data-entries", lambda _: encode_block(entries)),
        ("index-without-entries", lambda _: encode_block([])),
        ("index-restart-within-an-entry", lambda plain: plain[:-4] + struct.pack("<II", 7, 2)),
    ):
        one = parts()
        one.index = change
        yield name, one.assemble()


def bad_streams() -> Iterator[tuple[str, bytes]]:
    bomb = bytes(1 << 24)
    for compression in COMPRESSIONS[1:]:
        plain = parts().plain[1]
        stream = compress(compression, plain)
        lie = varint(2**32 - 1) + stream[2:] if compression == "snappy" else b"\xff\xff\xff\x7f" + stream[4:]
        for name, stored in (
            ("cut", stream[:-3]),
            ("followed-by-more", stream + b"\0\0"),
            ("size-lies", lie),
            ("bomb", zlib.compress(bomb, 9) if compression == "zlib" else compress(compression, bomb)),
        ):
            if compression in ("snappy", "lz4", "lz4hc") and name == "bomb":
                continue  # half a megabyte and more to keep
            one = parts(compression)
            one.stored[1] = stored
            yield f"{compression}-{name}", one.assemble()
    one = parts("zlib")
    one.trailer["compression"] = 1
    yield "zlib-under-the-code-of-snappy", one.assemble()


def bad_rows() -> Iterator[tuple[str, bytes]]:
    key, value = ENTRIES[0]
    cases: dict[str, Entry] = {
        "row-without-a-count": (key, value[:-1]),
        "row-with-more-than-a-count": (key, value + b"\0"),
        "row-with-an-unending-count": (key, b"\x01\x01" + b"\xff" * 10),
        "row-whose-owner-does-not-end": (b"\0\x03com", value),
        "row-whose-label-is-too-long": (b"\0\x40" + b"a" * 64 + b"\0\x01\0", value),
        "row-whose-owner-is-too-long": (b"\0" + (b"\x3f" + b"a" * 63) * 4 + b"\0\x01\0", value),
        "row-without-a-type": (b"\0\x03com\0", value),
        "row-with-a-type-past-65535": (b"\0\x03com\0\xff\xff\x7f\0", value),
        "row-whose-bailiwick-does-not-end": (b"\0\x03com\0\x01\x05a", value),
        "row-whose-rdata-runs-out": (b"\0\x03com\0\x01\0\x09abc", value),
    }
    for name, entry in cases.items():
        yield name, build_table([entry])


def main() -> None:
    for folder, made in (("good", good()), ("bad", bad())):
        (CORPUS / folder).mkdir(exist_ok=True)
        for name, data in made:
            (CORPUS / folder / f"{name}.mtbl").write_bytes(data)


if __name__ == "__main__":
    main()
