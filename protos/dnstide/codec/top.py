"""The largest: question and answer, to messages and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from dnstide.api.v1 import common_pb2, top_pb2
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
from dnstide.codec.enums import (
    FAILURE_POLICY,
    GRANULARITY,
    GROUP_BY,
    MOVEMENT,
    RANK_METHOD,
    Problems,
)
from dnstide.model.errors import ServerDefect
from dnstide.model.question import TopQuestion
from dnstide.model.top import Certificate, Change, Rank, Top, TopProgress, TopSummary, capped
from dnstide.model.vocabulary import MAX_LISTED_FAILURES, MAX_LISTED_PLAN
from dnstide.model.volume import Axis, frozen

RANK_UNITS = 20
"""What a rank or a change takes beside its series and a long name: about 400 bytes."""

NAME_UNITS = 16
"""Characters of a name that are a unit more."""


def top_request(question: TopQuestion) -> top_pb2.RankNamesRequest:
    """The message that asks."""
    step = question.series_granularity
    request = top_pb2.RankNamesRequest(
        limit=question.limit,
        group_by=GROUP_BY.number[question.group_by],
        filter=filter_message(question.filter),
        under=question.under or "",
        exclude=question.exclude,
        span=span_message(question.span),
        series_granularity=None if step is None else GRANULARITY.number[step],
        movement=MOVEMENT.number[question.movement],
        ratio_min_count=question.ratio_min_count,
        failure_policy=FAILURE_POLICY.number[question.failure_policy],
        dataset=question.dataset,
        explain=question.explain,
        strict=question.strict,
        case_sensitive=question.case_sensitive,
    )
    if question.baseline is not None:
        request.baseline.CopyFrom(span_message(question.baseline) or common_pb2.Span())
    return request


def top_question(
    request: top_pb2.RankNamesRequest, also: Callable[[TopQuestion], object] | None = None
) -> TopQuestion:
    """The question that a message asks. Raises InvalidQuestion and calls `also` as `volume_question` does."""
    problems: Problems = []
    step = request.series_granularity
    fields: dict[str, Any] = {
        "limit": request.limit,
        "group_by": GROUP_BY.asked(problems, "group_by", request.group_by),
        "filter": filter_of(request.filter),
        "under": request.under or None,
        "exclude": tuple(request.exclude),
        "span": span_of(problems, request.span),
        "series_granularity": GRANULARITY.asked(problems, "series", step) if step else None,
        "baseline": (
            span_of(problems, request.baseline, "baseline.") if request.HasField("baseline") else None
        ),
        "movement": MOVEMENT.asked(problems, "movement", request.movement),
        "ratio_min_count": request.ratio_min_count if request.HasField("ratio_min_count") else None,
        "failure_policy": FAILURE_POLICY.asked(problems, "failure_policy", request.failure_policy),
        "dataset": request.dataset or "dns",
        "explain": request.explain,
        "strict": request.strict,
        "case_sensitive": request.case_sensitive,
    }
    question: TopQuestion = build(TopQuestion, fields, problems, also)
    return question


def top_messages(top: Top) -> Iterator[top_pb2.RankNamesResponse]:
    """Axis, ranks or changes, and summary, in as few messages as fit."""
    message = top_pb2.RankNamesResponse()
    room = MESSAGE_UNITS
    for number, part in enumerate(axis_messages(top.axis)):
        if number:
            yield message
            message = top_pb2.RankNamesResponse()
        message.axis.CopyFrom(part)
        room = MESSAGE_UNITS - len(part.starts)
    for field, items in (("ranks", top.ranks), ("rises", top.rises), ("falls", top.falls)):
        for item in items:
            units = RANK_UNITS + len(item.name) // NAME_UNITS
            if isinstance(item, Rank) and item.series is not None:
                units += len(item.series)
            if room < units and room < MESSAGE_UNITS:
                yield message
                message = top_pb2.RankNamesResponse()
                room = MESSAGE_UNITS
            _add(getattr(message, field), item)
            room -= units
    if room < LISTED_UNITS * (len(top.summary.failures) + len(top.summary.skipped) + len(top.summary.plan)):
        yield message
        message = top_pb2.RankNamesResponse()
    _fill_summary(message.summary, top.summary)
    yield message


def top_progress(progress: TopProgress) -> top_pb2.RankNamesResponse:
    """How many summaries there are by now."""
    return top_pb2.RankNamesResponse(
        progress=top_pb2.RankProgress(
            summaries_wanted=progress.summaries_wanted, summaries_made=progress.summaries_made
        )
    )


class TopReader:
    """Takes the messages of one answer in order (`feed`) and gives the Top (`finish`)."""

    def __init__(self, question: TopQuestion, progress: Callable[[TopProgress], None] | None = None) -> None:
        self._question = question
        self._progress = progress
        self._axis_parts: list[common_pb2.Axis] = []
        self._axis: Axis | None = None
        self._ranks: list[Rank] = []
        self._rises: list[top_pb2.Change] = []
        self._falls: list[top_pb2.Change] = []
        self._summary: top_pb2.RankSummary | None = None

    def feed(self, message: top_pb2.RankNamesResponse) -> None:
        """Take one message. Raises ServerDefect where it does not continue the ones before."""
        if self._progress is not None and message.HasField("progress"):
            told = message.progress
            self._progress(TopProgress(told.summaries_wanted, told.summaries_made))
        if message.HasField("axis"):
            self._axis_parts.append(message.axis)
        ends = message.HasField("summary")
        if self._axis is None and self._axis_parts and (ends or message.ranks):
            self._axis = axis_of(self._axis_parts)
        self._ranks += [self._rank(rank) for rank in message.ranks]
        self._rises += message.rises
        self._falls += message.falls
        if ends:
            self._summary = message.summary

    def finish(self, request_id: str = "") -> Top:
        """The whole answer. Raises ServerDefect where the stream ended before its summary."""
        if self._summary is None:
            raise ServerDefect("the answer ended before its summary: ask again, and see the server's log")
        summary = _summary(self._summary, request_id)
        return Top(
            question=self._question,
            ranks=tuple(self._ranks),
            rises=tuple(_change(change, summary) for change in self._rises),
            falls=tuple(_change(change, summary) for change in self._falls),
            summary=summary,
            axis=self._axis,
        )

    def _rank(self, message: top_pb2.Rank) -> Rank:
        series = None
        if self._axis is not None:
            series = frozen(np.fromiter(message.series, np.uint64, len(message.series)))
            if len(series) != len(self._axis):
                raise ServerDefect(f"the series of {message.name} does not fit the axis")
        rrtype = message.rrtype or None
        return Rank(message.rank, message.name, rrtype, message.count, message.share, series)


def _add(messages: Any, item: Rank | Change) -> None:
    """Add a rank or a change to a list of messages."""
    if isinstance(item, Change):
        messages.add(
            rank=item.rank, name=item.name, rrtype=item.rrtype or "", before=item.before, after=item.after
        )
        return
    message = messages.add(
        rank=item.rank, name=item.name, rrtype=item.rrtype or "", count=item.count, share=item.share
    )
    if item.series is not None:
        message.series.extend(item.series.tolist())


def _change(message: top_pb2.Change, summary: TopSummary) -> Change:
    if summary.baseline_coverage is None:
        raise ServerDefect("the answer has changes and does not tell the span held against")
    before = max(summary.baseline_coverage.covered_seconds, 1)
    after = max(summary.coverage.covered_seconds, 1)
    rrtype = message.rrtype or None
    return Change(message.rank, message.name, rrtype, message.before, message.after, before, after)


def _fill_summary(message: top_pb2.RankSummary, summary: TopSummary) -> None:
    message.complete = summary.complete
    message.tables_asked = summary.tables_asked
    message.tables_answered = summary.tables_answered
    message.failures.extend(map(failure_message, summary.failures[:MAX_LISTED_FAILURES]))
    message.failures_total = summary.failures_total
    message.plan.extend(plan_messages(summary.plan[:MAX_LISTED_PLAN]))
    message.total_count = summary.total_count
    message.excluded_count = summary.excluded_count
    message.certificates.extend(map(_certificate_message, summary.certificates))
    message.method = RANK_METHOD.number[summary.method]
    message.keep = summary.keep
    message.suffix_list_version = summary.suffix_list_version or ""
    if summary.rows is not None:
        message.rows = summary.rows
    message.seconds = summary.seconds
    message.catalog_version = summary.catalog_version
    message.coverage.CopyFrom(coverage_message(summary.coverage))
    if summary.baseline_coverage is not None:
        message.baseline_coverage.CopyFrom(coverage_message(summary.baseline_coverage))
    message.skipped.extend(map(skipped_message, summary.skipped[:MAX_LISTED_FAILURES]))
    message.rows_skipped = summary.rows_skipped


def _summary(message: top_pb2.RankSummary, request_id: str) -> TopSummary:
    return TopSummary(
        complete=message.complete,
        tables_asked=message.tables_asked,
        tables_answered=message.tables_answered,
        failures=tuple(map(failure_of, message.failures)),
        failures_total=message.failures_total,
        plan=plan_of(message.plan),
        total_count=message.total_count,
        excluded_count=message.excluded_count,
        certificates=tuple(map(_certificate, message.certificates)),
        method=RANK_METHOD.told(message.method),
        keep=message.keep,
        suffix_list_version=message.suffix_list_version or None,
        rows=message.rows if message.HasField("rows") else None,
        seconds=message.seconds,
        catalog_version=message.catalog_version,
        request_id=request_id,
        coverage=coverage_of(message.coverage),
        baseline_coverage=(
            coverage_of(message.baseline_coverage) if message.HasField("baseline_coverage") else None
        ),
        skipped=tuple(map(skipped_of, message.skipped)),
        rows_skipped=message.rows_skipped,
    )


def _certificate_message(certificate: Certificate) -> top_pb2.Certificate:
    return top_pb2.Certificate(
        theta=capped(certificate.theta),
        threshold=certificate.threshold,
        lists=certificate.lists,
        depth=certificate.depth,
        candidates=certificate.candidates,
        lookups=certificate.lookups,
        scanned=certificate.scanned,
        rounds=certificate.rounds,
    )


def _certificate(message: top_pb2.Certificate) -> Certificate:
    return Certificate(
        theta=message.theta,
        threshold=message.threshold,
        lists=message.lists,
        depth=message.depth,
        candidates=message.candidates,
        lookups=message.lookups,
        scanned=message.scanned,
        rounds=message.rounds,
    )
