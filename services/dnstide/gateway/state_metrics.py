"""The shards, the tables and the Ray cluster as metrics: what they are when somebody asks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any

from dnstide.gateway.member import Backend, Member, State
from dnstide.gateway.pool import Pool
from dnstide.model.catalog import Catalog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Family = type[CounterMetricFamily] | type[GaugeMetricFamily]

_TOLD: tuple[tuple[Family, str, str, Callable[[Any], float]], ...] = (
    (
        GaugeMetricFamily,
        "dnstide_shard_tables_open",
        "Tables that a shard holds open.",
        attrgetter("tables_open"),
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_questions",
        "Questions about volume under way at a shard.",
        attrgetter("questions"),
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_rankings",
        "Questions of rankings under way at a shard; one at a time is worked on.",
        attrgetter("rankings"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_questions_ended_total",
        "Questions about volume that a shard answered or refused.",
        attrgetter("questions_ended"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_question_seconds_total",
        "Time that a shard spent on questions about volume.",
        attrgetter("question_seconds"),
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_block_cache_bytes",
        "Memory for decoded blocks in a shard.",
        attrgetter("block_cache_bytes"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_block_cache_hits_total",
        "Blocks that a shard found decoded.",
        attrgetter("block_cache_hits"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_block_cache_misses_total",
        "Blocks that a shard had to read.",
        attrgetter("block_cache_misses"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_summaries_made_total",
        "Summaries of tables that a shard made.",
        attrgetter("summaries.made"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_summaries_failed_total",
        "Summaries that a shard could not make, since the table cannot be read.",
        attrgetter("summaries.failed"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_summaries_unkept_total",
        "Summaries that a shard made and could not write to the cache.",
        attrgetter("summaries.unkept"),
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_summaries_waiting",
        "Tables that the background work of a shard has still to look at.",
        attrgetter("summaries.waiting"),
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_open_fds",
        "Open descriptors of the process of a shard.",
        attrgetter("process.open_fds"),
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_max_fds",
        "Most descriptors that the process of a shard may have open.",
        lambda load: math.inf if load.process.max_fds < 0 else load.process.max_fds,
    ),
    (
        GaugeMetricFamily,
        "dnstide_shard_resident_memory_bytes",
        "Memory of the process of a shard.",
        attrgetter("process.resident_bytes"),
    ),
    (
        CounterMetricFamily,
        "dnstide_shard_cpu_seconds_total",
        "CPU time of the process of a shard.",
        attrgetter("process.cpu_seconds"),
    ),
)
"""What living shards tell of themselves in their replies to pings."""


def state_metrics(pool: Pool, backend: Backend) -> Iterator[Metric]:
    """All of them. May be called from any thread."""
    members = list(pool.members.values())
    yield from _shards(members, pool)
    yield from _loads(members)
    yield from _tables(pool)
    yield from _cluster(backend)


def _shards(members: Iterable[Member], pool: Pool) -> Iterator[Metric]:
    states = GaugeMetricFamily("dnstide_shards", "Shards by state.", labels=["state"])
    counts = Counter(member.state for member in members)
    for state in State:
        states.add_metric([state.value], counts[state])
    yield states
    alive = GaugeMetricFamily(
        "dnstide_shard_alive", "1 where a shard answers its pings, else 0.", labels=["shard", "node"]
    )
    listed = GaugeMetricFamily(
        "dnstide_shard_directory_listed",
        "1 where a living shard could list its directory when it was asked last, else 0.",
        labels=["shard"],
    )
    restarts = CounterMetricFamily(
        "dnstide_shard_restarts_total", "How often a shard was made anew.", labels=["shard"]
    )
    owned = GaugeMetricFamily(
        "dnstide_shard_tables_owned", "Tables that a shard is asked for first.", labels=["shard"]
    )
    waiting = GaugeMetricFamily(
        "dnstide_shard_questions_waiting",
        "Questions that wait in the gateway until a shard has room for them.",
        labels=["shard"],
    )
    owners = Counter(shards[0] for shards in pool.placement.values())
    for member in members:
        name, batcher = member.spec.name, member.batcher
        alive.add_metric([name, member.spec.node], member.state is State.ALIVE)
        if member.state is State.ALIVE:
            listed.add_metric([name], not member.listing_problem)
        restarts.add_metric([name], member.restarts)
        owned.add_metric([name], owners[name])
        waiting.add_metric([name], 0 if batcher is None else batcher.waiting)
    yield from (alive, listed, restarts, owned, waiting)


def _loads(members: Iterable[Member]) -> Iterator[Metric]:
    """What the living shards said of themselves when they were pinged last."""
    loads = [
        (member.spec.name, member.load)
        for member in members
        if member.load is not None and member.state is State.ALIVE
    ]
    for kind, name, text, value in _TOLD:
        family = kind(name, text, labels=["shard"])
        for shard, load in loads:
            family.add_metric([shard], value(load))
        yield family


def _tables(pool: Pool) -> Iterator[Metric]:
    catalog, counts = pool.catalog, pool.count_tables()
    health = GaugeMetricFamily("dnstide_catalog_tables", "Tables by health.", labels=["health"])
    health.add_metric(["sound"], counts.sound)
    health.add_metric(["damaged"], counts.damaged)
    health.add_metric(["unreachable"], counts.unreachable)
    yield health
    yield GaugeMetricFamily(
        "dnstide_catalog_ignored_files", "Files of the directories that are no tables.", len(catalog.ignored)
    )
    yield GaugeMetricFamily(
        "dnstide_catalog_unlisted_nodes",
        "Nodes that have not told which tables they hold.",
        len(catalog.unlisted),
    )
    stops = GaugeMetricFamily(
        "dnstide_catalog_latest_timestamp_seconds",
        "End of the latest period for which there is a table.",
        labels=["dataset"],
    )
    for dataset, stop in _latest(catalog):
        stops.add_metric([dataset], stop)
    yield stops


@lru_cache(1)
def _latest(catalog: Catalog) -> tuple[tuple[str, int], ...]:
    """Each dataset, and the end of its latest period in unix seconds."""
    latest: dict[str, int] = {}
    for table in catalog.tables:
        stop = int(table.stop.astype("datetime64[s]").astype("int64"))
        latest[table.dataset] = max(latest.get(table.dataset, stop), stop)
    return tuple(latest.items())


def _cluster(backend: Backend) -> Iterator[Metric]:
    seen = backend.cluster
    nodes = GaugeMetricFamily("dnstide_ray_nodes", "Nodes of the Ray cluster by state.", labels=["state"])
    actors = GaugeMetricFamily("dnstide_ray_actors", "Living actors of the Ray cluster, whoever made them.")
    looked = GaugeMetricFamily(
        "dnstide_ray_looked_timestamp_seconds", "When the head of the Ray cluster last told its nodes."
    )
    if seen is not None:
        nodes.add_metric(["alive"], seen.nodes_alive)
        nodes.add_metric(["dead"], seen.nodes_dead)
        actors.add_metric([], seen.actors)
        looked.add_metric([], seen.looked)
    yield from (nodes, actors, looked)
