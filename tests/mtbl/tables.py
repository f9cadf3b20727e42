"""What tests put into tables: strategies for raw entries and for dnstable rows, and one fixed table."""

import random
from pathlib import Path

import dns.name
from dnstide.mtbl import Row, encode_entry
from dnstide.mtbl.dnstable import TimeRange, Version
from dnstide.mtbl.entries import merge_values
from hypothesis import strategies as st

from tests.mtbl.build_table import build_table
from tests.mtbl.reference import COMPRESSIONS, Entry

# Labels that are prefixes of each other, and bytes that could be taken for a length, an end or a sign.
LABELS = (b"a", b"aa", b"ab", b"b", b"www", b"\0", b"\x01", b"\xff\xff", b"x" * 63, b"com")
RRTYPES = (1, 2, 5, 127, 128, 257, 16384, 65280)
DAY = 86400

names = st.lists(st.sampled_from(LABELS), max_size=3).map(lambda labels: dns.name.Name((*labels, b"")))
times = st.integers(0, 10 * DAY) | st.sampled_from([0, DAY - 1, DAY, 2 * DAY, 2**32, 2**63, 2**64 - 1])
counts = st.integers(0, 300) | st.sampled_from([2**32, 2**62])
rows = st.builds(
    Row,
    names,
    st.sampled_from(RRTYPES),
    names,
    st.lists(st.binary(max_size=20), min_size=1, max_size=2).map(tuple),
    times,
    times,
    counts,
)
layouts = st.fixed_dictionaries(
    {
        "version": st.sampled_from([1, 2]),
        "compression": st.sampled_from(COMPRESSIONS),
        "block_size": st.sampled_from([1, 64, 300, 1024, 8192]),
        "interval": st.sampled_from([1, 2, 3, 16, 100]),
    }
)


def entries_of(rows: list[Row]) -> list[Entry]:
    """The RRSET entries of the rows, as one table holds them."""
    values: dict[bytes, list[bytes]] = {}
    for row in rows:
        key, value = encode_entry(row)
        values.setdefault(key, []).append(value)
    return sorted((key, merge_values(key, same)) for key, same in values.items())


row_entries = st.lists(rows, max_size=60).map(entries_of)

raw_keys = st.binary(max_size=12) | st.lists(st.sampled_from([b"\0", b"\xff", b"ab"]), max_size=30).map(
    b"".join
)
raw_entries = st.dictionaries(raw_keys, st.binary(max_size=300), max_size=120).map(
    lambda entries: sorted(entries.items())
)


def write(folder: Path, name: str, entries: list[Entry], **layout: object) -> str:
    path = folder / name
    path.write_bytes(build_table(entries, **layout))
    return str(path)


def fixed_entries(owners: int = 60, seed: int = 1) -> list[Entry]:
    """A small dnstable table, the same for the same seed: several types and bailiwicks to an owner."""
    rng = random.Random(seed)
    example = dns.name.from_text("example.com.")
    made = []
    for number in range(owners):
        owner = dns.name.Name((b"h%d" % (number // 2), b"d%d" % (number % 7), *example.labels))
        for rrtype in rng.sample(RRTYPES, rng.randint(1, 3)):
            bailiwick = rng.choice((owner, example))
            data = tuple(rng.randbytes(rng.randint(1, 30)) for _ in range(rng.randint(1, 3)))
            first = rng.randrange(10 * DAY)
            made.append(Row(owner, rrtype, bailiwick, data, first, first + DAY, rng.randrange(1000)))
    entries = entries_of(made)
    span = TimeRange(min(row.time_first for row in made), max(row.time_last for row in made))
    forward = [(b"\1" + owner.to_wire(), b"") for owner in {row.owner for row in made}]
    return [*entries, *sorted(forward), encode_entry(span), encode_entry(Version(0, 0))]
