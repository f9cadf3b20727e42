"""The server, its shards and its tables, as messages."""

from __future__ import annotations

from collections.abc import Sequence

from dnstide.api.v1 import info_pb2, tables_pb2
from dnstide.engine import TableInfo
from dnstide.engine.volume.question import MAX_BUCKETS
from dnstide.gateway.config import Settings
from dnstide.gateway.convert import GRANULARITY_NUMBERS
from dnstide.gateway.pool import Member, Pool, State
from dnstide.gateway.status import failure_message


def server_info(
    pool: Pool, settings: Settings, version: str, started: float, draining: bool
) -> info_pb2.GetServerInfoResponse:
    """See info.proto. started is unix time."""
    tables = pool.catalog.tables
    limits = info_pb2.ServerLimits(
        max_names=settings.max_names, max_buckets=MAX_BUCKETS, max_inflight=settings.max_inflight
    )
    limits.default_deadline.FromMilliseconds(int(settings.default_deadline * 1000))
    limits.max_deadline.FromMilliseconds(int(settings.max_deadline * 1000))
    info = info_pb2.GetServerInfoResponse(
        version=version,
        ready=pool.serving and not draining,
        draining=draining,
        shards=[_shard_info(member, len(pool.owned(name))) for name, member in sorted(pool.members.items())],
        tables_total=len(tables),
        tables_damaged=sum(table.problem is not None for table in tables),
        catalog_version=pool.catalog.version,
        limits=limits,
    )
    info.start_time.FromSeconds(int(started))
    return info


def _shard_info(member: Member, owned: int) -> info_pb2.ShardInfo:
    alive = member.state is State.ALIVE
    return info_pb2.ShardInfo(
        name=member.spec.name,
        node=member.spec.node,
        alive=alive,
        tables_owned=owned,
        threads=member.spec.threads,
        restarts=member.restarts,
        pid=member.handle.pid if alive and member.handle is not None else 0,
    )


def table_message(table: TableInfo, shards: Sequence[str]) -> tables_pb2.Table:
    """See tables.proto."""
    message = tables_pb2.Table(
        name=table.name,
        dataset=table.dataset,
        granularity=GRANULARITY_NUMBERS[table.granularity],  # type: ignore[arg-type]
        size_bytes=table.size,
        shards=shards,
    )
    message.start_time.FromSeconds(table.start)
    message.end_time.FromSeconds(table.stop)
    message.modify_time.FromNanoseconds(table.mtime_ns)
    if table.problem is not None:
        message.problem.CopyFrom(failure_message(table.problem))
    return message


def ignored_message(name: str, reason: str) -> tables_pb2.IgnoredFile:
    """A file that is no table, its name made printable."""
    return tables_pb2.IgnoredFile(name=name.encode("utf-8", "replace").decode(), reason=reason)
