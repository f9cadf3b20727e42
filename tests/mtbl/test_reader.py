"""The native reader, the plain-Python one and libmtbl's iterator agree on every row of every table."""

import os
from pathlib import Path

import pytest
from dnstide.mtbl import Table, open_tables, verify_table, write_entries
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mtbl import tables
from tests.mtbl.build_table import table_parts
from tests.mtbl.libmtbl import iterate
from tests.mtbl.reference import COMPRESSIONS, Entry, read_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@settings(max_examples=300, deadline=None)
@given(entries=tables.raw_entries, layout=tables.layouts)
def test_three_readers_agree(folder: Path, entries: list[Entry], layout: dict[str, object]) -> None:
    """Any entries, any layout: the same rows from all three, and the figures of the trailer."""
    path = tables.write(folder, "raw", entries, **layout)
    reference = read_table(Path(path).read_bytes())
    table = Table(path)
    assert list(table.entries()) == reference.entries == list(iterate(path)) == entries
    trailer = reference.trailer
    assert (table.version, table.compression) == (layout["version"], layout["compression"])
    assert table.block_size == layout["block_size"]
    assert (table.entries_count, table.blocks) == (len(entries), trailer["count_data_blocks"])
    assert (table.bytes_data, table.bytes_index) == (
        trailer["bytes_data_blocks"],
        trailer["bytes_index_block"],
    )
    assert (table.bytes_keys, table.bytes_values) == (trailer["bytes_keys"], trailer["bytes_values"])
    assert table.size == os.path.getsize(path)
    table.close()


@settings(max_examples=200, deadline=None)
@given(
    entries=tables.raw_entries,
    layout=tables.layouts,
    start=tables.raw_keys,
    stop=st.none() | tables.raw_keys,
)
def test_ranges_and_single_keys(
    folder: Path, entries: list[Entry], layout: dict[str, object], start: bytes, stop: bytes | None
) -> None:
    """A half-open range of keys holds what a plain comparison finds, and get finds each key and no other."""
    table = Table(tables.write(folder, "range", entries, **layout))
    expected = [(key, value) for key, value in entries if key >= start and (stop is None or key < stop)]
    assert list(table.entries(start, stop)) == expected
    known = dict(entries)
    for key in (start, stop or b"", start + b"\0", *[key[:-1] for key in known], *known):
        assert table.get(key) == known.get(key)
    table.close()


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("block_size", [1024, 8192, 65536])
def test_tables_of_libmtbl(tmp_path: Path, compression: str, block_size: int) -> None:
    """A few thousand rows written by libmtbl, with blocks that one entry alone outgrows."""
    entries = [(b"\0%05d" % n, bytes([n % 251]) * (n * n % 700)) for n in range(3000)]
    entries.append((b"\1", os.urandom(200_000)))
    path = tmp_path / "t"
    write_entries(path, entries, compression=compression, block_size=block_size, sync=False)
    assert list(Table(str(path)).entries()) == entries == list(iterate(str(path)))


@settings(max_examples=60, deadline=None)
@given(entries=tables.row_entries, layout=tables.layouts)
def test_sound_tables_verify(folder: Path, entries: list[Entry], layout: dict[str, object]) -> None:
    path = tables.write(folder, "sound", entries, **layout)
    report = verify_table(path)
    assert (report.path, report.entries) == (path, len(entries))
    assert (report.version, report.compression) == (layout["version"], layout["compression"])


def test_open_tables_keeps_the_order(tmp_path: Path) -> None:
    """Each path gets its table or its error, in its place."""
    paths = [tables.write(tmp_path, f"t{n}", tables.fixed_entries(seed=n)) for n in range(5)]
    (tmp_path / "t1").write_bytes(b"short")
    (tmp_path / "t3").unlink()
    for threads in (1, 3):
        opened = open_tables(paths, threads=threads)
        codes = [getattr(outcome, "code", "fine") for outcome in opened]
        assert codes == ["fine", "TABLE_TOO_SHORT", "fine", "TABLE_MISSING", "fine"]
        assert [outcome.path for outcome in opened] == paths


@pytest.mark.parametrize("version", [1, 2])
def test_bytes_before_the_first_block(tmp_path: Path, version: int) -> None:
    """libmtbl may begin a table behind bytes of its caller's."""
    entries = tables.fixed_entries()
    parts = table_parts(entries, version=version, block_size=512)
    parts.prefix = b"#!comment" * 10
    path = tmp_path / "t"
    path.write_bytes(parts.assemble())
    assert list(Table(str(path)).entries()) == entries == list(iterate(str(path)))
    assert verify_table(str(path)).entries == len(entries)
