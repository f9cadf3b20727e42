"""A lookup's two passes, its threads, and the processes it runs in."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from dnstide.mtbl import LookupQuery, LookupResult, Table, lookup, open_tables, write_entries

EDGES = np.arange(0, 11, dtype=np.int64) * 100
TABLES = 12


def key(name: int) -> bytes:
    """The RRSET key of `NNNNN.example.`, A, seen at the root, one address."""
    return b"\0\7example\5%05d\0\1\0\4%s" % (name, name.to_bytes(4, "big"))


def prefix(name: int) -> bytes:
    return b"\0\7example\5%05d\0" % name


ONE = [LookupQuery(prefix(700))]
MANY = [
    *(LookupQuery(prefix(name)) for name in range(0, 2000, 3)),
    LookupQuery(b"\0\7example", wildcard=True),
    LookupQuery(b"\0\5after\0"),
]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Tables of 2,000 names in some forty blocks; table t adds t + 1 a name, first seen at name mod 1000."""
    folder = tmp_path_factory.mktemp("passes")
    names = []
    for number in range(TABLES):
        path = folder / f"{number}.mtbl"
        entries = [
            (key(name), bytes([0x80 | name % 1000 & 0x7F, name % 1000 >> 7, 1, number + 1]))
            for name in range(2000)
        ]
        write_entries(path, entries, compression="none", block_size=1024, sync=True)
        names.append(str(path))
    return names


def forget(paths: list[str]) -> None:
    """Ask the system to drop the files from memory, so that the next read comes from the disk."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def columns(result: LookupResult) -> list[list[int]]:
    assert result.failures == []
    return [column.tolist() for column in (result.query, result.rrtype, result.bucket, result.count)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("asked", [ONE, MANY], ids=["one", "many"])
def test_cold_and_warm_tables_answer_alike(paths: list[str], asked: list[LookupQuery], threads: int) -> None:
    """Whether the blocks are in memory, on the disk, or some here and some there."""
    total = TABLES * (TABLES + 1) // 2
    tables = open_tables(paths, threads)
    assert all(isinstance(table, Table) for table in tables)
    forget(paths)
    cold = lookup(tables, asked, EDGES, threads=threads)
    warm = lookup(tables, asked, EDGES, threads=threads)
    forget(paths[::2])
    for table in tables:
        table.get(key(0))  # the first block alone is in memory again
    mixed = lookup(tables, asked, EDGES, threads=threads)
    assert columns(cold) == columns(warm) == columns(mixed)
    assert cold.rows == warm.rows == mixed.rows
    if asked is ONE:
        assert columns(warm) == [[0], [0], [7], [total]]
        assert warm.blocks == TABLES
    else:
        names = len(asked) - 2
        assert warm.rows == TABLES * (names + 2000)
        assert warm.blocks == sum(table.blocks for table in tables)
        everything = warm.count[warm.query == names]
        assert everything.tolist() == [200 * total] * 10


def test_a_cold_damaged_block_is_found(paths: list[str], tmp_path: Path) -> None:
    """The second pass checks as the first does."""
    path = tmp_path / "damaged.mtbl"
    data = bytearray(Path(paths[0]).read_bytes())
    data[data.index(b"\x0500700") + 3] ^= 4
    path.write_bytes(data)
    table = Table(path)
    forget([str(path)])
    [(number, error)] = lookup([table], ONE, EDGES).failures
    assert (number, error.code) == (0, "BAD_CHECKSUM")


def test_many_callers_share_the_threads(paths: list[str]) -> None:
    """Callers at once, each wanting more threads than there are, all get the whole answer."""
    tables = open_tables(paths)
    expected = columns(lookup(tables, MANY, EDGES))
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(lookup, tables, MANY, EDGES, threads=4) for _ in range(24)]
        assert all(columns(call.result()) == expected for call in calls)


def test_a_forked_child_looks_up_with_threads_of_its_own(paths: list[str]) -> None:
    code = f"""
import os, sys
import numpy as np
from dnstide.mtbl import LookupQuery, lookup, open_tables
tables = open_tables({paths!r})
ask = lambda: lookup(tables, [LookupQuery(b"\\0", wildcard=True)], np.array([0, 1000]), threads=4).rows
rows = ask()
child = os.fork()
if child == 0:
    os._exit(0 if ask() == rows else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or rows != {TABLES * 2000})
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("asked", "edges", "options", "text"),
    [
        ([LookupQuery(b"")], [0, 1], {}, "prefix is not 00"),
        ([LookupQuery(b"\1\3com\0")], [0, 1], {}, "prefix is not 00"),
        ([LookupQuery(b"\0\3co")], [0, 1], {}, "prefix is not 00"),
        ([LookupQuery(b"\0\3com")], [0, 1], {}, "prefix is not 00"),
        ([LookupQuery(b"\0\3com\0", wildcard=True)], [0, 1], {}, "prefix is not 00"),
        ([LookupQuery(b"\0\3com\0\1")], [0, 1], {}, "prefix is not 00"),
        (ONE, [0], {}, "at least 2"),
        (ONE, [0, 5, 5], {}, "must ascend"),
        (ONE, [0, 1], {"threads": 0}, "at least 1"),
        (ONE, [0, 1], {"table_buckets": np.zeros(3)}, "one bucket for each table"),
        (ONE, [0, 1], {"table_buckets": np.full(TABLES, 1)}, "buckets of the edges"),
        (ONE, [0, 1], {"table_buckets": np.full(TABLES, -2)}, "buckets of the edges"),
    ],
)
def test_wrong_arguments(
    paths: list[str], asked: list[LookupQuery], edges: list[int], options: dict[str, object], text: str
) -> None:
    """What cannot be meant is a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=text):
        lookup(open_tables(paths), asked, np.array(edges), **options)
