"""Scans and point sums against plain dictionaries over the rows that a table was written from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import dns.name
import numpy as np
import pytest
from dnstide.mtbl import DnstableWriter, Row
from dnstide.mtbl._native import Cancel, Table
from dnstide.mtbl.dnstable import reversed_name
from dnstide.mtbl.errors import BadChecksum, Cancelled, CountOverflow, NotDnstable, TableError
from dnstide.mtbl.keys import Grouping, tie_order
from dnstide.mtbl.psl import suffix_list
from dnstide.mtbl.scan import KeyRange, TableScan, TypeClasses, scan, subtree, sum_groups
from dnstide.mtbl.writer import write_entries
from hypothesis import given, settings
from hypothesis import strategies as st

SUFFIXES = [
    ".",
    "com.",
    "co.uk.",
    "amazonaws.com.",
    "compute.amazonaws.com.",
    "github.io.",
    "b.ck.",
    "www.ck.",
]
NAMES = [
    dns.name.from_text(front + suffix if suffix != "." else front or ".")
    for suffix in SUFFIXES
    for front in ("", "a.", "ab.", "b.a.", "c.b.a.", "\\000.a.", "mail.")
]
MAIL = b"\x00\x0a\x04mail\x07example\x00"
RDATA = {
    1: [b"\x01\x02\x03\x04", b"\x01\x02\x03\x05"],
    15: [MAIL, b"\x00\x14" + MAIL[2:]],
    16: [b"\x01\x02\x03\x04", b"\x01\x02\x03\x04\x01\x03com", b"\x01\x02\x03\x04\x01", b""],
    28: [bytes(16)],
    129: [b"x"],
    1000: [b"x\x81", b"y"],
}
CLASSES = TypeClasses((frozenset({1}), frozenset({28, 16})), other=True, all=True)


def rows_of(random: Random, size: int) -> list[Row]:
    """Rows that differ in their keys, so that a table holds each as it is."""
    rows = {}
    for _ in range(size):
        rrtype = random.choice(list(RDATA))
        rdata = tuple(sorted(random.sample(RDATA[rrtype], random.randint(1, len(RDATA[rrtype])))))
        count = random.choice([0, 1, 2, 300, 2**40])
        row = Row(random.choice(NAMES), rrtype, dns.name.root, rdata, 1000, 2000, count)
        rows[(row.owner, rrtype, rdata)] = row
    return list(rows.values())


def group_of(by: Grouping | int) -> Callable[[dns.name.Name], bytes]:
    """The key under which a scan counts an owner name, by the definition of the grouping."""

    def last(name: dns.name.Name, count: int) -> bytes:
        return reversed_name(name if len(name) - 1 <= count else dns.name.Name(name.labels[-count - 1 :]))

    if by is Grouping.FQDN:
        return reversed_name
    if by is Grouping.DOMAIN:
        return lambda name: suffix_list().registered_domain(reversed_name(name))
    return lambda name: last(name, 1 if by is Grouping.TLD else int(by))


def brute(rows: list[Row], by: Grouping | int, types: Callable[[int], bool]) -> list[tuple[bytes, int]]:
    sums: Counter[bytes] = Counter()
    stored: Counter[tuple[dns.name.Name, bytes]] = Counter()
    for row in rows:
        if types(row.rrtype) and by is Grouping.RDATA:
            # The writer adds up what rows of one owner have in common; a zero is read as 1 after that.
            for data in row.rdata:
                stored[row.owner, row.rrtype.to_bytes(2, "big") + data] += row.count
        elif types(row.rrtype):
            sums[group_of(by)(row.owner)] += row.count or 1
    for (_, key), count in stored.items():
        sums[key] += count or 1
    order = tie_order(by if isinstance(by, Grouping) else Grouping.FQDN)
    return sorted(sums.items(), key=lambda item: (-item[1], order(item[0])))


LEAST = st.sampled_from([0, 2, 2**39])
SEEDS = st.integers(0, 2**32).map(Random)
IN_CLASS: list[Callable[[int], bool]] = [
    lambda t: t == 1,
    lambda t: t in (28, 16),
    lambda t: t not in (1, 28, 16),
    lambda t: True,
]
GROUPINGS: list[Grouping | int] = [Grouping.FQDN, Grouping.DOMAIN, Grouping.TLD, 2, Grouping.RDATA]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scan")


def written(path: Path, rows: list[Row]) -> Table:
    with DnstableWriter(path, block_size=1024, sync=False) as writer:
        for row in rows:
            writer.add(row)
    return Table(path)


def ok(result: TableScan | TableError) -> TableScan:
    assert isinstance(result, TableScan), result
    return result


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(0, 600), st.integers(0, 30), st.integers(1, 3), LEAST)
def test_scan_is_brute_force(
    folder: Path, random: Random, size: int, keep: int, threads: int, min_count: int
) -> None:
    """Every grouping and class at once, cut among threads or not: lists, floors, totals and distinct keys are
    exact.
    """
    rows = rows_of(random, size)
    table = written(folder / "brute.mtbl", rows)
    result = ok(scan([table], GROUPINGS, CLASSES, keep=keep, min_count=min_count, threads=threads)[0])
    for by, classes in zip(GROUPINGS, result.lists, strict=True):
        for top, types in zip(classes, IN_CLASS, strict=True):
            every = brute(rows, by, types)
            listed = [item for item in every if item[1] >= min_count][:keep]
            assert list(zip(top.keys, top.counts.tolist(), strict=True)) == listed
            assert top.floor == max((count for _, count in every[len(listed) :]), default=0)
            assert top.distinct == len(every)
            assert top.total == sum(count for _, count in every)
            assert not top.overflow
    by_type = {t: [row.count or 1 for row in rows if row.rrtype == t] for t in RDATA}
    assert result.types == {t: (len(counts), sum(counts)) for t, counts in by_type.items() if counts}
    rdata = {(row.owner, row.rrtype, data) for row in rows for data in row.rdata}
    assert result.rows == len(rows) + len(rdata)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from(NAMES), st.integers(1, 3))
def test_scan_of_a_range(folder: Path, random: Random, suffix: dns.name.Name, threads: int) -> None:
    """The names at and under a suffix, and everything but them, are what the rows say."""
    rows = rows_of(random, 500)
    table = written(folder / "range.mtbl", rows)
    inside = subtree(reversed_name(suffix))
    outside = [KeyRange(b"", inside.start)] + ([KeyRange(inside.stop)] if inside.stop else [])
    for ranges, part in (
        ([inside], [r for r in rows if r.owner.is_subdomain(suffix)]),
        (outside, [r for r in rows if not r.owner.is_subdomain(suffix)]),
    ):
        result = ok(scan([table], GROUPINGS[:-1], TypeClasses(all=True), ranges=ranges, threads=threads)[0])
        for by, (top,) in zip(GROUPINGS, result.lists, strict=False):
            assert list(zip(top.keys, top.counts.tolist(), strict=True)) == brute(part, by, IN_CLASS[3])
        assert sum(count for _, count in result.types.values()) == sum(r.count or 1 for r in part)
    result = ok(scan([table], [Grouping.RDATA], TypeClasses(all=True), rdata_owners=inside.start)[0])
    part = [r for r in rows if r.owner.is_subdomain(suffix)]
    assert dict(zip(result.lists[0][0].keys, result.lists[0][0].counts.tolist(), strict=True)) == dict(
        brute(part, Grouping.RDATA, IN_CLASS[3])
    )


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([*GROUPINGS[:3], Grouping.RDATA]), st.sampled_from([None, [1], [16, 1000]]))
def test_sums_of_groups(folder: Path, random: Random, by: Grouping, types: list[int] | None) -> None:
    """Point sums equal the scan's, for keys that are there and keys that are not, in any order, over several
    tables.
    """
    parts = [rows_of(random, 300), rows_of(random, 50)]
    tables = [written(folder / f"sums{i}.mtbl", rows) for i, rows in enumerate(parts)]
    chosen = IN_CLASS[3] if types is None else (lambda t: t in types)
    exact = [dict(brute(rows, by, chosen)) for rows in parts]
    keys = sorted({*exact[0], *exact[1]}, key=lambda _: random.random())
    if by is not Grouping.RDATA:
        keys.append(reversed_name(dns.name.from_text("absent.test.")))
    wanted = [np.array(random.sample(range(len(keys)), min(k, len(keys))), np.uint32) for k in (len(keys), 3)]
    summed = sum_groups(tables, by, keys, wanted, types=types, threads=2)
    for counts, part, indices in zip(summed, exact, wanted, strict=True):
        assert not isinstance(counts, TableError)
        assert counts.tolist() == [part.get(keys[i], 0) for i in indices]


def test_sums_under_a_name(folder: Path) -> None:
    """Without a grouping a key stands for everything at and under it; the root for the whole table."""
    rows = rows_of(Random(1), 400)
    table = written(folder / "under.mtbl", rows)
    keys = [reversed_name(name) for name in NAMES]
    (counts,) = sum_groups([table], None, keys, [np.arange(len(keys), dtype=np.uint32)])
    assert not isinstance(counts, TableError)
    assert counts.tolist() == [sum(r.count or 1 for r in rows if r.owner.is_subdomain(n)) for n in NAMES]


def huge(folder: Path) -> Table:
    name = dns.name.from_text("www.example.com.")
    return written(
        folder / "huge.mtbl",
        [Row(name, t, dns.name.root, (b"\x01\x02\x03\x04",), 1, 1, 2**63) for t in (1, 16)],
    )


def test_sums_past_64_bits_are_flagged(folder: Path) -> None:
    """Where one class overflows the others stay usable; totals by type are exact; a point sum raises."""
    table = huge(folder)
    result = ok(scan([table], [Grouping.FQDN], TypeClasses((frozenset({1}),), all=True))[0])
    first, every = result.lists[0]
    assert (first.counts.tolist(), first.overflow) == ([2**63], False)
    assert every.overflow
    assert result.types == {1: (1, 2**63), 16: (1, 2**63)}
    key = reversed_name(dns.name.from_text("www.example.com."))
    with pytest.raises(CountOverflow):
        sum_groups([table], Grouping.FQDN, [key], [np.zeros(1, np.uint32)])


def test_a_damaged_table_has_its_error_in_its_place(folder: Path) -> None:
    """The others are still scanned, and the error names the file and the place."""
    rows = rows_of(Random(2), 500)
    good = written(folder / "good.mtbl", rows)
    path = folder / "flipped.mtbl"
    written(path, rows).close()
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    results = scan([Table(path), good], [Grouping.FQDN], TypeClasses(all=True), threads=2)
    assert isinstance(results[0], BadChecksum)
    assert results[0].path == str(path)
    assert results[0].offset == 0
    assert ok(results[1]).rows == len(rows)
    assert isinstance(sum_groups([Table(path)], None, [b"\0"], [np.zeros(1, np.uint32)])[0], BadChecksum)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"\0\3com", b"\1\1\1"),
        (b"\0\3com\0", b"\1\1\1"),
        (b"\0\x40" + bytes(64) + b"\0\1\0", b"\1\1\1"),
        (b"\0" + b"\1a" * 128 + b"\0\1\0", b"\1\1\1"),
        (b"\0\0\x81\x80\x04\0", b"\1\1\1"),
        (b"\0\0\x81\x00\0", b"\1\1\1"),
        (b"\0\0\1\0", b"\1\1"),
        (b"\0\0\1\0", b"\1\1\1\1"),
        (b"\0\0\1\0", b"\1\1" + b"\xff" * 10),
        (b"\2\1\2\3\4\1\0", b"\1\1\1"),
        (b"\2\1\2\3\4\1\0\5\0", b"\1\1\1"),
        (b"\2\1", b"\1\1\1"),
    ],
)
def test_keys_that_are_no_rows(folder: Path, key: bytes, value: bytes) -> None:
    """A sound table with keys that dnstable could not have written is named as such, and nothing reads past
    an end.
    """
    path = folder / "foreign.mtbl"
    write_entries(path, [(key, value)], sync=False)
    assert isinstance(scan([Table(path)], GROUPINGS, CLASSES)[0], NotDnstable)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_cancel_ends_scans_and_sums(folder: Path, threads: int) -> None:
    """What was cancelled before raises, however many threads share the tables."""
    tables = [written(folder / f"cancelled{i}.mtbl", rows_of(Random(3), 600)) for i in range(5)]
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        scan(tables, GROUPINGS, CLASSES, threads=threads, cancel=cancel)
    everything = [np.zeros(1, np.uint32)] * len(tables)
    with pytest.raises(Cancelled):
        sum_groups(tables, None, [b"\0"], everything, threads=threads, cancel=cancel)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_an_error_of_one_thread_ends_the_sums(folder: Path, threads: int) -> None:
    """An overflow in the last of many tables is raised, and the next call on the same threads answers."""
    tables = [written(folder / f"sound{i}.mtbl", rows_of(Random(i), 50)) for i in range(8)]
    everything = [np.zeros(1, np.uint32)] * (len(tables) + 1)
    with pytest.raises(CountOverflow):
        sum_groups([*tables, huge(folder)], None, [b"\0"], everything, threads=threads)
    sums = sum_groups(tables, None, [b"\0"], everything[:-1], threads=threads)
    assert [len(counts) for counts in sums if not isinstance(counts, TableError)] == [1] * len(tables)
