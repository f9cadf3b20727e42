"""The tables that the benchmarks read: made once by ``peer/make_tables.c``, kept in a cache directory."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("DNSTIDE_BENCH_DIR", Path.home() / ".cache" / "dnstide-bench"))
FIRST_DAY = 16436  # 2015-01-01, in days since 1970-01-01
ROWS = 126_000
SEED = 7


def build(name: str) -> Path:
    """The program ``peer/NAME.c``, compiled against libmtbl when its source is newer."""
    source, program = HERE / "peer" / f"{name}.c", CACHE / "bin" / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["cc", "-O2", "-o", str(program), str(source), "-lmtbl", "-ldeflate", "-lm"], check=True
        )
    return program


def daily(
    compression: str, block_size: int, *, tables: int = 365, rows: int = ROWS, first_day: int = FIRST_DAY
) -> list[Path]:
    """The paths of `tables` daily tables of `rows` rows each, made on first use by two processes."""
    directory = CACHE / f"{compression}-{block_size}-{rows}"
    directory.mkdir(parents=True, exist_ok=True)
    paths = sorted(directory.glob("dns.*.D.mtbl"))
    if len(paths) < tables:
        program = build("make_tables")
        half = tables // 2

        def make(start: int, count: int) -> None:
            arguments = [directory, first_day + start, count, rows, compression, block_size, SEED]
            subprocess.run([str(program), *map(str, arguments)], check=True)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(make, (0, half), (half, tables - half)))
        paths = sorted(directory.glob("dns.*.D.mtbl"))
    return paths[:tables]


def linked(paths: list[Path], count: int) -> Path:
    """A directory of `count` daily tables: hard links, over and over, to the files of `paths`.

    Ten years of distinct files would be ten gigabytes. Opening, planning and looking up cost the same
    per file name; the page cache holds only the distinct ones.
    """
    directory = paths[0].parent / f"linked-{count}"
    directory.mkdir(exist_ok=True)
    for number in range(count):
        day = dt.date(1970, 1, 1) + dt.timedelta(days=FIRST_DAY + number)
        link = directory / f"dns.{day:%Y%m%d}.D.mtbl"
        if not link.exists():
            os.link(paths[number % len(paths)], link)
    return directory


def drop_cache(paths: list[Path]) -> None:
    """Drop each file from the page cache."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def warm_cache(paths: list[Path]) -> None:
    """Read every file once."""
    buffer = bytearray(1 << 20)
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
