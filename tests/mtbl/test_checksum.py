"""CRC32C by instruction and by table."""

import random

from dnstide.mtbl._native import crc32c, crc32c_portable


def test_published_values() -> None:
    """The examples of RFC 3720, B.4."""
    known = {
        bytes(32): 0x8A9136AA,
        b"\xff" * 32: 0x62A8AB43,
        bytes(range(32)): 0x46DD794E,
        bytes(range(31, -1, -1)): 0x113FDB5C,
        b"123456789": 0xE3069283,
        b"": 0,
    }
    for data, value in known.items():
        assert crc32c(data) == crc32c_portable(data) == value


def test_two_ways_agree_at_every_length() -> None:
    """Lengths below, at and above each lane size of the fast way."""
    data = random.Random(1).randbytes(20000)
    for size in (*range(420), *range(1500, 1600), 3071, 3072, 3073, 4608, 8192, 20000):
        for start in (0, 3):
            part = data[start : start + size]
            assert crc32c(part) == crc32c_portable(part)
