"""Questions to request messages, and response messages to results: pure, shared by both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.api.v1 import common_pb2, info_pb2, tables_pb2, volume_pb2

from .catalog import Catalog, ServerInfo, ShardInfo, TableInfo
from .errors import Failure, ServerDefect
from .question import Question
from .results import (
    Axis,
    PlanEntry,
    Progress,
    Series,
    Summary,
    Timings,
    Volume,
    make_axis,
    make_series,
)

ProgressHook = Callable[[Progress], None]

_BUCKET_BY = {"first-seen": volume_pb2.BUCKET_BY_FIRST_SEEN, "file": volume_pb2.BUCKET_BY_FILE}
PAGE_SIZE = 5000
"""Tables asked for at once; the most that a server gives."""


def volume_request(question: Question) -> volume_pb2.QueryVolumeRequest:
    """The message that asks `question`."""
    request = volume_pb2.QueryVolumeRequest(
        names=question.names,
        rrtypes=question.rrtypes,
        bailiwick=question.bailiwick or "",
        granularity=granularity_number(question.granularity),
        bucket_by=_BUCKET_BY[question.bucket_by],
        split_by_rrtype=question.split_by_rrtype,
        fill=question.fill,
        failure_policy=(
            common_pb2.FAILURE_POLICY_PARTIAL if question.partial else common_pb2.FAILURE_POLICY_FAIL
        ),
        dataset=question.dataset,
        explain=question.explain,
    )
    if question.start is not None:
        request.start_time.seconds = question.start
    if question.stop is not None:
        request.end_time.seconds = question.stop
    if question.smoothing is not None:
        word = "SMOOTHING_METHOD_" + question.smoothing.method.upper().replace("-", "_")
        request.smoothing.method = volume_pb2.SmoothingMethod.Value(word)
        request.smoothing.period = question.smoothing.period
    return request


class VolumeReader:
    """Takes the messages of one answer in order (`feed`) and gives the Volume (`finish`)."""

    def __init__(self, question: Question, progress: ProgressHook | None = None) -> None:
        self._question = question
        self._progress = progress
        self._axis: Axis | None = None
        self._axis_parts: list[volume_pb2.Axis] = []
        self._open: _Chunks | None = None
        self._series: list[Series] = []
        self._summary: Summary | None = None

    def feed(self, message: volume_pb2.QueryVolumeResponse) -> None:
        """Take one message. Raises ServerDefect where it does not continue the ones before."""
        if message.HasField("progress") and self._progress is not None:
            self._progress(_progress(message.progress))
        if message.HasField("axis"):
            self._axis_parts.append(message.axis)
        if self._axis is None and self._axis_parts and (message.series or message.HasField("summary")):
            self._axis = axis(self._axis_parts)
        for chunk in message.series:
            self._take(chunk)
        if message.HasField("summary"):
            self._summary = summary(message.summary)

    def finish(self) -> Volume:
        """The whole answer. Raises ServerDefect where the stream ended before its summary."""
        if self._axis is None or self._summary is None or self._open is not None:
            raise ServerDefect("the answer ended before its summary: ask again, and see the server's log")
        return Volume(
            series=tuple(self._series),
            axis=self._axis,
            summary=self._summary,
            smoothing=self._question.smoothing,
            split_by_rrtype=self._question.split_by_rrtype,
        )

    def _take(self, chunk: volume_pb2.SeriesChunk) -> None:
        if self._axis is None:
            raise ServerDefect("the answer brings a series before its axis")
        if self._open is None:
            self._open = _Chunks(chunk.name, chunk.rrtype)
        elif (self._open.name, self._open.rrtype) != (chunk.name, chunk.rrtype):
            raise ServerDefect(f"the answer brings {chunk.name} before {self._open.name} is whole")
        self._open.add(chunk)
        if chunk.last:
            self._series.append(self._open.series(self._axis, self._question))
            self._open = None


@dataclass(slots=True)
class _Chunks:
    """The pieces of one series until its last one has come."""

    name: str
    rrtype: str
    buckets: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    counts: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    smoothed: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def add(self, chunk: volume_pb2.SeriesChunk) -> None:
        self.buckets.append(np.fromiter(chunk.buckets, np.uint32, len(chunk.buckets)))
        self.counts.append(np.fromiter(chunk.counts, np.uint64, len(chunk.counts)))
        self.smoothed.append(np.fromiter(chunk.smoothed, np.float64, len(chunk.smoothed)))

    def series(self, axis: Axis, question: Question) -> Series:
        buckets, counts = np.concatenate(self.buckets), np.concatenate(self.counts)
        smoothed = np.concatenate(self.smoothed) if question.smoothing is not None else None
        lengths = {len(buckets), len(counts)} | ({len(smoothed)} if smoothed is not None else set())
        if len(lengths) != 1 or (len(buckets) and int(buckets.max()) >= len(axis)):
            raise ServerDefect(f"the columns of {self.name} do not fit together")
        rrtype = self.rrtype or None  # where split, a name without rows has no type
        return make_series(axis, self.name, rrtype, buckets, counts, smoothed)


def tables_request(dataset: str | None, page_token: str) -> tables_pb2.ListTablesRequest:
    """One page of the catalog."""
    return tables_pb2.ListTablesRequest(page_size=PAGE_SIZE, page_token=page_token, dataset=dataset or "")


def catalog(pages: Iterable[tables_pb2.ListTablesResponse]) -> Catalog:
    """All pages, as one catalog."""
    tables: list[TableInfo] = []
    ignored: list[tuple[str, str]] = []
    version = ""
    for page in pages:
        tables.extend(_table(table) for table in page.tables)
        ignored.extend((file.name, file.reason) for file in page.ignored)
        version = page.catalog_version
    return Catalog(tuple(tables), tuple(ignored), version)


def server_info(message: info_pb2.GetServerInfoResponse) -> ServerInfo:
    """What a server says about itself."""
    return ServerInfo(
        version=message.version,
        ready=message.ready,
        draining=message.draining,
        started=datetime.fromtimestamp(message.start_time.seconds, UTC),
        shards=tuple(
            ShardInfo(s.name, s.node, s.alive, s.tables_owned, s.threads, s.restarts, s.pid)
            for s in message.shards
        ),
        tables_total=message.tables_total,
        tables_damaged=message.tables_damaged,
        catalog_version=message.catalog_version,
    )


def failure(message: common_pb2.Failure) -> Failure:
    """One table that failed."""
    offset = message.offset if message.HasField("offset") else None
    return Failure(message.table, message.code, message.reason, offset, message.retryable)


def _progress(message: volume_pb2.Progress) -> Progress:
    return Progress(
        message.tables_asked, message.tables_answered, message.tables_failed, message.shards_pending
    )


def axis(parts: list[volume_pb2.Axis]) -> Axis:
    """A long axis comes in consecutive parts."""
    starts = [np.fromiter(part.bucket_starts, np.int64, len(part.bucket_starts)) for part in parts]
    marks = [np.fromiter(part.coverage, np.uint8, len(part.coverage)) for part in parts]
    joined = make_axis(
        granularity_word(parts[0].granularity), np.concatenate(starts), parts[-1].end, np.concatenate(marks)
    )
    if len(joined.coverage) != len(joined):
        raise ServerDefect("the axis of the answer and its coverage do not fit together")
    return joined


def summary(message: volume_pb2.Summary) -> Summary:
    """What an answer rests on."""
    spent = message.timings
    return Summary(
        complete=message.complete,
        tables_asked=message.tables_asked,
        tables_answered=message.tables_answered,
        failures=tuple(failure(one) for one in message.failures),
        failures_total=message.failures_total,
        plan=tuple(PlanEntry(entry.table, entry.used, entry.reason) for entry in message.plan),
        rows_read=message.rows_read,
        blocks_read=message.blocks_read,
        total_count=message.total_count,
        timings=Timings(*map(_seconds, (spent.plan, spent.ask, spent.merge, spent.slowest_shard))),
        catalog_version=message.catalog_version,
        tables_summarized=message.tables_summarized,
    )


def _table(message: tables_pb2.Table) -> TableInfo:
    return TableInfo(
        name=message.name,
        dataset=message.dataset,
        granularity=granularity_word(message.granularity),
        start=np.datetime64(message.start_time.seconds, "s"),
        stop=np.datetime64(message.end_time.seconds, "s"),
        size=message.size_bytes,
        problem=failure(message.problem) if message.HasField("problem") else None,
        shards=tuple(message.shards),
    )


def granularity_number(name: str) -> common_pb2.Granularity:
    """The number of a granularity."""
    number: common_pb2.Granularity = common_pb2.Granularity.Value(
        "GRANULARITY_" + name.upper().replace("-", "_")
    )
    return number


def granularity_word(number: common_pb2.Granularity) -> str:
    """The name of a granularity."""
    return str(common_pb2.Granularity.Name(number)).removeprefix("GRANULARITY_").lower().replace("_", "-")


def _seconds(duration: Any) -> float:
    return float(duration.seconds + duration.nanos / 1e9)
