"""What the gateway counts, for Prometheus. No label holds what a caller asked: names stay out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Protocol
from wsgiref.simple_server import WSGIServer

from dnstide.gateway.admission import Admission
from dnstide.gateway.pool import Member, Pool, State
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Borders of the histograms of time."""


class Work(Protocol):
    """What was done for one call."""

    kind: str
    tables_asked: int
    tables_answered: int
    rows: int
    blocks: int


class Metrics:
    """The counters of one gateway, in a registry of their own."""

    def __init__(self, pool: Pool, admission: Admission) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "dnstide_calls", "Calls that ended.", ("kind", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "dnstide_call_seconds",
            "Time from the arrival of a call to its end.",
            ("kind",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._tables = Counter(
            "dnstide_tables",
            "Tables that questions needed, by whether they answered.",
            ("outcome",),
            registry=self.registry,
        )
        self._rows = Counter("dnstide_rows_read", "Rows counted for questions.", registry=self.registry)
        self._blocks = Counter("dnstide_blocks_read", "Blocks decoded.", registry=self.registry)
        self._shard_seconds = Histogram(
            "dnstide_shard_call_seconds",
            "Time of a call to a shard.",
            ("method",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._reassigned = Counter(
            "dnstide_tables_reassigned",
            "Tables that another shard was asked for, by cause.",
            ("cause",),
            registry=self.registry,
        )
        # Looking a child up by its labels costs more than counting does.
        self._calls_of = cache(self._calls.labels)
        self._seconds_of = cache(self._seconds.labels)
        self._shard_seconds_of = cache(self._shard_seconds.labels)
        self._answered, self._failed = self._tables.labels("answered"), self._tables.labels("failed")
        self.registry.register(_State(pool, admission))

    def call_ended(self, work: Work, status: str, seconds: float) -> None:
        """Count a call."""
        self._calls_of(work.kind, status).inc()
        self._seconds_of(work.kind).observe(seconds)
        if work.tables_asked:
            self._answered.inc(work.tables_answered)
            self._failed.inc(work.tables_asked - work.tables_answered)
            self._rows.inc(work.rows)
            self._blocks.inc(work.blocks)

    def shard_call_ended(self, method: str, seconds: float) -> None:
        """Count a call to a shard."""
        self._shard_seconds_of(method).observe(seconds)

    def tables_reassigned(self, cause: str, tables: int) -> None:
        """Count tables that another shard is asked for."""
        self._reassigned.labels(cause).inc(tables)

    def serve(self, host: str, port: int) -> tuple[WSGIServer, str]:
        """Serve the metrics over HTTP from a thread. Returns the server and its HOST:PORT. Raises OSError."""
        server, _ = start_http_server(port, host, self.registry)
        place = f"[{host}]" if ":" in host else host
        return server, f"{place}:{server.server_port}"


class _State:
    """What is read when the metrics are: the shards, the catalog, and the calls under way."""

    def __init__(self, pool: Pool, admission: Admission) -> None:
        self._pool = pool
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        members = list(self._pool.members.values())
        shards = GaugeMetricFamily("dnstide_shards", "Shards by state.", labels=["state"])
        for state in State:
            shards.add_metric([state.value], sum(member.state is state for member in members))
        yield shards
        restarts = sum(member.restarts for member in members)
        yield GaugeMetricFamily("dnstide_shard_restarts", "Shards made anew so far.", restarts)
        tables = self._pool.catalog.tables
        damaged = sum(table.problem is not None for table in tables)
        health = GaugeMetricFamily("dnstide_catalog_tables", "Tables by health.", labels=["health"])
        health.add_metric(["sound"], len(tables) - damaged)
        health.add_metric(["damaged"], damaged)
        yield health
        yield from _loads(members)
        yield GaugeMetricFamily("dnstide_calls_inflight", "Questions under way.", self._admission.inflight)


def _loads(members: Iterable[Member]) -> Iterator[Metric]:
    """What the living shards said of themselves when they were pinged last."""
    families = (
        GaugeMetricFamily("dnstide_shard_tables_open", "Tables that a shard holds open.", labels=["shard"]),
        GaugeMetricFamily(
            "dnstide_shard_block_cache_bytes", "Memory for decoded blocks in a shard.", labels=["shard"]
        ),
        GaugeMetricFamily("dnstide_shard_questions", "Questions under way at a shard.", labels=["shard"]),
    )
    for member in members:
        if member.load is not None and member.state is State.ALIVE:
            load = member.load
            for family, value in zip(
                families, (load.tables_open, load.block_cache_bytes, load.questions), strict=True
            ):
                family.add_metric([member.spec.name], value)
    yield from families
