"""Spikes and gaps: precision and recall on series with known ones, and quiet on series without."""

from __future__ import annotations

import numpy as np
import pytest
from dnstide.engine.analyze import find_gaps, find_spikes
from dnstide.model.errors import AnalysisRefused
from dnstide.model.vocabulary import GapKind

from tests.engine.analyze.conftest import bucket


def silent(counts, known=None):
    return [
        (bucket(gap.start), bucket(gap.stop))
        for gap in find_gaps(counts, known)
        if gap.kind is GapKind.SILENT
    ]


def test_stationary_series_have_hardly_a_spike_or_gap(stationary) -> None:
    """Of 600 series in which nothing happens, at most 1 % report a spike, and 2 % a silent span."""
    spiked = silenced = 0
    for counts in stationary(600):
        spiked += bool(find_spikes(counts, season=7))
        silenced += bool(silent(counts))
    assert spiked <= 6
    assert silenced <= 12


def test_a_quiet_weekend_has_no_spikes(rng) -> None:
    """Where weekends have a fifth of the counts, chance swings them more; of 100 series one may show one."""
    mean = np.where(np.arange(730) % 7 < 5, 1.0, 0.2)
    series = [rng.poisson(10.0 ** rng.uniform(2.0, 6.0) * mean) for _ in range(100)]
    assert sum(bool(find_spikes(counts, season=7)) for counts in series) <= 1


def test_spikes_of_six_times_and_more_are_found(story, score, rng) -> None:
    """Precision and recall above 0.95 in the article's series, with its changes of level and its week."""
    for _ in range(40):
        days = sorted(int(day) for day in rng.choice(900, 8, replace=False))
        counts, changes = story([(day, rng.uniform(6, 30)) for day in days])
        clear = [day for day in days if all(abs(day - change) > 3 for change in changes)]
        found = [bucket(spike.time) for spike in find_spikes(counts, season=7)]
        score.add([f for f in found if f in clear or f not in days], clear)
    assert score.precision > 0.95
    assert score.recall > 0.95


def test_a_spike_tells_its_count_and_what_was_expected(rng) -> None:
    """The count is exact, the expectation the running median, the score negative for a dip."""
    counts = rng.poisson(1_000, 100).astype(np.uint64)
    counts[40], counts[70] = 2**63 + 1, 100
    spike, dip = find_spikes(counts)
    assert (bucket(spike.time), spike.count) == (40, 2**63 + 1)
    assert spike.expected == pytest.approx(1_000, rel=0.05)
    assert (bucket(dip.time), dip.count) == (70, 100)
    assert spike.score > 6 > -6 > dip.score


def test_one_query_for_a_quiet_name_is_no_spike() -> None:
    """One count in a year of zeros stands out by less than chance allows; fifty do not."""
    counts = np.zeros(365, dtype=np.uint64)
    counts[200] = 1
    assert find_spikes(counts) == ()
    counts[200] = 50
    assert [bucket(spike.time) for spike in find_spikes(counts)] == [200]


def test_silent_spans_are_found_to_the_bucket(rng, score) -> None:
    """Spans of 1 to 60 days in names of 10 a day and more: precision and recall above 0.95."""
    for _ in range(100):
        mean = 10.0 ** rng.uniform(1.0, 6.0)
        counts = rng.poisson(mean * rng.gamma(10, 0.1, 600)).astype(np.uint64)
        start, days = int(rng.integers(20, 400)), int(rng.integers(1, 60))
        counts[start : start + days] = 0
        score.add([a * 1_000 + b for a, b in silent(counts)], [start * 1_000 + start + days])
    assert score.precision > 0.95
    assert score.recall > 0.95


def test_the_cache_server_s_silence_is_found_to_the_minute(rng) -> None:
    """A day by minutes, silent from 11:07 to 23:07 (the paper's figure 4)."""
    minute = np.arange(1_440)
    rate = np.where((minute >= 667) & (minute < 1_387), 0, 343_418 / 720)
    assert silent(rng.poisson(rate)) == [(667, 1_387)]


def test_missing_tables_are_told_apart_from_silence(rng) -> None:
    """A span without tables is NO_DATA; silence beside it is a gap of its own, open on that side."""
    counts = rng.poisson(500, 200)
    counts[50:60] = counts[120:150] = 0
    known = np.ones(200, bool)
    known[130:150] = False
    gaps = find_gaps(counts, known)
    assert [(bucket(gap.start), bucket(gap.stop), gap.kind, gap.open) for gap in gaps] == [
        (50, 60, GapKind.SILENT, False),
        (120, 130, GapKind.SILENT, True),
        (130, 150, GapKind.NO_DATA, False),
    ]


def test_an_office_s_weekends_are_no_gaps() -> None:
    """Silence that comes every week is what the series is like; three silent weeks are not."""
    counts = np.where(np.arange(350) % 7 < 5, 40, 0)
    assert silent(counts) == []
    counts[140:161] = 0
    ((start, stop),) = silent(counts)
    assert start <= 140 < 161 <= stop


def test_a_name_never_seen_has_no_silence_only_missing_data() -> None:
    """Without one count there is nothing to be missed."""
    assert find_gaps(np.zeros(30, int)) == ()
    (gap,) = find_gaps(np.zeros(30, int), np.arange(30) < 20)
    assert (bucket(gap.start), bucket(gap.stop), gap.kind, gap.open) == (20, 30, GapKind.NO_DATA, True)


def test_impossible_options_are_refused() -> None:
    """Each option outside its range says so."""
    for options, said in (({"window": 2}, "3 buckets"), ({"threshold": 0.0}, "above 0")):
        with pytest.raises(AnalysisRefused, match=said):
            find_spikes(np.arange(50), **options)
    with pytest.raises(AnalysisRefused, match="between 0 and 1"):
        find_gaps(np.arange(50), alpha=1.0)
