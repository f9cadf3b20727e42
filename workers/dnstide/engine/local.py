"""The engine in this process: plan, look and merge over one directory, without a server."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from time import monotonic, perf_counter

from dnstide.engine.catalog import Catalog
from dnstide.engine.errors import DirectoryError
from dnstide.engine.top.answer import TopAnswer
from dnstide.engine.top.question import TopQuestion
from dnstide.engine.top.run import Fresh, top_steps
from dnstide.engine.volume.answer import Timings, VolumeAnswer
from dnstide.engine.volume.execution import Looks
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.question import VolumeQuestion
from dnstide.mtbl import (
    Cancel,
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    TableError,
    TableReport,
    verify_table,
)
from dnstide.shard import BLOCK_CACHE_BYTES, Failure, Shard, ShardError, ShardQuestion
from dnstide.shard.partial import CANCELLED, COUNT_OVERFLOW, DEADLINE_PASSED
from dnstide.shard.ranking.requests import RankReply

#: Called with (tables done, tables asked) between the parts of a long look.
Progress = Callable[[int, int], None]

#: Pairs of table and query in one part of a look whose progress is watched.
_PART = 16384
#: Files rewritten in place do not touch the directory; they are noticed after this many seconds.
_STALE = 2.0

_STOPS: Mapping[str, type[Exception]] = {
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
    ) -> None:
        """Raises DirectoryError where the directory cannot be listed. An empty one can: tables may come.

        Summaries of tables are kept in `cache_dir`, by default in the user's cache directory, and up to
        `block_cache_bytes` of decoded blocks in memory (0: none).
        """
        self._shard = Shard(mtbl_dir, threads, cache_dir, block_cache_bytes)
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
        brings: Cancelled or DeadlineExceeded. Where a table turns out to be unreadable, finer tables take its
        place.
        """
        began = perf_counter()
        looks = Looks(self._current(), question)
        planning, looking = perf_counter() - began, 0.0
        while True:
            began = perf_counter()
            self._look(looks, question, progress, cancel)
            looking += perf_counter() - began
            if not looks.may_replan:
                return looks.finish(Timings(plan=planning, look=looking))
            began = perf_counter()
            with self._lock:
                self._scan()
                fresh = self._catalog
            looks.replan(fresh)
            planning += perf_counter() - began

    def top(
        self, question: TopQuestion, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> TopAnswer:
        """The largest, proved. Summaries that are missing are made, and `progress` tells how many are.

        Raises as `volume` does.
        """
        steps = top_steps(self._current(), question)
        reply: Catalog | list[RankReply] | None = None
        while True:
            try:
                ask = steps.send(reply)
            except StopIteration as done:
                answer: TopAnswer = done.value
                return answer
            if isinstance(ask, Fresh):
                with self._lock:
                    self._scan()
                    reply = self._catalog
            else:
                reply = [self._shard.ranker.answer(ask.share(ask.tables, "", None), cancel, progress)]

    def summarize(
        self,
        names: Iterable[str] | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[Failure]:
        """Makes the summaries that are missing, of these tables or of all; returns the tables that cannot be
        read.

        Raises OSError where they cannot be kept, Cancelled, DeadlineExceeded.
        """
        listed = [table.name for table in self.tables().tables] if names is None else list(names)
        return self._shard.ranker.make(listed, cancel, progress, must_keep=True)

    def _look(
        self, looks: Looks, question: VolumeQuestion, progress: Progress | None, cancel: Cancel | None
    ) -> None:
        """Asks what is to do, in parts where progress is watched."""
        queries, names = question.queries(), looks.todo
        step = len(names) if progress is None else max(1, _PART // len(queries))
        for first in range(0, len(names), step or 1):
            part = (
                looks.shard_plan if len(names) <= step else looks.plan.shard_plan(names[first : first + step])
            )
            answer = self._shard.answer([ShardQuestion("", part, queries, question.split_by_rrtype)], cancel)[
                0
            ]
            if isinstance(answer, ShardError):
                raise _STOPS[answer.code](answer.reason)
            looks.add(answer)
            if progress is not None:
                progress(min(first + step, len(names)), len(names))

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
