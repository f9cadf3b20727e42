from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import TABLE_GRANULARITIES, Granularity
from hypothesis import given
from hypothesis import strategies as st

TIMES = st.integers(0, 253402300799)


def stamp(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def slow_period(granularity: Granularity, timestamp: int) -> tuple[datetime, datetime]:
    """The period of a moment by calendar arithmetic on datetime, the judge of the fast one."""
    now = datetime(1970, 1, 1) + timedelta(seconds=timestamp)
    day = datetime(now.year, now.month, now.day)
    month = datetime(now.year, now.month, 1)
    following = month + timedelta(days=monthrange(now.year, now.month)[1])
    quarter = now.month - (now.month - 1) % 3
    match granularity:
        case Granularity.MINUTE:
            start = day + timedelta(hours=now.hour, minutes=now.minute)
            return start, start + timedelta(minutes=1)
        case Granularity.TEN_MINUTES:
            start = day + timedelta(hours=now.hour, minutes=now.minute // 10 * 10)
            return start, start + timedelta(minutes=10)
        case Granularity.HOUR:
            return day + timedelta(hours=now.hour), day + timedelta(hours=now.hour + 1)
        case Granularity.DAY:
            return day, day + timedelta(days=1)
        case Granularity.WEEK:
            first = max(d for d in (1, 8, 15, 22, 29) if d <= now.day)
            return day.replace(day=first), min(day.replace(day=first) + timedelta(days=7), following)
        case Granularity.ISO_WEEK:
            return day - timedelta(days=day.weekday()), day + timedelta(days=7 - day.weekday())
        case Granularity.MONTH:
            return month, following
        case Granularity.QUARTER:
            end = datetime(now.year, quarter + 3, 1) if quarter < 10 else datetime(now.year + 1, 1, 1)
            return datetime(now.year, quarter, 1), end
        case Granularity.YEAR:
            return datetime(now.year, 1, 1), datetime(now.year + 1, 1, 1)


@given(st.sampled_from(Granularity), st.integers(0, stamp("9998-12-31")))
def test_period_of_a_moment(granularity: Granularity, moment: int) -> None:
    """floor and next agree with the calendar for any moment up to the last years that datetime knows."""
    start, stop = slow_period(granularity, moment)
    assert granularity.floor(moment) == stamp(start.isoformat())
    assert granularity.next(moment) == stamp(stop.isoformat())


@given(st.sampled_from(Granularity), TIMES, st.integers(1, 400))
def test_edges_are_the_periods_clipped(granularity: Granularity, start: int, length: int) -> None:
    """The axis walks from period to period, and only its outer edges may lie inside one."""
    stop = start + length * (granularity.next(0) - granularity.floor(0)) // 7 + 1
    expected, at = [start], granularity.next(start)
    while at < stop:
        expected.append(at)
        at = granularity.next(at)
    edges = granularity.edges(start, stop)
    assert edges.tolist() == [*expected, stop]
    assert edges.dtype == np.int64
    assert 0 <= granularity.bucket_bound(start, stop) - (len(edges) - 1) <= 2 + len(edges) // 5


@given(st.sampled_from(TABLE_GRANULARITIES), st.sampled_from(Granularity), TIMES)
def test_periods_nest(one: Granularity, other: Granularity, moment: int) -> None:
    """The period of a finer granularity lies inside that of each coarser one; the planner rests on it. A
    table fits into a bucket where its rank is not above the step's.
    """
    fine, coarse = sorted((one, other), key=lambda g: g.rank)
    if coarse is Granularity.ISO_WEEK or fine is not Granularity.ISO_WEEK:
        assert coarse.floor(moment) <= fine.floor(moment) < fine.next(moment) <= coarse.next(moment)


def test_iso_weeks_begin_on_monday() -> None:
    """Across the ends of months and years, each of seven days; no letter of file names stands for them."""
    starts = Granularity.ISO_WEEK.edges(stamp("2018-12-24"), stamp("2019-01-15"))
    days = [datetime.fromtimestamp(t, UTC) for t in starts]
    assert [f"{day:%Y-%m-%d}" for day in days] == [
        *("2018-12-24", "2018-12-31", "2019-01-07", "2019-01-14", "2019-01-15")
    ]
    assert [f"{day:%G-%V}" for day in days[:4]] == ["2018-52", "2019-01", "2019-02", "2019-03"]
    assert Granularity.parse("ISO_WEEK") is Granularity.parse("iso-weeks") is Granularity.ISO_WEEK
    with pytest.raises(KeyError):
        _ = Granularity.ISO_WEEK.letter


def test_weeks_begin_anew_with_the_month() -> None:
    """A leap February ends with a week of one day, a common one has four weeks."""
    starts = Granularity.WEEK.edges(stamp("2020-02-01"), stamp("2020-03-15"))
    assert [datetime.fromtimestamp(t, UTC).day for t in starts] == [1, 8, 15, 22, 29, 1, 8, 15]
    assert len(Granularity.WEEK.edges(stamp("2019-02-01"), stamp("2019-03-01"))) == 5


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("m", "m"),
        ("M", "M"),
        ("d", "D"),
        ("Day", "D"),
        ("ten-minutes", "X"),
        ("TEN_MINUTES", "X"),
        ("months", "M"),
    ],
)
def test_parse(text: str, letter: str) -> None:
    """Letters tell minute and month apart by case; names take any case and number."""
    assert Granularity.parse(text).letter == letter


def test_parse_refuses_and_helps() -> None:
    """A wrong granularity names the field and what there is."""
    with pytest.raises(InvalidQuestion, match=r"not a granularity.*ten-minutes") as caught:
        Granularity.parse("fortnight")
    assert caught.value.problems[0][0] == "granularity"


def test_edges_need_a_span() -> None:
    """An axis without length is a mistake of the caller."""
    with pytest.raises(ValueError, match="stop after its start"):
        Granularity.DAY.edges(5, 5)
