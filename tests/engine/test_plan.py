"""The choice of tables, judged by brute force over small pieces of time, and told by examples."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from dnstide.engine import VolumePlan, VolumeQuery, build_catalog, parse_table_name, plan_volume
from dnstide.engine.catalog import unix_seconds
from dnstide.engine.volume import plan as planner
from dnstide.model.catalog import Catalog, TableInfo
from dnstide.model.errors import Failure, InvalidQuestion, NoTables
from dnstide.model.granularity import TABLE_GRANULARITIES, Granularity
from dnstide.model.vocabulary import BucketBy, Coverage
from dnstide.shard import TableStatus
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.questions import volume_query

PIECE = 600
DAY = 86400


def stamp(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def table_name(granularity: Granularity, moment: int) -> str:
    form = {"Y": "%Y", "Q": "%Y%m", "M": "%Y%m", "W": "%Y%m%d", "D": "%Y%m%d"}.get(
        granularity.letter, "%Y%m%d.%H%M"
    )
    return f"dns.{datetime.fromtimestamp(granularity.floor(moment), UTC):{form}}.{granularity.letter}.mtbl"


def catalog(names: Iterable[str], bad: Iterable[str] = ()) -> Catalog:
    broken = {name: Failure(name, "BAD_CHECKSUM", "checksum of a block is wrong", 7) for name in bad}
    return build_catalog(TableStatus(name, 1, 1, 1, broken.get(name)) for name in {*names, *broken})


def days(first: str, count: int) -> list[str]:
    return [table_name(Granularity.DAY, stamp(first) + i * DAY) for i in range(count)]


def plan(tables: Catalog, start: str | None = None, stop: str | None = None, **more: object) -> VolumePlan:
    times = {"start": None if start is None else stamp(start), "stop": None if stop is None else stamp(stop)}
    return plan_volume(tables, volume_query(["example.com"], **{"bucket_by": "first-seen", **times, **more}))


def period(table: TableInfo) -> tuple[int, int]:
    return unix_seconds(table.start), unix_seconds(table.stop)


def reasons(found: VolumePlan) -> dict[str, str]:
    return {left.table: left.reason for left in found.left_out}


# By brute force.

BEGIN, END = (
    stamp("2020-02-25"),
    stamp("2020-03-10"),
)  # a leap day, a change of month, weeks of one and seven days
KINDS = [g for g in TABLE_GRANULARITIES if g is not Granularity.MINUTE]
TABLES = st.tuples(st.sampled_from(KINDS), st.integers(BEGIN // PIECE, END // PIECE - 1), st.booleans())
FAMILIES = st.tuples(st.sampled_from(KINDS[1:5]), st.integers(BEGIN // PIECE, END // PIECE - 1))


def family(parent: Granularity, moment: int) -> list[str]:
    """All tables of the next finer granularity in one period."""
    child = KINDS[KINDS.index(parent) - 1]
    starts = child.edges(parent.floor(moment), parent.next(moment))[:-1]
    return [table_name(child, int(start)) for start in starts]


@st.composite
def questions(draw: st.DrawFn) -> VolumeQuery:
    low, high = sorted(
        (draw(st.integers(BEGIN // PIECE, END // PIECE)), draw(st.integers(BEGIN // PIECE, END // PIECE)))
    )
    return volume_query(
        ["example.com"],
        start=low * PIECE if draw(st.booleans()) else None,
        stop=(high + 1) * PIECE if draw(st.booleans()) else None,
        granularity=draw(st.sampled_from([*KINDS, Granularity.ISO_WEEK])),
        bucket_by=draw(st.sampled_from(BucketBy)),
    )


def pieces(start: int, stop: int) -> set[int]:
    return set(range(start // PIECE, stop // PIECE))


@settings(max_examples=250, deadline=None)
@given(st.lists(TABLES, min_size=1, max_size=30), st.lists(FAMILIES, max_size=4), questions())
def test_plan_against_brute_force(
    drawn: list[tuple[Granularity, int, bool]],
    families: list[tuple[Granularity, int]],
    query: VolumeQuery,
) -> None:
    """Chosen tables never overlap, each fits into one bucket, together they cover all that can be covered;
    every other table has a reason; what only unreadable tables could cover is a failure."""
    sound = {name: True for parent, piece in families for name in family(parent, piece * PIECE)}
    sound |= {table_name(g, piece * PIECE): ok for g, piece, ok in drawn}
    tables = catalog(sound, bad=[name for name, ok in sound.items() if not ok])
    try:
        found = plan_volume(tables, query)
    except (NoTables, InvalidQuestion):
        assume(False)
    known = {table.name: table for table in tables.tables}
    chosen = [known[name] for name in found.tables]
    when = {table.name: period(table) for table in tables.tables}
    by_file = found.key.bucket_by is BucketBy.FILE
    assert query.question.bucket_by in (BucketBy.AUTO, found.key.bucket_by)
    start, stop = found.span.start, found.span.stop
    grace = 0 if by_file else DAY

    spans = [when[t.name] for t in chosen]
    assert spans == sorted(spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans)), "chosen tables overlap"

    allowed = [
        t
        for t in tables.tables
        if t.granularity.rank <= query.question.granularity.rank
        and when[t.name][1] > start - grace
        and when[t.name][0] < stop + grace
        and not (by_file and (when[t.name][0] < start or when[t.name][1] > stop))
    ]
    assert {t.name for t in chosen} <= {t.name for t in allowed if t.problem is None}
    covered = set().union(*(pieces(*when[t.name]) for t in chosen))
    possible = set().union(*(pieces(*when[t.name]) for t in allowed if t.problem is None))
    assert covered & pieces(start, stop) == possible & pieces(start, stop), (
        "something could be covered and is not"
    )

    zone = pieces(start - grace, stop + grace)
    missed = {t.name for t in allowed if t.problem is not None and pieces(*when[t.name]) & zone - covered}
    assert {failure.table for failure in found.failures} == missed

    left = [entry.table for entry in found.left_out]
    assert sorted(left + list(found.tables)) == sorted(known), "each table is chosen or has a reason, once"
    assert {entry.table for entry in found.left_out if entry.needed} == missed
    assert all(entry.reason for entry in found.left_out)

    assert found.edges[found.lead] == start
    assert found.edges[-1] == stop
    whole = [t for t in allowed if t.problem is None and when[t.name][0] >= start and when[t.name][1] <= stop]
    reached = set().union(*(pieces(*when[t.name]) for t in whole))
    for i, (a, b) in enumerate(pairwise(found.edges.tolist())):
        inside = pieces(a, b)
        exact = reached & inside
        expected = (
            Coverage.COMPLETE if exact == inside else Coverage.PARTIAL if covered & inside else Coverage.NONE
        )
        assert found.coverage[i] == expected
    if by_file:
        assert found.buckets is not None
        for table, bucket in zip(chosen, found.buckets.tolist(), strict=True):
            begin, end = when[table.name]
            assert found.edges[bucket] <= begin < end <= found.edges[bucket + 1]
    else:
        assert found.buckets is None

    again = plan_volume(catalog(sound, bad=[name for name, ok in sound.items() if not ok]), query)
    assert (again.tables, again.failures, again.edges.tolist()) == (
        found.tables,
        found.failures,
        found.edges.tolist(),
    )


# By example.


def test_days_of_a_span_and_a_day_either_side() -> None:
    """By first seen the neighbours are read too, since a row may be first seen the day before its file."""
    found = plan(catalog(days("2018-10-25", 40)), "2018-10-31", "2018-11-03")
    assert found.tables == tuple(days("2018-10-30", 5))
    assert found.coverage.tolist() == [Coverage.COMPLETE] * 3
    assert reasons(found)["dns.20181029.D.mtbl"] == "ends before the span"
    assert reasons(found)["dns.20181104.D.mtbl"] == "begins after the span"


def test_by_file_reads_no_neighbours() -> None:
    """By file a neighbour has nothing to say."""
    found = plan(catalog(days("2018-10-25", 40)), "2018-10-31", "2018-11-03", bucket_by="file")
    assert found.tables == tuple(days("2018-10-31", 3))
    assert found.buckets is not None
    assert found.buckets.tolist() == [0, 1, 2]


def test_coarse_files_beside_the_finer_ones_they_replace() -> None:
    """By month the month is taken and its days are left out; by day it is the other way round."""
    tables = catalog(["dns.201811.M.mtbl", *days("2018-11-01", 30), *days("2018-12-01", 31)])
    monthly = plan(tables, "2018-11-01", "2019-01-01", granularity="month")
    assert monthly.tables == ("dns.201811.M.mtbl", *days("2018-12-01", 31))
    assert reasons(monthly)["dns.20181105.D.mtbl"] == "lies inside dns.201811.M.mtbl"
    daily = plan(tables, "2018-11-01", "2018-12-01", granularity="day")
    assert daily.tables == tuple(days("2018-11-01", 31))
    assert reasons(daily)["dns.201811.M.mtbl"] == "a month does not fit into a bucket of one day"


def test_a_clipped_bucket_takes_only_what_fits_into_it() -> None:
    """Half a month is counted from weeks and days, although the month's file is there."""
    names = ["dns.201811.M.mtbl", "dns.20181115.W.mtbl", "dns.20181122.W.mtbl", "dns.20181129.W.mtbl"]
    found = plan(
        catalog([*names, *days("2018-11-01", 30)]),
        "2018-11-10",
        "2018-12-01",
        granularity="month",
        bucket_by="file",
    )
    assert found.tables == (*days("2018-11-10", 5), *names[1:])
    assert reasons(found)["dns.201811.M.mtbl"].startswith("reaches over an edge")
    assert found.coverage.tolist() == [Coverage.COMPLETE]


def test_a_day_cut_by_the_span_is_read_and_marked() -> None:
    """A start at half past ten of a day that has no finer files: its later rows count, marked partial.
    With the hours and ten minutes at hand, these are read instead and the bucket is complete."""
    found = plan(catalog(days("2018-11-01", 3)), "2018-11-01T10:30", "2018-11-03")
    assert found.tables == tuple(days("2018-11-01", 3))
    assert found.coverage.tolist() == [Coverage.PARTIAL, Coverage.COMPLETE]
    hours = [table_name(Granularity.HOUR, stamp("2018-11-01") + h * 3600) for h in range(11, 24)]
    tens = [table_name(Granularity.TEN_MINUTES, stamp("2018-11-01T10:30") + i * PIECE) for i in range(3)]
    finer = plan(catalog([*days("2018-11-01", 3), *hours, *tens]), "2018-11-01T10:30", "2018-11-03")
    assert finer.tables == (*tens, *hours, *days("2018-11-02", 2))
    assert finer.coverage.tolist() == [Coverage.COMPLETE, Coverage.COMPLETE]
    assert reasons(finer)["dns.20181101.D.mtbl"].endswith("finer tables cover its part")


def test_a_damaged_month_is_replaced_by_its_days() -> None:
    """Sound finer tables that cover a damaged one take its place, and nothing has failed."""
    tables = catalog(days("2018-11-01", 30), bad=["dns.201811.M.mtbl"])
    found = plan(tables, "2018-11-01", "2018-12-01", granularity="month")
    assert (found.failures, found.coverage.tolist()) == ((), [Coverage.COMPLETE])
    assert reasons(found)["dns.201811.M.mtbl"].endswith("other tables cover it")


def test_a_damaged_month_with_a_hole_in_its_days_fails() -> None:
    """The days that are there are still read, for an answer that goes on without."""
    tables = catalog(days("2018-11-01", 29), bad=["dns.201811.M.mtbl"])
    found = plan(tables, "2018-11-01", "2018-12-01", granularity="month")
    assert [failure.table for failure in found.failures] == ["dns.201811.M.mtbl"]
    assert len(found.tables) == 29
    assert found.tables_asked == 30
    assert reasons(found)["dns.201811.M.mtbl"].endswith("nothing else covers it")


def test_holes_are_none() -> None:
    """A day without a file is no zero."""
    names = days("2018-11-01", 5)
    del names[2]
    found = plan(catalog(names), "2018-11-01", "2018-11-06")
    assert found.coverage.tolist() == [Coverage.COMPLETE] * 2 + [Coverage.NONE] + [Coverage.COMPLETE] * 2


def test_an_open_span_is_that_of_the_tables_and_the_day_before() -> None:
    """No row of the first table may be lost, so the axis begins a day early; by file there is no need."""
    tables = catalog(days("2018-11-01", 3))
    assert plan(tables).edges.tolist() == [
        stamp(f"2018-{d}") for d in ("10-31", "11-01", "11-02", "11-03", "11-04")
    ]
    assert plan(tables).lead == 1
    assert plan(tables, bucket_by="file").edges[0] == stamp("2018-11-01")
    assert plan(tables, stop="2018-11-02").edges.tolist() == [
        stamp(f"2018-{d}") for d in ("10-31", "11-01", "11-02")
    ]
    assert plan(tables, start="2018-11-02").edges.tolist() == [stamp(f"2018-11-0{d}") for d in (2, 3, 4)]


def test_datasets_are_apart() -> None:
    """DNSSEC tables are never mixed with the others."""
    tables = catalog([*days("2018-11-01", 2), "dnssec.20181101.D.mtbl"])
    assert plan(tables, dataset="dnssec").tables == ("dnssec.20181101.D.mtbl",)
    assert reasons(plan(tables))["dnssec.20181101.D.mtbl"] == "belongs to the dataset dnssec"


@pytest.mark.parametrize(
    ("names", "more", "reason"),
    [
        ([], {}, "there are no tables of the dataset dns"),
        (["dns.201811.M.mtbl"], {}, "no table fits into a bucket of one day; there are 1 month table"),
        (
            days("2018-11-01", 2),
            {"start": "2019-01-01"},
            "no table covers any part of the span; there are 2",
        ),
        (days("2018-11-01", 2), {"stop": "2018-11-01"}, "no table covers any part of the span"),
        (
            ["dns.201810.M.mtbl", *days("2018-12-01", 2)],
            {"start": "2018-10-05", "stop": "2018-10-06"},
            "the tables of this span are those of a month, or longer, and do not fit into a bucket of one "
            "day: take the granularity month; there are 1 month table",
        ),
        (
            days("2018-11-01", 1),
            {"start": "2018-11-01T10:00", "stop": "2018-11-01T11:00", "bucket_by": "file"},
            r"every table reaches over an edge of the span: dns\.20181101\.D\.mtbl is one of 2018-11-01;",
        ),
    ],
)
def test_no_tables(names: list[str], more: dict[str, str], reason: str) -> None:
    """Where nothing can be read, the error says what there is instead."""
    with pytest.raises(NoTables, match=reason):
        plan(catalog(names), **more)


def test_too_many_buckets() -> None:
    """A century of minutes is refused before it is made."""
    with pytest.raises(InvalidQuestion, match=r"52,.*coarser granularity") as caught:
        plan(catalog(["dns.20181101.0000.m.mtbl"]), "1970-01-01", "2070-01-01", granularity="minute")
    assert caught.value.problems[0][0] == "granularity"


def test_plans_are_kept_and_bounded() -> None:
    """The same span is planned once; many spans do not pile up."""
    tables = catalog(days("2018-01-01", 300))
    assert plan(tables, "2018-02-01") is plan(tables, "2018-02-01")
    for i in range(200):
        plan_volume(tables, volume_query(["a"], start=stamp("2018-01-01") + i * DAY))
    assert len(planner._plans[tables]) == planner.KEPT_PLANS


def test_shard_plans_keep_order_and_buckets() -> None:
    """A part of the plan carries the same edges, and the bucket of each of its tables."""
    found = plan(catalog(days("2018-11-01", 4)), bucket_by="file")
    part = found.shard_plan(["dns.20181104.D.mtbl", "dns.20181102.D.mtbl"])
    assert part.tables == ("dns.20181102.D.mtbl", "dns.20181104.D.mtbl")
    assert part.table_buckets is not None
    assert np.frombuffer(part.table_buckets, "<i4").tolist() == [1, 3]
    assert np.frombuffer(part.edges, "<i8").tolist() == found.edges.tolist()
    assert found.shard_plan() is found.shard_plan()
    assert plan(catalog(days("2018-11-01", 4))).shard_plan().table_buckets is None


def test_names_of_the_tests_are_tables() -> None:
    """The helper writes names that the catalog reads back."""
    for granularity in TABLE_GRANULARITIES:
        table = parse_table_name(table_name(granularity, stamp("2018-11-17T13:37")))
        assert not isinstance(table, str)
        start, stop = period(table)
        assert start <= stamp("2018-11-17T13:37") < stop
