"""Each smoothing method against its definition, written out plainly."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from dnstide.engine.volume.smooth import smooth
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import Smoothing
from dnstide.model.vocabulary import SmoothingMethod
from hypothesis import given
from hypothesis import strategies as st

series = st.lists(st.one_of(st.none(), st.integers(0, 10**12)), min_size=1, max_size=40)


def arrays(values):
    counts = np.array([v or 0 for v in values], dtype=np.uint64)
    return counts, np.array([v is not None for v in values], dtype=np.bool_)


def window_rule(values, n, behind, ahead, combine):
    out = []
    for i in range(len(values)):
        low, high = i - behind, i + ahead + 1
        part = values[low:high] if low >= 0 and high <= len(values) else [None]
        out.append(math.nan if None in part or len(part) != n else combine(part))
    return out


@given(series, st.data())
def test_window_methods_follow_their_definition(values, data) -> None:
    """Trailing, centred and median: NaN unless the whole window is listed, else mean or median."""
    n = data.draw(st.integers(1, len(values)))
    counts, listed = arrays(values)
    mean = statistics.fmean
    for method, behind, combine in (
        (SmoothingMethod.TRAILING_MEAN, n - 1, mean),
        (SmoothingMethod.CENTRED_MEAN, n // 2, mean),
        (SmoothingMethod.MEDIAN, n - 1, statistics.median),
    ):
        got = smooth(Smoothing(n, method), counts, listed)
        np.testing.assert_allclose(got, window_rule(values, n, behind, n - 1 - behind, combine), rtol=1e-12)


@given(series, st.data())
def test_exponential_begins_anew_after_a_gap(values, data) -> None:
    """The recursion, restarted wherever a bucket is not listed."""
    n = data.draw(st.integers(1, len(values)))
    alpha, level, expected = 2 / (n + 1), None, []
    for value in values:
        level = None if value is None else value if level is None else alpha * value + (1 - alpha) * level
        expected.append(math.nan if level is None else level)
    np.testing.assert_allclose(
        smooth(Smoothing(n, SmoothingMethod.EXPONENTIAL), *arrays(values)), expected, rtol=1e-9
    )


def test_savitzky_golay_keeps_a_parabola_and_leaves_gaps() -> None:
    """A parabola comes back unchanged inside the window's reach; windows with a gap have no value."""
    values = [3 + 2 * i + i * i for i in range(30)]
    values[20] = None
    got = smooth(Smoothing(7, SmoothingMethod.SAVITZKY_GOLAY), *arrays(values))
    for i in range(30):
        whole = 3 <= i <= 26 and not 17 <= i <= 23
        assert math.isnan(got[i]) != whole
        if whole:
            assert got[i] == pytest.approx(values[i])


@pytest.mark.parametrize("method", SmoothingMethod)
def test_several_series_at_once_equal_each_alone(method) -> None:
    """A two-dimensional array is smoothed row by row."""
    rng = np.random.default_rng(7)
    counts = rng.integers(0, 1000, (4, 50)).astype(np.uint64)
    listed = rng.random((4, 50)) > 0.05
    together = smooth(Smoothing(5, method), counts, listed)
    for row in range(4):
        np.testing.assert_array_equal(together[row], smooth(Smoothing(5, method), counts[row], listed[row]))


@pytest.mark.parametrize(
    ("method", "period", "said"),
    [
        (SmoothingMethod.EXPONENTIAL, 11, "only 10 buckets"),
        (SmoothingMethod.SAVITZKY_GOLAY, 4, "odd period"),
        (SmoothingMethod.SAVITZKY_GOLAY, 1, "odd period"),
    ],
)
def test_a_period_that_cannot_be_is_refused(method, period, said) -> None:
    """Below one, above the span, or not the method's: the error names the field and what to do."""
    counts, listed = arrays(list(range(10)))
    with pytest.raises(InvalidQuestion, match=said) as caught:
        smooth(Smoothing(period, method), counts, listed)
    assert caught.value.problems[0][0] == "smoothing.period"


def test_sums_near_the_top_of_64_bits_do_not_wrap() -> None:
    """Windows whose sum passes 2^64 still have their mean."""
    counts = np.full(6, 2**64 - 1, dtype=np.uint64)
    got = smooth(Smoothing(3, SmoothingMethod.TRAILING_MEAN), counts, np.ones(6, dtype=np.bool_))
    assert np.isnan(got[:2]).all()
    np.testing.assert_allclose(got[2:], float(2**64), rtol=1e-12)
