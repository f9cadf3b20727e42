"""The open tables of one directory, and those that cannot be opened."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from dnstide.model.errors import Failure
from dnstide.mtbl import NotDnstable, Table, TableChanged, TableError, TableMissing, open_tables
from dnstide.shard.directory import TableStatus
from dnstide.shard.partial import failure_of

Identity = tuple[int, int, int, int]
"""Inode, size, mtime_ns and ctime_ns: they tell a file from a later one of that name, whatever was kept."""


log = logging.getLogger(__name__)


class OpenTables:
    """Opens each table once and remembers which are damaged. Safe for several threads.

    A table that is dropped here stays open for the lookups that hold it, and closes with the last of them.
    `generation` grows whenever a table is dropped, so that lists of tables can be kept until then.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._lock = Lock()
        self._open: dict[str, Table] = {}
        self._broken: dict[str, tuple[Failure, Identity | None]] = {}
        self._generation = 0

    @property
    def generation(self) -> int:
        """How often a table was dropped."""
        return self._generation

    def __len__(self) -> int:
        return len(self._open)

    def get(self, names: Sequence[str], threads: int) -> list[Table | Failure]:
        """Each table, or why it cannot be read. Tables that are not open yet are opened in one batch.

        Damage is remembered until the file changes; a failure that may pass by itself is tried again.
        """
        with self._lock:
            tables: list[Table | Failure | None] = [self._known(name) for name in names]
        missing = [i for i, table in enumerate(tables) if table is None]
        if missing:
            paths = [self._path(names[i]) for i in missing]
            identities = [_identity(path) for path in paths]
            opened = open_tables(paths, threads=threads)
            with self._lock:
                for i, identity, outcome in zip(missing, identities, opened, strict=True):
                    tables[i] = self._record(names[i], identity, outcome)
        return [table for table in tables if table is not None]

    def failed(self, name: str, table: Table, error: TableError) -> Failure:
        """Record an error of an open table; the next question opens it again unless it is damaged.

        A row that is no dnstable row under a sound checksum fails what meets it, and nothing else: that one
        question asked for all rows must not cost the others their answer.
        """
        failure = failure_of(name, error)
        log.debug("%s failed while it was read: %s", name, error)
        if isinstance(error, NotDnstable):
            return failure
        with self._lock:
            if self._open.get(name) is table:
                del self._open[name]
                self._generation += 1
                if not isinstance(error, TableChanged):
                    self._broken[name] = (failure, table.identity)
        return failure

    def forget_changed(self, current: Mapping[str, Identity]) -> None:
        """Drop the tables that are not in the directory any more, or are another file there now."""
        with self._lock:
            for name, table in list(self._open.items()):
                if current.get(name) != table.identity:
                    log.debug("%s has changed or is gone", name)
                    del self._open[name]
                    self._generation += 1
            for name, (_, met) in list(self._broken.items()):
                if current.get(name) != met:
                    del self._broken[name]
                    self._generation += 1

    def unsettled(self) -> list[str]:
        """Names of tables that could not be read for a reason that may have passed."""
        with self._lock:
            return [name for name, (failure, _) in self._broken.items() if failure.retryable]

    def described(self, statuses: Iterable[TableStatus]) -> list[TableStatus]:
        """The same statuses, with the state of each table: opened, or the problem met."""
        with self._lock:
            broken, opened = dict(self._broken), set(self._open)
        return [
            replace(s, problem=None, opened=True)
            if s.name in opened
            else replace(s, problem=broken[s.name][0] if s.name in broken else s.problem)
            for s in statuses
        ]

    def close(self) -> None:
        """Drop all tables, and forget all problems."""
        with self._lock:
            self._open.clear()
            self._broken.clear()
            self._generation += 1

    def _path(self, name: str) -> str:
        # Names come from a catalog; a name that leads out of the directory is no table of this shard.
        safe = "/" not in name and "\0" not in name and name not in ("", ".", "..")
        return f"{self._directory}/{name if safe else '.no-such-table'}"

    def _known(self, name: str) -> Table | Failure | None:
        table = self._open.get(name)
        if table is not None:
            return table
        broken = self._broken.get(name)
        return None if broken is None or broken[0].retryable else broken[0]

    def _record(self, name: str, identity: Identity | None, outcome: Table | TableError) -> Table | Failure:
        if not isinstance(outcome, TableError):
            log.debug("%s is opened", name)
            self._broken.pop(name, None)
            return self._open.setdefault(name, outcome)
        log.debug("%s cannot be opened: %s", name, outcome)
        failure = failure_of(name, outcome)
        if isinstance(outcome, TableMissing):
            self._broken.pop(name, None)
        else:
            self._broken[name] = (failure, identity)
        return failure


def _identity(path: str) -> Identity | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
