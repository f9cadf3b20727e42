"""Two daily tables, each in two versions of one size and time, and what a ranking says of them."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from dnstide.model.top import Top
from dnstide.mtbl import DnstableWriter

from tests.conftest import FIRST_DAY, row

NAMES = [f"n{i}.example.com." for i in range(12)]
FILES = ("dns.20240101.D.mtbl", "dns.20240102.D.mtbl")


def counts_of(version: int, day: int) -> dict[str, int]:
    """Of one size in both versions, but with other winners."""
    return {name: 1000 + (i if version else len(NAMES) - i) * (day + 1) for i, name in enumerate(NAMES)}


def write(path: Path, version: int, day: int) -> None:
    """Without compression, so that both versions have one size; the old file's times are kept."""
    times = path.stat().st_mtime_ns if path.exists() else FIRST_DAY * 10**9
    new = path.with_name(f".{path.name}.new")
    with DnstableWriter(new, compression="none", sync=False) as table:
        for name, count in counts_of(version, day).items():
            table.add(row(name, 1, b"\xc0\x00\x02\x01", FIRST_DAY + 60, count))
    os.utime(new, ns=(times, times))
    os.replace(new, path)


def truth(*versions: int) -> list[tuple[str, int]]:
    sums: Counter[str] = Counter()
    for day, version in enumerate(versions):
        sums.update(counts_of(version, day))
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:3]


def ranked(answer: Top) -> list[tuple[str, int]]:
    return [(rank.name, rank.count) for rank in answer]
