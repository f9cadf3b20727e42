"""Look-ups with a cache of decoded blocks: the same answers, from memory once a block was asked for twice."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from dnstide.mtbl import BlockCache, LookupQuery, LookupResult, Table, lookup, open_tables, write_entries

EDGES = np.array([0, 2**40], dtype=np.int64)
TABLES, NAMES = 8, 600
ROOMY = 64 << 20
TIGHT = 256 << 10


def key(name: int) -> bytes:
    """The RRSET key of `NNNNN.example.`, A, seen at the root, one address."""
    return b"\0\7example\5%05d\0\1\0\4%s" % (name, name.to_bytes(4, "big"))


def asked(*names: int) -> list[LookupQuery]:
    return [LookupQuery(b"\0\7example\5%05d\0" % name) for name in names]


def write(path: Path, count: int, compression: str = "zlib") -> str:
    """A table in blocks of 1 KiB whose every name has this count."""
    entries = [(key(name), bytes([5, 5, count])) for name in range(NAMES)]
    write_entries(path, entries, compression=compression, block_size=1024)
    return str(path)


@pytest.fixture(params=["zlib", "none"])
def tables(tmp_path: Path, request: pytest.FixtureRequest) -> list[Table]:
    """Eight tables; table t counts t + 1 for each name."""
    paths = [write(tmp_path / f"{t}.mtbl", t + 1, request.param) for t in range(TABLES)]
    opened = open_tables(paths)
    return [table for table in opened if isinstance(table, Table)]


def counts(result: LookupResult) -> list[int]:
    assert result.failures == []
    return result.count.tolist()


def test_a_block_comes_from_memory_from_the_third_time_on(tables: list[Table]) -> None:
    """Once is no reason to keep a block; a neighbour in the same block is then found there too."""
    cache = BlockCache(ROOMY)
    hits, misses = [], []
    for name in (100, 100, 100, 101):
        assert counts(lookup(tables, asked(name), EDGES, cache=cache)) == [36]
        hits.append(cache.hits)
        misses.append(cache.misses)
    assert hits == [0, 0, TABLES, 2 * TABLES]
    assert misses == [TABLES, 2 * TABLES, 2 * TABLES, 2 * TABLES]


def test_what_was_asked_once_takes_no_room(tables: list[Table]) -> None:
    """A pass over everything leaves the cache as it was."""
    cache = BlockCache(ROOMY)
    lookup(tables, [LookupQuery(b"\0", wildcard=True)], EDGES, cache=cache)
    assert cache.bytes == 0


def test_it_keeps_within_its_bytes_and_answers_all_the_same(tables: list[Table]) -> None:
    """The blocks that do not fit make the older ones go."""
    cache, everything = BlockCache(TIGHT), asked(*range(NAMES))
    expected = counts(lookup(tables, everything, EDGES))
    for _ in range(4):
        assert counts(lookup(tables, everything, EDGES, cache=cache)) == expected
        assert cache.bytes <= TIGHT
    assert cache.bytes > TIGHT // 4


def test_threads_share_it(tables: list[Table]) -> None:
    """Many callers at once, in a cache too small for them."""
    cache, everything = BlockCache(TIGHT), asked(*range(0, NAMES, 7))
    expected = counts(lookup(tables, everything, EDGES))
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(lookup, tables, everything, EDGES, threads=3, cache=cache) for _ in range(60)]
        assert all(counts(call.result()) == expected for call in calls)


def test_a_file_written_anew_has_blocks_of_its_own(tmp_path: Path) -> None:
    """Opened again, it is another table, although path and offsets are the same."""
    cache, path = BlockCache(ROOMY), tmp_path / "table.mtbl"
    for count in (3, 4):
        table = Table(write(path, count))
        before = cache.hits
        for _ in range(3):
            assert counts(lookup([table], asked(7), EDGES, cache=cache)) == [count]
        assert cache.hits == before + 1
        table.close()
        path.unlink()


def test_a_damaged_block_is_not_kept(tmp_path: Path) -> None:
    """It fails each time, and the other tables answer."""
    sound, path = Table(write(tmp_path / "sound.mtbl", 2)), Path(write(tmp_path / "bad.mtbl", 2))
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    bad, cache = Table(path), BlockCache(ROOMY)
    for _ in range(4):
        result = lookup([bad, sound], asked(1), EDGES, cache=cache)
        assert [(place, error.code) for place, error in result.failures] == [(0, "BAD_CHECKSUM")]
        assert result.count.tolist() == [2]
