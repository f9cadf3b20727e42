"""Which tables there are, the period of each, and whether each is sound."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from dnstide.engine.errors import DirectoryError
from dnstide.engine.granularity import Granularity
from dnstide.shard.directory import TableStatus, list_directory
from dnstide.shard.partial import Failure

_NAME = re.compile(r"(dns|dnssec)\.([0-9]{4}|[0-9]{6}|[0-9]{8}|[0-9]{8}\.[0-9]{4})\.([YQMWDHXm])\.mtbl")
_LENGTHS = {"Y": 4, "Q": 6, "M": 6, "W": 8, "D": 8, "H": 13, "X": 13, "m": 13}


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table: its period is [start, stop) in unix seconds; `problem` is set where it cannot be read."""

    name: str
    dataset: str
    granularity: Granularity
    start: int
    stop: int
    size: int = 0
    mtime_ns: int = 0
    problem: Failure | None = None


@dataclass(frozen=True, eq=False)
class Columns:
    """The tables of one dataset as arrays, ordered by start, then coarsest first."""

    infos: tuple[TableInfo, ...]
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int8]
    sound: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Catalog:
    """Tables by dataset, then start, then coarsest first, and the files that are no tables.

    Immutable; `version` changes when a table comes, goes, changes or breaks. `plans` is the planner's.
    """

    tables: tuple[TableInfo, ...]
    ignored: tuple[tuple[str, str], ...] = ()
    plans: dict[object, object] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, statuses: Iterable[TableStatus]) -> "Catalog":
        """From what shards report. Where several speak of one table, one that can read it decides; but damage
        that one shard has met is there for all that see the same file.
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
            known = tables.get(status.name)
            if known is not None and known.problem is None:
                continue
            table = parse_table_name(status.name)
            if isinstance(table, str):
                ignored[status.name] = table
            else:
                problem = damaged.get((status.name, status.identity), status.problem)
                tables[status.name] = replace(
                    table, size=status.size, mtime_ns=status.mtime_ns, problem=problem
                )
        return cls(tuple(sorted(tables.values(), key=_order)), tuple(sorted(ignored.items())))

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits over names, sizes, times and problems."""
        digest = hashlib.blake2b(digest_size=8)
        for t in self.tables:
            digest.update(
                f"{t.name}\0{t.size}\0{t.mtime_ns}\0{t.problem.code if t.problem else ''}\n".encode()
            )
        return digest.hexdigest()

    @cached_property
    def by_name(self) -> Mapping[str, TableInfo]:
        return {table.name: table for table in self.tables}

    def columns(self, dataset: str) -> Columns:
        """The tables of that dataset as arrays, made once."""
        columns = self._columns.get(dataset)
        if columns is None:
            infos = tuple([table for table in self.tables if table.dataset == dataset])
            columns = self._columns[dataset] = Columns(
                infos,
                np.array([t.start for t in infos], np.int64),
                np.array([t.stop for t in infos], np.int64),
                np.array([t.granularity.rank for t in infos], np.int8),
                np.array([t.problem is None for t in infos], bool),
            )
        return columns

    @cached_property
    def _columns(self) -> dict[str, Columns]:
        return {}

    def with_problems(self, problems: Iterable[Failure], more: Iterable[TableInfo] = ()) -> "Catalog":
        """The same tables and `more`, those that problems name marked as unreadable."""
        found = {failure.table: failure for failure in problems}
        tables = [replace(t, problem=found[t.name]) if t.name in found else t for t in (*self.tables, *more)]
        return Catalog(tuple(sorted(tables, key=_order)), self.ignored)

    def available(self, dataset: str) -> tuple[str, ...]:
        """One line for each granularity of the dataset, coarsest first: how many tables, and from when."""
        lines = []
        for granularity in reversed(Granularity):
            some = [t for t in self.tables if t.dataset == dataset and t.granularity is granularity]
            if some:
                first, last = min(t.start for t in some), max(t.stop for t in some)
                what = f"{len(some)} {granularity.label} table{'s' if len(some) > 1 else ''}"
                lines.append(f"{what} from {utc_text(first)} to {utc_text(last)}")
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
    if len(stamp) != _LENGTHS[letter]:
        return f"a stamp of {_LENGTHS[letter]} characters goes with {letter}"
    granularity = Granularity(letter)
    try:
        year, month, day = int(stamp[:4]), int(stamp[4:6] or 1), int(stamp[6:8] or 1)
        start = int(
            datetime(year, month, day, int(stamp[9:11] or 0), int(stamp[11:] or 0), tzinfo=UTC).timestamp()
        )
    except ValueError:
        return f"no such date or time: {stamp}"
    if start < 0 or granularity.floor(start) != start:
        return f"no {granularity.label} begins at {stamp}"
    return TableInfo(name, dataset, granularity, start, granularity.next(start))


def scan_directory(path: str) -> Catalog:
    """The catalog of a directory as it lies there, nothing opened. Raises DirectoryError."""
    try:
        return Catalog.build(list_directory(path))
    except OSError as error:
        raise DirectoryError.of(path, error) from error


def utc_text(timestamp: int, *, time: bool = False) -> str:
    """A date, with the time where it is not midnight, or always."""
    time = time or timestamp % 86400 != 0
    try:
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError):
        return "10000-01-01T00:00:00Z" if time else "10000-01-01"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if time else "%Y-%m-%d")


def _order(table: TableInfo) -> tuple[str, int, int, str]:
    return table.dataset, table.start, -table.granularity.rank, table.name
