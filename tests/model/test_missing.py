"""Periods without a table, judged by looking at each."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from dnstide.model.catalog import Catalog, TableInfo
from dnstide.model.errors import Failure
from dnstide.model.granularity import Granularity
from dnstide.model.missing import Missing, Period, missing_tables
from dnstide.model.vocabulary import Coverage
from hypothesis import given
from hypothesis import strategies as st

DAY = 86_400


def stamp(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def table(granularity: Granularity, day: str, problem: str | None = None, dataset: str = "dns") -> Period:
    start = granularity.floor(stamp(day))
    return Period(dataset, granularity, start, granularity.next(start), problem)


def days(*names: str) -> list[Period]:
    return [table(Granularity.DAY, name) for name in names]


def test_a_hole() -> None:
    """Neighbours are one stretch; before the first and after the last nothing is missing."""
    found = missing_tables(days("2018-01-30", "2018-02-02", "2018-02-03", "2018-02-05"))
    assert list(found) == [
        Missing("dns", Granularity.DAY, stamp("2018-01-31"), stamp("2018-02-02"), 2, "absent", Coverage.NONE),
        Missing("dns", Granularity.DAY, stamp("2018-02-04"), stamp("2018-02-05"), 1, "absent", Coverage.NONE),
    ]
    assert str(found).splitlines() == [
        "dns: 2 day tables absent, 2018-01-31 to 2018-02-01",
        "dns: 1 day table absent, 2018-02-04",
    ]
    assert (len(found), found.periods, found[1].periods) == (2, 3, 1)


def test_nothing_is_missing() -> None:
    """Neither of one table, nor of none."""
    for tables in ([], days("2018-01-30"), days("2018-01-30", "2018-01-31")):
        assert str(missing_tables(tables)) == "nothing is missing"
        assert len(missing_tables(tables).columns()) == 0


def test_other_granularities_may_cover() -> None:
    """A month stands in for its days, days for a part of a month; those of another dataset do not."""
    month = table(Granularity.MONTH, "2018-02-01")
    found = missing_tables([*days("2018-01-30", "2018-02-10"), month])
    assert [(m.granularity, m.periods, m.coverage) for m in found] == [("day", 10, Coverage.PARTIAL)]
    assert str(found).endswith("(covered in part by tables of other granularities)")
    (inside,) = missing_tables([*days("2018-02-03", "2018-02-05"), month])
    assert inside.coverage is Coverage.COMPLETE
    assert str(inside).endswith("(covered by tables of other granularities)")
    foreign = table(Granularity.MONTH, "2018-02-01", dataset="dnssec")
    (alone,) = missing_tables([*days("2018-02-03", "2018-02-05"), foreign])
    assert alone.coverage is Coverage.NONE
    april = table(Granularity.MONTH, "2018-04-01")
    found = missing_tables([month, april, *days("2018-03-01", "2018-03-02")])
    assert [(m.granularity, m.coverage) for m in found] == [("month", Coverage.PARTIAL)]


def test_tables_that_cannot_be_used() -> None:
    """They are told by what is wrong with them, apart from those that are absent, at the ends too."""
    bad = [table(Granularity.DAY, day, "BAD_MAGIC") for day in ("2018-01-01", "2018-01-03")]
    found = missing_tables([*bad, *days("2018-01-02", "2018-01-05")])
    assert [(m.health, m.periods, m.start) for m in found] == [
        ("BAD_MAGIC", 1, stamp("2018-01-01")),
        ("BAD_MAGIC", 1, stamp("2018-01-03")),
        ("absent", 1, stamp("2018-01-04")),
    ]
    damaged_month = table(Granularity.MONTH, "2018-01-01", "BAD_MAGIC")
    _, one = missing_tables([*days("2018-01-01", "2018-01-03"), damaged_month])
    assert (one.granularity, one.coverage) == ("day", Coverage.NONE)


@given(st.sampled_from(Granularity), st.sets(st.integers(0, 40), min_size=1), st.integers(0, 2_000))
def test_every_period_is_there_or_missing(granularity: Granularity, there: set[int], offset: int) -> None:
    """Against a walk from period to period."""
    starts, now = [], granularity.floor(stamp("2015-12-20") + offset * DAY)
    for _ in range(41):
        starts.append(now)
        now = granularity.next(now)
    tables = [Period("dns", granularity, starts[i], granularity.next(starts[i])) for i in there]
    lacking = set()
    for missing in missing_tables(tables):
        at = missing.start
        for _ in range(missing.periods):
            lacking.add(at)
            at = granularity.next(at)
        assert at == missing.stop
    assert lacking == {starts[i] for i in range(min(there), max(there)) if i not in there}


def test_a_catalog_knows_what_it_lacks() -> None:
    """By the periods of its tables; a row for each stretch."""
    first, last = (np.datetime64(day, "s") for day in ("2018-07-06", "2018-07-10"))
    day = np.timedelta64(DAY, "s")
    failing = Failure("dns.20180706.D.mtbl", "BAD_MAGIC", "is no table")
    tables = (
        TableInfo("dns.20180706.D.mtbl", "dns", Granularity.DAY, first, first + day, problem=failing),
        TableInfo("dns.20180710.D.mtbl", "dns", Granularity.DAY, last, last + day),
    )
    columns = Catalog(tables).missing().columns()
    assert columns.names == ("dataset", "granularity", "start", "stop", "periods", "health", "covered")
    assert list(columns.rows()) == [
        ("dns", "day", first, first + day, 1, "BAD_MAGIC", "none"),
        ("dns", "day", first + day, last, 3, "absent", "none"),
    ]
    assert len(Catalog(tables).missing().to_pandas()) == 2
