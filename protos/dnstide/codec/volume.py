"""Volume over time: question and answer, to messages and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from dnstide.api.v1 import common_pb2, volume_pb2
from dnstide.codec.common import (
    LISTED_UNITS,
    MESSAGE_UNITS,
    axis_messages,
    axis_of,
    build,
    coverage_message,
    coverage_of,
    failure_message,
    failure_of,
    filter_message,
    filter_of,
    plan_messages,
    plan_of,
    skipped_message,
    skipped_of,
    span_message,
    span_of,
)
from dnstide.codec.enums import BUCKET_BY, FAILURE_POLICY, GRANULARITY, SMOOTHING_METHOD, Problems
from dnstide.model.errors import InvalidQuestion, ServerDefect
from dnstide.model.question import Smoothing, VolumeQuestion
from dnstide.model.vocabulary import MAX_COUNT, MAX_LISTED_FAILURES, MAX_LISTED_PLAN
from dnstide.model.volume import Axis, Progress, Series, Summary, Timings, Volume, frozen

SERIES_UNITS = 16
"""What a series takes beside its points: a name can have 255 bytes, and more where escaped."""

FILTER_UNITS = 96
"""What the types and the bailiwick that came with a name take in addition, with room for 64 types."""

SMALL_PART = 256
"""A part of a series that is shorter, and not its last, begins a message of its own instead."""


def volume_request(question: VolumeQuestion) -> volume_pb2.QueryVolumeRequest:
    """The message that asks."""
    request = volume_pb2.QueryVolumeRequest(
        names=question.names,
        filter=filter_message(question.filter),
        span=span_message(question.span),
        granularity=GRANULARITY.number[question.granularity],
        bucket_by=BUCKET_BY.number[question.bucket_by],
        split_by_rrtype=question.split_by_rrtype,
        fill=question.fill,
        failure_policy=FAILURE_POLICY.number[question.failure_policy],
        dataset=question.dataset,
        explain=question.explain,
        case_sensitive=question.case_sensitive,
        strict=question.strict,
    )
    if question.smoothing is not None:
        request.smoothing.method = SMOOTHING_METHOD.number[question.smoothing.method]
        request.smoothing.period = question.smoothing.period
    return request


def volume_question(
    request: volume_pb2.QueryVolumeRequest, also: Callable[[VolumeQuestion], object] | None = None
) -> VolumeQuestion:
    """The question that a message asks. Raises InvalidQuestion that names every wrong field, 20 at most.

    `also` raises InvalidQuestion for what else may be wrong with a question, such as its names. It is called
    only where a field is wrong, so that its problems are named beside.
    """
    problems: Problems = []
    fields: dict[str, Any] = {
        "names": tuple(request.names),
        "filter": filter_of(request.filter),
        "span": span_of(problems, request.span),
        "granularity": GRANULARITY.asked(problems, "granularity", request.granularity),
        "bucket_by": BUCKET_BY.asked(problems, "bucket_by", request.bucket_by),
        "split_by_rrtype": request.split_by_rrtype,
        "smoothing": _smoothing(problems, request.smoothing),
        "fill": request.fill,
        "failure_policy": FAILURE_POLICY.asked(problems, "failure_policy", request.failure_policy),
        "dataset": request.dataset or "dns",
        "explain": request.explain,
        "case_sensitive": request.case_sensitive,
        "strict": request.strict,
    }
    question: VolumeQuestion = build(VolumeQuestion, fields, problems, also)
    return question


def volume_messages(volume: Volume) -> Iterator[volume_pb2.QueryVolumeResponse]:
    """Axis, series and summary, in as few messages as fit."""
    message = volume_pb2.QueryVolumeResponse()
    room = MESSAGE_UNITS
    for number, part in enumerate(axis_messages(volume.axis)):
        if number:
            yield message
            message = volume_pb2.QueryVolumeResponse()
        message.axis.CopyFrom(part)
        room = MESSAGE_UNITS - len(part.starts)
    for series in volume.series:
        first, size = 0, len(series)
        head = SERIES_UNITS + (FILTER_UNITS if series.filter else 0)
        while True:
            if room < head + min(size - first, SMALL_PART):
                yield message
                message = volume_pb2.QueryVolumeResponse()
                room = MESSAGE_UNITS
            stop = min(size, first + room - head)
            _add_chunk(message, series, first, stop)
            room -= head + stop - first
            first = stop
            if first == size:
                break
    summary = volume.summary
    listed = LISTED_UNITS * (len(summary.failures) + len(summary.skipped) + len(summary.plan)) + len(
        summary.coverage.marks
    )
    if room < listed:
        yield message
        message = volume_pb2.QueryVolumeResponse()
    fill_summary(message.summary, summary)
    yield message


def volume_progress(progress: Progress) -> volume_pb2.QueryVolumeResponse:
    """How far the work is."""
    return volume_pb2.QueryVolumeResponse(
        progress=volume_pb2.Progress(
            tables_asked=progress.tables_asked,
            tables_answered=progress.tables_answered,
            tables_failed=progress.tables_failed,
            shards_pending=progress.shards_pending,
        )
    )


class VolumeReader:
    """Takes the messages of one answer in order (`feed`) and gives the Volume (`finish`)."""

    def __init__(self, question: VolumeQuestion, progress: Callable[[Progress], None] | None = None) -> None:
        self._question = question
        self._progress = progress
        self._axis: Axis | None = None
        self._axis_parts: list[common_pb2.Axis] = []
        self._chunks: list[volume_pb2.SeriesChunk] = []
        self._series: list[Series] = []
        self._summary: volume_pb2.Summary | None = None

    def feed(self, message: volume_pb2.QueryVolumeResponse) -> None:
        """Take one message. Raises ServerDefect where it does not continue the ones before."""
        if self._progress is not None and message.HasField("progress"):
            told = message.progress
            self._progress(
                Progress(told.tables_asked, told.tables_answered, told.tables_failed, told.shards_pending)
            )
        if message.HasField("axis"):
            self._axis_parts.append(message.axis)
        ends = message.HasField("summary")
        if self._axis is None and self._axis_parts and (ends or message.series):
            self._axis = axis_of(self._axis_parts)
        for chunk in message.series:
            self._take(chunk)
        if ends:
            self._summary = message.summary

    def finish(self, request_id: str = "") -> Volume:
        """The whole answer. Raises ServerDefect where the stream ended before its summary."""
        if self._axis is None or self._summary is None or self._chunks:
            raise ServerDefect("the answer ended before its summary: ask again, and see the server's log")
        return Volume(
            question=self._question,
            axis=self._axis,
            series=tuple(self._series),
            summary=summary_of(self._summary, request_id),
        )

    def _take(self, chunk: volume_pb2.SeriesChunk) -> None:
        if self._axis is None:
            raise ServerDefect("the answer brings a series before its axis")
        if self._chunks:
            before = self._chunks[0]
            if (before.name_index, before.rrtype) != (chunk.name_index, chunk.rrtype):
                raise ServerDefect(f"the answer brings {chunk.name} before {before.name} is whole")
        self._chunks.append(chunk)
        if chunk.last:
            self._series.append(_series(self._chunks, self._axis, self._question.smoothing is not None))
            self._chunks = []


def _smoothing(problems: Problems, message: volume_pb2.Smoothing) -> Smoothing | None:
    if not message.method and not message.period:
        return None
    method = SMOOTHING_METHOD.asked(problems, "smoothing.method", message.method)
    try:
        return Smoothing(message.period, method)
    except InvalidQuestion as error:
        problems.extend(("smoothing.period", text) for _, text in error.problems)
        return None


def _add_chunk(message: volume_pb2.QueryVolumeResponse, series: Series, first: int, stop: int) -> None:
    chunk = message.series.add(name=series.name, name_index=series.name_index, last=stop == len(series))
    if series.rrtype is not None:
        chunk.rrtype = series.rrtype
    if series.filter and not first:
        chunk.filter.CopyFrom(filter_message(series.filter))
    chunk.buckets.extend(series.buckets[first:stop].tolist())
    chunk.counts.extend(series.counts[first:stop].tolist())
    if series.smoothed is not None:
        chunk.smoothed.extend(series.smoothed[first:stop].tolist())


def _series(chunks: list[volume_pb2.SeriesChunk], axis: Axis, smooth: bool) -> Series:
    """One series of its consecutive parts."""
    first = chunks[0]
    buckets = _joined([np.fromiter(part.buckets, np.uint32, len(part.buckets)) for part in chunks])
    counts = _joined([np.fromiter(part.counts, np.uint64, len(part.counts)) for part in chunks])
    smoothed = None
    if smooth:
        smoothed = _joined([np.fromiter(part.smoothed, np.float64, len(part.smoothed)) for part in chunks])
    size = len(buckets)
    whole = len(counts) == size and (smoothed is None or len(smoothed) == size)
    if not whole or (size and int(buckets.max()) >= len(axis)):
        raise ServerDefect(f"the columns of {first.name} do not fit together")
    # Where split, a name without rows has no type.
    return Series(
        first.name, first.rrtype or None, first.name_index, axis, buckets, counts, smoothed,
        filter_of(first.filter),
    )  # fmt: skip


def _joined(parts: list[Any]) -> Any:
    return frozen(parts[0] if len(parts) == 1 else np.concatenate(parts))


def fill_summary(message: volume_pb2.Summary, summary: Summary) -> None:
    """Write what an answer rests on into a message."""
    message.complete = summary.complete
    message.tables_asked = summary.tables_asked
    message.tables_answered = summary.tables_answered
    message.tables_summarized = summary.tables_summarized
    if summary.failures:
        message.failures.extend(map(failure_message, summary.failures[:MAX_LISTED_FAILURES]))
    message.failures_total = summary.failures_total
    if summary.plan:
        message.plan.extend(plan_messages(summary.plan[:MAX_LISTED_PLAN]))
    message.rows_read = summary.rows_read
    message.blocks_read = summary.blocks_read
    message.total_count = min(summary.total_count, MAX_COUNT)
    timings = summary.timings
    told = message.timings
    told.plan, told.ask, told.merge = timings.plan, timings.ask, timings.merge
    told.slowest_shard = timings.slowest_shard
    message.catalog_version = summary.catalog_version
    message.coverage.CopyFrom(coverage_message(summary.coverage))
    message.bucket_by = BUCKET_BY.number[summary.bucket_by]
    if summary.skipped:
        message.skipped.extend(map(skipped_message, summary.skipped[:MAX_LISTED_FAILURES]))
    message.rows_skipped = summary.rows_skipped


def summary_of(message: volume_pb2.Summary, request_id: str = "") -> Summary:
    """What an answer rests on."""
    spent = message.timings
    return Summary(
        complete=message.complete,
        tables_asked=message.tables_asked,
        tables_answered=message.tables_answered,
        failures=tuple(map(failure_of, message.failures)),
        failures_total=message.failures_total,
        plan=plan_of(message.plan),
        rows_read=message.rows_read,
        blocks_read=message.blocks_read,
        total_count=message.total_count,
        timings=Timings(spent.plan, spent.ask, spent.merge, spent.slowest_shard),
        catalog_version=message.catalog_version,
        tables_summarized=message.tables_summarized,
        request_id=request_id,
        coverage=coverage_of(message.coverage),
        bucket_by=BUCKET_BY.told(message.bucket_by),
        skipped=tuple(map(skipped_of, message.skipped)),
        rows_skipped=message.rows_skipped,
    )
