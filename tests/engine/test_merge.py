"""From partials to series, without tables."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from dnstide.engine import VolumePlan, VolumeQuery, build_catalog, plan_volume
from dnstide.engine.volume.merge import merge_volume, plan_entries
from dnstide.model.errors import (
    SHARD_UNREACHABLE,
    Failure,
    ShardsUnreachable,
    TablesDamaged,
)
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Timings, Volume
from dnstide.shard import Partial, TableStatus

from tests.engine.questions import volume_query

C, P, N, D, U = Coverage
FIRST = int(datetime(2018, 11, 1, tzinfo=UTC).timestamp())
DAYS = [f"dns.201811{day:02}.D.mtbl" for day in range(1, 6)]
BAD = Failure(DAYS[2], "BAD_CHECKSUM", "checksum of a block is wrong", 99)


def asked(
    *names: str, tables: list[str] = DAYS, bad: tuple[Failure, ...] = (), **more: object
) -> tuple[VolumePlan, VolumeQuery]:
    known = {failure.table: failure for failure in bad}
    catalog = build_catalog(TableStatus(name, 1, 1, 1, known.get(name)) for name in tables)
    span = {"start": FIRST, "stop": FIRST + 5 * 86400, "bucket_by": "first-seen"} | more
    query = volume_query(list(names) or ["a.com"], **span)
    return plan_volume(catalog, query), query


def found(counts: dict[tuple[int, int, int], int], answered: int = 5, **more: object) -> Partial:
    keys = sorted(counts)
    columns = [
        np.array([key[i] for key in keys], kind) for i, kind in enumerate((np.int32, np.uint16, np.int32))
    ]
    return Partial(*columns, np.array([counts[k] for k in keys], np.uint64), answered=answered, **more)  # type: ignore[call-arg, arg-type, misc]


def answer(plan_and_query: tuple[VolumePlan, VolumeQuery], *partials: Partial) -> Volume:
    return merge_volume(*plan_and_query, partials, Timings())


def listed(result: Volume, index: int = 0) -> dict[int, int]:
    series = result.series[index]
    return dict(zip(series.buckets.tolist(), series.counts.tolist(), strict=True))


def test_partials_add_up_to_a_series() -> None:
    """Two shards that know the same bucket are added; buckets without rows are not listed."""
    first = found({(0, 0, 0): 1, (0, 0, 2): 10}, answered=2, rows=2, blocks=1, seconds=0.5)
    second = found({(0, 0, 2): 5, (0, 0, 4): 7}, answered=3, rows=3, blocks=2, seconds=0.25)
    result = answer(asked("A.com"), first, second)
    assert listed(result) == {0: 1, 2: 15, 4: 7}
    assert (result.series[0].name, result.series[0].rrtype, result.series[0].total) == ("a.com.", None, 23)
    assert (result.summary.rows_read, result.summary.blocks_read) == (5, 3)
    assert (result.summary.tables_asked, result.summary.tables_answered) == (5, 5)
    assert result.complete
    assert result.axis.coverage.tolist() == [C] * 5
    assert result.summary.timings.slowest_shard == 0.5


def test_series_stand_in_the_order_asked() -> None:
    """A name asked twice, however it is spelt, is one series; names without rows have an empty one."""
    result = answer(asked("b.com", "a.com", "B.com.", "c.com"), found({(0, 0, 1): 3, (1, 0, 2): 4}))
    assert [(s.name, s.name_index, s.total) for s in result.series] == [
        ("b.com.", 0, 3),
        ("a.com.", 1, 4),
        ("c.com.", 3, 0),
    ]
    assert result.summary.total_count == 7


def test_split_by_type() -> None:
    """One series for each type that has rows; where types were asked, one for each of them."""
    rows = {(0, 1, 0): 1, (0, 1, 3): 2, (0, 28, 0): 3, (2, 65280, 1): 4}
    result = answer(asked("a.com", "b.com", "c.com", split_by_rrtype=True), found(rows))
    assert [(s.name, s.rrtype, s.total) for s in result.series] == [
        ("a.com.", "A", 3),
        ("a.com.", "AAAA", 3),
        ("b.com.", None, 0),
        ("c.com.", "TYPE65280", 4),
    ]
    named = asked("a.com", "b.com", split_by_rrtype=True, rrtypes=["AAAA", "A"])
    result = answer(named, found({(0, 28, 2): 5, (1, 1, 1): 6}))
    assert [(s.name, s.rrtype, s.total) for s in result.series] == [
        ("a.com.", "A", 0),
        ("a.com.", "AAAA", 5),
        ("b.com.", "A", 6),
        ("b.com.", "AAAA", 0),
    ]
    assert listed(result, 1) == {2: 5}


def test_fill_lists_every_bucket() -> None:
    """With fill all series have the whole axis, zeros where nothing was found."""
    result = answer(asked("a.com", "b.com", fill=True), found({(1, 0, 1): 3}))
    assert listed(result, 0) == dict.fromkeys(range(5), 0)
    assert listed(result, 1) == {0: 0, 1: 3, 2: 0, 3: 0, 4: 0}


def smoothed(result: Volume) -> list[float | None]:
    assert result.series[0].smoothed is not None
    return [None if math.isnan(value) else value for value in result.series[0].smoothed.tolist()]


def test_averages_need_a_count_on_every_day() -> None:
    """As vot.pl: NaN unless all n dates have a count; with fill the zeros of sound tables are counts."""
    rows = found({(0, 0, 0): 4, (0, 0, 1): 8, (0, 0, 3): 6, (0, 0, 4): 1})
    assert smoothed(answer(asked(smooth=2), rows)) == [None, 6.0, None, 3.5]
    assert smoothed(answer(asked(smooth=2, fill=True), rows)) == [None, 6.0, 4.0, 3.0, 3.5]


def test_averages_take_the_zero_of_a_bucket_that_is_covered_in_part() -> None:
    """With fill, a day of which half was looked at has a count, be it zero; only the marks say how far."""
    half = asked(smooth=2, fill=True, start=FIRST + 43200)
    result = answer(half, found({(0, 0, 1): 8, (0, 0, 2): 6}))
    assert result.axis.coverage.tolist() == [P, C, C, C, C]
    assert smoothed(result) == [None, 4.0, 7.0, 3.0, 0.0]


def test_averages_do_not_cross_holes() -> None:
    """A day without a file has no value, also with fill."""
    rows = found({(0, 0, 0): 4, (0, 0, 1): 8, (0, 0, 3): 6, (0, 0, 4): 1}, answered=4)
    holed = asked(smooth=2, fill=True, tables=DAYS[:2] + DAYS[3:])
    result = answer(holed, rows)
    assert result.axis.coverage.tolist() == [C, C, N, C, C]
    assert smoothed(result) == [None, 6.0, None, None, 3.5]


def test_averages_do_not_rest_on_lower_bounds() -> None:
    """The count of a damaged day is listed, but no average is made of it."""
    broken = asked(smooth=2, failure_policy="partial", bad=(BAD,))
    rows = found({(0, 0, day): 4 for day in range(5)}, answered=4)
    result = answer(broken, rows)
    assert listed(result)[2] == 4
    assert smoothed(result) == [None, 4.0, None, None, 4.0]


def test_failures_end_a_strict_question() -> None:
    """All or nothing: the error lists every failure, those of the catalog and those met on the way."""
    lost = Failure(DAYS[4], SHARD_UNREACHABLE, "shard 1 does not answer", retryable=True)
    with pytest.raises(TablesDamaged) as caught:
        answer(asked(bad=(BAD,)), found({}, answered=3, failures=(lost,)))
    assert [failure.table for failure in caught.value.failures] == [DAYS[2], DAYS[4]]
    with pytest.raises(ShardsUnreachable):
        answer(asked(), found({}, answered=4, failures=(lost,)))


def test_failures_mark_a_partial_answer() -> None:
    """The bucket of a failed table and the day before it say what happened; the rest is complete."""
    plan, query = asked(failure_policy="partial")
    lost = Failure(DAYS[4], SHARD_UNREACHABLE, "shard 1 does not answer", retryable=True)
    result = answer((plan, query), found({(0, 0, 0): 1}, answered=3, failures=(BAD, lost)))
    assert result.axis.coverage.tolist() == [C, P, D, P, U]
    assert not result.complete
    assert (result.summary.tables_asked, result.summary.tables_answered) == (5, 3)
    assert result.summary.failures_total == 2
    assert [(f.table, f.code) for f in result.summary.failures] == [
        (DAYS[2], "BAD_CHECKSUM"),
        (DAYS[4], SHARD_UNREACHABLE),
    ]
    assert plan.coverage.tolist() == [C] * 5, "the plan is shared and stays as it was"


def test_a_table_that_nobody_spoke_of_is_no_zero() -> None:
    """Tables missing without a failure would make the answer wrong and unmarked, so there is none."""
    with pytest.raises(RuntimeError, match="5 tables were asked, but 4 answered, 0 failed"):
        answer(asked(), found({}, answered=4))
    with pytest.raises(RuntimeError, match="6 answered"):
        answer(asked(), found({}, answered=5), found({}, answered=1))


def test_leading_grace_is_kept_only_with_rows() -> None:
    """An open question loses no row of the day before the first file, and shows no empty day."""
    without = answer(asked(start=None), found({(0, 0, 1): 2, (0, 0, 5): 3}))
    assert without.axis.edges[0] == FIRST
    assert listed(without) == {0: 2, 4: 3}
    assert without.axis.coverage.tolist() == [C] * 5
    early = answer(asked(start=None), found({(0, 0, 0): 1, (0, 0, 1): 2}))
    assert early.axis.edges[0] == FIRST - 86400
    assert listed(early) == {0: 1, 1: 2}
    assert early.axis.coverage.tolist() == [N] + [C] * 5
    nothing = answer(asked(start=None), found({}))
    assert nothing.axis.edges[0] == FIRST


def test_totals_are_exact() -> None:
    """Nobody asked for them, so one beyond 2**64-1 refuses no answer whose buckets fit."""
    assert answer(asked(), found({(0, 0, 0): 2**63, (0, 0, 1): 2**63 - 1})).series[0].total == 2**64 - 1
    large = answer(asked(), found({(0, 0, 0): 2**63, (0, 0, 1): 2**63}))
    assert large.series[0].total == 2**64
    assert large.summary.total_count == 2**64 - 1


def test_many_series_are_the_single_ones() -> None:
    """A thousand names at once, in several slabs, give what each would give alone."""
    names = [f"n{i}.com" for i in range(50)]
    rng = np.random.default_rng(5)
    rows = {(int(q), 0, int(b)): int(c) for q, b, c in rng.integers(0, [50, 50000, 99], (4000, 3)) if c}
    span = {
        "start": FIRST,
        "stop": FIRST + 50000 * 60,
        "granularity": "minute",
        "tables": ["dns.20181101.0000.m.mtbl"],
    }
    together = answer(asked(*names, smooth=2, fill=True, **span), found(rows, answered=1))  # type: ignore[arg-type]
    for i in (0, 20, 21, 49):
        rows_of_name = {(0, 0, b): count for (q, _, b), count in rows.items() if q == i}
        alone = answer(asked(names[i], smooth=2, fill=True, **span), found(rows_of_name, answered=1))  # type: ignore[arg-type]
        assert np.array_equal(alone.series[0].counts, together.series[i].counts)
        assert np.array_equal(alone.series[0].smoothed, together.series[i].smoothed, equal_nan=True)  # type: ignore[arg-type]


def test_the_summary_tells_what_the_answer_rests_on() -> None:
    """Times of each phase, the catalog's version, tables that summaries stood in for; and the question."""
    plan, query = asked()
    began = Timings(plan=1.0, ask=2.0, merge=10.0)
    result = merge_volume(plan, query, [found({(0, 0, 0): 1}, summarized=2, seconds=0.5)], began)
    timings = result.summary.timings
    assert (timings.plan, timings.ask, timings.slowest_shard) == (1.0, 2.0, 0.5)
    assert 10.0 < timings.merge < 11.0, "the time of the merge is added"
    assert result.summary.catalog_version == plan.catalog_version != ""
    assert result.summary.tables_summarized == 2
    assert result.summary.plan == ()
    assert result.question is query.question


def test_explained_answers_list_every_table_of_the_catalog() -> None:
    """Those that were read first, in the order of the catalog; the others with the reason of the plan."""
    tables = [*DAYS, "dns.201811.M.mtbl", "dns.20181201.D.mtbl", "dns.20181020.D.mtbl"]
    result = answer(asked(tables=tables, explain=True), found({}, answered=5))
    used, unused = result.summary.plan[:5], result.summary.plan[5:]
    assert [(entry.table, entry.used, entry.reason) for entry in used] == [(day, True, "") for day in DAYS]
    assert {entry.table: entry.reason for entry in unused} == {
        "dns.20181020.D.mtbl": "ends before the span",
        "dns.201811.M.mtbl": "a month does not fit into a bucket of one day",
        "dns.20181201.D.mtbl": "begins after the span",
    }
    assert not any(entry.used for entry in unused)


def test_a_ranking_of_two_spans_lists_the_tables_of_both() -> None:
    """A table that one of the plans uses is not told as left out by the other."""
    first, _ = asked(stop=FIRST + 2 * 86400, bucket_by="file")
    second, _ = asked(start=FIRST + 3 * 86400, bucket_by="file")
    entries = plan_entries([first, second])
    assert [entry.table for entry in entries if entry.used] == [DAYS[0], DAYS[1], DAYS[3], DAYS[4]]
    assert [(entry.table, entry.reason) for entry in entries if not entry.used] == [
        (DAYS[2], "begins after the span")
    ]


def test_an_answer_lists_so_many_tables_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The used ones come first, so that what is cut is what was left out."""
    tables = [*DAYS, "dns.20181201.D.mtbl", "dns.20181202.D.mtbl"]
    plan, _ = asked(tables=tables)
    for limit, expected in ((6, [*DAYS, "dns.20181201.D.mtbl"]), (5, DAYS), (3, DAYS[:3])):
        monkeypatch.setattr("dnstide.engine.volume.merge.MAX_LISTED_PLAN", limit)
        assert [entry.table for entry in plan_entries([plan])] == expected


def test_leading_grace_is_dropped_from_a_marked_answer_too() -> None:
    """Marks of failures stand on the same axis as the counts."""
    lost = Failure(DAYS[4], SHARD_UNREACHABLE, "shard 1 does not answer", retryable=True)
    open_span = asked(start=None, failure_policy="partial")
    result = answer(open_span, found({(0, 0, 1): 2}, answered=4, failures=(lost,)))
    assert result.axis.edges[0] == FIRST
    assert result.axis.coverage.tolist() == [C, C, C, P, U]
    assert listed(result) == {0: 2}
