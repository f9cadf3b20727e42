"""Answers to messages. A small answer is one message; a large one is cut so that none passes about 1 MiB."""

from __future__ import annotations

from collections.abc import Iterator

from dnstide.api.v1 import volume_pb2
from dnstide.engine import Series, VolumeAnswer
from dnstide.gateway.convert import GRANULARITY_NUMBERS
from dnstide.gateway.status import failure_message
from google.protobuf.duration_pb2 import Duration

# What takes one unit: a bucket of the axis (about 8 bytes) or a point of a series (3 + 10 + 8 bytes at most).
MESSAGE_UNITS = 40_000
AXIS_UNITS = 50_000
SERIES_UNITS = 16  # what a series takes beside its points: a name can have 255 bytes and more escaped
MAX_FAILURES = 1000
MAX_PLAN = 10_000


def volume_messages(answer: VolumeAnswer, explain: bool) -> Iterator[volume_pb2.QueryVolumeResponse]:
    """Axis, series and summary, in as few messages as fit."""
    message = volume_pb2.QueryVolumeResponse()
    starts, coverage = answer.edges[:-1], answer.coverage
    room = MESSAGE_UNITS
    for first in range(0, len(starts), AXIS_UNITS):
        if first:
            yield message
            message = volume_pb2.QueryVolumeResponse()
        axis = message.axis
        axis.granularity = GRANULARITY_NUMBERS[answer.plan.step]  # type: ignore[assignment]
        axis.bucket_starts.extend(starts[first : first + AXIS_UNITS].tolist())
        axis.coverage.extend(coverage[first : first + AXIS_UNITS].tolist())
        axis.end = int(answer.edges[-1])
        room = MESSAGE_UNITS - len(axis.bucket_starts)
    for series in answer.series:
        begin, size = 0, len(series.bucket)
        while True:
            if room < SERIES_UNITS + min(size - begin, 256):
                yield message
                message = volume_pb2.QueryVolumeResponse()
                room = MESSAGE_UNITS
            end = min(size, begin + room - SERIES_UNITS)
            _add_chunk(message, series, begin, end)
            room -= SERIES_UNITS + end - begin
            begin = end
            if begin == size:
                break
    if room < len(answer.failures) + (MAX_PLAN if explain else 0):
        yield message
        message = volume_pb2.QueryVolumeResponse()
    fill_summary(message.summary, answer, explain)
    yield message


def _add_chunk(message: volume_pb2.QueryVolumeResponse, series: Series, begin: int, end: int) -> None:
    chunk = message.series.add(name=series.name, last=end == len(series.bucket))
    if series.rrtype is not None:
        chunk.rrtype = series.rrtype
    chunk.buckets.extend(series.bucket[begin:end].tolist())
    chunk.counts.extend(series.count[begin:end].tolist())
    if series.smoothed is not None:
        chunk.smoothed.extend(series.smoothed[begin:end].tolist())


def fill_summary(summary: volume_pb2.Summary, answer: VolumeAnswer, explain: bool) -> None:
    """What the answer rests on."""
    summary.complete = answer.complete
    summary.tables_asked = answer.asked
    summary.tables_answered = answer.answered
    summary.tables_summarized = answer.summarized
    summary.rows_read = answer.rows
    summary.blocks_read = answer.blocks
    summary.total_count = min(answer.total, 2**64 - 1)
    summary.catalog_version = answer.catalog_version
    if answer.failures:
        summary.failures.extend(failure_message(failure) for failure in answer.failures[:MAX_FAILURES])
        summary.failures_total = len(answer.failures)
    if explain:
        summary.plan.extend(_plan_entries(answer))
    timings = answer.timings
    _set(summary.timings.plan, timings.plan)
    _set(summary.timings.ask, timings.look)
    _set(summary.timings.merge, timings.merge)
    _set(summary.timings.slowest_shard, timings.slowest_shard)


def _plan_entries(answer: VolumeAnswer) -> Iterator[volume_pb2.PlanEntry]:
    plan = answer.plan
    for table in plan.tables[:MAX_PLAN]:
        yield volume_pb2.PlanEntry(table=table, used=True)
    for left_out in plan.left_out[: MAX_PLAN - min(len(plan.tables), MAX_PLAN)]:
        yield volume_pb2.PlanEntry(table=left_out.table, reason=left_out.reason)


def _set(duration: Duration, seconds: float) -> None:
    duration.seconds = int(seconds)
    duration.nanos = int(seconds % 1 * 1e9)


def progress_message(asked: int, answered: int, failed: int, pending: int) -> volume_pb2.QueryVolumeResponse:
    """How far the work is."""
    return volume_pb2.QueryVolumeResponse(
        progress=volume_pb2.Progress(
            tables_asked=asked, tables_answered=answered, tables_failed=failed, shards_pending=pending
        )
    )
