"""The client without a server: the engine in this process, over one directory of tables.

Needs `pip install 'dnstide[local]'`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from dnstide.client.asking import Asking
from dnstide.client.report import Steps, run
from dnstide.client.timeouts import DEFAULT, Timeout, seconds_of
from dnstide.model.analysis import Findings
from dnstide.model.arguments import (
    AnalysisOptions,
    TopOptions,
    VolumeOptions,
    analysis_question,
    top_question,
    volume_question,
)
from dnstide.model.catalog import Catalog, TableReport
from dnstide.model.errors import ClientClosed, Failure, MissingExtra
from dnstide.model.question import check_dataset
from dnstide.model.report import Report
from dnstide.model.top import Top, TopProgress
from dnstide.model.vocabulary import AnalysisSettings
from dnstide.model.volume import Progress, Volume
from dnstide.model.words import AnalysisWord, DatasetWord

try:
    from dnstide.engine import LocalEngine
    from dnstide.mtbl import Cancel, TableError, verify_table
    from dnstide.shard.summaries.cache import prune_cache as prune_summaries
except ImportError as error:  # of a namespace, a missing part is a missing name
    if error.name is None or not error.name.startswith("dnstide"):
        raise
    raise MissingExtra("reading tables in this process", "local") from None

Answer = TypeVar("Answer")


class LocalClient(Asking[Volume, Findings, Top, Report]):
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
        timeout: float | None = None,
        threads: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        all_files: bool = False,
    ) -> None:
        """Where a fileset (`dns.fileset`) lies beside the tables, only those that it names count, unless
        `all_files` says so. Raises DirectoryUnreadable.
        """
        self.mtbl_dir = os.fspath(mtbl_dir)
        self._timeout = seconds_of(timeout, None)
        self._engine = LocalEngine(
            self.mtbl_dir, threads or os.cpu_count() or 1, cache_dir, all_files=all_files
        )
        self._closed = False

    def summarize(
        self, *, timeout: Timeout = None, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Failure, ...]:
        """Make the summaries that are missing, so that rankings need not; returns the tables that cannot be
        read. `progress` is called with how many are made and how many were missing. Raises OSError where
        summaries cannot be kept.
        """
        return tuple(self._run(lambda cancel: self._engine.summarize(None, progress, cancel), timeout))

    def tables(self, dataset: DatasetWord | None = None, *, timeout: Timeout = DEFAULT) -> Catalog:
        """As `Client.tables`. Every table is opened, so that its trailer and index are known to be sound.

        Opening is quick and cannot be stopped: `timeout` is accepted so that both clients are called alike,
        and has no effect.
        """
        check_dataset(dataset)
        catalog = self._run(lambda _: self._engine.tables(check=True), None)
        if dataset is None:
            return catalog
        return replace(catalog, tables=tuple(table for table in catalog if table.dataset == dataset))

    def close(self) -> None:
        """Close the tables."""
        self._closed = True
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _volume(
        self,
        names: str | Iterable[str],
        options: VolumeOptions,
        timeout: Timeout,
        progress: Callable[[Progress], None] | None,
    ) -> Volume:
        question = volume_question(names, options)
        return self._run(lambda cancel: self._engine.volume(question, progress, cancel), timeout)

    def _analyze(
        self,
        analysis: AnalysisWord,
        names: str | Iterable[str],
        options: AnalysisOptions,
        settings: AnalysisSettings | None,
        timeout: Timeout,
    ) -> Findings:
        question = analysis_question(analysis, names, options, settings)
        return self._run(lambda cancel: self._engine.analyze(question, None, cancel), timeout)

    def _top(
        self,
        limit: int,
        options: TopOptions,
        timeout: Timeout,
        progress: Callable[[TopProgress], None] | None,
    ) -> Top:
        question = top_question(limit, options)
        return self._run(lambda cancel: self._engine.top(question, progress, cancel), timeout)

    def _report(self, steps: Steps, timeout: Timeout) -> Report:
        return run(steps, self, seconds_of(timeout, self._timeout))

    def _run(self, work: Callable[[Cancel], Answer], timeout: Timeout) -> Answer:
        if self._closed:
            raise ClientClosed.now()
        return _interruptible(work, seconds_of(timeout, self._timeout))


def prune_cache(cache_dir: str | os.PathLike[str] | None = None) -> tuple[int, int]:
    """Remove the summaries of tables that are gone or have changed; how many files, and their bytes.

    Raises OSError where the cache cannot be read or changed.
    """
    return prune_summaries(cache_dir)


def verify_files(paths: Sequence[str], threads: int | None = None) -> Iterator[TableReport]:
    """Read every byte of these tables, several at once, and report on each in the order given."""
    cancel = Cancel()

    def verify(path: str) -> TableReport:
        try:
            return verify_table(path, cancel)
        except TableError as error:
            return TableReport(path, problem=Failure(path, error.code, error.reason, error.offset))

    workers = ThreadPoolExecutor(max_workers=max(1, min(threads or os.cpu_count() or 1, len(paths))))
    try:
        yield from workers.map(verify, paths)
    finally:
        cancel.cancel()
        workers.shutdown(wait=False, cancel_futures=True)


def _interruptible(work: Callable[[Cancel], Answer], seconds: float | None) -> Answer:
    """Run native work so that Ctrl-C stops it at once: signals reach Python only outside native code."""
    cancel = Cancel(seconds)
    if threading.current_thread() is not threading.main_thread():
        return work(cancel)
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work(cancel))
        except BaseException as error:  # handed over to the thread that waits
            errors.append(error)

    worker = threading.Thread(target=run, name="dnstide-engine", daemon=True)
    worker.start()
    try:
        worker.join()
    except BaseException:
        cancel.cancel()
        worker.join(timeout=1.0)
        raise
    if errors:
        raise errors[0]
    return answers[0]
