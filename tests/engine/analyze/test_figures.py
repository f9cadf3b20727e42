"""Correlation, shape and breakdown against hand-made numbers and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from dnstide.engine.analyze import break_down, correlate, describe_shape
from dnstide.model.analysis import Breakdown
from dnstide.model.errors import AnalysisRefused
from hypothesis import given
from hypothesis import strategies as st

DAY = 86_400
MONDAY = 4 * DAY  # 5 January 1970


def test_correlation_is_least_squares(rng) -> None:
    """Slope, intercept and R² are numpy's polyfit and corrcoef; the slope's error is the textbook's."""
    x = rng.integers(0, 1_000, 200)
    y = (0.95 * x + 40 + rng.normal(0, 50, 200)).clip(0).astype(int)
    got = correlate(x, y)
    slope, intercept = np.polyfit(x, y, 1)
    assert (got.slope, got.intercept) == pytest.approx((slope, intercept))
    assert got.r == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert got.r_squared == pytest.approx(got.r**2)
    residuals = y - intercept - slope * x
    expected = np.sqrt(residuals @ residuals / 198 / ((x - x.mean()) @ (x - x.mean())))
    assert got.slope_error == pytest.approx(expected)
    assert got.n == 200


def test_correlation_uses_shared_buckets_only() -> None:
    """Buckets unknown in either series do not take part."""
    x, y = np.array([1, 2, 3, 4, 900]), np.array([2, 4, 6, 900, 10])
    got = correlate(x, y, [1, 1, 1, 1, 0], [1, 1, 1, 0, 1])
    assert (got.slope, got.intercept, got.r_squared, got.n) == pytest.approx((2, 0, 1, 3))


@pytest.mark.parametrize(
    ("x", "y", "masks", "said"),
    [
        ([1, 2, 3], [1, 2], (), "3 and 2 buckets"),
        ([1, 2, 3], [1, 2, 3], ([1, 1, 0], [0, 0, 1]), "never overlap"),
        ([1, 2, 3], [1, 2, 3], ([1, 1, 0], None), "share 2 buckets"),
        ([5, 5, 5], [1, 2, 3], (), "first series does not vary: 5 in all 3"),
        ([1, 2, 3], [0, 0, 0], (), "second series does not vary: 0"),
    ],
)
def test_correlation_without_meaning_is_refused(x, y, masks, said) -> None:
    """No overlap, too few buckets, no variance: each has its text."""
    with pytest.raises(AnalysisRefused, match=said):
        correlate(np.array(x), np.array(y), *masks)


def test_a_joint_step_is_no_correlation(rng) -> None:
    """Two series of independent noise that step together: R² near 1 overall, and near 0 within the levels
    and on differences, by the textbook's formulas.
    """
    level = np.repeat([1_000, 100_000], 100)
    x, y = rng.poisson(level), rng.poisson(2 * level)
    got = correlate(x, y)
    assert got.r_squared > 0.99
    assert (got.levels, got.level_driven) == (2, True)
    halves = [(x[:100], y[:100]), (x[100:], y[100:])]
    dx, dy = (np.concatenate([pair[k] - pair[k].mean() for pair in halves]) for k in (0, 1))
    assert got.within_r == pytest.approx(np.corrcoef(dx, dy)[0, 1])
    steps = [np.concatenate([np.diff(pair[k]) for pair in halves]) for k in (0, 1)]
    assert got.difference_r == pytest.approx(np.corrcoef(*steps)[0, 1])
    assert got.within_r**2 < 0.05
    assert got.difference_r**2 < 0.05


def test_a_correlation_within_levels_stays_one(rng) -> None:
    """What two series share on top of a step is found within the levels too; nothing warns."""
    x = rng.poisson(np.repeat([1_000, 5_000], 100) * rng.uniform(0.7, 1.3, 200))
    got = correlate(x, 3 * x + rng.integers(0, 100, 200))
    assert (got.levels, got.level_driven) == (2, False)
    assert got.within_r > 0.99
    assert got.difference_r > 0.99


def test_a_correlation_that_turns_within_levels_is_told(rng) -> None:
    """Up together from level to level, against each other within: r keeps its sign only overall."""
    swing = rng.integers(-200, 200, 200)
    level = np.repeat([1_000, 100_000], 100)
    got = correlate(level + swing, level - swing)
    assert got.r > 0.99
    assert got.within_r == pytest.approx(-1)
    assert got.level_driven


def test_levels_without_variance_have_nothing_to_correlate() -> None:
    """A step alone; and a series without a step has one level, within which r is r."""
    step = np.repeat([10, 1_000], 20)
    got = correlate(step, step)
    assert (got.r, got.levels, got.within_r, got.difference_r, got.level_driven) == (1, 2, None, None, True)
    one = correlate([1, 2, 3, 5, 4], [2, 3, 5, 4, 6])
    assert one.levels == 1
    assert one.within_r == pytest.approx(one.r)
    assert not one.level_driven


def test_differences_do_not_reach_over_unknown_buckets() -> None:
    """Buckets on either side of a gap are no neighbours."""
    x = np.array([1, 2, 4, 9, 7, 5, 9, 2])
    known = np.array([1, 1, 1, 0, 1, 1, 1, 1], bool)
    got = correlate(x, x[::-1], known, known)
    steps = [np.concatenate([np.diff(v[:3]), np.diff(v[4:])]) for v in (x, x[::-1])]
    assert got.difference_r == pytest.approx(np.corrcoef(*steps)[0, 1])


def test_shape_of_four_weeks_with_quiet_weekends() -> None:
    """Weekday means over the mean of all, Monday first; exact total; sample deviation over mean."""
    counts = np.tile([100, 100, 100, 100, 100, 50, 0], 4).astype(np.uint64)
    starts = MONDAY + DAY * np.arange(28)
    shape = describe_shape(starts, MONDAY + 28 * DAY, counts)
    mean = 550 / 7
    assert shape.weekdays == pytest.approx([100 / mean] * 5 + [50 / mean, 0])
    assert shape.hours == ()
    assert (shape.total, shape.buckets, shape.seen, shape.low, shape.high) == (2_200, 28, 24, 0, 100)
    assert shape.median == 100
    assert shape.variation == pytest.approx(counts.std(ddof=1) / mean)


def test_shape_by_the_hour_and_by_the_month() -> None:
    """Hours have a profile of the day; months have neither profile; unknown buckets do not count."""
    starts = MONDAY + 3_600 * np.arange(48)
    counts = np.tile(np.arange(24), 2)
    shape = describe_shape(starts, MONDAY + 2 * DAY, counts, np.arange(48) < 24)
    assert shape.hours == pytest.approx(np.arange(24) / 11.5)
    assert shape.weekdays == (1.0, None, None, None, None, None, None)
    months = describe_shape(np.array([0, 31 * DAY]), 59 * DAY, np.array([3, 5]))
    assert (months.weekdays, months.hours) == ((), ())


def test_shape_of_one_bucket_or_of_zeros_has_no_variation() -> None:
    """No division by zero."""
    assert describe_shape([0], DAY, [5]).variation is None
    zeros = describe_shape([0, DAY], 2 * DAY, [0, 0])
    assert zeros.variation is None
    assert set(zeros.weekdays) == {None}
    with pytest.raises(AnalysisRefused, match="no bucket has data"):
        describe_shape([0], DAY, [5], [False])
    with pytest.raises(AnalysisRefused, match="2 bucket starts"):
        describe_shape([0, 1], DAY, [5])


def test_breakdown_of_the_paper_s_day() -> None:
    """The paper's totals by type with their shares, largest first."""
    day = {"A": 133_303, "AAAA": 139_794, "PTR": 13_942, "MX": 35_474, "TXT": 16_681}
    got = break_down("a.", [(rrtype, [total - 10, 10]) for rrtype, total in day.items()])
    assert got.total == sum(day.values())
    assert [part.rrtype for part in got.parts] == ["AAAA", "A", "MX", "TXT", "PTR"]
    assert {part.rrtype: part.total for part in got.parts} == day
    assert got.parts[0].share == pytest.approx(139_794 / 339_194)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20), st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_breakdown_is_exact_or_refuses(first, second) -> None:
    """The totals are Python's own sums; one past 2^64-1 is an error, never a wrap."""
    parts = [("A", np.array(first, dtype=np.uint64)), ("NS", np.array(second, dtype=np.uint64))]
    if sum(first) + sum(second) > 2**64 - 1:
        with pytest.raises(AnalysisRefused, match=r"passes 2\^64-1"):
            break_down("a.", parts)
    else:
        got = break_down("a.", parts)
        assert {part.rrtype: part.total for part in got.parts} == {"A": sum(first), "NS": sum(second)}
        assert got.total == sum(first) + sum(second)


def test_breakdown_of_nothing() -> None:
    """Without series there is nothing to total; series without counts have shares of zero."""
    assert break_down("a.", []) == Breakdown("a.", 0, ())
    assert break_down("a.", [("A", [0])]).parts[0].share == 0
