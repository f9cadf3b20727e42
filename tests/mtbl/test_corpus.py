"""The kept tables: sound ones read as the reference reads them, bad ones end in a fitting error."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dnstide.mtbl import LookupQuery, Table, TableError, lookup, verify_table
from dnstide.mtbl.keys import Grouping
from dnstide.mtbl.scan import TypeClasses, scan

from tests.corpus import build
from tests.mtbl.reference import read_table

BAD = sorted(build.CORPUS.glob("bad/*.mtbl"))
GOOD = sorted(build.CORPUS.glob("good/*.mtbl"))

# What each bad table ends in where the error is not BAD_BLOCK.
CODES = {
    "empty-file": "TABLE_TOO_SHORT",
    "shorter-than-a-trailer": "TABLE_TOO_SHORT",
    "magic": "BAD_MAGIC",
    "cut-in-the-trailer": "BAD_MAGIC",
    "cut-in-the-data": "BAD_MAGIC",
    "data-byte": "BAD_CHECKSUM",
    "index-byte": "BAD_CHECKSUM",
    "compression-unknown": "UNKNOWN_COMPRESSION",
}
ALL = [LookupQuery(b"\0", wildcard=True)]
EDGES = np.array([0, 2**62], dtype=np.int64)
ROWS = [path for path in BAD if path.stem.startswith("row-")]


def ways(path: str) -> list[Callable[[], object]]:
    """Every way to read all of a table, each of which raises its error."""

    def ask() -> object:
        result = lookup([Table(path)], ALL, EDGES)
        for _, error in result.failures:
            raise error
        return result

    return [lambda: verify_table(path), lambda: list(Table(path).entries()), ask]


def test_the_corpus_is_there() -> None:
    assert len(BAD) > 70
    assert len(GOOD) >= 15


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path: Path) -> None:
    entries = read_table(path.read_bytes()).entries
    assert list(Table(str(path)).entries()) == entries
    if path.stem != "empty-key":
        assert verify_table(str(path)).entries == len(entries)


@pytest.mark.parametrize("path", [path for path in BAD if path not in ROWS], ids=lambda path: path.stem)
def test_bad(path: Path) -> None:
    """verify_table refuses each, with the path, a place in the file and a reason; the process lives."""
    with pytest.raises(TableError) as caught:
        verify_table(str(path))
    error = caught.value
    assert error.damaged
    assert error.path == str(path)
    assert error.offset is None or 0 <= error.offset <= path.stat().st_size
    assert error.reason
    assert str(error).startswith(f"{path}: {error.reason}")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.path, again.offset, again.reason) == (
        type(error),
        error.path,
        error.offset,
        error.reason,
    )


@pytest.mark.parametrize("name", CODES)
def test_codes(name: str) -> None:
    """The plain kinds of damage have a code each, whichever way the table is read."""
    for way in ways(str(build.CORPUS / "bad" / f"{name}.mtbl")):
        with pytest.raises(TableError) as caught:
            way()
        assert caught.value.code == CODES[name]


def test_an_index_that_hides_a_block() -> None:
    """Where the index says too little of the first block, neither everything nor a scan comes without it."""
    path = str(build.CORPUS / "bad" / "first-separator-below-its-block.mtbl")
    (outcome,) = scan([Table(path)], [Grouping.FQDN], TypeClasses(all=True))
    assert isinstance(outcome, TableError)
    for told in [outcome, *map(raised, ways(path))]:
        assert told.code == "BAD_BLOCK"
        assert "key is greater than the index allows" in told.reason


def raised(way: Callable[[], object]) -> TableError:
    with pytest.raises(TableError) as caught:
        way()
    return caught.value


@pytest.mark.parametrize("path", ROWS, ids=lambda path: path.stem)
def test_rows_that_are_none(path: Path) -> None:
    """They are left out and counted, by all ways alike; a table that has no others is no dnstable table."""
    table = Table(path)
    result = lookup([table], ALL, EDGES)
    (scanned,) = scan([table], [Grouping.FQDN], TypeClasses(all=True))
    if isinstance(scanned, TableError):
        with pytest.raises(TableError, match=re.escape(scanned.reason)) as caught:
            verify_table(path)
        assert caught.value.code == scanned.code == "NOT_DNSTABLE"
        return
    report = verify_table(path)
    assert report.skipped is not None
    assert result.failures == []
    assert sum(rows for _, _, rows, *_ in result.skipped) == scanned.rrsets[0] == report.skipped.rows


def test_the_corpus_is_as_built() -> None:
    """The kept files are what the builder writes, but for streams that depend on a library's version."""
    built = dict(build.bad()) | dict(build.good())
    kept = {path.stem: path.read_bytes() for path in BAD + GOOD}
    assert kept.keys() == built.keys()
    plain = [name for name in kept if not any(word in name for word in ("z", "snappy", "lz4"))]
    assert len(plain) > 50
    assert all(kept[name] == built[name] for name in plain)
