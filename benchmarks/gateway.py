"""A running gateway: latency against libmtbl, questions a second, memory and time from start to ready."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import data
import load
from dnstide.api.v1.volume_pb2 import QueryVolumeRequest
from dnstide.client import Client
from dnstide.model.question import VolumeQuestion
from peer import Peer
from rounds import abba, report, timed, warmed
from volume import names_of, prefixes

DAY = 86400


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def serving(
    directory: Path,
    *,
    shards: int = 2,
    direct: bool = True,
    cache_dir: Path | None = None,
    block_cache_mib: int = 0,
) -> Iterator[tuple[str, float]]:
    """A gateway over `directory`: its address, and the seconds from its start until it was ready.

    It makes no summaries in the background, which would take time from what is measured, and keeps no decoded
    blocks unless told to: every question is then answered as if nobody had asked it before.
    """
    address = f"127.0.0.1:{_free_port()}"
    command = [
        sys.executable,
        "-m",
        "dnstide.cli",
        "serve",
        "--mtbl-dir",
        str(directory),
        "--listen",
        address,
    ]
    command += ["--shards", str(shards), "--log-level", "error"]
    command += ["--no-summarize"] if direct else ["--no-summarize", "--no-direct-channel"]
    command += ["--block-cache-mib", str(block_cache_mib)]
    command += [] if cache_dir is None else ["--cache-dir", str(cache_dir)]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Client(address) as client:
            client.wait_until_ready(120)
        yield address, time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def resident(pid: int) -> int:
    """Bytes of memory resident in a process that are its own (not shared with others)."""
    fields = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = {
        line.split(":")[0]: int(line.split()[1]) for line in fields if line.startswith(("RssAnon", "VmRSS"))
    }
    return sizes["RssAnon"] * 1024


def latency(direct: bool, bound: float | None = None, block_cache_mib: int = 0) -> None:
    """One name in 365 tables through gateway and Ray actors, from a Python client, against libmtbl."""
    paths = data.daily("zlib", 8192)
    (name,) = names_of(paths[0], 1)
    (prefix,) = prefixes(VolumeQuestion((name,)))
    with (
        serving(paths[0].parent, direct=direct, block_cache_mib=block_cache_mib) as (address, _),
        Client(address) as client,
        Peer() as peer,
    ):
        peer.open(paths)
        data.warm_cache(paths)
        rows, days = peer.volume(prefix).rows, peer.volume(prefix).days
        answer = client.volume(name)
        assert (answer.summary.rows_read, len(answer.series[0].counts)) == (rows, days)
        contestants = (timed(lambda: client.volume(name)), lambda: peer.volume(prefix).seconds)
        ours, theirs = abba([warmed(each) for each in contestants], rounds=100)
        way = "direct channel" if direct else "Ray calls"
        way += ", asked again, blocks in memory" if block_cache_mib else ""
        report(f"one name, 365 tables, through gRPC and Ray ({way})", ours, theirs, bound)
        print(f"    p99 {ours.quantile(0.99) * 1e3:.2f} ms", flush=True)


def throughput(tables: int) -> None:
    """Start, memory, and questions a second over `tables` tables: of one table, and of all of them."""
    paths = data.daily("zlib", 8192)
    directory = data.linked(paths, tables)
    (name,) = names_of(paths[0], 1)
    with serving(directory) as (address, ready), Client(address) as client:
        data.warm_cache(paths)
        client.volume(name)
        info = client.info()
        sizes = ", ".join(f"{resident(shard.pid) / 2**20:.0f} MiB" for shard in info.shards)
        print(f"{tables} tables: ready after {ready:.2f} s; own memory of each actor {sizes}", flush=True)
        day = QueryVolumeRequest(names=[name])
        day.span.start.FromSeconds(data.FIRST_DAY * DAY)
        day.span.stop.FromSeconds((data.FIRST_DAY + 1) * DAY)
        day.bucket_by = 2  # by file: exactly one table
        for request, what, number in (
            (day, "one table", 8000),
            (QueryVolumeRequest(names=[name]), f"{tables} tables", 60000 // tables),
        ):
            for clients in (1, 8, 64):
                questions = max(number, 3 * clients)
                load.run(address, request, clients, max(clients, questions // 10))
                print(f"    {what:<12} {load.run(address, request, clients, questions)}", flush=True)


def run() -> None:
    """Every figure of the gateway."""
    latency(direct=False, bound=0.8)
    latency(direct=True, bound=0.8)
    latency(direct=True, block_cache_mib=64)
    for tables in (30, 365, 3650):
        throughput(tables)


if __name__ == "__main__":
    run()
