"""The series behind the sample carry the figures that the article prints."""

from datetime import date

import numpy as np
import pytest
from dnstide.sample.stories import DAYS, JUMP, YAHOO, YAHOO_FROM, Stories, day, tell
from dnstide.sample.write import SEED


@pytest.fixture(scope="module")
def stories() -> Stories:
    return tell(SEED)


def test_every_series_has_a_positive_count_for_each_day(stories: Stories) -> None:
    """A day without a count would break every moving average that touches it."""
    for series in (stories.laveen, stories.gesd, stories.yahoo):
        assert series.shape == (DAYS,)
        assert series.min() > 0


def test_the_printed_lines_of_the_first_district(stories: Stories) -> None:
    """20160901 1094; 20160914 1189 1401.78571428571; 20170831 1424 1426.85714285714."""
    last = day(date(2017, 8, 31))
    assert stories.laveen[0] == 1094
    assert stories.laveen[13] == 1189
    assert stories.laveen[last] == 1424
    assert f"{stories.laveen[:14].mean():.15g}" == "1401.78571428571"
    assert f"{stories.laveen[last - 13 : last + 1].mean():.15g}" == "1426.85714285714"


def test_the_year_of_the_first_district_has_the_shape_of_figure_3(stories: Stories) -> None:
    """About 1,500 a day, a trough down to 500 in February and March 2017, then about twice the old level."""
    before = stories.laveen[: day(date(2017, 2, 6))]
    trough = stories.laveen[day(date(2017, 2, 6)) : day(date(2017, 3, 27))]
    after = stories.laveen[day(date(2017, 4, 3)) : day(date(2017, 8, 10))]
    assert 1300 < np.median(before) < 1550
    assert trough.min() == 500
    assert trough.max() < 800
    assert 1.7 < np.median(after) / np.median(before) < 2.3
    assert stories.laveen[: day(date(2017, 9, 1))].max() < 5000


@pytest.mark.parametrize(("name", "top"), [("laveen", 2_500_000), ("gesd", 1_800_000)])
def test_both_districts_jump_on_the_same_day(stories: Stories, name: str, top: int) -> None:
    """Mid-September 2017: a few thousand at most before, near the published top from then on, never above."""
    series = getattr(stories, name)
    jump = day(JUMP)
    assert series[:jump].max() < 5000
    assert series[jump:].min() > 400_000
    assert series.max() == top
    assert int(np.argmax(series)) - jump < 3


def test_the_published_counts_of_yahoo(stories: Stories) -> None:
    """28 days from 2018-10-31 on."""
    start = day(YAHOO_FROM)
    assert stories.yahoo[start : start + 28].tolist() == list(YAHOO)


def test_another_seed_tells_another_story_around_the_same_figures() -> None:
    """The published figures do not hang on the seed; the rest does."""
    one, two = tell(1), tell(2)
    assert one.laveen[:14].sum() == two.laveen[:14].sum() == 19_625
    assert (one.laveen != two.laveen).mean() > 0.8
