"""What a directory of tables, or a server, holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from dnstide.model.columns import Columns, Tabular, count_column, flag_column, text_column, time_column
from dnstide.model.coverage import Stretch
from dnstide.model.errors import Failure
from dnstide.model.granularity import Granularity
from dnstide.model.missing import MissingTables, Period, missing_tables
from dnstide.model.skipped import SkippedRows
from dnstide.model.texts import many
from dnstide.model.vocabulary import Coverage


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table. Its period is [start, stop), datetime64[s]; `problem` is set where it cannot be used.

    `size` is in bytes, `modified_ns` the time of its last change in nanoseconds since 1970. `shards` names
    who answers for it, the first one first; empty in process.
    """

    name: str
    dataset: str
    granularity: Granularity
    start: np.datetime64
    stop: np.datetime64
    size: int = 0
    modified_ns: int = 0
    problem: Failure | None = None
    shards: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Catalog(Tabular):
    """All tables by dataset and start, coarsest first, and the files that are not tables as (name, reason).

    `version` changes when a table comes, goes, changes or breaks. `unlisted` are nodes of a server that have
    not told which tables they hold: no answer can be known to be whole meanwhile. Iterates over its tables.
    """

    tables: tuple[TableInfo, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    version: str = ""
    unlisted: tuple[Failure, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, TableInfo]:
        """The tables by their file names."""
        return {table.name: table for table in self.tables}

    def __iter__(self) -> Iterator[TableInfo]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __getitem__(self, name: str) -> TableInfo:
        """The table of that file name. Raises KeyError."""
        return self.by_name[name]

    def missing(self) -> MissingTables:
        """The periods without a sound table, between the first and the last table of each granularity."""
        return missing_tables(
            Period(
                table.dataset,
                table.granularity,
                _unix(table.start),
                _unix(table.stop),
                table.problem.code if table.problem else None,
            )
            for table in self.tables
        )

    def __str__(self) -> str:
        """A line for the tables of each granularity of a dataset, and one for what cannot be used."""
        kinds = Counter((table.dataset, table.granularity) for table in self.tables)
        lines = [self._line(dataset, granularity, count) for (dataset, granularity), count in kinds.items()]
        return "\n".join([*(lines or ["no tables"]), *self._unusable])

    def __repr__(self) -> str:
        return f"<Catalog: {', '.join([many(len(self), 'table'), *self._unusable])}>"

    @property
    def _unusable(self) -> list[str]:
        bad = sum(table.problem is not None for table in self.tables)
        said = [f"{bad:,} not usable"] if bad else []
        said += [f"{many(len(self.ignored), 'other file')} ignored"] if self.ignored else []
        return [*said, *map(str, self.unlisted)]

    def _line(self, dataset: str, granularity: Granularity, count: int) -> str:
        tables = [t for t in self.tables if (t.dataset, t.granularity) == (dataset, granularity)]
        first, last = min(table.start for table in tables), max(table.stop for table in tables)
        period = Stretch(_unix(first), _unix(last), Coverage.COMPLETE)
        return f"{dataset}: {many(count, f'{granularity} table')}, {period}"

    def columns(self) -> Columns:
        """One row for each table, then for each ignored file: name, dataset, granularity, start, stop, size,
        health (`sound`, `ignored`, or what is wrong) and reason.
        """
        tables, ignored = self.tables, self.ignored
        problems = [table.problem for table in tables]
        nothing: list[Any] = [None] * len(ignored)
        words = [problem.code if problem else "sound" for problem in problems]
        reasons = [problem.reason if problem else None for problem in problems]
        return Columns(
            (
                text_column("name", [*(t.name for t in tables), *(name for name, _ in ignored)]),
                text_column("dataset", [*(t.dataset for t in tables), *nothing]),
                text_column("granularity", [*(str(t.granularity) for t in tables), *nothing]),
                time_column("start", [t.start for t in tables] + nothing),
                time_column("stop", [t.stop for t in tables] + nothing),
                count_column("size", [t.size for t in tables] + nothing),
                text_column("health", [*words, *["ignored"] * len(ignored)]),
                text_column("reason", [*reasons, *(reason for _, reason in ignored)]),
            )
        )


def _unix(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[s]").astype(np.int64))


@dataclass(frozen=True, slots=True)
class TableReport:
    """A table every byte of which was checked (`problem` is None), or what is wrong with it.

    `version` is that of the MTBL format; the counts are 0 where there is a problem, `size` is in bytes.
    `skipped` tells of rows that are none; no answer counts them.
    """

    path: str
    version: int = 0
    compression: str = ""
    entries: int = 0
    blocks: int = 0
    size: int = 0
    problem: Failure | None = None
    skipped: SkippedRows | None = None


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """One shard of a server: where it runs, how many tables it answers for first, threads for one question,
    how often it was made anew, and its process id (0 where it is not alive). `problem` says what is wrong
    with it, empty where nothing is: one that is alive may be unable to list its tables.
    """

    name: str
    node: str
    alive: bool
    tables_owned: int
    threads: int
    restarts: int
    pid: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The limits of a server: names in one question, buckets of one axis, questions at once, and the
    deadline, in seconds, of a call that brings none and the longest that is granted.
    """

    max_names: int
    max_buckets: int
    max_inflight: int
    default_deadline: float
    max_deadline: float


@dataclass(frozen=True, slots=True)
class ServerInfo(Tabular):
    """A server about itself. `ready` is True while questions are answered, and `problem` says why they are
    not; `draining` is True while it finishes its last calls; `started` is in UTC. Of all tables, some are
    damaged, and some are seen by no shard that is there.
    """

    version: str
    ready: bool
    draining: bool
    started: datetime
    shards: tuple[ShardInfo, ...]
    tables_total: int
    tables_damaged: int
    catalog_version: str
    limits: ServerLimits | None = None
    tables_unreachable: int = 0
    problem: str = ""

    def columns(self) -> Columns:
        """One row for each shard."""
        shards = self.shards
        return Columns(
            (
                text_column("name", [shard.name for shard in shards]),
                text_column("node", [shard.node for shard in shards]),
                flag_column("alive", [shard.alive for shard in shards]),
                count_column("tables_owned", [shard.tables_owned for shard in shards]),
                count_column("threads", [shard.threads for shard in shards]),
                count_column("restarts", [shard.restarts for shard in shards]),
                count_column("pid", [shard.pid for shard in shards]),
                text_column("problem", [shard.problem or None for shard in shards]),
            )
        )
