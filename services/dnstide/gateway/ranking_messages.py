"""Requests about the largest to questions, and answers to messages below about 1 MiB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from dnstide.api.v1 import top_pb2, volume_pb2
from dnstide.engine import InvalidQuestion
from dnstide.engine.top.answer import TopAnswer
from dnstide.engine.top.question import Span, TopQuestion
from dnstide.engine.top.threshold import Certificate
from dnstide.gateway.convert import GRANULARITIES, GRANULARITY_NUMBERS, POLICIES, known, seconds
from dnstide.gateway.messages import AXIS_UNITS, MAX_FAILURES, MAX_PLAN, MESSAGE_UNITS
from dnstide.gateway.status import BadRequestError, failure_message
from dnstide.mtbl.keys import Grouping

GROUPINGS: dict[int, Grouping] = {
    top_pb2.GROUP_BY_UNSPECIFIED: Grouping.FQDN,
    **{top_pb2.GroupBy.Value(f"GROUP_BY_{g.name}"): g for g in Grouping},
}
METHODS = {
    "summary": top_pb2.RANK_METHOD_SUMMARY,
    "scan": top_pb2.RANK_METHOD_SCAN,
    "range": top_pb2.RANK_METHOD_RANGE,
}
RANK_UNITS = 20  # what a rank takes beside its series: about 400 bytes, of units of about 20
_LARGEST = 2**64 - 1


def top_question(request: top_pb2.RankNamesRequest) -> TopQuestion:
    """The question that a request asks. Raises BadRequestError."""
    try:
        return TopQuestion.build(
            request.limit,
            known("group_by", GROUPINGS, request.group_by),
            rrtypes=tuple(request.rrtypes),
            under=request.under or None,
            exclude=tuple(request.exclude),
            start=seconds("start_time", request.start_time) if request.HasField("start_time") else None,
            stop=seconds("end_time", request.end_time) if request.HasField("end_time") else None,
            dataset=request.dataset or "dns",
            series=(
                known("series_granularity", GRANULARITIES, request.series_granularity)
                if request.series_granularity
                else None
            ),
            against=_against(request.against) if request.HasField("against") else None,
            ratio_from=request.ratio_min_count if request.HasField("ratio_min_count") else None,
            policy=known("failure_policy", POLICIES, request.failure_policy),
        )
    except InvalidQuestion as error:
        raise BadRequestError([error]) from None


def _against(span: top_pb2.Span) -> Span:
    start = seconds("against.start_time", span.start_time) if span.HasField("start_time") else None
    stop = seconds("against.end_time", span.end_time) if span.HasField("end_time") else None
    return start, stop


def progress_message(wanted: int, made: int) -> top_pb2.RankNamesResponse:
    """How many summaries there are by now."""
    return top_pb2.RankNamesResponse(
        progress=top_pb2.RankProgress(summaries_wanted=wanted, summaries_made=made)
    )


def top_messages(answer: TopAnswer, explain: bool) -> Iterator[top_pb2.RankNamesResponse]:
    """Axis, ranks or changes, and summary, in as few messages as fit."""
    message = top_pb2.RankNamesResponse()
    room = MESSAGE_UNITS
    if answer.edges is not None and answer.coverage is not None:
        starts = answer.edges[:-1]
        for first in range(0, max(len(starts), 1), AXIS_UNITS):
            if first:
                yield message
                message = top_pb2.RankNamesResponse()
            _fill_axis(message.axis, answer, first)
            room = MESSAGE_UNITS - len(message.axis.bucket_starts)
    adders: Sequence[tuple[Sequence[Any], Callable[[top_pb2.RankNamesResponse, Any], None]]] = (
        (answer.entries, _add_rank),
        (answer.rises, lambda m, one: _add_change(m.rises, one)),
        (answer.falls, lambda m, one: _add_change(m.falls, one)),
    )
    for items, add in adders:
        for item in items:
            units = RANK_UNITS + len(item.name) // 16 + (0 if answer.edges is None else len(answer.edges))
            if room < units and room < MESSAGE_UNITS:
                yield message
                message = top_pb2.RankNamesResponse()
                room = MESSAGE_UNITS
            add(message, item)
            room -= units
    if room < len(answer.failures) + (MAX_PLAN if explain else 0) + 100:
        yield message
        message = top_pb2.RankNamesResponse()
    _fill_summary(message.summary, answer, explain)
    yield message


def _fill_axis(axis: volume_pb2.Axis, answer: TopAnswer, first: int) -> None:
    assert answer.edges is not None
    assert answer.coverage is not None
    assert answer.question.series is not None
    axis.granularity = GRANULARITY_NUMBERS[answer.question.series]  # type: ignore[assignment]
    axis.bucket_starts.extend(answer.edges[:-1][first : first + AXIS_UNITS].tolist())
    axis.coverage.extend(answer.coverage[first : first + AXIS_UNITS].tolist())
    axis.end = int(answer.edges[-1])


def _add_rank(message: top_pb2.RankNamesResponse, entry: Any) -> None:
    rank = message.ranks.add(
        rank=entry.rank, name=entry.name, rrtype=entry.rrtype or "", count=entry.count, share=entry.share
    )
    if entry.series is not None:
        rank.series.extend(entry.series.tolist())


def _add_change(into: Any, change: Any) -> None:
    into.add(
        rank=change.rank,
        name=change.name,
        rrtype=change.rrtype or "",
        before=change.before,
        after=change.after,
    )


def _fill_summary(summary: top_pb2.RankSummary, answer: TopAnswer, explain: bool) -> None:
    summary.complete = answer.complete
    summary.tables_asked = answer.asked
    summary.tables_answered = answer.answered
    summary.failures.extend(failure_message(failure) for failure in answer.failures[:MAX_FAILURES])
    summary.failures_total = len(answer.failures)
    if explain:
        for name, used, reason in islice(answer.tables, MAX_PLAN):
            summary.plan.add(table=name, used=used, reason=reason)
    summary.total_count = answer.total
    summary.excluded_count = answer.excluded
    summary.certificates.extend(_certificate(one) for one in answer.certificates)
    summary.method = METHODS[answer.method]
    summary.keep = answer.keep
    summary.suffix_list_version = answer.suffixes or ""
    if answer.rows is not None:
        summary.rows = answer.rows
    summary.seconds = answer.seconds
    summary.catalog_version = answer.catalog_version


def _certificate(one: Certificate) -> top_pb2.Certificate:
    return top_pb2.Certificate(
        theta=min(one.theta, _LARGEST),
        threshold=one.threshold,
        lists=one.lists,
        depth=one.depth,
        candidates=one.candidates,
        lookups=one.lookups,
        scanned=one.scanned,
        rounds=one.rounds,
    )
