"""The engine in this process: plan, ask and merge over one directory, without a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic, perf_counter

from dnstide.engine.analyze import analyze, volume_question
from dnstide.engine.catalog import build_catalog
from dnstide.engine.top.query import TopQuery
from dnstide.engine.top.run import RefreshCatalog, top_steps
from dnstide.engine.volume.execution import VolumeExecution
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.query import VolumeQuery
from dnstide.model.analysis import Findings
from dnstide.model.catalog import Catalog, TableReport
from dnstide.model.errors import (
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    DirectoryUnreadable,
    DnstideError,
    Failure,
)
from dnstide.model.question import AnalysisQuestion, TopQuestion, VolumeQuestion
from dnstide.model.top import Top, TopProgress
from dnstide.model.volume import Progress, Timings, Volume
from dnstide.mtbl import Cancel, TableError, verify_table
from dnstide.shard import BLOCK_CACHE_BYTES, Shard, ShardError, ShardQuestion
from dnstide.shard.partial import CANCELLED, COUNT_OVERFLOW, DEADLINE_PASSED, failure_of
from dnstide.shard.ranking.requests import RankReply
from dnstide.shard.tables import Identity

CHUNK_PAIRS = 16384
"""Largest number of (table, query) pairs in one chunk, where the caller wants progress."""

RESCAN_SECONDS = 2.0
"""Files that are rewritten in place do not touch the directory; they are noticed after this time."""

TOO_LATE = (
    "no whole answer in time: allow more with a longer timeout, or ask for less; summaries that were made "
    "are kept, and asking again goes on from there"
)

_ERRORS: Mapping[str, type[DnstideError]] = {
    CANCELLED: Cancelled,
    DEADLINE_PASSED: DeadlineExceeded,
    COUNT_OVERFLOW: CountOverflow,
}


class LocalEngine:
    """Answers from the tables of one directory. Safe for several threads; tables stay open until `close`."""

    def __init__(
        self,
        mtbl_dir: str | os.PathLike[str],
        threads: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        block_cache_bytes: int = BLOCK_CACHE_BYTES,
        *,
        all_files: bool = False,
    ) -> None:
        """Raises DirectoryUnreadable where the directory cannot be listed. An empty one can: tables may come.

        Summaries of tables are kept in `cache_dir`, by default in the user's cache directory, and up to
        `block_cache_bytes` of decoded blocks in memory (0: none). With `all_files`, tables count that a
        fileset does not name.
        """
        self._shard = Shard(mtbl_dir, threads, cache_dir, block_cache_bytes, all_files=all_files)
        self._lock = Lock()
        self._catalog = Catalog()
        self._state: list[tuple[str, Identity, Failure | None]] = []
        self._scan()

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the tables."""
        self._shard.close()

    def tables(self, check: bool = False) -> Catalog:
        """The catalog as the directory is now. With `check`, every table is opened first, so that its trailer
        and index are known to be sound. Raises DirectoryUnreadable.
        """
        with self._lock:
            self._scan()
            if check:
                self._shard.open([table.name for table in self._catalog.tables])
                self._scan()
            return self._catalog

    def verify(
        self, names: Iterable[str] | None = None, cancel: Cancel | None = None
    ) -> Iterator[TableReport]:
        """Read every byte of these tables, or of all, and report on each."""
        for name in [table.name for table in self.tables()] if names is None else names:
            path = os.path.join(self._shard.mtbl_dir, name)
            try:
                yield verify_table(path, cancel)
            except TableError as error:
                yield TableReport(path, problem=failure_of(name, error))

    def plan(self, question: VolumeQuestion) -> VolumePlan:
        """What would be read for a question. Raises NoTables, InvalidQuestion, DirectoryUnreadable."""
        return plan_volume(self._current(), VolumeQuery.parse(question))

    def volume(
        self,
        question: VolumeQuestion,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Volume:
        """The answer to a question.

        Raises NoTables, InvalidQuestion, DirectoryUnreadable, AnswerIncomplete, CountOverflow, and what
        `cancel` brings: Cancelled or DeadlineExceeded. Where a table turns out to be unreadable, finer tables
        take its place.
        """
        began = perf_counter()
        execution = VolumeExecution(self._current(), VolumeQuery.parse(question))
        planning, asking = perf_counter() - began, 0.0
        with _deadline():
            while True:
                began = perf_counter()
                self._ask(execution, progress, cancel)
                asking += perf_counter() - began
                if not execution.may_replan:
                    return execution.finish(Timings(plan=planning, ask=asking))
                began = perf_counter()
                execution.replan(self._rescanned())
                planning += perf_counter() - began

    def top(
        self,
        question: TopQuestion,
        progress: Callable[[TopProgress], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Top:
        """The largest, proved. Summaries that are missing are made, and `progress` tells how many are.

        Raises as `volume` does.
        """
        steps = top_steps(self._current(), TopQuery.parse(question))
        reply: Catalog | list[RankReply] | None = None

        def made(done: int, wanted: int) -> None:
            if progress is not None:
                progress(TopProgress(summaries_wanted=wanted, summaries_made=done))

        with _deadline():
            while True:
                try:
                    request = steps.send(reply)
                except StopIteration as done:
                    top: Top = done.value
                    return top
                if isinstance(request, RefreshCatalog):
                    reply = self._rescanned()
                else:
                    question_of_shard = request.share(request.tables, "", None)
                    reply = [self._shard.ranker.answer(question_of_shard, cancel, made)]

    def analyze(
        self,
        question: AnalysisQuestion,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Findings:
        """What the counts of a volume show. Raises as `volume` does, and AnalysisRefused."""
        return analyze(self.volume(volume_question(question), progress, cancel), question)

    def summarize(
        self,
        names: Iterable[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: Cancel | None = None,
    ) -> list[Failure]:
        """Make the summaries that are missing, of these tables or of all; return the tables that cannot be
        read. `progress` is called with how many are made and how many were missing.

        Raises OSError where they cannot be kept, Cancelled, DeadlineExceeded.
        """
        listed = [table.name for table in self.tables()] if names is None else list(names)
        with _deadline():
            return self._shard.ranker.make(listed, cancel, progress, must_keep=True)

    def _ask(
        self,
        execution: VolumeExecution,
        progress: Callable[[Progress], None] | None,
        cancel: Cancel | None,
    ) -> None:
        """Ask for the pending tables, in chunks where progress is wanted."""
        queries, names = execution.query.queries(), execution.pending
        split = execution.query.question.split_by_rrtype
        step = len(names) if progress is None else max(1, CHUNK_PAIRS // len(queries))
        for first in range(0, len(names), step or 1):
            if len(names) <= step:
                plan = execution.shard_plan
            else:
                plan = execution.plan.shard_plan(names[first : first + step])
            (answer,) = self._shard.answer([ShardQuestion("", plan, queries, split)], cancel)
            if isinstance(answer, ShardError):
                raise _ERRORS[answer.code](answer.reason)
            execution.add(answer)
            if progress is not None:
                progress(Progress(execution.tables_asked, execution.tables_answered, execution.tables_failed))

    def _current(self) -> Catalog:
        """The catalog, read again where the directory changed since."""
        with self._lock:
            try:
                changed = os.stat(self._shard.mtbl_dir).st_mtime_ns != self._changed
            except OSError as error:
                raise DirectoryUnreadable.of(self._shard.mtbl_dir, error) from error
            if changed or monotonic() - self._scanned > RESCAN_SECONDS:
                self._scan()
            return self._catalog

    def _rescanned(self) -> Catalog:
        """The catalog, read again in any case."""
        with self._lock:
            self._scan()
            return self._catalog

    def _scan(self) -> None:
        """Keeps the old catalog, and with it the plans made for it, where nothing changed."""
        try:
            self._changed = os.stat(self._shard.mtbl_dir).st_mtime_ns
            statuses = self._shard.inventory()
        except OSError as error:
            raise DirectoryUnreadable.of(self._shard.mtbl_dir, error) from error
        self._scanned = monotonic()
        state = [(status.name, status.identity, status.problem) for status in statuses]
        if state != self._state:
            self._state, self._catalog = state, build_catalog(statuses)


@contextmanager
def _deadline() -> Iterator[None]:
    """Says what to do where the time was too short."""
    try:
        yield
    except DeadlineExceeded:
        raise DeadlineExceeded(TOO_LATE) from None
