"""One shard: its tables, kept open, and the answers that it gives from them."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import perf_counter

import numpy as np
import numpy.typing as npt
from dnstide.model.errors import Failure
from dnstide.mtbl import (
    BlockCache,
    Cancel,
    Cancelled,
    CountOverflow,
    DeadlineExceeded,
    Table,
    TableError,
    lookup,
)
from dnstide.shard.batch import Batch, batches, divide
from dnstide.shard.directory import TableStatus, list_directory
from dnstide.shard.fileset import live
from dnstide.shard.load import ShardLoad, SummaryLoad, process_load
from dnstide.shard.partial import CANCELLED, COUNT_OVERFLOW, DEADLINE_PASSED, Partial, ShardError
from dnstide.shard.question import ShardPlan, ShardQuestion
from dnstide.shard.ranking.ranker import Ranker
from dnstide.shard.ranking.requests import RankQuestion, RankReply
from dnstide.shard.summaries.cache import SummaryCache
from dnstide.shard.tables import OpenTables
from dnstide.shard.totals import answered_by_totals, partial_of_totals, totals_of

BLOCK_CACHE_BYTES = 64 << 20
"""Room for the blocks of a few dozen names over a year of daily tables."""

log = logging.getLogger(__name__)
_SMALL_LOOKUP = 64
"""Below this many pairs of table and query, waking threads costs more than they bring."""

_KEPT_PLANS = 64
_KEPT_CANCELS = 1024


@dataclass(frozen=True, slots=True)
class _Reading:
    """A plan made ready: the open tables with their names and buckets, and the tables that cannot be read."""

    names: list[str]
    tables: list[Table]
    table_buckets: npt.NDArray[np.int32] | None
    edges: npt.NDArray[np.int64]
    failures: tuple[Failure, ...]
    generation: int


class Shard:
    """The tables of one directory, opened on first need and kept open. Safe for several threads."""

    def __init__(
        self,
        mtbl_dir: str | os.PathLike[str],
        threads: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        block_cache_bytes: int = BLOCK_CACHE_BYTES,
        *,
        all_files: bool = False,
    ) -> None:
        """`cache_dir` is where summaries of tables are kept, by default `default_cache_dir()`.

        Up to `block_cache_bytes` of decoded blocks are kept for questions that come again; 0 keeps none. With
        `all_files`, tables count that a fileset does not name.
        """
        self._all_files = all_files
        self.mtbl_dir = os.fspath(mtbl_dir)
        self._cache_dir = cache_dir
        self.threads = threads or os.cpu_count() or 1
        self._tables = OpenTables(self.mtbl_dir)
        self._blocks = BlockCache(block_cache_bytes) if block_cache_bytes > 0 else None
        self._lock = Lock()
        self._readings: OrderedDict[ShardPlan, _Reading] = OrderedDict()
        self._running: dict[str, Batch] = {}
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._ended = 0
        self._seconds = 0.0

    @property
    def load(self) -> ShardLoad:
        """What the shard holds and does now."""
        blocks, ranker = self._blocks, self._made_ranker
        return ShardLoad(
            tables_open=len(self._tables),
            block_cache_bytes=0 if blocks is None else blocks.bytes,
            block_cache_hits=0 if blocks is None else blocks.hits,
            block_cache_misses=0 if blocks is None else blocks.misses,
            questions=len(self._running),
            rankings=0 if ranker is None else ranker.running,
            questions_ended=self._ended,
            question_seconds=self._seconds,
            summaries=SummaryLoad() if ranker is None else ranker.summaries.load,
            process=process_load(),
        )

    def inventory(self) -> list[TableStatus]:
        """Every file of the directory as it is now, tables or not. Files that changed are opened anew.

        Raises OSError where the directory itself cannot be listed.
        """
        statuses = list_directory(self.mtbl_dir)
        if not self._all_files:
            statuses = live(self.mtbl_dir, statuses)
        self._tables.forget_changed({status.name: status.identity for status in statuses})
        self._tables.get(self._tables.unsettled(), self.threads)
        return self._tables.described(statuses)

    def open(self, names: Iterable[str]) -> list[Failure]:
        """Open these tables in one batch; return the failures of those that cannot be read."""
        tables = self._tables.get(list(names), self.threads)
        return [table for table in tables if isinstance(table, Failure)]

    def digests(self, names: Iterable[str]) -> list[int | None]:
        """The digest of each of these tables, None of one that cannot be read. Reads a little of every
        block.
        """
        tables = self._tables.get(list(names), self.threads)
        return [None if isinstance(table, Failure) else _digest(table) for table in tables]

    def answer(
        self, questions: Sequence[ShardQuestion], cancel: Cancel | None = None
    ) -> list[Partial | ShardError]:
        """One partial for each question, in order. Questions that share plan and split travel in one lookup.

        A bad table is a failure in the partials and the others answer; a question that is cancelled, too late
        or whose sums pass 2**64-1 gets a ShardError. A `cancel` takes the place of `seconds_left` and of
        `Shard.cancel`. Of questions that travel together the first one carries rows and blocks.
        """
        answer_of: dict[int, Partial | ShardError] = {}
        for batch in batches(questions, cancel):
            began = perf_counter()
            self._register(batch)
            try:
                answers = self._answer(batch)
            finally:
                self._unregister(batch, perf_counter() - began)
            for question, answer in zip(batch.questions, answers, strict=True):
                answer_of[id(question)] = answer
        return [answer_of[id(question)] for question in questions]

    @cached_property
    def ranker(self) -> Ranker:
        """Ranks over these tables. It is made on first need."""
        return Ranker(self._tables, self.threads, SummaryCache(self.mtbl_dir, self._cache_dir))

    @property
    def _made_ranker(self) -> Ranker | None:
        """The ranker, None where there was no need of one yet."""
        return self.__dict__.get("ranker")

    def rank(self, question: RankQuestion) -> RankReply | ShardError:
        """As `Ranker.answer`, with its exceptions as values."""
        try:
            return self.ranker.answer(question)
        except Cancelled:
            return ShardError(question.id, CANCELLED, "the question was cancelled")
        except DeadlineExceeded:
            return ShardError(question.id, DEADLINE_PASSED, "the deadline passed")
        except CountOverflow as error:
            return ShardError(question.id, COUNT_OVERFLOW, str(error))

    def cancel(self, question_id: str) -> None:
        """Cancel a question, whether it is running or has not arrived yet. Callable from any thread."""
        ranker = self._made_ranker
        if ranker is not None:
            ranker.cancel(question_id)
        with self._lock:
            batch = self._running.get(question_id)
            if batch is None:
                self._cancelled[question_id] = None
                while len(self._cancelled) > _KEPT_CANCELS:
                    self._cancelled.popitem(last=False)
        if batch is not None:
            batch.cancel(question_id)

    def close(self) -> None:
        """Close all tables, each once no lookup holds it."""
        with self._lock:
            self._readings.clear()
        self._tables.close()

    def _answer(self, batch: Batch) -> list[Partial | ShardError]:
        began = perf_counter()
        reading = self._reading(batch.plan)
        queries = batch.queries
        small = len(reading.tables) * len(queries) < _SMALL_LOOKUP
        try:
            totals = self._totals(batch, reading)
            if totals is not None:
                batch.stop.check()  # what came late is refused, however little work it was
                return totals
            result = lookup(
                reading.tables,
                queries,
                reading.edges,
                table_buckets=reading.table_buckets,
                split_by_rrtype=batch.split_by_rrtype,
                threads=1 if small else self.threads,
                cancel=batch.stop,
                cache=self._blocks,
            )
        except Cancelled:
            return [ShardError(q.id, CANCELLED, "the question was cancelled") for q in batch.questions]
        except DeadlineExceeded:
            return [ShardError(q.id, DEADLINE_PASSED, "the deadline passed") for q in batch.questions]
        except CountOverflow as error:
            if len(batch.questions) == 1:
                return [ShardError(batch.questions[0].id, COUNT_OVERFLOW, str(error))]
            # One question's sums must not cost the others their answer.
            return [answer for q in batch.questions for answer in self._answer(Batch((q,), batch.stop))]
        failures = reading.failures
        if result.failures:
            met = [self._tables.failed(reading.names[i], reading.tables[i], e) for i, e in result.failures]
            failures = tuple(sorted((*failures, *met), key=lambda failure: failure.table))
        answered = len(reading.tables) - len(result.failures)
        seconds = perf_counter() - began
        log.debug(
            "%d queries in %d tables: %d rows, %d blocks (%d from the cache since the start), %.1f ms",
            len(queries),
            len(reading.tables),
            result.rows,
            result.blocks,
            self._blocks.hits if self._blocks and log.isEnabledFor(logging.DEBUG) else 0,
            1000 * seconds,
        )
        return list(divide(result, batch.questions, answered, failures, seconds, reading.names))

    def _totals(self, batch: Batch, reading: _Reading) -> list[Partial | ShardError] | None:
        """The answers, where summaries alone tell them; else None."""
        if not all(map(answered_by_totals, batch.questions)) or reading.table_buckets is None:
            return None
        began = perf_counter()
        summaries, buckets = self.ranker.summaries, reading.table_buckets.tolist()
        answers: list[Partial | ShardError] = []
        for question in batch.questions:
            try:
                totals = totals_of(
                    summaries, reading.tables, question.queries, split=question.split_by_rrtype
                )
                if totals is None:
                    return None
                answers.append(partial_of_totals(totals, buckets, reading.failures, perf_counter() - began))
            except CountOverflow as error:
                answers.append(ShardError(question.id, COUNT_OVERFLOW, str(error)))
        log.debug("%d tables are answered by their summaries", len(reading.tables))
        return answers

    def _reading(self, plan: ShardPlan) -> _Reading:
        with self._lock:
            reading = self._readings.get(plan)
            if reading is not None and reading.generation == self._tables.generation:
                self._readings.move_to_end(plan)
                return reading
        generation = self._tables.generation
        tables = self._tables.get(plan.tables, self.threads)
        sound = [i for i, table in enumerate(tables) if not isinstance(table, Failure)]
        buckets = None
        if plan.table_buckets is not None:
            buckets = np.frombuffer(plan.table_buckets, "<i4").astype(np.int32)[sound]
        reading = _Reading(
            names=[plan.tables[i] for i in sound],
            tables=[table for table in tables if not isinstance(table, Failure)],
            table_buckets=buckets,
            edges=np.frombuffer(plan.edges, "<i8").astype(np.int64),
            failures=tuple([table for table in tables if isinstance(table, Failure)]),
            generation=generation,
        )
        if not any(failure.retryable for failure in reading.failures):
            with self._lock:
                self._readings[plan] = reading
                while len(self._readings) > _KEPT_PLANS:
                    self._readings.popitem(last=False)
        return reading

    def _register(self, batch: Batch) -> None:
        with self._lock:
            gone = [q.id for q in batch.questions if self._cancelled and q.id in self._cancelled]
            for question in batch.questions:
                self._running[question.id] = batch
                self._cancelled.pop(question.id, None)
        for question_id in gone:
            batch.cancel(question_id)

    def _unregister(self, batch: Batch, seconds: float) -> None:
        with self._lock:
            self._ended += len(batch.questions)
            self._seconds += seconds
            for question in batch.questions:
                self._running.pop(question.id, None)


def _digest(table: Table) -> int | None:
    try:
        return table.digest()
    except TableError:
        return None
