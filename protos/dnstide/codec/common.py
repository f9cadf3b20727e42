"""The parts that several kinds of questions and answers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from dnstide.api.v1 import common_pb2
from dnstide.codec.enums import COVERAGE, GRANULARITY, Problems
from dnstide.model.coverage import SpanCoverage
from dnstide.model.errors import Failure, InvalidQuestion, ServerDefect
from dnstide.model.question import EVERYTHING, RowFilter, Span
from dnstide.model.skipped import SkippedRows
from dnstide.model.vocabulary import MAX_PROBLEMS, Coverage
from dnstide.model.volume import Axis, PlanEntry
from google.protobuf.timestamp_pb2 import Timestamp

MESSAGE_UNITS = 40_000
"""What a message holds, so that none passes about 1 MiB. A unit is a bucket of the axis (about 8 bytes) or a
point of a series (3 + 10 + 8 bytes at most)."""

LISTED_UNITS = 4
"""What a failure or an entry of the plan takes."""

AXIS_UNITS = 50_000
"""Buckets of the axis in one message."""

MAX_REASON = 1_000
"""Characters of the reason of a failed table that an answer tells."""

_WORST_COVERAGE = max(Coverage)


def span_message(span: Span) -> common_pb2.Span | None:
    """A span; None where both ends are open."""
    if span == EVERYTHING:
        return None
    message = common_pb2.Span()
    if span.start is not None:
        message.start.seconds = span.start
    if span.stop is not None:
        message.stop.seconds = span.stop
    return message


def span_of(problems: Problems, message: common_pb2.Span, prefix: str = "") -> Span:
    """A span, open where the message is empty or absent; fractions of a second are added to the problems."""
    return Span(
        _seconds(problems, prefix + "start", message.start) if message.HasField("start") else None,
        _seconds(problems, prefix + "stop", message.stop) if message.HasField("stop") else None,
    )


def filter_message(row_filter: RowFilter) -> common_pb2.RowFilter | None:
    """A filter; None where it leaves nothing out."""
    if not row_filter:
        return None
    return common_pb2.RowFilter(rrtypes=row_filter.rrtypes, bailiwick=row_filter.bailiwick or "")


def filter_of(message: common_pb2.RowFilter) -> RowFilter:
    """A filter; an empty or absent message leaves nothing out."""
    return RowFilter(tuple(message.rrtypes), message.bailiwick or None)


_FIELD_OF = {
    "start": "span",
    "stop": "span",
    "rrtypes": "filter",
    "bailiwick": "filter",
    "series": "series_granularity",
}
"""Fields of a question that bear other names, or lie deeper, in its problems."""


def build(
    kind: Callable[..., Any],
    fields: dict[str, Any],
    problems: Problems,
    also: Callable[[Any], object] | None,
) -> Any:
    """The question that the fields make up. Raises InvalidQuestion that names each wrong field, 20 at most.

    Where a field is wrong the others are judged without it, by the question itself and by `also`.
    """
    try:
        question = kind(**_sound(fields, problems))
        if not problems:
            return question
    except InvalidQuestion as error:
        _add_new(problems, error)
    if also is not None:
        try:
            also(kind(**_sound(fields, problems)))
        except InvalidQuestion as error:
            _add_new(problems, error)
    raise InvalidQuestion(problems[:MAX_PROBLEMS])


def _sound(fields: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """The fields without the wrong ones, which make up a question wherever the others do."""
    names = {name.partition(".")[0] for name, _ in problems}
    wrong = {_FIELD_OF.get(name, name) for name in names}
    if "baseline" in wrong:
        wrong.add("ratio_min_count")  # which a question without a baseline cannot have
    sound = {name: value for name, value in fields.items() if name not in wrong}
    if "names" in wrong:
        sound["names"] = (".",)
    return sound


def _add_new(problems: Problems, error: InvalidQuestion) -> None:
    for problem in error.problems:
        if problem not in problems:
            problems.append(problem)


def axis_messages(axis: Axis | None) -> Iterator[common_pb2.Axis]:
    """An axis in consecutive parts, none for None."""
    if axis is None:
        return
    granularity = GRANULARITY.number[axis.granularity]
    starts, coverage = axis.starts.view(np.int64), axis.coverage
    stop = int(axis.stop.astype(np.int64))
    for first in range(0, max(len(starts), 1), AXIS_UNITS):
        part = common_pb2.Axis(granularity=granularity, stop=stop)
        part.starts.extend(starts[first : first + AXIS_UNITS].tolist())
        part.coverage.extend(coverage[first : first + AXIS_UNITS].tolist())
        yield part


def axis_of(parts: list[common_pb2.Axis]) -> Axis:
    """An axis of its consecutive parts, at least one. Raises ServerDefect where they do not fit together."""
    starts = np.concatenate([np.fromiter(part.starts, np.int64, len(part.starts)) for part in parts])
    marks = np.concatenate([np.fromiter(part.coverage, np.uint8, len(part.coverage)) for part in parts])
    if len(marks) != len(starts):
        raise ServerDefect("the axis of the answer and its coverage do not fit together")
    if len(marks) and not (marks.min() and marks.max() <= _WORST_COVERAGE):
        raise ServerDefect("the axis of the answer has a coverage that this client does not know")
    edges = np.append(starts, parts[-1].stop)
    return Axis.of(GRANULARITY.told(parts[0].granularity), edges, marks)


def coverage_message(coverage: SpanCoverage) -> common_pb2.SpanCoverage:
    """What an answer could look at of a span."""
    marks = [COVERAGE.number[mark] for mark in coverage.marks]
    return common_pb2.SpanCoverage(
        edges=coverage.edges, marks=marks, covered_seconds=coverage.covered_seconds
    )


def coverage_of(message: common_pb2.SpanCoverage) -> SpanCoverage:
    """What an answer could look at of a span. Raises ServerDefect where it does not fit together."""
    edges, marks = tuple(message.edges), tuple(map(COVERAGE.told, message.marks))
    if len(edges) != (len(marks) + 1 if marks else 0):
        raise ServerDefect("the coverage of the answer's span does not fit together")
    return SpanCoverage(edges, marks, message.covered_seconds)


def failure_message(failure: Failure) -> common_pb2.Failure:
    """A failed table."""
    return common_pb2.Failure(
        table=failure.table,
        code=failure.code,
        reason=failure.reason[:MAX_REASON],
        offset=failure.offset,
        retryable=failure.retryable,
    )


def skipped_message(skipped: SkippedRows) -> common_pb2.SkippedRows:
    """Rows of a table that are none."""
    return common_pb2.SkippedRows(
        table=skipped.table, rows=skipped.rows, offset=skipped.offset, reason=skipped.reason[:MAX_REASON]
    )


def skipped_of(message: common_pb2.SkippedRows) -> SkippedRows:
    """Rows of a table that are none."""
    return SkippedRows(message.table, message.rows, message.offset, message.reason)


def failure_of(message: common_pb2.Failure) -> Failure:
    """A failed table."""
    offset = message.offset if message.HasField("offset") else None
    return Failure(message.table, message.code, message.reason, offset, message.retryable)


def plan_messages(plan: Iterable[PlanEntry]) -> list[common_pb2.PlanEntry]:
    """The tables of a plan."""
    return [common_pb2.PlanEntry(table=e.table, used=e.used, reason=e.reason) for e in plan]


def plan_of(messages: Iterable[common_pb2.PlanEntry]) -> tuple[PlanEntry, ...]:
    """The tables of a plan."""
    return tuple(PlanEntry(message.table, message.used, message.reason) for message in messages)


def moment(seconds: int) -> np.datetime64:
    """Unix seconds as datetime64[s]."""
    return np.datetime64(seconds, "s")


def unix_seconds(time: np.datetime64) -> int:
    """A datetime64[s] as unix seconds."""
    return int(time.astype("datetime64[s]").astype(np.int64))


def _seconds(problems: Problems, field: str, time: Timestamp) -> int:
    if time.nanos:
        problems.append((field, f"times are whole seconds: leave nanos at 0 (got {time.nanos})"))
    return int(time.seconds)
