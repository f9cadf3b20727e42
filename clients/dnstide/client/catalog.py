"""What a directory of tables, or a server, holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from .errors import Failure


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table. Its period is [start, stop), datetime64[s]; `problem` is set where it cannot be used.

    `shards` names who answers for it, empty in process.
    """

    name: str
    dataset: str
    granularity: str
    start: np.datetime64
    stop: np.datetime64
    size: int
    problem: Failure | None = None
    shards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables by dataset and start, and the files that are not tables as (name, reason)."""

    tables: tuple[TableInfo, ...]
    ignored: tuple[tuple[str, str], ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class TableReport:
    """A table every byte of which was checked (`problem` is None), or what is wrong with it.

    `version` is that of the MTBL format; the counts are 0 where there is a problem.
    """

    path: str
    version: int = 0
    compression: str = ""
    entries: int = 0
    blocks: int = 0
    size: int = 0
    problem: Failure | None = None


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """One shard of a server: where it runs, and how many tables it answers for first."""

    name: str
    node: str
    alive: bool
    tables_owned: int
    threads: int
    restarts: int
    pid: int


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server about itself. `ready` is True once questions are answered."""

    version: str
    ready: bool
    draining: bool
    started: datetime
    shards: tuple[ShardInfo, ...]
    tables_total: int
    tables_damaged: int
    catalog_version: str
