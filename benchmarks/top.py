"""Scans and rankings: against libmtbl's bare iteration, decompression alone, and mtbl_dump."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import data
from dnstide.client import Client
from dnstide.engine import LocalEngine
from dnstide.mtbl import Table, open_tables
from dnstide.mtbl.keys import Grouping
from dnstide.mtbl.scan import TableScan, TypeClasses, scan
from gateway import serving
from peer import Peer
from rounds import abba, report, timed

ALL_TYPES = TypeClasses(all=True)


def _opened(paths: list[Path]) -> list[Table]:
    tables = open_tables([str(path) for path in paths])
    return [table for table in tables if isinstance(table, Table)]


def _scanned(tables: list[Table], threads: int) -> list[TableScan]:
    scans = scan(tables, [Grouping.FQDN], ALL_TYPES, keep=100, threads=threads)
    return [each for each in scans if isinstance(each, TableScan)]


def scans() -> None:
    """Owner names added up over whole tables, on one thread and on two."""
    paths = data.daily("zlib", 8192)[:10]
    tables = _opened(paths)
    with Peer() as peer:
        peer.open(paths)
        data.warm_cache(paths)
        rows = [table.rows for table in _scanned(tables, 1)]
        entries = [peer.scan(i)[1] for i in range(len(paths))]
        assert all(0 <= e - r <= 3 for e, r in zip(entries, rows, strict=True)), "the peer met other rows"

        def iterate() -> float:
            return sum(peer.scan(i)[0] for i in range(len(paths)))

        def inflate() -> float:
            return sum(peer.inflate(path) for path in paths)

        ours = [timed(lambda: _scanned(tables, 1)), timed(lambda: _scanned(tables, 2))]
        single, double, bare, inflated = abba([*ours, iterate, inflate], rounds=8)
    report("scan by owner name, 10 tables, 1 thread, peer: libmtbl iteration", single, bare, 1 / 2.2)
    report("the same, peer: libdeflate on its blocks alone", single, inflated, 1 / 0.75)
    report("the same on 2 threads, peer: 1 thread", double, single, 1 / 1.8)
    print(f"    {sum(rows) / single.median / 1e6:.1f} M rows/s on one thread", flush=True)


def one_table_cold() -> None:
    """The top 100 of one table without a summary, against mtbl_dump's silent run over the same table."""
    paths = data.daily("zlib", 8192)[:1]

    def ours() -> None:
        _scanned(_opened(paths), 1)

    def dump() -> None:
        subprocess.run(["mtbl_dump", "-s", str(paths[0])], check=True, stdout=subprocess.DEVNULL)

    mine, theirs = abba([timed(ours), timed(dump)], rounds=8, before=lambda: data.drop_cache(paths))
    report("top 100 of one table, cold, peer: mtbl_dump -s", mine, theirs)


def summaries() -> None:
    """A summary's size and the time to make it; then rankings of a year from summaries, through gRPC."""
    paths = data.daily("zlib", 8192)
    directory = paths[0].parent
    tables = _opened(paths)
    with tempfile.TemporaryDirectory() as cache:
        with LocalEngine(directory, 2, cache) as engine:
            make = timed(lambda: engine.summarize([path.name for path in paths]))()
        full = timed(lambda: _scanned(tables, 2))()
        size = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
        share = size / sum(path.stat().st_size for path in paths)
        print(
            f"summaries of 365 tables, 2 threads: {make:.1f} s, {make / full:.1f} times a scan by owner name,"
        )
        print(f"    {size / 365 / 1024:.0f} KiB each, {share:.1%} of their tables", flush=True)
        with serving(directory, cache_dir=Path(cache)) as (address, _), Client(address) as client:
            for by in ("fqdn", "domain"):
                _ranked(partial(client.top, 100, by=by, timeout=300.0), by, full)


def _ranked(ask: Callable[[], object], by: str, full: float) -> None:
    first = timed(ask)()
    (times,) = abba([timed(ask)], rounds=40)
    held = "held" if times.median <= 0.060 else "NOT held"
    print(f"top 100 {by} of 365 tables through gRPC: {times}, p99 {times.quantile(0.99) * 1e3:.1f} ms,")
    print(f"    first {first * 1e3:.0f} ms; a scan takes {full / times.median:.0f} times as long")
    print(f"    (at most 60 ms: {held})", flush=True)


def run() -> None:
    """Every figure of scans and rankings."""
    scans()
    one_table_cold()
    summaries()


if __name__ == "__main__":
    run()
