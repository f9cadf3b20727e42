"""The catalog and the server about itself, to messages and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

from dnstide.api.v1 import info_pb2, tables_pb2
from dnstide.codec.common import failure_message, failure_of, moment, unix_seconds
from dnstide.codec.enums import GRANULARITY
from dnstide.model.catalog import Catalog, ServerInfo, ServerLimits, ShardInfo, TableInfo
from dnstide.model.errors import Failure

PAGE_SIZE = 1_000
"""Tables of a page where the request leaves that open."""

MAX_PAGE_SIZE = 5_000
"""Most tables of a page."""

MAX_LISTED_IGNORED = 1_000
"""Ignored files that the first page lists."""


def tables_request(dataset: str | None, page_token: str = "") -> tables_pb2.ListTablesRequest:
    """The message that asks for one page of the catalog, as long as pages get."""
    return tables_pb2.ListTablesRequest(page_size=MAX_PAGE_SIZE, page_token=page_token, dataset=dataset or "")


def tables_response(
    tables: Iterable[TableInfo],
    *,
    version: str,
    total_count: int,
    ignored: Sequence[tuple[str, str]] = (),
    next_page_token: str = "",
    unlisted: Iterable[Failure] = (),
) -> tables_pb2.ListTablesResponse:
    """One page of the catalog. `total_count` is that of all pages; `ignored` and `unlisted` belong to the
    first one.
    """
    return tables_pb2.ListTablesResponse(
        tables=map(table_message, tables),
        next_page_token=next_page_token,
        ignored=[
            tables_pb2.IgnoredFile(name=_printable(name), reason=reason)
            for name, reason in ignored[:MAX_LISTED_IGNORED]
        ],
        catalog_version=version,
        total_count=total_count,
        unlisted=map(failure_message, unlisted),
    )


def catalog(pages: Iterable[tables_pb2.ListTablesResponse]) -> Catalog:
    """All pages as one catalog, of the version of the last one."""
    tables: list[TableInfo] = []
    ignored: list[tuple[str, str]] = []
    unlisted: list[Failure] = []
    version = ""
    for page in pages:
        tables.extend(map(table_info, page.tables))
        ignored.extend((file.name, file.reason) for file in page.ignored)
        unlisted.extend(map(failure_of, page.unlisted))
        version = page.catalog_version
    return Catalog(tuple(tables), tuple(ignored), version, tuple(unlisted))


def table_message(table: TableInfo) -> tables_pb2.Table:
    """One table."""
    message = tables_pb2.Table(
        name=table.name,
        dataset=table.dataset,
        granularity=GRANULARITY.number[table.granularity],
        size=table.size,
        problem=None if table.problem is None else failure_message(table.problem),
        shards=table.shards,
    )
    message.start.seconds = unix_seconds(table.start)
    message.stop.seconds = unix_seconds(table.stop)
    message.modified.FromNanoseconds(table.modified_ns)
    return message


def table_info(message: tables_pb2.Table) -> TableInfo:
    """One table. Raises ServerDefect for a granularity that is not known."""
    return TableInfo(
        name=message.name,
        dataset=message.dataset,
        granularity=GRANULARITY.told(message.granularity),
        start=moment(message.start.seconds),
        stop=moment(message.stop.seconds),
        size=message.size,
        modified_ns=message.modified.ToNanoseconds(),
        problem=failure_of(message.problem) if message.HasField("problem") else None,
        shards=tuple(message.shards),
    )


def server_info_message(info: ServerInfo) -> info_pb2.GetServerInfoResponse:
    """A server about itself."""
    message = info_pb2.GetServerInfoResponse(
        version=info.version,
        ready=info.ready,
        draining=info.draining,
        shards=[
            info_pb2.ShardInfo(
                name=shard.name,
                node=shard.node,
                alive=shard.alive,
                tables_owned=shard.tables_owned,
                threads=shard.threads,
                restarts=shard.restarts,
                pid=shard.pid,
                problem=shard.problem,
            )
            for shard in info.shards
        ],
        tables_total=info.tables_total,
        tables_damaged=info.tables_damaged,
        tables_unreachable=info.tables_unreachable,
        problem=info.problem,
        catalog_version=info.catalog_version,
        limits=None if info.limits is None else _limits_message(info.limits),
    )
    message.started.FromDatetime(info.started)
    return message


def server_info(message: info_pb2.GetServerInfoResponse) -> ServerInfo:
    """A server about itself."""
    return ServerInfo(
        version=message.version,
        ready=message.ready,
        draining=message.draining,
        started=message.started.ToDatetime(UTC),
        shards=tuple(
            ShardInfo(s.name, s.node, s.alive, s.tables_owned, s.threads, s.restarts, s.pid, s.problem)
            for s in message.shards
        ),
        tables_total=message.tables_total,
        tables_damaged=message.tables_damaged,
        tables_unreachable=message.tables_unreachable,
        problem=message.problem,
        catalog_version=message.catalog_version,
        limits=_limits(message.limits) if message.HasField("limits") else None,
    )


def _limits_message(limits: ServerLimits) -> info_pb2.ServerLimits:
    return info_pb2.ServerLimits(
        max_names=limits.max_names,
        max_buckets=limits.max_buckets,
        max_inflight=limits.max_inflight,
        default_deadline=limits.default_deadline,
        max_deadline=limits.max_deadline,
    )


def _limits(message: info_pb2.ServerLimits) -> ServerLimits:
    return ServerLimits(
        max_names=message.max_names,
        max_buckets=message.max_buckets,
        max_inflight=message.max_inflight,
        default_deadline=message.default_deadline,
        max_deadline=message.max_deadline,
    )


def _printable(name: str) -> str:
    """A file name as UTF-8 text: one of other bytes has question marks in their place."""
    return name.encode("utf-8", "replace").decode()
