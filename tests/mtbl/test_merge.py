"""Merging whole tables: the union, equal keys by the merge law, and nothing left where a source is unfit."""

import os
from pathlib import Path

import dns.name
import pytest
from dnstide.mtbl import BadChecksum, CountOverflow, NotDnstable, Row, TableMissing, merge_tables
from dnstide.mtbl.dnstable import MAX_U64
from dnstide.mtbl.entries import merge_values

from tests.mtbl import tables
from tests.mtbl.reference import COMPRESSIONS, read_table


def test_union(tmp_path: Path) -> None:
    """Tables of every layout, an empty one too, give the entries of all, each key once."""
    contents = [tables.fixed_entries(owners=40 + n, seed=n // 2) for n in range(6)] + [[]]
    paths = [
        tables.write(tmp_path, f"t{n}", entries, version=n % 2 + 1, compression=COMPRESSIONS[n % 6])
        for n, entries in enumerate(contents)
    ]
    values: dict[bytes, list[bytes]] = {}
    for entries in contents:
        for key, value in entries:
            values.setdefault(key, []).append(value)
    assert any(len(same) > 1 for same in values.values())
    written = merge_tables(paths, tmp_path / "out", compression="zstd", block_size=1024)
    merged = read_table((tmp_path / "out").read_bytes())
    assert merged.entries == sorted((key, merge_values(key, same)) for key, same in values.items())
    assert (merged.compression, written) == ("zstd", len(merged.entries))


def test_one_table_is_copied(tmp_path: Path) -> None:
    path = tables.write(tmp_path, "t", tables.fixed_entries())
    merge_tables([path], tmp_path / "out")
    assert read_table((tmp_path / "out").read_bytes()).entries == tables.fixed_entries()


def test_no_tables(tmp_path: Path) -> None:
    assert merge_tables([], tmp_path / "out") == 0
    assert read_table((tmp_path / "out").read_bytes()).entries == []


def test_damage_is_found_before_libmtbl_sees_it(tmp_path: Path) -> None:
    """libmtbl would abort: each source is verified first, and the error names the damaged one."""
    good = tables.write(tmp_path, "good", tables.fixed_entries())
    bad = Path(tables.write(tmp_path, "bad", tables.fixed_entries(), block_size=512))
    data = bytearray(bad.read_bytes())
    data[200] ^= 1
    bad.write_bytes(data)
    with pytest.raises(BadChecksum) as caught:
        merge_tables([good, bad], tmp_path / "out")
    assert caught.value.path == str(bad)
    with pytest.raises(TableMissing):
        merge_tables([good, tmp_path / "none"], tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["bad", "good"]


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    """libmtbl's merger would lose it without a word."""
    path = tables.write(tmp_path, "t", [(b"", b"x"), *tables.fixed_entries()])
    with pytest.raises(NotDnstable):
        merge_tables([path, path], tmp_path / "out")


def test_overflow(tmp_path: Path) -> None:
    """A sum past 2**64-1 is an error, and there is no table."""
    root = dns.name.root
    paths = [
        tables.write(tmp_path, name, tables.entries_of([Row(root, 1, root, (b"x",), 1, 1, count)]))
        for name, count in (("whole", MAX_U64), ("one", 1))
    ]
    with pytest.raises(CountOverflow):
        merge_tables(paths, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["one", "whole"]
