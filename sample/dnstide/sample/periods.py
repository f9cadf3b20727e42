"""Which tables a sample directory holds: the mixture of granularities that a live export directory shows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dnstide.sample.stories import DAYS, FIRST_DAY

# Three days for which no table came: "no data", which is not zero.
HOLE = (date(2018, 7, 7), date(2018, 7, 8), date(2018, 7, 9))
# A month that was merged already while its daily tables are still there.
MERGED_MONTH = date(2018, 12, 1)
DNSSEC_DAYS = 10


@dataclass(frozen=True, slots=True)
class Period:
    """One table to write. `days` lists the days (by index from FIRST_DAY) that a merged table adds up."""

    name: str
    start: int
    stop: int
    days: tuple[int, ...] = ()
    dnssec: bool = False

    @property
    def share(self) -> float:
        """The length in days."""
        return (self.stop - self.start) / 86_400


def periods(days: int | None = None) -> list[Period]:
    """The tables of a sample: years to minutes (days None), or the first `days` daily tables alone."""
    count = DAYS if days is None else min(days, DAYS)
    daily = [_day(i) for i in range(count) if FIRST_DAY + timedelta(i) not in HOLE]
    if days is not None:
        return daily
    return [*_years(), *daily, _merged_month(), *_last_day(), *_dnssec()]


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())


def _at(when: date) -> datetime:
    return datetime(when.year, when.month, when.day, tzinfo=UTC)


def _span(name: str, start: datetime, stop: datetime, **more: object) -> Period:
    return Period(name, _stamp(start), _stamp(stop), **more)  # type: ignore[arg-type]


def _day(index: int, dnssec: bool = False) -> Period:
    when = FIRST_DAY + timedelta(index)
    prefix = "dnssec" if dnssec else "dns"
    start = _at(when)
    return _span(f"{prefix}.{when:%Y%m%d}.D.mtbl", start, start + timedelta(1), days=(index,), dnssec=dnssec)


def _years() -> list[Period]:
    """What lies before the daily tables: a year, four quarters, eight months."""
    out = [_span("dns.2014.Y.mtbl", datetime(2014, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC))]
    for quarter in range(4):
        start = datetime(2015, 3 * quarter + 1, 1, tzinfo=UTC)
        stop = datetime(2015 + quarter // 3, (3 * quarter + 3) % 12 + 1, 1, tzinfo=UTC)
        out.append(_span(f"dns.{start:%Y%m}.Q.mtbl", start, stop))
    for month in range(1, 9):
        start = datetime(2016, month, 1, tzinfo=UTC)
        out.append(_span(f"dns.{start:%Y%m}.M.mtbl", start, datetime(2016, month + 1, 1, tzinfo=UTC)))
    return out


def _merged_month() -> Period:
    stop = (MERGED_MONTH + timedelta(31)).replace(day=1)
    first, last = (MERGED_MONTH - FIRST_DAY).days, (stop - FIRST_DAY).days
    return _span(
        f"dns.{MERGED_MONTH:%Y%m}.M.mtbl", _at(MERGED_MONTH), _at(stop), days=tuple(range(first, last))
    )


def _last_day() -> list[Period]:
    """The day after the last daily table, as far as it has come: 18 hours, twenty minutes, five minutes."""
    midnight = _at(FIRST_DAY + timedelta(DAYS))
    steps = [("H", timedelta(hours=1), midnight, 18)]
    steps.append(("X", timedelta(minutes=10), midnight + timedelta(hours=18), 2))
    steps.append(("m", timedelta(minutes=1), midnight + timedelta(hours=18, minutes=20), 5))
    return [
        _span(f"dns.{begin + i * step:%Y%m%d.%H%M}.{letter}.mtbl", begin + i * step, begin + (i + 1) * step)
        for letter, step, begin, count in steps
        for i in range(count)
    ]


def _dnssec() -> list[Period]:
    return [_day(i, dnssec=True) for i in range(DAYS - DNSSEC_DAYS, DAYS)]
