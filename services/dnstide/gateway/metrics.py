"""What the gateway counts, for Prometheus. No label holds what a caller asked: names stay out of it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate, product
from typing import Protocol

from dnstide.gateway.admission import Admission
from dnstide.gateway.audit import AuditLog
from dnstide.gateway.member import Backend
from dnstide.gateway.pool import Pool
from dnstide.gateway.state_metrics import state_metrics
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Borders of the histograms of time."""


KINDS = {
    "volume": "QueryVolume",
    "top": "RankNames",
    "analysis": "AnalyzeVolume",
    "tables": "ListTables",
    "info": "GetServerInfo",
}
"""Kinds of calls, and the method of each."""

STATUSES = (
    "OK",
    "CANCELLED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "INVALID_ARGUMENT",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
)
"""Statuses that are told as 0 until a call ends so: the rate of a counter does not show its first step."""

CAUSES = ("loss", "silence", "damage")
"""Why tables are asked for elsewhere."""


class Work(Protocol):
    """What was done for one call."""

    kind: str
    request_id: str
    names: int
    tables_asked: int
    tables_answered: int
    rows: int
    blocks: int
    rows_skipped: int


class _Histogram:
    """Counts of seconds by the borders of SECONDS."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Borders and the counts up to them, as the text format has them."""
        borders = [*map(str, SECONDS), "+Inf"]
        return list(zip(borders, accumulate(self.counts), strict=True))


class Metrics:
    """The counters of one gateway, in a registry of their own.

    The event loop counts in plain numbers, since questions take a millisecond and locks of counters some of
    it; they become metrics when they are asked for.
    """

    def __init__(
        self,
        pool: Pool,
        admission: Admission,
        backend: Backend,
        version: str,
        audit: AuditLog | None = None,
    ) -> None:
        self._audit = audit
        self.registry = CollectorRegistry()
        self._pool = pool
        self._backend = backend
        self._version = version
        self._admission = admission
        self._calls: dict[tuple[str, str], int] = defaultdict(int, dict.fromkeys(product(KINDS, STATUSES), 0))
        self._seconds: dict[str, _Histogram] = defaultdict(_Histogram)
        self._shard_seconds: dict[str, _Histogram] = defaultdict(_Histogram)
        self._queue_seconds = _Histogram()
        self._reassigned = dict.fromkeys(CAUSES, 0)
        self._answered = self._failed = self._rows = self._blocks = self._skipped = 0
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def call_ended(self, work: Work, status: str, seconds: float) -> None:
        """Count a call."""
        self._calls[work.kind, status] += 1
        self._seconds[work.kind].observe(seconds)
        self._answered += work.tables_answered
        self._failed += work.tables_asked - work.tables_answered
        self._rows += work.rows
        self._blocks += work.blocks
        self._skipped += work.rows_skipped

    def shard_call_ended(self, method: str, seconds: float) -> None:
        """Count a call to a shard."""
        self._shard_seconds[method].observe(seconds)

    def question_sent(self, waited: float) -> None:
        """Count a question that left for a shard, and the seconds that it waited before."""
        self._queue_seconds.observe(waited)

    def tables_reassigned(self, cause: str, tables: int) -> None:
        """Count tables that another shard is asked for."""
        self._reassigned[cause] += tables

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now. Called from the thread that serves them."""
        build = GaugeMetricFamily("dnstide_build_info", "1, with the version as label.", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        calls = CounterMetricFamily("dnstide_calls_total", "Calls that ended.", labels=["kind", "status"])
        for labels, number in list(self._calls.items()):
            calls.add_metric(labels, number)
        yield calls
        yield _histograms(
            "dnstide_call_seconds", "Time from the arrival of a call to its end.", "kind", self._seconds
        )
        tables = CounterMetricFamily(
            "dnstide_tables_total",
            "Tables that questions needed, by outcome.",
            labels=["outcome"],
        )
        tables.add_metric(["answered"], self._answered)
        tables.add_metric(["failed"], self._failed)
        yield tables
        yield CounterMetricFamily("dnstide_rows_read_total", "Rows counted for questions.", self._rows)
        yield CounterMetricFamily(
            "dnstide_rows_skipped_total", "Rows that are none and were left out of answers.", self._skipped
        )
        yield CounterMetricFamily("dnstide_blocks_read_total", "Blocks decoded.", self._blocks)
        yield _histograms(
            "dnstide_shard_call_seconds", "Time of a call to a shard.", "method", self._shard_seconds
        )
        queue = HistogramMetricFamily(
            "dnstide_shard_queue_seconds", "Time that a question waited until a shard had room for it."
        )
        queue.add_metric([], self._queue_seconds.buckets(), self._queue_seconds.sum)
        yield queue
        reassigned = CounterMetricFamily(
            "dnstide_tables_reassigned_total",
            "Tables that another shard was asked for, by cause.",
            labels=["cause"],
        )
        for cause, number in list(self._reassigned.items()):
            reassigned.add_metric([cause], number)
        yield reassigned
        yield from state_metrics(self._pool, self._backend)
        admission = self._admission
        yield GaugeMetricFamily("dnstide_calls_inflight", "Questions under way.", admission.inflight)
        yield GaugeMetricFamily(
            "dnstide_calls_inflight_max", "Questions that may be under way at once.", admission.limit
        )
        audit = self._audit
        yield CounterMetricFamily(
            "dnstide_audit_lines_total", "Lines of the audit log.", 0 if audit is None else audit.written
        )
        yield CounterMetricFamily(
            "dnstide_audit_lines_lost_total",
            "Lines of the audit log that could not be written.",
            0 if audit is None else audit.lost,
        )
        yield GaugeMetricFamily(
            "dnstide_serving", "1 where questions can be answered, else 0.", self._serving()
        )

    def _serving(self) -> bool:
        return not (self._pool.problem or self._admission.draining)


def _histograms(name: str, text: str, label: str, of: dict[str, _Histogram]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=[label])
    for value, histogram in list(of.items()):
        family.add_metric([value], histogram.buckets(), histogram.sum)
    return family
