"""lookup() answers what looking at every row answers."""

from pathlib import Path

import numpy as np
import pytest
from dnstide.mtbl import (
    Cancel,
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    LookupQuery,
    LookupResult,
    Row,
    RowFilter,
    Table,
    lookup,
    open_tables,
    owner_prefix,
    reversed_name,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mtbl import reference, tables
from tests.mtbl.reference import Entry, Question

DAY = tables.DAY
MAX = 2**64 - 1

questions = st.builds(
    lambda name, wildcard, rrtypes, bailiwick: Question(
        owner_prefix(name, wildcard), rrtypes, None if bailiwick is None else reversed_name(bailiwick)
    ),
    tables.names,
    st.booleans(),
    st.lists(st.sampled_from([*tables.RRTYPES, 99]), max_size=3, unique=True).map(tuple),
    st.none() | tables.names,
)
edge_lists = st.lists(
    st.integers(0, 11 * DAY) | st.sampled_from([0, 1, DAY, 2 * DAY, 2**32, 2**63 - 1]),
    min_size=2,
    max_size=6,
    unique=True,
).map(sorted)


def queries(asked: list[Question]) -> list[LookupQuery]:
    return [
        LookupQuery(
            question.prefix,
            wildcard=not is_whole(question.prefix),
            filter=RowFilter(question.rrtypes, question.bailiwick),
        )
        for question in asked
    ]


def is_whole(prefix: bytes) -> bool:
    """Whether the prefix ends with the zero that closes an owner name."""
    at = 1
    while at < len(prefix) and prefix[at]:
        at += 1 + prefix[at]
    return at < len(prefix)


def counts(result: LookupResult) -> dict[tuple[int, int, int], int]:
    """The columns as a dict, which also proves them unique and sorted."""
    columns = (result.query, result.rrtype, result.bucket, result.count)
    assert [column.dtype for column in columns] == [np.int32, np.uint16, np.int32, np.uint64]
    keys = list(zip(*(column.tolist() for column in columns[:3]), strict=True))
    assert keys == sorted(set(keys))
    return dict(zip(keys, result.count.tolist(), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lookup")


@settings(max_examples=250, deadline=None)
@given(
    contents=st.lists(tables.row_entries, max_size=4),
    layouts=st.lists(tables.layouts, min_size=4, max_size=4),
    asked=st.lists(questions, max_size=6),
    edges=edge_lists,
    fixed=st.none() | st.lists(st.integers(-1, 4), min_size=4, max_size=4),
    split=st.booleans(),
    threads=st.sampled_from([1, 2, 3]),
)
def test_any_lookup(
    folder: Path,
    contents: list[list[Entry]],
    layouts: list[dict[str, object]],
    asked: list[Question],
    edges: list[int],
    fixed: list[int] | None,
    split: bool,
    threads: int,
) -> None:
    """Any names, wildcards, types, bailiwicks, edges and buckets over any tables, in one call."""
    paths = [
        tables.write(folder, f"t{n}", entries, **layout)
        for n, (entries, layout) in enumerate(zip(contents, layouts, strict=False))
    ]
    buckets = None
    if fixed is not None:
        buckets = [min(bucket, len(edges) - 2) for bucket in fixed[: len(contents)]]
    expected, rows = reference.lookup(contents, asked, edges, buckets, split)
    call = {
        "table_buckets": None if buckets is None else np.array(buckets, dtype=np.int32),
        "split_by_rrtype": split,
        "threads": threads,
    }
    opened = [Table(path) for path in paths]
    if any(count > MAX for count in expected.values()):
        with pytest.raises(CountOverflow):
            lookup(opened, queries(asked), np.array(edges, dtype=np.int64), **call)
        return
    result = lookup(opened, queries(asked), np.array(edges, dtype=np.int64), **call)
    assert counts(result) == expected
    assert result.rows == rows
    assert result.failures == []


def ask(
    paths: list[str], *asked: Question, edges: tuple[int, ...] = (0, 100 * DAY), **call: object
) -> LookupResult:
    opened = [Table(path) for path in paths]
    return lookup(opened, queries(list(asked)), np.array(edges, dtype=np.int64), **call)


@pytest.fixture
def fixed(tmp_path: Path) -> list[str]:
    """Five tables of a few hundred rows, each in a layout of its own."""
    return [
        tables.write(
            tmp_path,
            f"fixed{n}",
            tables.fixed_entries(seed=n),
            version=n % 2 + 1,
            compression=reference.COMPRESSIONS[n],
            block_size=512,
        )
        for n in range(5)
    ]


def test_thousand_names_at_once(fixed: list[str]) -> None:
    """Many names in one call get what each gets alone, and no block is decoded more than once."""
    contents = [tables.fixed_entries(seed=n) for n in range(5)]
    known = {key[: reference.skip_name(key, 1)] for entries in contents for key, _ in entries if key[0] == 0}
    asked = [Question(prefix) for prefix in sorted(known) * 20][:1000]
    result = ask(fixed, *asked)
    expected, rows = reference.lookup(contents, asked, (0, 100 * DAY))
    assert counts(result) == expected
    assert result.rows == rows
    assert result.blocks <= sum(table.blocks for table in map(Table, fixed))


def test_root_wildcard_counts_every_row(fixed: list[str]) -> None:
    contents = [tables.fixed_entries(seed=n) for n in range(5)]
    result = ask(fixed, Question(b"\0"))
    rows = sum(key[0] == 0 for entries in contents for key, _ in entries)
    assert result.rows == rows


def test_no_tables_and_no_queries(fixed: list[str]) -> None:
    for result in (ask([], Question(b"\0")), ask(fixed)):
        assert counts(result) == {}
        assert (result.rows, result.failures) == (0, [])


def test_a_failing_table_adds_nothing(fixed: list[str], tmp_path: Path) -> None:
    """Damage in one block of one table: that table is listed and adds nothing, the others answer."""
    contents = [tables.fixed_entries(seed=n) for n in range(5)]
    path = Path(fixed[2])
    data = bytearray(path.read_bytes())
    data[len(data) // 2 - 300] ^= 1
    path.write_bytes(data)
    for threads in (1, 2):
        result = ask(fixed, Question(b"\0"), threads=threads)
        assert [(number, error.code, error.path) for number, error in result.failures] == [
            (2, "BAD_CHECKSUM", str(path))
        ]
        del_one = [entries for n, entries in enumerate(contents) if n != 2]
        assert counts(result) == reference.lookup(del_one, [Question(b"\0")], (0, 100 * DAY))[0]


def test_cancel_and_deadline(fixed: list[str]) -> None:
    cancel = Cancel()
    cancel.cancel()
    assert cancel.cancelled
    with pytest.raises(Cancelled):
        ask(fixed, Question(b"\0"), cancel=cancel)
    with pytest.raises(DeadlineExceeded):
        ask(fixed, Question(b"\0"), cancel=Cancel(0.0))
    assert ask(fixed, Question(b"\0"), cancel=Cancel(1000.0)).rows > 0


def test_overflow_across_tables(tmp_path: Path) -> None:
    """Counts that only together pass 2**64-1, within a table or over many, are an error and never wrap."""
    root = tables.dns.name.root
    whole = [Row(root, 1, root, (b"x",), 1, 1, MAX)]
    single = [Row(root, 1, root, (b"y",), 1, 1, 1)]
    paths = [
        tables.write(tmp_path, name, tables.entries_of(rows))
        for name, rows in (("whole", whole), ("single", single), ("both", whole + single))
    ]
    assert counts(ask(paths[:1], Question(b"\0\0"))) == {(0, 0, 0): MAX}
    for pair in (paths[:2], paths[2:]):
        with pytest.raises(CountOverflow):
            ask(pair, Question(b"\0\0"))


def test_not_dnstable(tmp_path: Path) -> None:
    """Keys under the prefix that are no rows are an error of that table, not a count."""
    path = tables.write(tmp_path, "t", [(b"\0\1a\0", b"x")])
    result = ask([path], Question(b"\0"))
    assert [error.code for _, error in result.failures] == ["NOT_DNSTABLE"]
    assert counts(result) == {}


def test_opened_tables_of_open_tables(fixed: list[str]) -> None:
    opened = open_tables(fixed, threads=2)
    result = lookup(opened, [LookupQuery(b"\0", wildcard=True)], np.array([0, 100 * DAY], dtype=np.int64))
    assert result.rows == ask(fixed, Question(b"\0")).rows
