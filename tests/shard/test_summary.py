"""Summaries: what they hold, that they are whole or not there, and that nothing wrong is ever read from
one.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import dns.name
import pytest
from dnstide.engine import LocalEngine
from dnstide.model.question import TopQuestion
from dnstide.mtbl import DnstableWriter, Row, Table, write_entries
from dnstide.mtbl.keys import Grouping
from dnstide.shard.summaries import cache as summary_cache
from dnstide.shard.summaries import format as summary
from dnstide.shard.summaries.cache import (
    SummaryCache,
    default_cache_dir,
    is_ours,
    make_folder,
    prune_cache,
)
from dnstide.shard.summaries.format import ALL, LISTED, StoredSummary, Summary, summarize


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return written(tmp_path / "tables" / "dns.20240301.D.mtbl", 900)


def written(path: Path, names: int) -> Table:
    random = Random(names)
    path.parent.mkdir(exist_ok=True)
    with DnstableWriter(path, sync=False) as writer:
        for i in range(names):
            owner = dns.name.from_text(f"h{i}.d{i % 70}.com.")
            for rrtype in random.sample([1, 28, 33, 16], 2):
                data = {1: bytes(4), 28: bytes(16), 33: bytes(6) + b"\x01a\x00", 16: b"\x02hi"}[rrtype]
                writer.add(Row(owner, rrtype, dns.name.root, (data,), 1, 1, random.randint(0, 99)))
    return Table(path)


def made(table: Table, keep: int = 700) -> Summary:
    (result,) = summarize([table], keep=keep)
    assert isinstance(result, Summary)
    return result


def test_what_is_stored_is_what_was_scanned(table: Table, tmp_path: Path) -> None:
    """Every list, to every depth, with floors and totals, comes back from the file as it was."""
    cache = SummaryCache(str(tmp_path / "tables"), tmp_path / "cache", keep=700)
    fresh = made(table)
    assert cache.load(table) is None
    assert cache.store(table, fresh)
    stored = cache.load(table)
    assert stored is not None
    assert stored.types == fresh.types
    for grouping in LISTED:
        for cls in range(ALL + 1):
            assert stored.head(grouping, cls) == fresh.head(grouping, cls)
            whole = fresh.top(grouping, cls)
            for depth in (0, 1, 500, 501, 10_000):
                top = stored.places(grouping, cls, depth)
                read = len(top.keys)
                assert read >= min(depth, len(whole.keys))
                assert list(top.keys) == list(whole.keys)[:read]
                assert top.counts.tolist() == whole.counts.tolist()[:read]
                assert (top.floor, top.total) == (whole.floor, whole.total)
    assert fresh.head(Grouping.FQDN, ALL).distinct == 900
    assert fresh.head(Grouping.FQDN, ALL).listed == 700


def test_long_keys_are_stored_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long rdata is, no entry of the summary becomes too large for a table."""
    monkeypatch.setattr(summary, "_LARGEST_CHUNK", 1000)
    path = tmp_path / "dns.20240301.D.mtbl"
    with DnstableWriter(path, sync=False) as writer:
        for i in range(20):
            data = bytes([i]) * (i * 100)
            writer.add(Row(dns.name.from_text("a."), 999, dns.name.root, (data,), 1, 1, i + 1))
    table = Table(path)
    cache = SummaryCache(str(tmp_path), tmp_path / "cache", keep=700)
    assert cache.store(table, made(table))
    assert max(len(value) for _, value in Table(cache.path(table)).entries()) < 4000
    stored = cache.load(table)
    assert stored is not None
    assert [len(key) for key in stored.places(Grouping.RDATA, ALL, 99).keys] == [
        i * 100 + 2 for i in range(19, -1, -1)
    ]


def test_a_summary_of_something_else_is_not_used(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another size or time of the table, another length of lists, suffix list or format: made again."""
    cache = SummaryCache(str(tmp_path / "tables"), tmp_path / "cache", keep=700)
    cache.store(table, made(table))
    assert cache.load(table) is not None
    assert SummaryCache(str(tmp_path / "tables"), tmp_path / "cache", keep=701).load(table) is None
    with monkeypatch.context() as patch:
        patch.setattr(summary, "FORMAT", summary.FORMAT + 1)
        assert cache.load(table) is None
    with monkeypatch.context() as patch:
        patch.setattr(summary.suffix_list(), "version", "another")
        assert cache.load(table) is None
    os.utime(table.path, ns=(0, 12345))
    other = Table(table.path)
    assert cache.load(other) is None
    # Even under its name: what it speaks of stands in the file.
    cache.path(table).rename(cache.path(other))
    assert cache.load(other) is None


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "foreign", "keyless"])
def test_a_damaged_summary_is_made_again(table: Table, tmp_path: Path, damage: str) -> None:
    """Nothing is raised and nothing is believed; the next store puts it right."""
    cache = SummaryCache(str(tmp_path / "tables"), tmp_path / "cache", keep=700)
    fresh = made(table)
    cache.store(table, fresh)
    path = cache.path(table)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[10] ^= 1
    path.write_bytes({"flip": data, "cut": data[:-5], "empty": b"", "foreign": b"x" * 4000}.get(damage, data))
    if damage == "keyless":
        path.unlink()
        write_entries(path, [(b"nothing", b"1")], sync=False)
    assert cache.load(table) is None
    assert cache.store(table, fresh)
    assert isinstance(cache.load(table), StoredSummary)


def test_a_cache_that_cannot_be_written_is_said_once(
    table: Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The work goes on without it, with one warning."""
    (tmp_path / "cache").write_bytes(b"a file where a folder should be")
    cache = SummaryCache(str(tmp_path / "tables"), tmp_path / "cache", keep=700)
    with caplog.at_level(logging.WARNING, "dnstide"):
        assert not cache.store(table, made(table))
        assert not cache.store(table, made(table))
    assert len(caplog.records) == 1
    assert cache.load(table) is None


def test_a_full_disk_leaves_no_torn_file(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing fails in the middle: no file under the name, no remains, and no answer from it."""
    cache = SummaryCache(str(tmp_path / "tables"), tmp_path / "cache", keep=700)
    fresh = made(table)

    def stops(*arguments: object, **options: object) -> int:
        entries = fresh.entries(table, 700)

        def halting() -> Iterator[tuple[bytes, bytes]]:
            for i, entry in enumerate(entries):
                if i == 20:
                    raise OSError(28, "No space left on device")
                yield entry

        return write_entries(cache.path(table), halting())

    monkeypatch.setattr(summary_cache, "write_entries", stops)
    assert not cache.store(table, fresh)
    assert [path.name for path in cache.folder.iterdir()] == ["tables-of"]
    assert cache.load(table) is None


def test_prune_takes_what_has_lost_its_table(tmp_path: Path) -> None:
    """Summaries of tables that are gone or changed go; those of tables that are there stay; so do young
    dot-files.
    """
    folder, cache_dir = tmp_path / "tables", tmp_path / "cache"
    cache = SummaryCache(str(folder), cache_dir, keep=10)
    tables = [written(folder / f"dns.2024030{i}.D.mtbl", 20) for i in range(1, 4)]
    for each in tables:
        cache.store(each, made(each, 10))
    os.unlink(tables[0].path)
    os.utime(tables[1].path, ns=(0, 99))
    old, young = cache.folder / ".left.behind", cache.folder / ".being.written"
    old.write_bytes(b"12345")
    young.write_bytes(b"1")
    os.utime(old, (time.time() - 7200,) * 2)
    files, size = prune_cache(cache_dir)
    assert files == 3
    assert size > 5
    assert {path.name for path in cache.folder.iterdir()} == {
        "tables-of",
        young.name,
        cache.path(tables[2]).name,
    }
    young.unlink()
    os.unlink(tables[2].path)
    assert prune_cache(cache_dir)[0] == 1
    assert not cache.folder.exists()
    assert prune_cache(cache_dir) == (0, 0)


def test_the_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the XDG rules: an absolute XDG_CACHE_HOME, else ~/.cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "dnstide"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / ".cache" / "dnstide"


def test_a_cache_that_others_can_write_is_not_trusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read from it and nothing written, and one warning says so. What the cache makes itself is
    closed, whatever the umask; a volume above it may be open to all.
    """
    folder, cache_dir = tmp_path / "tables", tmp_path / "cache"
    ours = SummaryCache(str(folder), cache_dir, keep=10).folder
    cache_dir.mkdir()
    cache_dir.chmod(0o777)
    mask = os.umask(0)
    try:
        make_folder(ours)
    finally:
        os.umask(mask)
    assert is_ours(ours)
    assert SummaryCache(str(folder), cache_dir, keep=10).problem is None
    assert not caplog.records
    ours.chmod(0o777)
    assert SummaryCache(str(folder), cache_dir, keep=10).problem is not None
    assert f"summaries are not kept: {ours}: it is another user's, or open to all" in caplog.text
    ours.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(ours, 12345, 12345)
        assert SummaryCache(str(folder), cache_dir, keep=10).problem is not None
        os.chown(ours, 0, 0)
        monkeypatch.setattr("os.geteuid", lambda: 12345)
        assert SummaryCache(str(folder), cache_dir, keep=10).problem is None


def test_a_forged_summary_in_an_open_cache_changes_no_answer(small_dir: Path, tmp_path: Path) -> None:
    """The ranking is that of the tables."""
    cache_dir = tmp_path / "cache"
    with LocalEngine(small_dir, 1, cache_dir) as engine:
        told = [(rank.name, rank.count) for rank in engine.top(TopQuestion(3))]
    forged = sorted(cache_dir.rglob("*.summary"))
    assert forged
    for folder in {path.parent for path in forged}:
        folder.chmod(0o777)
    for path in forged:
        path.write_bytes(b"")  # read, it would be made again
    with LocalEngine(small_dir, 1, cache_dir) as engine:
        assert [(rank.name, rank.count) for rank in engine.top(TopQuestion(3))] == told
    assert all(not path.read_bytes() for path in forged)
