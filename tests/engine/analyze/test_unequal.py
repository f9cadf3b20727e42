"""Buckets of unequal length: weeks of the month, months, and ends that a span cuts. Rates are compared."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from dnstide.engine.analyze import correlate, describe_shape, find_gaps, find_shifts, find_spikes
from dnstide.model.granularity import DAY, Granularity
from dnstide.model.vocabulary import GapKind

WEEK, ISO_WEEK, MONTH = Granularity.WEEK, Granularity.ISO_WEEK, Granularity.MONTH


def stamp(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


START, STOP = stamp("2014-01-01"), stamp("2019-01-01")
EVERY_DAY = np.arange(START, STOP, DAY)


def by(granularity, days):
    """Counts of a step, and its borders, from counts of each day."""
    edges = granularity.edges(START, STOP)
    return np.add.reduceat(days, np.searchsorted(EVERY_DAY, edges[:-1])), edges


def week_of(rng, days):
    """The days with quiet weekends (a fifth of a working day)."""
    return rng.poisson(days * np.where((EVERY_DAY // DAY + 3) % 7 < 5, 1.0, 0.2))


@pytest.mark.parametrize("granularity", [WEEK, ISO_WEEK, MONTH])
@pytest.mark.parametrize("weekends", [False, True])
def test_the_calendar_makes_no_spikes_and_no_shifts(rng, granularity, weekends) -> None:
    """Five years in which nothing happens: the week of day 29 is no dip, nor is February."""
    for rate in (0.3, 20.0, 30_000.0):
        days = np.full(EVERY_DAY.size, rate)
        counts, edges = by(granularity, week_of(rng, days) if weekends else rng.poisson(days))
        assert find_spikes(counts, edges=edges) == ()
        assert find_shifts(counts, edges=edges) == ()
        assert [gap for gap in find_gaps(counts, edges=edges) if gap.kind is GapKind.SILENT] == []


@pytest.mark.parametrize("granularity", [WEEK, ISO_WEEK, MONTH])
def test_what_happens_is_found_by_the_rate(rng, granularity) -> None:
    """A spike of twice the rate, a silent bucket and a level of twice the rate, each told per day."""
    change = granularity.ceil(stamp("2017-01-01"))
    days = rng.poisson(np.where(change > EVERY_DAY, 1_000, 2_000))
    counts, edges = by(granularity, days)
    spiked, silent = (int(np.searchsorted(edges, stamp(day))) for day in ("2015-04-22", "2016-07-04"))
    counts[spiked] *= 3
    counts[silent] = 0
    (found, *dips) = find_spikes(counts, edges=edges)
    assert [spike.time for spike in dips] == [np.datetime64(int(edges[silent]), "s")]
    assert found.time == np.datetime64(int(edges[spiked]), "s")
    assert found.count == counts[spiked]
    assert found.expected == pytest.approx(counts[spiked] / 3, rel=0.03)
    (gap,) = find_gaps(counts, edges=edges)
    assert (gap.start, gap.stop) == tuple(np.array(edges[silent : silent + 2], "datetime64[s]"))
    (shift,) = find_shifts(counts, edges=edges, per=DAY)
    assert shift.time == np.datetime64(change, "s")
    assert (shift.before, shift.after) == pytest.approx((1_000, 2_000), rel=0.02)
    assert shift.ratio == pytest.approx(2, rel=0.02)


def test_shape_is_of_rates() -> None:
    """Ten a day make 280 to 310 a month: no variation, and the total is exact."""
    counts, edges = by(MONTH, np.full(EVERY_DAY.size, 10))
    shape = describe_shape(edges[:-1], int(edges[-1]), counts, per=DAY)
    assert (shape.mean, shape.median, shape.low, shape.high) == pytest.approx((10, 10, 10, 10))
    assert shape.variation == pytest.approx(0, abs=1e-12)
    assert shape.total == 10 * EVERY_DAY.size


def test_correlation_is_of_rates(rng) -> None:
    """The lengths of months are no correlation of two series that know nothing of each other."""
    x, edges = by(MONTH, rng.poisson(np.full(EVERY_DAY.size, 100)))
    y, _ = by(MONTH, rng.poisson(np.full(EVERY_DAY.size, 100)))
    assert np.corrcoef(x, y)[0, 1] > 0.5
    got = correlate(x, y, edges=edges, per=DAY)
    assert abs(got.r) < 0.4
    assert got.intercept + got.slope * 100 == pytest.approx(100, rel=0.02)


def test_an_end_that_the_span_cuts_is_no_dip(rng) -> None:
    """A last day of which six hours were asked has a quarter of the counts."""
    edges = np.append(DAY * np.arange(61), 60 * DAY + DAY // 4)
    counts = np.append(rng.poisson(1_000, 60), 250)
    assert find_spikes(counts, edges=edges, season=7) == ()
    shape = describe_shape(edges[:-1], int(edges[-1]), counts)
    assert shape.low > 850
