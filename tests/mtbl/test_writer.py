"""The writer: what is read back is what was added, and whatever goes wrong leaves nothing behind."""

import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import dns.name
import pytest
from dnstide.mtbl import CountOverflow, DnstableWriter, Row, decode_entry, write_entries
from dnstide.mtbl._writer import Writer
from dnstide.mtbl.dnstable import MAX_U64, BadEntry, TimeRange, Version
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mtbl.libmtbl import iterate
from tests.mtbl.reference import COMPRESSIONS, read_table


def row(owner: str, count: int = 1, first: int = 100, last: int = 200, rrtype: int = 1) -> Row:
    name = dns.name.from_text(owner)
    return Row(name, rrtype, dns.name.from_text("example."), (b"\1\2\3\4",), first, last, count)


def write(path: Path, *rows: Row, **options: bool | int) -> None:
    with DnstableWriter(path, **options) as table:  # type: ignore[arg-type]
        for entry in rows:
            table.add(entry)


def entries_of(path: Path) -> list[object]:
    return [decode_entry(key, value) for key, value in read_table(path.read_bytes()).entries]


def rows_of(path: Path) -> list[Row]:
    return [entry for entry in entries_of(path) if isinstance(entry, Row)]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_rows_return(tmp_path: Path, compression: str) -> None:
    """Rows added in any order come back sorted, in every compression, with the names and rdata they make."""
    path = tmp_path / "dns.20150208.D.mtbl"
    rows = [row(f"h{n}.example.", count=n + 1, first=n) for n in range(300)]
    with DnstableWriter(path, compression=compression, block_size=1024) as table:
        for entry in reversed(rows):
            table.add(entry)
        assert not path.exists()
    read = read_table(path.read_bytes())
    assert read.compression == compression
    assert len(read.blocks) > 10
    assert set(rows_of(path)) == set(rows)
    kinds = [key[0] for key, _ in read.entries]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {0: 300, 1: 300, 2: 300, 0xFE: 1, 0xFF: 4}
    assert entries_of(path)[-5:] == [TimeRange(0, 200), *(Version(n, min(n, 1)) for n in range(4))]
    assert os.listdir(tmp_path) == [path.name]


def test_derived_entries_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t"
    with DnstableWriter(path, derived=False) as table:
        table.add(row("a.example."))
    assert entries_of(path) == [row("a.example.")]


def test_no_rows_make_an_empty_table(tmp_path: Path) -> None:
    with DnstableWriter(tmp_path / "t", derived=False):
        pass
    assert read_table((tmp_path / "t").read_bytes()).entries == []
    assert list(iterate(str(tmp_path / "t"))) == []


def test_equal_keys_are_merged(tmp_path: Path) -> None:
    """Earliest first, latest last, sum of the stored counts; a name's types join."""
    path = tmp_path / "t"
    with DnstableWriter(path) as table:
        table.add(row("a.example.", count=3, first=50, last=60))
        table.add(row("a.example.", count=0, first=40, last=55))
        table.add(row("a.example.", count=4, first=45, last=70))
        table.add(row("a.example.", rrtype=16))
    assert rows_of(path) == [row("a.example.", count=7, first=40, last=70), row("a.example.", rrtype=16)]
    assert dict(read_table(path.read_bytes()).entries)[b"\1\1a\7example\0"] == bytes.fromhex("0003400080")


def test_overflow_is_an_error(tmp_path: Path) -> None:
    """A sum of 2**64-1 can be stored, one more cannot, and then there is no table."""
    with DnstableWriter(tmp_path / "t") as table:
        table.add(row("a.example.", count=MAX_U64 - 1))
        table.add(row("a.example.", count=1))
        with pytest.raises(CountOverflow):
            table.add(row("a.example.", count=1))
    assert rows_of(tmp_path / "t")[0].count == MAX_U64


@pytest.mark.parametrize("limit", [1, 30_000])
def test_sorted_runs_make_the_same_table(tmp_path: Path, limit: int) -> None:
    """With little memory, runs go to disk and are merged: the bytes are the same, and the runs are gone."""
    rows = [row(f"h{n * 7919 % 400}.example.", count=n, first=1000 - n) for n in range(800)]
    for name, memory in (("runs", limit), ("memory", 1 << 30)):
        with DnstableWriter(tmp_path / name, max_memory=memory) as table:
            for entry in rows:
                table.add(entry)
    assert (tmp_path / "runs").read_bytes() == (tmp_path / "memory").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["memory", "runs"]


def test_overflow_between_runs(tmp_path: Path) -> None:
    """A sum that overflows only when runs are merged is the same error, and leaves neither table nor runs."""
    entry = row("a.example.", count=MAX_U64)
    with pytest.raises(CountOverflow):
        write(tmp_path / "t", entry, entry, max_memory=1)
    assert os.listdir(tmp_path) == []


def test_rows_in_order_need_no_sort(tmp_path: Path) -> None:
    rows = sorted((row(f"h{n}.example.") for n in range(9000)), key=lambda entry: entry.owner.labels)
    with DnstableWriter(tmp_path / "t", sort=False) as table:
        for entry in sorted(rows, key=lambda entry: (len(entry.owner.labels[0]), entry.owner.labels)):
            table.add(entry)
    assert set(rows_of(tmp_path / "t")) == set(rows)


def test_rows_out_of_order_without_sort(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ascend"):
        write(tmp_path / "t", row("b.example."), row("a.example."), sort=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "bad",
    [
        row("a.example.", count=-1),
        row("a.example.", count=MAX_U64 + 1),
        row("a.example.", first=-5),
        row("a.example.", rrtype=65536),
        Row(dns.name.from_text("a.", None), 1, dns.name.root, (), 1, 2, 3),
        Row(dns.name.from_text("a", None), 1, dns.name.root, (b"x",), 1, 2, 3),
        Row(dns.name.root, 16, dns.name.root, (bytes(65536),), 1, 2, 3),
    ],
    ids=["negative", "too large", "time", "type", "no rdata", "relative", "long rdata"],
)
def test_rows_that_cannot_be_stored(tmp_path: Path, bad: Row) -> None:
    with pytest.raises(BadEntry):
        write(tmp_path / "t", row("z.example."), bad)
    assert os.listdir(tmp_path) == []


def test_an_old_table_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"old")
    table = DnstableWriter(path)
    table.add(row("a.example."))
    table.discard()
    assert path.read_bytes() == b"old"
    write(path, row("a.example."))
    assert len(rows_of(path)) == 1
    assert os.listdir(tmp_path) == ["t"]


def test_the_file_has_the_usual_rights(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_entries(tmp_path / "t", [])
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o640


@settings(max_examples=60, deadline=None)
@given(
    entries=st.dictionaries(st.binary(min_size=2, max_size=40), st.binary(max_size=200), max_size=200),
    compression=st.sampled_from(COMPRESSIONS),
    level=st.none() | st.integers(-20, 30),
    block_size=st.sampled_from([1024, 8192, 65536]),
)
def test_raw_entries_return(
    tmp_path_factory: pytest.TempPathFactory,
    entries: dict[bytes, bytes],
    compression: str,
    level: int | None,
    block_size: int,
) -> None:
    """Whatever ascends can be written, at any level, and both libmtbl and the reference read it back."""
    path = tmp_path_factory.mktemp("raw") / "t"
    ordered = sorted(entries.items())
    written = write_entries(
        path, ordered, compression=compression, block_size=block_size, level=level, sync=False
    )
    assert written == len(ordered)
    assert read_table(path.read_bytes()).entries == ordered
    assert list(iterate(str(path))) == ordered


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([(b"b", b""), (b"a", b"")], "key 61 does not follow 62"),
        ([(b"a", b""), (b"a", b"")], "keys must ascend and be unique"),
        ([(b"", b"")], "empty key"),
        ([(b"a" * 40, b""), (b"a" * 2, b"")], "does not follow 6161.*\\.\\.\\.:"),
        ([(b"k", bytes(64 << 20))], "larger than 64 MiB"),
        ([(b"a\xff", b""), (b"b", b"")], "one-byte key 62 right after 61ff"),
    ],
)
def test_entries_that_libmtbl_would_not_survive(
    tmp_path: Path, entries: list[tuple[bytes, bytes]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_entries(tmp_path / "t", entries)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "options", [{"compression": "brotli"}, {"block_size": 1023}, {"block_size": 1 << 40}, {"block_size": 0}]
)
def test_bad_options(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"compression|block size"):
        write_entries(tmp_path / "t", [], **options)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_entries(tmp_path / "none" / "t", [])


def test_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    with pytest.raises(IsADirectoryError):
        write_entries(tmp_path / "t", [])
    assert os.listdir(tmp_path) == ["t"]


def test_full_device() -> None:
    """A write that fails is an OSError, and the process lives."""
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="No space left"):
            Writer(fd, compression="none").add_many([b"%06d" % n for n in range(9000)], [bytes(100)] * 9000)
    finally:
        os.close(fd)


def test_full_device_at_the_end() -> None:
    """The same where only the index is left to write."""
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        writer = Writer(fd)
        writer.add_many([b"a"], [b"b"])
        with pytest.raises(OSError, match="No space left"):
            writer.finish()
        with pytest.raises(ValueError, match="finished"):
            writer.add_many([b"c"], [b"d"])
    finally:
        os.close(fd)


def test_disk_full_leaves_nothing(tmp_path: Path) -> None:
    """A table that outgrows what it may take on disk ends in an OSError and no file, runs included."""
    script = """
        import os, resource, sys
        import dns.name
        from dnstide.mtbl import DnstableWriter, Row
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        root = dns.name.root
        for memory in (1 << 30, 100_000):
            try:
                with DnstableWriter(sys.argv[1] + "/t", max_memory=memory, compression="none") as table:
                    for n in range(5000):
                        table.add(Row(root, 1, root, (n.to_bytes(4), os.urandom(100)), 1, 2, 3))
            except OSError as error:
                print(error.strerror, os.listdir(sys.argv[1]))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large []\n" * 2


@pytest.mark.parametrize("keep_case", [False, True])
def test_owners_keep_their_case_on_request(tmp_path: Path, keep_case: bool) -> None:
    """In every entry that holds one; without it names that differ in case alone are one."""
    path = tmp_path / "dns.20240101.D.mtbl"
    with DnstableWriter(path, keep_case=keep_case) as writer:
        for owner in ("WWW.Example.com.", "www.example.com."):
            writer.add(
                Row(dns.name.from_text(owner), 1, dns.name.from_text("Example.com."), (b"\1\2\3\4",), 1, 2, 3)
            )
    keys = [key for key, _ in read_table(path.read_bytes()).entries]
    owners = [row.owner.to_text() for row in rows_of(path)]
    assert owners == (["WWW.Example.com.", "www.example.com."] if keep_case else ["www.example.com."])
    assert any(b"WWW" in key for key in keys) is keep_case
    assert sum(key.lower().startswith(b"\1\3www") for key in keys) == len(owners)
    assert sum(b"www" in key.lower() for key in keys) == 3 * len(owners)
