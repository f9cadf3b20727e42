"""One day of a campus's name servers, minute by minute, after the paper on a DNS cache server that crashed.

On 2006-08-20 a spam bot drove an e-mail server to ask its cache server for A and AAAA alike; from 11:07 to
23:07 the cache server was silent, and the e-mail server asked the top server itself. Owner names stand for
who asks whom. The paper's figures come out exactly: the day's totals by type, AAAA queries of the top
clients, the silent span, and R² = 0.963 of A on AAAA from 00:00 to 11:07. Everything else is made up.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from dnstide.mtbl.writer import write_entries
from dnstide.sample.counts import Rows
from dnstide.sample.encode import Template
from dnstide.sample.rrset import Rrset, rrset

Int64 = npt.NDArray[np.int64]

MIDNIGHT = datetime(2006, 8, 20, tzinfo=UTC)
MINUTES = 1440
SILENCE = range(11 * 60 + 7, 23 * 60 + 7)
"""Minutes without a query to the cache server, although there are tables."""
HOLE = range(3 * 60 + 40, 3 * 60 + 45)
"""Minutes without a table, which is not the same."""
R_SQUARED = 0.963
ZONE = "campus.example."
TO_CACHE = {"A": 133_303, "AAAA": 139_794, "PTR": 13_942, "MX": 35_474, "TXT": 16_681}
TO_TOP = {"mail": 163_609, "cache": 13_235, "client-c": 873, "client-d": 797, "client-e": 412}
RDATA = {
    "A": "192.0.2.25",
    "AAAA": "2001:db8::25",
    "PTR": f"host.{ZONE}",
    "MX": f"10 mx.{ZONE}",
    "TXT": '"v=spf1 -all"',
}


def write_cache_day(directory: str | Path, seed: int = 2006) -> int:
    """Write the day as 1,435 minute tables into an empty directory; gives their number.

    Raises FileExistsError where the directory holds tables already, OSError where it cannot be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.glob("*.mtbl")):
        raise FileExistsError(f"{directory} holds tables already; choose an empty directory")
    rrsets, counts = _day(np.random.default_rng(seed))
    template = Template(rrsets)
    minutes = [minute for minute in range(MINUTES) if minute not in HOLE]
    for minute in minutes:
        begin = MIDNIGHT + timedelta(minutes=minute)
        first = np.full(len(rrsets), int(begin.timestamp()), dtype=np.int64) + np.arange(len(rrsets))
        rows = Rows(first, first + 40, counts[:, minute])
        write_entries(directory / f"dns.{begin:%Y%m%d.%H%M}.m.mtbl", template.entries(rows), sync=False)
    return len(minutes)


def _day(rng: np.random.Generator) -> tuple[list[Rrset], Int64]:
    """The RRsets, and their counts by minute."""
    there = np.ones(MINUTES, dtype=bool)
    there[list(HOLE)] = False
    working = there.copy()
    working[list(SILENCE)] = False
    swing = 1.0 + 0.35 * np.sin(np.arange(MINUTES) / 97.0)
    load = swing * np.exp(rng.normal(0.0, 0.4, MINUTES))
    rrsets, counts = [], []
    by_type = {kind: _share(rng, total, load * working) for kind, total in TO_CACHE.items()}
    by_type["AAAA"] = _correlated(rng, by_type["A"], TO_CACHE["AAAA"], working)
    for kind, count in by_type.items():
        rrsets.append(rrset(f"mail.to-cache.{ZONE}", kind, ZONE, [RDATA[kind]]))
        counts.append(count)
    for client, total in TO_TOP.items():
        when = {"mail": np.where(working, 0.02, 1.0) * there, "cache": working}.get(client, there)
        rrsets.append(rrset(f"{client}.to-top.{ZONE}", "AAAA", ZONE, [RDATA["AAAA"]]))
        counts.append(_share(rng, total, load * when))
    # The top server answers others all day long, so no table is empty.
    rrsets.append(rrset(f"others.to-top.{ZONE}", "A", ZONE, [RDATA["A"]]))
    counts.append(rng.poisson(140 * swing) + 1)
    return rrsets, np.array(counts)


def _share(rng: np.random.Generator, total: int, weights: npt.NDArray[np.float64]) -> Int64:
    shares: Int64 = rng.multinomial(total, weights / weights.sum())
    return shares


def _correlated(rng: np.random.Generator, other: Int64, total: int, working: npt.NDArray[np.bool_]) -> Int64:
    """Counts with the given total whose least-squares fit on `other`, before the silence, has R_SQUARED."""
    before = np.flatnonzero(working[: SILENCE.start])
    x = other[before] - other[before].mean()
    noise = rng.normal(0.0, 1.0, before.size)
    noise -= noise.mean() + x * (noise @ x) / (x @ x)  # what is left explains nothing
    slope = total / other.sum()
    noise *= slope * np.sqrt((x @ x) * (1 / R_SQUARED - 1) / (noise @ noise))
    count: Int64 = np.rint(other * slope).astype(np.int64)
    count[before] += np.rint(noise).astype(np.int64)
    np.maximum(count, working, out=count)
    # What rounding left over goes to the minutes after the silence.
    after = np.flatnonzero(working[SILENCE.stop :]) + SILENCE.stop
    missing = total - int(count.sum())
    count[after] += missing // after.size
    count[after[: missing % after.size]] += 1
    return count
