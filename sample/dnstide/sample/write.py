"""Writing the sample directory, on as many processes as are asked for."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dnstide.mtbl.writer import write_entries
from dnstide.sample.counts import Counter
from dnstide.sample.encode import Template
from dnstide.sample.names import build
from dnstide.sample.periods import Period, periods
from dnstide.sample.signatures import build_signatures

# Raised whenever the same arguments would write other tables.
SAMPLE_VERSION = 1
SEED = 2016_09
CHUNK = 12

ABOUT = """\
Made-up passive DNS in the layout of a DNSDB Export directory, written by dnstide for its demo and tests.
Only two stories follow published figures: the two school districts under k12.az.us, and www.yahoo.com.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was written: how many tables, rows (RRsets) and bytes, and the seconds it took."""

    directory: Path
    tables: int
    rows: int
    bytes: int
    seconds: float


def write_sample(
    directory: str | Path,
    *,
    days: int | None = None,
    seed: int = SEED,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Sample:
    """Write a directory of dnstable tables with made-up but plausible counts. The same arguments, the same
    tables.

    days None writes everything: a year, quarters, months, 897 daily tables from 2016-09-01 to 2019-02-17
    (three days have none), a merged month, hours, minutes, and ten days of DNSSEC types; a number writes
    that many daily tables alone, from 2016-09-01 on (at most 900). progress is called with (tables
    written, tables in all).

    Raises FileExistsError where the directory holds tables already, ValueError for a number of days below
    1, and OSError where it cannot be written.
    """
    if days is not None and days < 1:
        raise ValueError(f"a sample needs at least one day, not {days}")
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.glob("*.mtbl")):
        raise FileExistsError(f"{directory} holds tables already; choose an empty directory")
    began = time.monotonic()
    todo = periods(days)
    rows = size = done = 0
    for written in _run(directory, todo, seed, processes):
        rows, size, done = rows + written[0], size + written[1], done + written[2]
        if progress is not None:
            progress(done, len(todo))
    (directory / "ABOUT.txt").write_text(ABOUT)
    return Sample(directory, len(todo), rows, size, time.monotonic() - began)


def _run(directory: Path, todo: list[Period], seed: int, processes: int) -> Iterator[tuple[int, int, int]]:
    """Rows, bytes and tables of each chunk as it is written."""
    chunks = [todo[i : i + CHUNK] for i in range(0, len(todo), CHUNK)]
    if processes < 2 or len(chunks) < 4:
        for chunk in chunks:
            yield _write_chunk(directory, chunk, seed)
        return
    # Spawned, not forked: the caller may hold threads and locks of gRPC or Ray.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            futures = [pool.submit(_write_chunk, directory, chunk, seed) for chunk in chunks]
            for future in futures:
                yield future.result()
        except BrokenProcessPool as error:
            raise OSError(
                f"a process that wrote tables to {directory} was killed; is there enough memory?"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@lru_cache(maxsize=2)
def _makers(seed: int, dnssec: bool) -> tuple[Counter, Template]:
    rrsets = build(seed)
    if dnssec:
        rrsets = build_signatures(rrsets)
    return Counter(rrsets, seed), Template(rrsets)


def _write_chunk(directory: Path, chunk: list[Period], seed: int) -> tuple[int, int, int]:
    rows = size = 0
    for period in chunk:
        counter, template = _makers(seed, period.dnssec)
        drawn = counter.rows(period)
        path = directory / period.name
        write_entries(path, template.entries(drawn), level=1, sync=False)
        rows += int((drawn.count > 0).sum())
        size += path.stat().st_size
    return rows, size, len(chunk)
