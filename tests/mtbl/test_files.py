"""What the system does to files: missing, refused, shrunk, rewritten, closed; and how many can be open."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dnstide.mtbl import (
    BadMagic,
    LookupQuery,
    NotDnstable,
    Table,
    TableChanged,
    TableError,
    TableMissing,
    TableTooShort,
    TableUnreadable,
    _native,
    lookup,
    open_tables,
    verify_table,
    write_entries,
)

EDGES = np.array([0, 2**40], dtype=np.int64)
ALL = [LookupQuery(b"\0", wildcard=True)]
TRIPLET = b"\1\1\1"


def rows(count: int = 2000) -> list[tuple[bytes, bytes]]:
    """RRSET entries of names `00000.` and on, A, bailiwick the root, one address each."""
    return [(b"\0\x05%05d\0\1\0\4%s" % (n, n.to_bytes(4, "big")), TRIPLET) for n in range(count)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.mtbl"
    write_entries(path, rows(), block_size=1024, sync=False)
    return path


def failure(opened: Table) -> TableError:
    """The one failure of a lookup, which must count nothing."""
    result = lookup([opened], ALL, EDGES)
    assert (result.rows, len(result.count)) == (0, 0)
    [(number, error)] = result.failures
    assert number == 0
    return error


def test_open_tables_keeps_order_and_raises_nothing(table: Path, tmp_path: Path) -> None:
    """Each bad path has its own error in its own place."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"no table\n" * 100)
    os.mkfifo(tmp_path / "fifo")
    paths: list[Path | str] = [
        table,
        tmp_path / "none",
        tmp_path / "text",
        tmp_path / "empty",
        tmp_path,
        tmp_path / "fifo",
        str(table),
    ]
    for threads in (1, 3):
        kinds = [type(outcome) for outcome in open_tables([*paths, table / "below"], threads)]
        assert kinds == [
            Table,
            TableMissing,
            BadMagic,
            TableTooShort,
            TableUnreadable,
            TableUnreadable,
            Table,
            TableMissing,
        ]


def test_error_names_the_file_as_python_does(tmp_path: Path) -> None:
    """A name that is no UTF-8 comes back as the str that Python opens it by."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mtbl")
    with pytest.raises(TableMissing) as caught:
        Table(name)
    assert caught.value.path == name
    write_entries(name, rows(3), sync=False)
    assert Table(name).path == name


def test_refused_by_the_system(tmp_path: Path) -> None:
    """The system's own words are in the reason."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(TableUnreadable, match="cannot be opened: Too many levels of symbolic links"):
        Table(loop)


def test_shrunk_while_open(table: Path) -> None:
    """The end of the file goes away: an error in every call, never a signal."""
    opened = Table(table)
    os.truncate(table, 100)
    error = failure(opened)
    assert type(error) is TableChanged
    assert error.path == str(table)
    for read in (
        lambda: list(opened.entries()),
        lambda: opened.get(rows()[-1][0]),
        lambda: _native.verify(opened),
    ):
        with pytest.raises(TableChanged):
            read()


def test_rewritten_while_open(table: Path) -> None:
    """Other bytes under an open table are told apart from damage by the file's own times."""
    opened = Table(table)
    data = bytearray(table.read_bytes())
    data[10] ^= 1
    table.write_bytes(data)
    os.utime(table, ns=(0, opened.mtime_ns + 1))
    assert type(failure(opened)) is TableChanged


def test_removed_or_replaced_while_open(table: Path, tmp_path: Path) -> None:
    """An open table answers from the file that it opened."""
    opened = Table(table)
    write_entries(tmp_path / "other", rows(5), sync=False)
    os.replace(tmp_path / "other", table)
    assert lookup([opened], ALL, EDGES).rows == 2000
    assert Table(table).inode != opened.inode
    table.unlink()
    assert lookup([opened], ALL, EDGES).rows == 2000


def test_closed_table(table: Path) -> None:
    """What is known of a closed table can be read, its entries cannot; an iterator under way goes on."""
    with Table(table) as opened:
        under_way = opened.entries()
        first = next(under_way)
    assert (opened.entries_count, opened.path) == (2000, str(table))
    assert [first, *under_way] == rows()
    for use in (opened.entries, lambda: opened.get(b""), lambda: lookup([opened], ALL, EDGES)):
        with pytest.raises(ValueError, match=r"table is closed: .*t\.mtbl"):
            use()
    opened.close()


def test_not_dnstable(tmp_path: Path) -> None:
    """A sound table of something else is never taken for one without rows."""
    for name, key in (("text", b"hello %05d"), ("zero", b"\0hello %05d"), ("unknown", b"\x04%05d")):
        path = tmp_path / name
        write_entries(path, [(key % n, b"x") for n in range(500)], block_size=1024, sync=False)
        with pytest.raises(NotDnstable):
            verify_table(path)
        assert type(failure(Table(path))) is NotDnstable
        assert len(list(Table(path).entries())) == 500


def test_empty_tables_answer(tmp_path: Path) -> None:
    for compression in ("none", "zlib", "zstd"):
        path = tmp_path / compression
        write_entries(path, [], compression=compression, sync=False)
        with Table(path) as empty:
            assert (empty.blocks, list(empty.entries()), empty.get(b"")) == (0, [], None)
            result = lookup([empty], ALL, EDGES)
            assert (result.rows, result.failures) == (0, [])
        assert verify_table(path).entries == 0


def run_with_few_descriptors(code: str) -> None:
    """Runs it in a process of its own that may have 128 files open, and 64 before it asks for more."""
    limited = f"import os, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 128))\n{code}"
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 128
    subprocess.run([sys.executable, "-c", limited], check=True, timeout=120)


FEW = pytest.mark.skipif(
    "DNSTIDE_SANITIZE" in os.environ, reason="the sanitizer needs a descriptor of its own"
)


@FEW
def test_more_tables_than_descriptors(table: Path) -> None:
    """All of them answer, look-ups and scans, from several threads, again and again; half of the descriptors
    stay for others, also when the tables are gone.
    """
    run_with_few_descriptors(f"""
from concurrent.futures import ThreadPoolExecutor
from dnstide.mtbl import Table, open_tables
opened = open_tables([{str(table)!r}] * 1000, threads=4)
assert all(isinstance(table, Table) for table in opened), opened
with ThreadPoolExecutor(8) as pool:
    for _ in range(3):
        assert len(set(pool.map(lambda table: len(list(table.entries())), opened))) == 1
assert 60 <= len(os.listdir("/proc/self/fd")) < 64 + 16
del opened
assert len(os.listdir("/proc/self/fd")) < 16
""")


@FEW
def test_descriptors_that_others_hold_are_no_end(table: Path) -> None:
    """Where the rest of the process has taken all, tables make do with what they have, down to one."""
    run_with_few_descriptors(f"""
from dnstide.mtbl import Table, TableUnreadable, open_tables
first = Table({str(table)!r})
assert len(list(first.entries())) > 0
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
opened = open_tables([{str(table)!r}] * 10)
assert all(isinstance(table, Table) for table in opened), opened
counts = [len(list(each.entries())) for each in (first, *opened)]
assert len(set(counts)) == 1
del first, opened
held.append(os.open("/dev/null", os.O_RDONLY))
(refused,) = open_tables([{str(table)!r}])
assert isinstance(refused, TableUnreadable) and "too many open files" in refused.reason.lower(), refused
""")


@FEW
def test_a_table_that_was_replaced_while_its_descriptor_was_closed(table: Path, tmp_path: Path) -> None:
    """It has changed; it is never read as what bears its name now."""
    moving = tmp_path / "moving.mtbl"
    shutil.copy(table, moving)
    run_with_few_descriptors(f"""
import shutil
from dnstide.mtbl import Table, TableChanged, TableMissing, open_tables
moving = Table({str(moving)!r})
assert not moving.changed()
opened = open_tables([{str(table)!r}] * 200)
shutil.copy({str(table)!r}, {str(moving)!r} + ".new")
os.replace({str(moving)!r} + ".new", {str(moving)!r})
try:
    list(moving.entries())
except TableChanged as error:
    assert "another file bears its name" in str(error), error
else:
    raise AssertionError("read as the table that it was")
os.unlink({str(moving)!r})
try:
    list(moving.entries())
except TableMissing:
    pass
else:
    raise AssertionError("read without a file")
""")
