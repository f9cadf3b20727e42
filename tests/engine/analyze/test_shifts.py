"""Level changes: few false alarms, and the article's changes found on their day."""

from __future__ import annotations

import math

import numpy as np
import pytest
from dnstide.engine.analyze import find_shifts, season_for
from dnstide.model.errors import AnalysisRefused

from tests.engine.analyze.conftest import bucket


def test_stationary_series_have_no_shifts(stationary) -> None:
    """Of 1,000 series in which nothing changes, at most 1 % report a shift."""
    alarms = sum(bool(find_shifts(counts, season=7)) for counts in stationary(1_000))
    assert alarms <= 10


def test_neighbours_that_resemble_each_other_are_no_shift(rng) -> None:
    """A drifting noise (lag-one correlation 0.5) is not taken for changes of level."""
    alarms = 0
    for _ in range(100):
        noise = np.zeros(365)
        for i in range(1, 365):
            noise[i] = 0.5 * noise[i - 1] + rng.normal(0, 0.15)
        alarms += bool(find_shifts(rng.poisson(2_000 * np.exp(noise)), season=7))
    assert alarms <= 2


def test_what_changes_slowly_is_no_shift(rng) -> None:
    """Of 100 series that rise and fall by half in the course of a year, one in five may show a shift."""
    alarms = 0
    days = np.arange(730)
    week = np.where(days % 7 < 5, 1.1, 0.75)
    for _ in range(100):
        swing = 1 + 0.5 * np.sin(2 * np.pi * days / 365.25 + rng.uniform(0, 2 * np.pi))
        noise = rng.gamma(20, 1 / 20, 730)
        alarms += bool(
            find_shifts(rng.poisson(10.0 ** rng.uniform(2.0, 6.0) * swing * week * noise), season=7)
        )
    assert alarms <= 20


def test_the_article_s_changes_are_found_on_their_day(story, score, rng) -> None:
    """Precision and recall above 0.95 within three days, nine in ten on the day, among stray spikes."""
    for _ in range(60):
        spikes = [(int(day), 15) for day in rng.choice(900, 5, replace=False)]
        counts, truth = story(spikes)
        score.add([bucket(shift.time) for shift in find_shifts(counts, season=7)], truth, slack=3)
    assert score.precision > 0.95
    assert score.recall > 0.95
    assert np.mean(np.array(score.errors) == 0) > 0.9


def test_levels_and_ratio_are_those_of_both_sides(rng) -> None:
    """Before and after are the medians between the neighbouring changes; a spike moves neither."""
    counts = np.concatenate([rng.poisson(1_000, 100), rng.poisson(250, 60), rng.poisson(4_000, 80)])
    counts[50] = 10**9
    down, up = find_shifts(counts)
    assert (bucket(down.time), bucket(up.time)) == (100, 160)
    assert (down.before, down.after) == (np.median(counts[:100]), np.median(counts[100:160]))
    assert (up.before, up.after) == (np.median(counts[100:160]), np.median(counts[160:]))
    assert down.ratio == down.after / down.before


def test_a_name_that_begins_to_be_seen_has_an_infinite_ratio(rng) -> None:
    """From nothing to something is a shift whose ratio has no number."""
    (shift,) = find_shifts(np.concatenate([np.zeros(50, int), rng.poisson(40, 50)]))
    assert bucket(shift.time) == 50
    assert shift.before == 0
    assert math.isinf(shift.ratio)


def test_buckets_without_data_are_no_change(rng) -> None:
    """A month without tables counts as nothing at all, not as zeros; places stay those of the axis."""
    counts = np.concatenate(
        [rng.poisson(900, 100), np.zeros(30, int), rng.poisson(900, 70), rng.poisson(90, 60)]
    )
    known = np.ones(260, bool)
    known[100:130] = False
    assert [bucket(shift.time) for shift in find_shifts(counts, known)] == [200]
    assert 100 in [bucket(shift.time) for shift in find_shifts(counts)]


def test_short_or_small_changes_are_left_out(rng) -> None:
    """Six days of another level, a level 10 % higher, a series of 13 days: none of them is a shift."""
    blip = rng.poisson(1_000, 200)
    blip[100:106] *= 5
    assert find_shifts(blip) == ()
    assert find_shifts(np.concatenate([rng.poisson(10_000, 100), rng.poisson(11_000, 100)])) == ()
    assert find_shifts(np.concatenate([rng.poisson(10, 6), rng.poisson(1_000, 7)])) == ()
    assert find_shifts(np.array([], dtype=np.uint64)) == ()


@pytest.mark.parametrize(
    ("step", "buckets", "season"),
    [
        (86_400, 28, 7),
        (86_400, 27, None),
        (3_600, 24 * 28, 168),
        (3_600, 24 * 27, 24),
        (600, 144 * 10, 144),
        (60, 1_440 * 4, 1_440),
        (7 * 86_400, 500, None),
    ],
)
def test_the_season_is_a_week_where_it_repeats_otherwise_a_day(step, buckets, season) -> None:
    """Four repetitions are needed to know a pattern."""
    assert season_for(step, buckets) == season


@pytest.mark.parametrize(
    ("counts", "options", "said"),
    [
        ([1.5, 2.0], {}, "whole numbers"),
        ([-1, 2], {}, "negative"),
        ([[1, 2]], {}, "2-dimensional"),
        ([1, 2], {"known": [True]}, "2 counts but 1 marks"),
        ([1, 2], {"shortest": 1}, "2 buckets or more"),
        ([1, 2], {"min_ratio": 0.5}, "1 or more"),
    ],
)
def test_what_cannot_be_analysed_is_refused(counts, options, said) -> None:
    """Wrong arrays and wrong options say what is wrong."""
    with pytest.raises(AnalysisRefused, match=said):
        find_shifts(np.array(counts), **options)
