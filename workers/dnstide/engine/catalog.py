"""Which tables there are, the period of each, and whether each is sound."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from dnstide.model.catalog import Catalog, TableInfo
from dnstide.model.errors import DirectoryUnreadable, Failure
from dnstide.model.granularity import Granularity
from dnstide.shard.directory import TableStatus, list_directory

_NAME = re.compile(r"(dns|dnssec)\.([0-9]{4}|[0-9]{6}|[0-9]{8}|[0-9]{8}\.[0-9]{4})\.([YQMWDHXm])\.mtbl")
_STAMP_LENGTHS = {"Y": 4, "Q": 6, "M": 6, "W": 8, "D": 8, "H": 13, "X": 13, "m": 13}


@dataclass(frozen=True, eq=False)
class TableColumns:
    """The tables of one dataset as arrays, ordered by start, then coarsest first.

    `start` and `stop` are unix seconds, `rank` is that of the granularity; `sound` is False where a table
    cannot be read.
    """

    infos: tuple[TableInfo, ...]
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int8]
    sound: npt.NDArray[np.bool_]


_columns: WeakKeyDictionary[Catalog, dict[str, TableColumns]] = WeakKeyDictionary()
_lock = Lock()


def table_columns(catalog: Catalog, dataset: str) -> TableColumns:
    """The tables of that dataset as arrays. They are made once for each catalog."""
    with _lock:
        columns = _columns.setdefault(catalog, {}).get(dataset)
    if columns is None:
        infos = tuple([table for table in catalog.tables if table.dataset == dataset])
        columns = TableColumns(
            infos,
            _seconds([table.start for table in infos]),
            _seconds([table.stop for table in infos]),
            np.array([table.granularity.rank for table in infos], np.int8),
            np.array([table.problem is None for table in infos], bool),
        )
        with _lock:
            _columns[catalog][dataset] = columns
    return columns


def build_catalog(statuses: Iterable[TableStatus], unlisted: Iterable[Failure] = ()) -> Catalog:
    """The catalog of what shards report; `unlisted` are nodes that have not.

    Where several speak of one table, one that can read it decides; but damage that one shard has met is
    there for all that see the same file.
    """
    statuses = list(statuses)
    damaged = {
        (status.name, status.identity): status.problem
        for status in statuses
        if status.problem is not None and not status.problem.retryable
    }
    tables: dict[str, TableInfo] = {}
    ignored: dict[str, str] = {}
    for status in statuses:
        if status.ignored:
            ignored.setdefault(status.name, status.ignored)
            continue
        known = tables.get(status.name)
        if known is not None and known.problem is None:
            continue
        table = parse_table_name(status.name)
        if isinstance(table, str):
            ignored[status.name] = table
        else:
            problem = damaged.get((status.name, status.identity), status.problem)
            tables[status.name] = replace(
                table, size=status.size, modified_ns=status.mtime_ns, problem=problem
            )
    return _catalog(tables.values(), tuple(sorted(ignored.items())), tuple(unlisted))


def with_problems(catalog: Catalog, problems: Iterable[Failure], more: Iterable[TableInfo] = ()) -> Catalog:
    """The same tables and `more`; those that the problems name are marked as unreadable."""
    of = {failure.table: failure for failure in problems}
    tables = [replace(t, problem=of[t.name]) if t.name in of else t for t in (*catalog.tables, *more)]
    return _catalog(tables, catalog.ignored, catalog.unlisted)


def available(catalog: Catalog, dataset: str) -> tuple[str, ...]:
    """One line for each granularity of the dataset, coarsest first: how many tables, and from when."""
    lines = []
    for granularity in reversed(Granularity):
        tables = [t for t in catalog.tables if t.dataset == dataset and t.granularity is granularity]
        if tables:
            first, last = min(t.start for t in tables), max(t.stop for t in tables)
            what = f"{len(tables)} {granularity} table{'s' if len(tables) > 1 else ''}"
            lines.append(f"{what} from {utc_text(unix_seconds(first))} to {utc_text(unix_seconds(last))}")
    return tuple(lines)


@lru_cache(maxsize=1 << 14)
def parse_table_name(name: str) -> TableInfo | str:
    """The table that a file name stands for, or why it stands for none."""
    if name.startswith("."):
        return "a name that begins with a dot is a file still being written"
    match = _NAME.fullmatch(name)
    if match is None:
        return "not a table: names are like dns.20150208.D.mtbl or dnssec.201501.M.mtbl"
    dataset, stamp, letter = match.groups()
    if len(stamp) != _STAMP_LENGTHS[letter]:
        return f"a stamp of {_STAMP_LENGTHS[letter]} characters goes with {letter}"
    granularity = Granularity.of_letter(letter)
    try:
        year, month, day = int(stamp[:4]), int(stamp[4:6] or 1), int(stamp[6:8] or 1)
        hour, minute = int(stamp[9:11] or 0), int(stamp[11:] or 0)
        start = int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())
    except ValueError:
        return f"no such date or time: {stamp}"
    if start < 0 or granularity.floor(start) != start:
        return f"no {granularity} begins at {stamp}"
    stop = granularity.next(start)
    return TableInfo(name, dataset, granularity, np.datetime64(start, "s"), np.datetime64(stop, "s"))


def scan_directory(path: str) -> Catalog:
    """The catalog of a directory as it lies there. No table is opened. Raises DirectoryUnreadable."""
    try:
        return build_catalog(list_directory(path))
    except OSError as error:
        raise DirectoryUnreadable.of(path, error) from error


def utc_text(timestamp: int, *, time: bool = False) -> str:
    """A date, with the time where it is not midnight, or always."""
    time = time or timestamp % 86400 != 0
    try:
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError):
        return "10000-01-01T00:00:00Z" if time else "10000-01-01"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if time else "%Y-%m-%d")


def unix_seconds(moment: np.datetime64) -> int:
    """A moment in unix seconds."""
    return int(moment.astype("datetime64[s]").astype(np.int64))


def _catalog(
    tables: Iterable[TableInfo], ignored: tuple[tuple[str, str], ...], unlisted: tuple[Failure, ...]
) -> Catalog:
    """Tables in the order of the catalog; its version is 16 hexadecimal digits over names, sizes, times and
    problems, and the nodes that are not listed.
    """
    ordered = tuple(sorted(tables, key=_order))
    digest = hashlib.blake2b(digest_size=8)
    for table in ordered:
        code = table.problem.code if table.problem else ""
        digest.update(f"{table.name}\0{table.size}\0{table.modified_ns}\0{code}\n".encode())
    for failure in unlisted:
        digest.update(f"{failure.table}\n".encode())
    return Catalog(ordered, ignored, digest.hexdigest(), unlisted)


def _seconds(moments: list[np.datetime64]) -> npt.NDArray[np.int64]:
    return np.array(moments, "datetime64[s]").astype(np.int64)


def _order(table: TableInfo) -> tuple[str, int, int, str]:
    return table.dataset, unix_seconds(table.start), -table.granularity.rank, table.name
