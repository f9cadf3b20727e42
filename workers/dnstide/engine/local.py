"""The engine in this process: plan, look and merge over one directory, without a server."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from time import monotonic, perf_counter

from dnstide.engine.answer import Timings, VolumeAnswer
from dnstide.engine.catalog import Catalog
from dnstide.engine.errors import DirectoryError
from dnstide.engine.merge import Accumulator
from dnstide.engine.plan import VolumePlan, plan_volume
from dnstide.engine.question import VolumeQuestion
from dnstide.mtbl import (
    Cancel,
    Cancelled,
    CountOverflow,
    DeadlinePassed,
    TableChanged,
    TableError,
    TableMissing,
    TableReport,
    verify_table,
)
from dnstide.shard import Failure, Partial, Shard, ShardError, ShardQuestion
from dnstide.shard.partial import CANCELLED, COUNT_OVERFLOW, DEADLINE_PASSED

#: Called with (tables done, tables asked) between the parts of a long look.
Progress = Callable[[int, int], None]

#: Pairs of table and query in one part of a look whose progress is watched.
_PART = 16384
#: Files rewritten in place do not touch the directory; they are noticed after this many seconds.
_STALE = 2.0
#: Plans tried for one question while tables turn out to be damaged or vanish.
_ATTEMPTS = 8

_STOPS: Mapping[str, type[Exception]] = {
    CANCELLED: Cancelled,
    DEADLINE_PASSED: DeadlinePassed,
    COUNT_OVERFLOW: CountOverflow,
}


class LocalEngine:
    """Answers from the tables of one directory. Safe for several threads; tables stay open until `close`."""

    def __init__(self, mtbl_dir: str | os.PathLike[str], threads: int | None = None) -> None:
        """Raises DirectoryError where the directory cannot be listed. An empty one can: tables may come."""
        self._shard = Shard(mtbl_dir, threads)
        self._lock = Lock()
        self._catalog = Catalog(())
        self._state: list[tuple[str, tuple[int, int, int], Failure | None]] = []
        self._scan()

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the tables."""
        self._shard.close()

    def tables(self, check: bool = False) -> Catalog:
        """The catalog as the directory is now. With check, every table is opened first, so that its trailer
        and index are known to be sound. Raises DirectoryError."""
        with self._lock:
            self._scan()
            if check:
                self._shard.open([table.name for table in self._catalog.tables])
                self._scan()
            return self._catalog

    def verify(
        self, names: Iterable[str] | None = None, cancel: Cancel | None = None
    ) -> Iterator[TableReport | Failure]:
        """Reads every byte of these tables, or of all, and tells of each what it holds or what is wrong."""
        for name in [table.name for table in self.tables().tables] if names is None else names:
            try:
                yield verify_table(os.path.join(self._shard.mtbl_dir, name), cancel)
            except TableError as error:
                yield Failure.of(name, error)

    def plan(self, question: VolumeQuestion) -> VolumePlan:
        """What would be read for a question. Raises NoTables, InvalidQuestion, DirectoryError."""
        return plan_volume(self._current(), question)

    def volume(
        self, question: VolumeQuestion, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> VolumeAnswer:
        """The answer to a question.

        Raises NoTables, InvalidQuestion, DirectoryError, AnswerIncomplete, CountOverflow, and what `cancel`
        brings: Cancelled or DeadlinePassed. Where a table turns out to be unreadable, finer tables take its
        place.
        """
        began = perf_counter()
        catalog = self._current()
        plan = plan_volume(catalog, question)
        timings = Timings(plan=perf_counter() - began)
        partials: list[Partial] = []
        asked: set[str] = set()
        todo: Sequence[str] = plan.tables
        for attempt in range(_ATTEMPTS):
            began = perf_counter()
            partials += self._look(plan, question, todo, progress, cancel)
            asked.update(todo)
            timings = replace(timings, look=timings.look + perf_counter() - began)
            failed = {failure.table: failure for partial in partials for failure in partial.failures}
            if not failed or attempt == _ATTEMPTS - 1:
                break
            began = perf_counter()
            catalog = self._without(failed, catalog)
            plan = plan_volume(catalog, question)
            timings = replace(timings, plan=timings.plan + perf_counter() - began)
            asked -= failed.keys()
            partials = [replace(partial, failures=()) for partial in partials]
            if not asked <= set(plan.tables):
                # Tables came or went, so that what was counted may overlap with the new choice: begin again.
                partials, asked = [], set()
            todo = [name for name in plan.tables if name not in asked]
        found = Accumulator(plan, question)
        for partial in partials:
            found.add(partial)
        return found.finish(timings)

    def _look(
        self,
        plan: VolumePlan,
        question: VolumeQuestion,
        names: Sequence[str],
        progress: Progress | None,
        cancel: Cancel | None,
    ) -> list[Partial]:
        queries = question.queries()
        step = max(1, len(names)) if progress is None else max(1, _PART // len(queries))
        partials = []
        for first in range(0, len(names), step):
            whole = len(names) <= step and len(names) == len(plan.tables)
            part = plan.shard_plan(None if whole else names[first : first + step])
            asked = ShardQuestion("", part, queries, question.split_by_rrtype)
            answer = self._shard.answer([asked], cancel)[0]
            if isinstance(answer, ShardError):
                raise _STOPS[answer.code](answer.reason)
            partials.append(answer)
            if progress is not None:
                progress(min(first + step, len(names)), len(names))
        return partials

    def _without(self, failed: Mapping[str, Failure], catalog: Catalog) -> Catalog:
        """The directory as it is now, without the tables that failed. One that vanished is still expected,
        unless others cover it; one that was replaced may be asked again."""
        with self._lock:
            self._scan()
            fresh = self._catalog
        known = fresh.by_name
        again = {
            name
            for name, failure in failed.items()
            if failure.code in (TableMissing.code, TableChanged.code)
            and name in known
            and known[name].problem is None
        }
        gone = [replace(catalog.by_name[name], problem=failed[name]) for name in failed if name not in known]
        return fresh.with_problems([failed[name] for name in failed if name not in again], gone)

    def _current(self) -> Catalog:
        """The catalog, read again where the directory changed since."""
        with self._lock:
            try:
                changed = os.stat(self._shard.mtbl_dir).st_mtime_ns != self._changed
            except OSError as error:
                raise DirectoryError.of(self._shard.mtbl_dir, error) from error
            if changed or monotonic() - self._scanned > _STALE:
                self._scan()
            return self._catalog

    def _scan(self) -> None:
        """Keeps the old catalog, and with it the plans made for it, where nothing changed."""
        try:
            self._changed = os.stat(self._shard.mtbl_dir).st_mtime_ns
            statuses = self._shard.inventory()
        except OSError as error:
            raise DirectoryError.of(self._shard.mtbl_dir, error) from error
        self._scanned = monotonic()
        state = [(status.name, status.identity, status.problem) for status in statuses]
        if state != self._state:
            self._state, self._catalog = state, Catalog.build(statuses)
