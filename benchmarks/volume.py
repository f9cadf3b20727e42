"""Volume over time in process, against libmtbl in one thread: warm, cold, and a thousand names at once."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import data
import numpy as np
from dnstide.engine import LocalEngine, VolumeQuery
from dnstide.model.question import VolumeQuestion
from dnstide.model.volume import Volume
from dnstide.mtbl import Table
from dnstide.mtbl.dnstable import owner_prefix
from peer import Answer, Peer
from rounds import abba, report, timed, warmed

SETS = (("zlib", 8192), ("zstd", 65536))


def names_of(path: Path, count: int, seed: int = 1) -> list[str]:
    """`count` owner names of one table, drawn at random."""
    table = Table(str(path))
    owners: dict[bytes, None] = {}
    for key, _ in table.entries(b"\x00", b"\x01"):
        end = 1
        while key[end]:
            end += key[end] + 1
        owners[key[1:end]] = None
    table.close()
    chosen = random.Random(seed).sample(list(owners), count)
    return [_text(owner) for owner in chosen]


def _text(reversed_labels: bytes) -> str:
    labels = []
    at = 0
    while at < len(reversed_labels):
        size = reversed_labels[at]
        labels.append(reversed_labels[at + 1 : at + 1 + size].decode())
        at += size + 1
    return ".".join(reversed(labels)) + "."


def check(answer: Volume) -> tuple[int, int, int]:
    """Rows, (name, day) pairs and the peer's checksum of our answer, to hold against `Answer`."""
    total, pairs = 0, 0
    for number, series in enumerate(answer.series):
        days = answer.axis.edges[series.buckets] // 86400 + 1
        pairs += len(days)
        with np.errstate(over="ignore"):
            total += int(
                (days.astype(np.uint64) * series.counts * np.uint64(number + 1)).sum(dtype=np.uint64)
            )
    return answer.summary.rows_read, pairs, total % 2**64


def same(answer: Volume, peers: Answer) -> None:
    """Raises AssertionError where the two answers differ."""
    ours, theirs = check(answer), (peers.rows, peers.days, peers.check)
    assert ours == theirs, f"answers differ: {ours} and the peer's {theirs}"


def prefixes(question: VolumeQuestion) -> list[bytes]:
    """The key prefix of each name asked."""
    return [owner_prefix(target.name) for target in VolumeQuery.parse(question).targets]


def one_name(compression: str, block_size: int) -> None:
    """One name in 365 tables, warm: every block decoded anew, on one thread and on two, and asked again."""
    paths = data.daily(compression, block_size)
    question = VolumeQuestion(tuple(names_of(paths[0], 1)))
    (prefix,) = prefixes(question)
    folder = paths[0].parent
    with (
        Peer() as peer,
        LocalEngine(folder, 1, block_cache_bytes=0) as single,
        LocalEngine(folder, 2, block_cache_bytes=0) as double,
        LocalEngine(folder, 1) as again,
    ):
        peer.open(paths)
        data.warm_cache(paths)
        same(single.volume(question), peer.volume(prefix))
        same(double.volume(question), peer.volume(prefix))
        same([again.volume(question) for _ in range(3)][-1], peer.volume(prefix))
        ours = [timed(lambda each=each: each.volume(question)) for each in (single, double, again)]
        times = abba([warmed(each) for each in (*ours, lambda: peer.volume(prefix).seconds)], rounds=60)
        what = f"one name, 365 tables, {compression} {block_size}, warm"
        report(f"{what}, 1 thread", times[0], times[3], 0.45 if compression == "zlib" else None)
        report(f"{what}, 2 threads", times[1], times[3])
        report(f"{what}, asked again, 1 thread, blocks in memory", times[2], times[3])


def cold(compression: str, block_size: int) -> None:
    """The same from a cold disk, opening the tables included on both sides."""
    paths = data.daily(compression, block_size)
    question = VolumeQuestion(tuple(names_of(paths[0], 1)))
    (prefix,) = prefixes(question)
    with Peer() as peer:

        def theirs() -> float:
            seconds = peer.open(paths) + peer.volume(prefix).seconds
            peer.close()
            return seconds

        def ours() -> float:
            begun = time.perf_counter()
            engine = LocalEngine(paths[0].parent, 2)
            engine.volume(question)
            seconds = time.perf_counter() - begun
            engine.close()
            return seconds

        times = abba([ours, theirs], rounds=10, before=lambda: data.drop_cache(paths))
        report(f"one name, 365 tables, {compression} {block_size}, cold", times[0], times[1], 1 / 30)
    data.warm_cache(paths)


def opened_cold(compression: str, block_size: int) -> None:
    """The look-up alone from a cold disk, by an engine that has its tables open (as a shard does)."""
    paths = data.daily(compression, block_size)
    question = VolumeQuestion(tuple(names_of(paths[0], 1)))
    with LocalEngine(paths[0].parent, 2, block_cache_bytes=0) as engine:
        engine.volume(question)
        times = abba(
            [timed(lambda: engine.volume(question))], rounds=6, before=lambda: data.drop_cache(paths)
        )
        print(f"one name, 365 open tables, {compression} {block_size}, cold: {times[0]}")
    data.warm_cache(paths)


def thousand(compression: str, block_size: int) -> None:
    """A thousand names at once in 365 tables."""
    paths = data.daily(compression, block_size)
    question = VolumeQuestion(tuple(names_of(paths[0], 1000)))
    with (
        Peer() as peer,
        LocalEngine(paths[0].parent, 2, block_cache_bytes=0) as engine,
        tempfile.NamedTemporaryFile("w", suffix=".txt") as file,
    ):
        file.writelines(prefix.hex() + "\n" for prefix in prefixes(question))
        file.flush()
        peer.open(paths)
        data.warm_cache(paths)
        same(engine.volume(question), peer.batch(Path(file.name)))
        times = abba(
            [timed(lambda: engine.volume(question)), lambda: peer.batch(Path(file.name)).seconds], rounds=2
        )
        report(f"1,000 names, 365 tables, {compression} {block_size}, warm", times[0], times[1], 0.25)


def run() -> None:
    """Every comparison, for both sets of tables; the thousand names for one, since the peer takes long."""
    for compression, block_size in SETS:
        one_name(compression, block_size)
        cold(compression, block_size)
        opened_cold(compression, block_size)
    thousand(*SETS[0])


if __name__ == "__main__":
    run()
