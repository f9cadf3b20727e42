"""Questions about the largest to messages, and messages to answers: pure, shared by both clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from dnstide.api.v1 import common_pb2, top_pb2

from .calls import axis as make_axis
from .calls import failure, granularity_number
from .errors import ServerDefect
from .ranking_question import TopQuestion
from .rankings import Certificate, Change, Rank, Top, TopSummary
from .results import Axis, PlanEntry

TopProgressHook = Callable[[int, int], None]
"""Called with (summaries made, summaries that were missing)."""

_METHODS = {
    top_pb2.RANK_METHOD_SUMMARY: "summary",
    top_pb2.RANK_METHOD_SCAN: "scan",
    top_pb2.RANK_METHOD_RANGE: "range",
}


def top_request(question: TopQuestion) -> top_pb2.RankNamesRequest:
    """The message that asks."""
    request = top_pb2.RankNamesRequest(
        limit=question.limit,
        group_by=top_pb2.GroupBy.Value(f"GROUP_BY_{question.by.upper()}"),
        rrtypes=question.rrtypes,
        under=question.under or "",
        exclude=question.exclude,
        dataset=question.dataset,
        ratio_min_count=question.ratio_from,
        failure_policy=(
            common_pb2.FAILURE_POLICY_PARTIAL if question.partial else common_pb2.FAILURE_POLICY_FAIL
        ),
        explain=question.explain,
    )
    if question.start is not None:
        request.start_time.seconds = question.start
    if question.stop is not None:
        request.end_time.seconds = question.stop
    if question.series is not None:
        request.series_granularity = granularity_number(question.series)
    if question.against is not None:
        request.against.start_time.seconds, request.against.end_time.seconds = question.against
    return request


class TopReader:
    """Takes the messages of one answer in order (`feed`) and gives the Top (`finish`)."""

    def __init__(self, progress: TopProgressHook | None = None) -> None:
        self._progress = progress
        self._axis_parts: list[Any] = []
        self._axis: Axis | None = None
        self._ranks: list[Rank] = []
        self._rises: list[Change] = []
        self._falls: list[Change] = []
        self._summary: TopSummary | None = None

    def feed(self, message: top_pb2.RankNamesResponse) -> None:
        """Take one message. Raises ServerDefect where it does not continue the ones before."""
        if message.HasField("progress") and self._progress is not None:
            self._progress(message.progress.summaries_made, message.progress.summaries_wanted)
        if message.HasField("axis"):
            self._axis_parts.append(message.axis)
        if self._axis is None and self._axis_parts and (message.ranks or message.HasField("summary")):
            self._axis = make_axis(self._axis_parts)
        self._ranks += [self._rank(one) for one in message.ranks]
        self._rises += [_change(one) for one in message.rises]
        self._falls += [_change(one) for one in message.falls]
        if message.HasField("summary"):
            self._summary = _summary(message.summary)

    def finish(self) -> Top:
        """The whole answer. Raises ServerDefect where the stream ended before its summary."""
        if self._summary is None:
            raise ServerDefect("the answer ended before its summary: ask again, and see the server's log")
        return Top(tuple(self._ranks), tuple(self._rises), tuple(self._falls), self._summary, self._axis)

    def _rank(self, one: top_pb2.Rank) -> Rank:
        series = None
        if self._axis is not None:
            series = np.fromiter(one.series, np.uint64, len(one.series))
            series.flags.writeable = False
            if len(series) != len(self._axis):
                raise ServerDefect(f"the series of {one.name} does not fit the axis")
        return Rank(one.rank, one.name, one.rrtype or None, one.count, one.share, series)


def _change(one: top_pb2.Change) -> Change:
    return Change(one.rank, one.name, one.rrtype or None, one.before, one.after)


def _summary(message: top_pb2.RankSummary) -> TopSummary:
    return TopSummary(
        complete=message.complete,
        tables_asked=message.tables_asked,
        tables_answered=message.tables_answered,
        failures=tuple(failure(one) for one in message.failures),
        failures_total=message.failures_total,
        plan=tuple(PlanEntry(entry.table, entry.used, entry.reason) for entry in message.plan),
        total=message.total_count,
        excluded=message.excluded_count,
        certificates=tuple(
            Certificate(c.theta, c.threshold, c.lists, c.depth, c.candidates, c.lookups, c.scanned, c.rounds)
            for c in message.certificates
        ),
        method=_METHODS.get(message.method, "unknown"),
        keep=message.keep,
        suffix_list=message.suffix_list_version or None,
        rows=message.rows if message.HasField("rows") else None,
        seconds=message.seconds,
        catalog_version=message.catalog_version,
    )
