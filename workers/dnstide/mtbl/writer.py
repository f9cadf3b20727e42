"""Writing tables: dnstable rows, raw entries, and merges of tables, through libmtbl.

A table appears under its name only when it is whole: it is written to a dot-file in the same folder, flushed
to the disk and renamed. After an error nothing is left.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import Self, TypeAlias

import dnstide.mtbl._writer as _writer
from dnstide.mtbl.dnstable import MAX_U64, BadEntry, Row, TimeRange, Version, encode_union, encode_varints
from dnstide.mtbl.entries import encode_entry, merge_values, row_keys
from dnstide.mtbl.errors import CountOverflow
from dnstide.mtbl.verify import verify_table

_BATCH = 4096
_ENTRY_OVERHEAD = 300
"""Bytes that an entry takes in the writer's dictionaries beside its key."""

_VERSIONS = (Version(0, 0), Version(1, 1), Version(2, 1), Version(3, 1))
"""The versions of RRSET, RRSET_NAME_FWD, RDATA and RDATA_NAME_REV: names carry their types, SVCB and HTTPS
are sliced."""

PathLike: TypeAlias = str | os.PathLike[str]
_Triplet: TypeAlias = tuple[int, int, int]

# One triplet stands in all entries of a row, and most names have one type.
_encode_triplet = lru_cache(maxsize=65536)(encode_varints)
_encode_union = lru_cache(maxsize=4096)(encode_union)


@contextmanager
def _table_file(
    path: PathLike, *, compression: str, block_size: int, level: int | None, sync: bool
) -> Iterator[_writer.Writer]:
    """A native writer into a dot-file that takes its name when the block ends well, and else vanishes."""
    folder, name = os.path.split(os.fspath(path))
    staged = os.path.join(folder, f".{name}.{secrets.token_hex(4)}")
    fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            writer = _writer.Writer(fd, compression=compression, block_size=block_size, level=level)
            yield writer
            writer.finish()
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(staged, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(staged)
        raise
    if sync:
        _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    fd = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_entries(
    path: PathLike,
    entries: Iterable[tuple[bytes, bytes]],
    *,
    compression: str = "zlib",
    block_size: int = 8192,
    level: int | None = None,
    sync: bool = True,
) -> int:
    """Write a table of raw keys and values, in ascending order of unique keys; return their number.

    compression is none, snappy, zlib, lz4, lz4hc or zstd; block_size counts uncompressed bytes, at least
    1024; sync=False leaves it to the system when the bytes reach the disk. ValueError for a key out of order
    or empty, or an entry larger than 64 MiB; OSError where the file cannot be written.
    """
    with _table_file(path, compression=compression, block_size=block_size, level=level, sync=sync) as writer:
        _add_batched(writer, entries)
        return writer.entries


def _add_batched(writer: _writer.Writer, entries: Iterable[tuple[bytes, bytes]]) -> None:
    remaining = iter(entries)
    while batch := list(islice(remaining, _BATCH)):
        keys, values = zip(*batch, strict=True)
        writer.add_many(list(keys), list(values))


def merge_tables(
    paths: Sequence[PathLike],
    out: PathLike,
    *,
    compression: str = "zlib",
    block_size: int = 8192,
    level: int | None = None,
    sync: bool = True,
) -> int:
    """Write the union of dnstable tables, equal keys merged by `merge_values`; return the number of entries.

    Every table is verified first. TableError for a damaged one, CountOverflow where a sum passes 2**64-1.
    """
    names = [os.fspath(path) for path in paths]
    for name in names:
        verify_table(name)
    with _table_file(out, compression=compression, block_size=block_size, level=level, sync=sync) as writer:
        _writer.merge(names, writer, merge_values)
        return writer.entries


class DnstableWriter(AbstractContextManager["DnstableWriter"]):
    """Writes one dnstable table from rows: RRSET entries and everything that is derived from them.

    ::

        with DnstableWriter("dns.20150208.D.mtbl") as table:
            table.add(row)

    Rows may come in any order; equal keys are merged (earliest first, latest last, sum of counts). With
    sort=False they must come in ascending order of their RRSET keys, and those are not kept in memory.
    derived=False leaves out everything but the RRSET entries. keep_case=True writes owners and bailiwicks as
    they are given, as dnstable_convert does; else in lower case, in which names are looked for. max_memory
    (bytes) bounds what is kept: beyond it, sorted runs go to dot-files beside the table and are merged at the
    end. The other arguments are those of `write_entries`.

    The table appears when the block ends, or with `close()`; after an exception, or `discard()`, nothing is
    left. Not for use by several threads at once.
    """

    def __init__(
        self,
        path: PathLike,
        *,
        compression: str = "zlib",
        block_size: int = 8192,
        level: int | None = None,
        sort: bool = True,
        derived: bool = True,
        keep_case: bool = False,
        max_memory: int = 1 << 30,
        sync: bool = True,
    ) -> None:
        self.path = os.fspath(path)
        self._keep_case = keep_case
        self._sort = sort
        self._derived = derived
        self._max_memory = max_memory
        self._memory = 0
        self._triplets: dict[bytes, _Triplet] = {}
        self._types: dict[bytes, frozenset[int]] = {}
        self._direct: list[tuple[bytes, bytes]] = []
        self._span: tuple[int, int] | None = None
        self._runs: list[str] = []
        self._stack = ExitStack()
        self._writer = self._stack.enter_context(
            _table_file(path, compression=compression, block_size=block_size, level=level, sync=sync)
        )

    def add(self, row: Row) -> None:
        """Add one row.

        BadEntry (a ValueError) for one that cannot be encoded, CountOverflow where a sum passes 2**64-1.
        """
        first, last, count = row.time_first, row.time_last, row.count
        if not (0 <= first <= MAX_U64 and 0 <= last <= MAX_U64 and 0 <= count <= MAX_U64):
            raise BadEntry(f"a time or count of {row.owner} does not fit in 64 unsigned bits")
        rrtype = row.rrtype
        key, name_key, rdata_keys, rdata_names = row_keys(
            row.owner.labels, rrtype, row.bailiwick.labels, row.rdata, self._keep_case
        )
        triplet = (first, last, count)
        if self._sort:
            self._merge(key, triplet)
        else:
            self._direct.append((key, _encode_triplet(*triplet)))
            if len(self._direct) >= _BATCH:
                self._flush_direct()
        if self._derived:
            for rdata_key in rdata_keys:
                self._merge(rdata_key, triplet)
            types = _one_type(rrtype)
            self._mark(name_key, types)
            for rdata_name in rdata_names:
                self._mark(rdata_name, types)
            span = self._span
            if span is None:
                self._span = (first, last or first)
            elif first < span[0] or last > span[1]:
                self._span = (min(span[0], first), max(span[1], last))
        if self._memory > self._max_memory:
            self._spill()

    def close(self) -> None:
        """Finish the table and give it its name."""
        with self._stack:
            try:
                self._flush_direct()
                if self._runs:
                    self._spill()
                    self._merge_runs()
                else:
                    self._add_sorted(self._writer)
                _add_batched(self._writer, self._closing_entries())
            finally:
                self._remove_runs()

    def discard(self) -> None:
        """Leave nothing behind."""
        self._remove_runs()
        error = _Discarded()
        with suppress(_Discarded):
            self._stack.__exit__(_Discarded, error, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _merge(self, key: bytes, triplet: _Triplet) -> None:
        known = self._triplets.get(key)
        if known is not None:
            total = known[2] + triplet[2]
            if total > MAX_U64:
                raise CountOverflow(f"the counts of key {key[:64].hex()} add up to {total}, past 2**64-1")
            triplet = (min(known[0], triplet[0]), max(known[1], triplet[1]), total)
        else:
            self._memory += len(key) + _ENTRY_OVERHEAD
        self._triplets[key] = triplet

    def _mark(self, key: bytes, types: frozenset[int]) -> None:
        known = self._types.get(key)
        if known is None:
            self._types[key] = types
            self._memory += len(key) + _ENTRY_OVERHEAD
        elif known is not types:
            self._types[key] = known | types

    def _flush_direct(self) -> None:
        if self._direct:
            self._writer.add_many([key for key, _ in self._direct], [value for _, value in self._direct])
            self._direct.clear()

    def _add_sorted(self, writer: _writer.Writer) -> None:
        """Write what is in memory in key order: rows (00, 02), the names between and after them (01, 03)."""
        triplets, types = self._triplets, self._types
        keys = sorted([*triplets, *types])
        values = [
            _encode_triplet(*triplets[key]) if key in triplets else _encode_union(types[key]) for key in keys
        ]
        writer.add_many(keys, values)

    def _closing_entries(self) -> Iterator[tuple[bytes, bytes]]:
        if self._span is not None:
            yield encode_entry(TimeRange(*self._span))
        if self._derived:
            yield from (encode_entry(version) for version in _VERSIONS)

    def _spill(self) -> None:
        if not self._triplets and not self._types:
            return
        folder, name = os.path.split(self.path)
        run = os.path.join(folder, f".{name}.{secrets.token_hex(4)}")
        with _table_file(run, compression="snappy", block_size=65536, level=None, sync=False) as writer:
            self._add_sorted(writer)
        self._runs.append(run)
        self._triplets.clear()
        self._types.clear()
        self._memory = 0

    def _merge_runs(self) -> None:
        _writer.merge(self._runs, self._writer, merge_values)

    def _remove_runs(self) -> None:
        for run in self._runs:
            with suppress(FileNotFoundError):
                os.unlink(run)
        self._runs.clear()


@lru_cache(maxsize=4096)
def _one_type(rrtype: int) -> frozenset[int]:
    return frozenset((rrtype,))


class _Discarded(Exception):
    """Sent through the staged file's context to make it remove the file."""
