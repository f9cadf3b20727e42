"""How often each RRset of the sample is seen in each table, and when first and last."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from dnstide.sample.names import LARGEST
from dnstide.sample.periods import HOLE, MERGED_MONTH, Period
from dnstide.sample.rrset import Rrset
from dnstide.sample.stories import (
    DAYS,
    FIRST_DAY,
    GESD_RANK_DAY,
    LAVEEN_RANK_DAY,
    RANK_DAY,
    YAHOO_NEW_TARGET,
    day,
    tell,
)

Int64 = npt.NDArray[np.int64]

WEEK = np.array([1.0, 1.02, 1.03, 1.02, 1.0, 0.86, 0.83])  # Monday first
LAUNCH = (day(date(2018, 5, 24)), day(date(2018, 5, 25)))
SILENCE = (day(date(2018, 3, 5)), day(date(2018, 3, 11)))
# A start of authority record carries this part of a district's series, and now and then it is the row that
# was first seen the evening before its file's day.
SOA_SHARE = 0.02
LATE = 0.015


@dataclass(frozen=True, slots=True)
class Rows:
    """One table's rows: first, last and count of every RRset; a count of 0 where it is not in the table."""

    first: Int64
    last: Int64
    count: Int64


class Counter:
    """Draws the rows of any table from the seed and its period alone, so tables can be made in any order."""

    def __init__(self, rrsets: list[Rrset], seed: int) -> None:
        self._seed = seed
        self._stories = tell(seed)
        self._mean = np.array([r.mean for r in rrsets])
        self._seen = np.array([r.seen for r in rrsets])
        self._share = np.array([r.share for r in rrsets])
        self._domain = np.array([r.domain for r in rrsets])
        self._pinned = (self._domain >= 0) & (self._domain < len(LARGEST))
        self._story = {s: np.flatnonzero([r.story == s for r in rrsets]) for s in {r.story for r in rrsets}}
        rng = np.random.default_rng([seed, 20])
        domains = int(self._domain.max(initial=0)) + 1
        self._growth = rng.normal(0.0, 0.25, domains)
        self._moody = rng.uniform(0.03, 0.18, domains)
        born = rng.integers(-2000, DAYS, domains)
        born[: len(LARGEST)] = -2000
        self._born = np.where(rng.random(domains) < 0.2, born, -2000)
        late = np.random.default_rng([seed, 21]).random(DAYS + 1) < 0.08
        for never in (0, 1, *(day(d) + i for d in (RANK_DAY, MERGED_MONTH, *HOLE) for i in (0, 1)), DAYS):
            late[never] = False
        self._late_soa = late

    def rows(self, period: Period) -> Rows:
        """The rows of one table."""
        if len(period.days) > 1:
            return _merged([self._daily(i) for i in period.days])
        return self._daily(period.days[0]) if period.days else self._other(period)

    def _daily(self, index: int) -> Rows:
        start = _midnight(index)
        rng = np.random.default_rng([self._seed, 30, index])
        ranked = index == day(RANK_DAY)
        count = self._ordinary(rng, index, ranked)
        early = rng.random(count.size) < (0 if self._never_late(index) else LATE)
        rows = _spread(rng, count, start, 86_400)
        rows.first[early] = start - rng.integers(60, 5 * 3600, int(early.sum()))
        if "laveen-ns" in self._story:  # the tables of DNSSEC types tell no story
            self._districts(rng, rows, index, start, ranked)
            self._singles(rng, rows, index, start)
        return rows

    def _never_late(self, index: int) -> bool:
        return index == 0 or index == day(MERGED_MONTH) or index - 1 in {day(d) for d in HOLE}

    def _ordinary(self, rng: np.random.Generator, index: int, ranked: bool, share: float = 1.0) -> Int64:
        """Counts of everything that follows no story: level, growth, week, the domain's mood, chance.

        `share` is the table's length in days.
        """
        year = (index - day(RANK_DAY)) / 365.25
        mood = rng.normal(0.0, 1.0, self._growth.size) * self._moody
        factor = np.exp(self._growth * year + mood) * (index >= self._born)
        by_row = np.where(self._domain >= 0, factor[self._domain], np.exp(0.08 * year + 0.04 * rng.normal()))
        by_row = by_row * WEEK[(index + FIRST_DAY.weekday()) % 7]
        if share >= 1.0:
            seen = 1.0 - (1.0 - self._seen) ** share
        else:  # in a minute, only what is asked for many times in it
            seen = np.clip(self._mean * share / 60, 1e-9, 1.0)
        if ranked:
            by_row[self._pinned] = seen[self._pinned] = 1.0
        present = rng.random(seen.size) < seen
        count = rng.poisson(self._mean * share / seen * by_row)
        return np.where(present & (self._mean > 0), np.maximum(count, (by_row > 0) * 1), 0).astype(np.int64)

    def _districts(self, rng: np.random.Generator, rows: Rows, index: int, start: int, ranked: bool) -> None:
        for story, series, total in (
            ("laveen", self._stories.laveen, LAVEEN_RANK_DAY),
            ("gesd", self._stories.gesd, GESD_RANK_DAY),
        ):
            apex, soa = (int(self._story[f"{story}-{part}"][0]) for part in ("ns", "soa"))
            today = int(series[index])
            late = bool(self._late_soa[index])
            here = _soa(series, index)
            taken = 0 if late else here
            if self._late_soa[index + 1]:
                taken += _soa(series, index + 1)
            _put(rng, rows, apex, today - taken, start)
            _put(rng, rows, soa, here, start)
            if late:
                rows.first[soa] = start - int(rng.integers(600, 4 * 3600))
            hosts = self._story[f"{story}-host"].tolist()
            for row in hosts:
                _put(rng, rows, row, round(today * self._share[row] * rng.uniform(0.9, 1.1)), start)
            server = int(self._story[f"{story}-server"][0])
            _put(rng, rows, server, round(today * self._share[server]), start)
            if ranked:
                others = int(rows.count[[apex, soa, *hosts]].sum())
                _put(rng, rows, server, total - others, start)

    def _singles(self, rng: np.random.Generator, rows: Rows, index: int, start: int) -> None:
        old = index < day(YAHOO_NEW_TARGET)
        for story, there in (("yahoo-old", old), ("yahoo-new", not old)):
            _put(rng, rows, self._story[story][0], int(self._stories.yahoo[index]) if there else 0, start)
        if index in LAUNCH:
            rows.count[self._story["launch"]] *= 40
        if SILENCE[0] <= index <= SILENCE[1]:
            rows.count[self._story["silence"]] = 0

    def _other(self, period: Period) -> Rows:
        """A table outside the daily ones: ordinary levels by its length, stories at their nearest level."""
        index = min(max((period.start - _midnight(0)) // 86_400, 0), DAYS - 1)
        rng = np.random.default_rng([self._seed, 31, period.start])
        count = self._ordinary(rng, index, False, period.share)
        for story, series in (("laveen", self._stories.laveen), ("gesd", self._stories.gesd)):
            level = float(series[:14].mean() if index == 0 else series[-14:].mean()) * period.share
            for part in ("ns", "soa", "host", "server"):
                for row in self._story[f"{story}-{part}"]:
                    count[row] = rng.poisson(
                        level * (self._share[row] or {"ns": 1 - SOA_SHARE}.get(part, SOA_SHARE))
                    )
        target = "yahoo-old" if index == 0 else "yahoo-new"
        count[self._story[target]] = rng.poisson(27_000 * period.share)
        return _spread(rng, count, period.start, period.stop - period.start)


def _midnight(index: int) -> int:
    return (FIRST_DAY.toordinal() + index - date(1970, 1, 1).toordinal()) * 86_400


def _soa(series: Int64, index: int) -> int:
    return max(1, int(series[min(index, DAYS - 1)] * SOA_SHARE))


def _put(rng: np.random.Generator, rows: Rows, row: int, count: int, start: int) -> None:
    spread = _spread(rng, np.array([count], dtype=np.int64), start, 86_400)
    rows.first[row], rows.last[row], rows.count[row] = spread.first[0], spread.last[0], count


def _spread(rng: np.random.Generator, count: Int64, start: int, seconds: int) -> Rows:
    """First and last sight of that many queries over the period: the more, the nearer to its ends."""
    gap = seconds / np.maximum(count, 1)
    first = start + np.minimum(rng.exponential(gap), seconds - 1).astype(np.int64)
    last = start + seconds - 1 - np.minimum(rng.exponential(gap), seconds - 1).astype(np.int64)
    return Rows(first, np.maximum(first, last), count)


def _merged(tables: list[Rows]) -> Rows:
    """What libmtbl's merge makes of several tables: earliest, latest, sum."""
    far = np.iinfo(np.int64).max
    first = np.min([np.where(t.count > 0, t.first, far) for t in tables], axis=0)
    last = np.max([np.where(t.count > 0, t.last, 0) for t in tables], axis=0)
    return Rows(first, last, np.sum([t.count for t in tables], axis=0))
