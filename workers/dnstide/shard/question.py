"""A question to a shard: which tables, which buckets, which rows."""

from __future__ import annotations

from dataclasses import dataclass

from dnstide.mtbl import LookupQuery


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """The tables to read and the buckets to count in.

    `tables` are file names in the shard's directory. `edges` are n+1 ascending unix seconds, as
    little-endian int64: bucket i is [edges[i], edges[i+1]). `table_buckets`, as little-endian int32, gives
    the bucket of all rows of a table, or -1 where time_first decides; None stands for -1 everywhere.
    """

    tables: tuple[str, ...]
    table_buckets: bytes | None
    edges: bytes


@dataclass(frozen=True, slots=True)
class ShardQuestion:
    """One question to one shard. `id` names it for `Shard.cancel`; seconds_left None means no deadline."""

    id: str
    plan: ShardPlan
    queries: tuple[LookupQuery, ...]
    split_by_rrtype: bool = False
    seconds_left: float | None = None
