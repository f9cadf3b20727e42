"""The client without a server: the engine in this process, over one directory of tables.

Needs `pip install 'dnstide[local]'`. This module alone knows the engine; it gives its answers and errors the
same form as those that come over gRPC.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import numpy as np

from . import errors, timeouts
from .analyses import AnalysisSettings, Findings, check_analysis
from .catalog import Catalog, TableInfo, TableReport
from .errors import DnstideError, Failure, MissingExtra
from .question import Question, QuestionOptions, make_question
from .ranking_question import TopOptions, make_top_question
from .rankings import Top
from .results import PlanEntry, Progress, Summary, Timings, Volume, make_axis, make_series
from .timeouts import DEFAULT, DEFAULT_TIMEOUT, Timeout

try:
    from dnstide import engine, mtbl
except ImportError as error:  # of a namespace, a missing part is a missing name
    if error.name is None or not error.name.startswith("dnstide"):
        raise
    raise MissingExtra("reading tables in this process", "local") from None

MAX_FAILURES, MAX_PLAN = 1000, 10_000
"""As many as a server tells."""
Answer = TypeVar("Answer")


class LocalClient:
    """As `Client`, but reads the tables of a directory in this process.

    `threads` read at once (None: as many as there are cores). Summaries of tables are kept in `cache_dir`
    (None: the user's cache directory). Tables stay open until `close`. Safe for several threads. Use as a
    context manager. Raises DirectoryUnreadable.

    >>> with LocalClient("/export/dnsdb/mtbl") as client:
    ...     print(client.volume("www.example.com", days_back=30))
    """

    def __init__(
        self,
        mtbl_dir: str | os.PathLike[str],
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        threads: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self.mtbl_dir = os.fspath(mtbl_dir)
        self._timeout = timeouts.seconds(timeout, None)
        workers = threads or os.cpu_count() or 1
        self._engine = _translated(lambda: engine.LocalEngine(self.mtbl_dir, workers, cache_dir))

    def volume(
        self,
        names: str | Iterable[str],
        *,
        timeout: Timeout = DEFAULT,
        progress: Callable[[Progress], None] | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Volume:
        """As `Client.volume`."""
        question = make_question(names, options)
        seconds = timeouts.seconds(timeout, self._timeout)

        def look(cancel: mtbl.Cancel) -> engine.VolumeAnswer:
            hook = None if progress is None else lambda done, of: progress(Progress(of, done))
            return self._engine.volume(_engine_question(question), hook, cancel)

        return _volume(question, _interruptible(look, seconds))

    def analyze(
        self,
        analysis: str,
        names: str | Iterable[str],
        *,
        timeout: Timeout = DEFAULT,
        settings: AnalysisSettings | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Findings:
        """As `Client.analyze`."""
        from .local_analyses import find, question_of

        question = make_question(names, options)
        given = check_analysis(analysis, settings)
        seconds = timeouts.seconds(timeout, self._timeout)

        def look(cancel: mtbl.Cancel) -> Findings:
            answer = self._engine.volume(question_of(_engine_question(question), analysis), None, cancel)
            return find(answer, analysis, given, question.granularity, _summary(question, answer))

        return _interruptible(look, seconds)

    def top(
        self,
        limit: int = 10,
        *,
        timeout: Timeout = DEFAULT,
        progress: Callable[[int, int], None] | None = None,
        **options: Unpack[TopOptions],
    ) -> Top:
        """As `Client.top`."""
        from .local_rankings import engine_question, top_of

        question = make_top_question(limit, options)
        seconds = timeouts.seconds(timeout, self._timeout)

        def look(cancel: mtbl.Cancel) -> Top:
            answer = self._engine.top(engine_question(question), progress, cancel)
            return top_of(question, answer, _failure, (MAX_FAILURES, MAX_PLAN))

        return _interruptible(look, seconds)

    def summarize(
        self, *, timeout: Timeout = None, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Failure, ...]:
        """Make the summaries that are missing, so that rankings need not; returns the tables that cannot be
        read. Raises OSError where summaries cannot be kept.
        """
        seconds = timeouts.seconds(timeout, self._timeout)
        failed = _interruptible(lambda cancel: self._engine.summarize(None, progress, cancel), seconds)
        return tuple(_failure(one) for one in failed)

    def tables(self, dataset: str | None = None, *, timeout: Timeout = DEFAULT) -> Catalog:
        """As `Client.tables`. Every table is opened, so that its trailer and index are known to be sound.

        Opening is quick and cannot be stopped; `timeout` is there for the likeness.
        """
        found = _interruptible(lambda _: self._engine.tables(check=True), None)
        tables = [_table(table) for table in found.tables if dataset in (None, table.dataset)]
        return Catalog(tuple(tables), tuple(found.ignored), found.version)

    def close(self) -> None:
        """Close the tables."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def prune_cache(cache_dir: str | os.PathLike[str] | None = None) -> tuple[int, int]:
    """Remove the summaries of tables that are gone or have changed; how many files, and their bytes.

    Raises OSError where the cache cannot be read or changed.
    """
    from dnstide.shard.summaries.cache import prune_cache as prune

    return prune(cache_dir)


def verify_files(paths: Sequence[str], threads: int | None = None) -> Iterator[TableReport]:
    """Read every byte of these tables, several at once, and report on each in the order given."""
    cancel = mtbl.Cancel()

    def verify(path: str) -> TableReport:
        try:
            report = mtbl.verify_table(path, cancel)
        except mtbl.TableError as error:
            problem = Failure(path, error.code, error.reason, error.offset)
            return TableReport(path, problem=problem)
        return TableReport(
            path, report.version, report.compression, report.entries, report.blocks, report.bytes
        )

    workers = ThreadPoolExecutor(max_workers=max(1, min(threads or os.cpu_count() or 1, len(paths))))
    try:
        yield from workers.map(verify, paths)
    finally:
        cancel.cancel()
        workers.shutdown(wait=False, cancel_futures=True)


def _engine_question(question: Question) -> engine.VolumeQuestion:
    smoothing = None
    if question.smoothing is not None:
        method = engine.SmoothingMethod(question.smoothing.method)
        smoothing = engine.Smoothing(method, question.smoothing.period)
    return engine.VolumeQuestion.build(
        names=question.names,
        rrtypes=question.rrtypes,
        bailiwick=question.bailiwick,
        start=question.start,
        stop=question.stop,
        step=question.granularity,
        bucket_by=question.bucket_by,
        split_by_rrtype=question.split_by_rrtype,
        dataset=question.dataset,
        smooth=smoothing,
        fill=question.fill,
        policy="partial" if question.partial else "fail",
    )


def _volume(question: Question, answer: engine.VolumeAnswer) -> Volume:
    axis = make_axis(question.granularity, answer.edges[:-1], int(answer.edges[-1]), answer.coverage)
    return Volume(
        series=tuple(
            make_series(axis, one.name, one.rrtype, one.bucket, one.count, one.smoothed)
            for one in answer.series
        ),
        axis=axis,
        summary=_summary(question, answer),
        smoothing=question.smoothing,
        split_by_rrtype=question.split_by_rrtype,
    )


def _summary(question: Question, answer: engine.VolumeAnswer) -> Summary:
    plan: list[PlanEntry] = []
    if question.explain:
        plan = [PlanEntry(name, True, "") for name in answer.plan.tables]
        plan += [PlanEntry(left.table, False, left.reason) for left in answer.plan.left_out]
    spent = answer.timings
    failures = answer.failures
    return Summary(
        complete=answer.complete,
        tables_asked=answer.asked,
        tables_answered=answer.answered,
        failures=tuple(_failure(failure) for failure in failures[:MAX_FAILURES]),
        failures_total=len(failures),
        plan=tuple(plan[:MAX_PLAN]),
        rows_read=answer.rows,
        blocks_read=answer.blocks,
        total_count=answer.total,
        timings=Timings(spent.plan, spent.look, spent.merge, spent.slowest_shard),
        catalog_version=answer.catalog_version,
        tables_summarized=answer.summarized,
    )


def _table(table: engine.TableInfo) -> TableInfo:
    return TableInfo(
        name=table.name,
        dataset=table.dataset,
        granularity=table.granularity.label,
        start=np.datetime64(table.start, "s"),
        stop=np.datetime64(table.stop, "s"),
        size=table.size,
        problem=None if table.problem is None else _failure(table.problem),
    )


def _failure(failure: Any) -> Failure:
    return Failure(failure.table, failure.code, failure.reason, failure.offset, failure.retryable)


def _interruptible(work: Callable[[mtbl.Cancel], Answer], seconds: float | None) -> Answer:
    """Run native work so that Ctrl-C stops it at once: signals reach Python only outside native code."""
    cancel = mtbl.Cancel(seconds)
    if threading.current_thread() is not threading.main_thread():
        return _translated(lambda: work(cancel))
    outcome: list[Answer] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(_translated(lambda: work(cancel)))
        except BaseException as error:  # handed over to the thread that waits
            failure.append(error)

    worker = threading.Thread(target=run, name="dnstide-look", daemon=True)
    worker.start()
    try:
        worker.join()
    except BaseException:
        cancel.cancel()
        worker.join(timeout=1.0)
        raise
    if failure:
        raise failure[0]
    return outcome[0]


def _translated(work: Callable[[], Answer]) -> Answer:
    """Run something of the engine; its errors come out as this package's."""
    try:
        return work()
    except engine.InvalidQuestion as error:
        raise errors.InvalidQuestion([(error.field, str(error).removeprefix(f"{error.field}: "))]) from None
    except engine.AnswerIncomplete as error:
        kind = errors.TablesDamaged if error.damaged else errors.ShardsUnreachable
        failures = [_failure(failure) for failure in error.failures]
        raise kind(str(error), failures[0].code, failures) from None
    except mtbl.DeadlinePassed:
        raise errors.DeadlineExceeded(
            "no whole answer in time: allow more with a longer timeout, or ask for less"
        ) from None
    except tuple(_SAME_WORDS) as error:
        same = next(ours for theirs, ours in _SAME_WORDS.items() if isinstance(error, theirs))
        raise same(str(error)) from None
    except engine.EngineError as error:
        if error.code == "ANALYSIS_REFUSED":
            raise errors.InvalidQuestion([("", str(error))]) from None
        raise


_SAME_WORDS: dict[type[Exception], type[DnstideError]] = {
    engine.NoTables: errors.NoTables,
    engine.DirectoryError: errors.DirectoryUnreadable,
    mtbl.CountOverflow: errors.CountOverflow,
    mtbl.Cancelled: errors.Cancelled,
}
