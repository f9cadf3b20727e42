"""Dates and times, to half-open spans."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dnstide.model.errors import InvalidQuestion
from dnstide.model.times import DAY, span
from hypothesis import given
from hypothesis import strategies as st

OCT31 = 1540944000
NOW = datetime(2018, 10, 31, 23, 59, 59, tzinfo=UTC)


def start_of(value: Any) -> int:
    first, _ = span(value, None, None, now=NOW)
    assert first is not None
    return first


def stop_of(value: Any) -> int:
    _, end = span(None, value, None, now=NOW)
    assert end is not None
    return end


@pytest.mark.parametrize(
    "value",
    [
        "2018-10-31",
        "20181031",
        " 2018-10-31 ",
        "2018-10-31T00:00:00Z",
        "2018-10-31t00:00:00z",
        "2018-10-31 00:00:00Z",
        "2018-10-31T02:00:00+02:00",
        "2018-10-30T19:00:00-05:00",
        date(2018, 10, 31),
        datetime(2018, 10, 31),
        datetime(2018, 10, 31, tzinfo=UTC),
        datetime(2018, 10, 31, 2, tzinfo=timezone(timedelta(hours=2))),
        np.datetime64("2018-10-31"),
        np.datetime64("2018-10-31T00:00:00"),
        np.datetime64("2018-10-31T00:00:00.000000000"),
        "2018/10/31",
        "Oct 31 2018",
        "october  31st, 2018",
        "31 Oct 2018",
        "31-oct-2018",
        "today",
        "0d",
    ],
    ids=str,
)
def test_start_forms(value: Any) -> None:
    """Each accepted form of the same moment gives the same second."""
    assert start_of(value) == OCT31


@pytest.mark.parametrize(
    ("value", "stop"),
    [
        ("2018-10-31", OCT31 + DAY),
        (date(2018, 10, 31), OCT31 + DAY),
        (np.datetime64("2018-10-31"), OCT31 + DAY),
        ("2018-10", OCT31 + DAY),
        ("2018", OCT31 + 62 * DAY),
        (np.datetime64("2018-10"), OCT31 + DAY),
        (np.datetime64("2018"), OCT31 + 62 * DAY),
        ("today", OCT31 + DAY),
        ("yesterday", OCT31),
        ("9999-12-31", 253402300800),
        ("9999", 253402300800),
        ("9999-12", 253402300800),
    ],
    ids=str,
)
def test_a_date_as_stop_is_inclusive(value: Any, stop: int) -> None:
    """A date takes in its whole day, month or year."""
    assert stop_of(value) == stop


@pytest.mark.parametrize(
    ("value", "stop"),
    [
        ("2018-10-31T00:00:00Z", OCT31),
        ("2018-10-31T02:00:00+02:00", OCT31),
        ("2018-10-31T00:00:00.7Z", OCT31 + 1),
        (datetime(2018, 10, 31), OCT31),
        (np.datetime64("2018-10-31T00:00"), OCT31),
        (np.datetime64("2018-10-31T00"), OCT31),
    ],
    ids=str,
)
def test_a_time_as_stop_is_exclusive(value: Any, stop: int) -> None:
    """An instant is the first one that does not count: spans of times lie side by side."""
    assert stop_of(value) == stop
    assert span("2018-10-30", value, None) == (OCT31 - DAY, stop)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("today", 0), ("yesterday", 1), ("tomorrow", -1), ("1d", 1), ("30d", 30), ("30 D", 30), ("2w", 14),
        ("1 day ago", 1), ("3 days ago", 3), ("2 weeks ago", 14), (" 1  week ago", 7),
    ],
)  # fmt: skip
def test_relative_dates(text: str, days: int) -> None:
    """Whole days before today in UTC, whatever the hour, and wherever the clock stands."""
    for hour in (0, 12, 23):
        now = datetime(2018, 10, 31, hour, 30, tzinfo=UTC)
        for zone in (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
            begun = OCT31 - days * DAY
            assert span(text, text, None, now=now.astimezone(zone)) == (begun, begun + DAY)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2018-12", "2018-12-01", "2019-01-01"),
        ("2018-02", "2018-02-01", "2018-03-01"),
        ("2020-02", "2020-02-01", "2020-03-01"),
        ("2018", "2018-01-01", "2019-01-01"),
        ("1970", "1970-01-01", "1971-01-01"),
    ],
)
def test_parts_of_dates(text: str, first: str, after: str) -> None:
    """A month or a year is all of its days."""
    assert span(text, text, None) == (start_of(first), start_of(after))


@pytest.mark.parametrize("text", ["10/31/2018", "1/2/2018"])
def test_dates_that_are_not_clear(text: str) -> None:
    """Two readings are none."""
    with pytest.raises(InvalidQuestion, match="may have its day or its month first: write YYYY-MM-DD"):
        span(text, None, None)


def test_fractions_of_a_start() -> None:
    """Rows are seen at whole seconds, so a start inside one leaves that second out."""
    assert start_of("2018-10-31T00:00:00.000000001Z") == OCT31 + 1
    assert start_of("2018-10-31T00:00:00.0Z") == OCT31


@pytest.mark.parametrize(
    "text",
    [
        "", "yesteryear", "2018-13-01", "2018-13", "2018-00", "0000", "Oct 32 2018", "31 Foo 2018",
        "-3d", "3m", "3h", "d", "1.5d", "9999999d", "999999d", "2018/13/01", "2018-12-", "2018-1",
        "Octember 3 2018", "2018-02-30", "20180230", "2018-1-1", "201810-31", "2018-1031",
        "201810", "2018-10-31T24:00:00Z",
        "2018-10-31T00:00Z", "2018-W44-3",
        "１２３４-10-31", "1540944000",
        "2018-10-31T00:00:00+25:00", "2018-10-31T00:00:60Z",
    ],
)  # fmt: skip
def test_bad_dates(text: str) -> None:
    """What is not a date is refused with the value and the forms that are taken."""
    with pytest.raises(InvalidQuestion, match=r'^start: ".*" is not a date: write YYYY-MM-DD') as caught:
        span(text, None, None)
    assert caught.value.problems[0][0] == "start"


def test_bad_kinds() -> None:
    """Numbers are not dates: seconds and milliseconds cannot be told apart."""
    with pytest.raises(InvalidQuestion, match="start: 1540944000 is not a date"):
        span(1540944000, None, None)  # type: ignore[arg-type]


def test_time_without_offset() -> None:
    """A time whose offset is missing is not guessed."""
    with pytest.raises(InvalidQuestion, match=r"lacks its offset: write 2018-10-31T06:00:00Z for UTC"):
        span("2018-10-31T06:00:00", None, None)


def test_before_1970() -> None:
    """The tables know no time before the epoch."""
    with pytest.raises(InvalidQuestion, match="lies before 1970"):
        span("1969-12-31", None, None)


def test_what_pandas_does_not_know() -> None:
    """Its word for no time is none."""
    with pytest.raises(InvalidQuestion, match="start: NaT is not a date"):
        span(pd.NaT, None, None)


def test_stop_before_start() -> None:
    """Both values are named; a stop on the day of the start is fine."""
    with pytest.raises(InvalidQuestion, match=r'stop: "2018-10-30" lies before the start "2018-10-31"'):
        span("2018-10-31", "2018-10-30", None)
    assert span("2018-10-31", "2018-10-31", None) == (OCT31, OCT31 + DAY)
    assert span("2018-10-31T00:00:05Z", "2018-10-31T00:00:06Z", None) == (OCT31 + 5, OCT31 + 6)
    with pytest.raises(InvalidQuestion, match="a time as a stop is exclusive"):
        span("2018-10-31T00:00:05Z", "2018-10-31T00:00:05Z", None)


def test_open_ends() -> None:
    """None stays open on either side."""
    assert span(None, None, None) == (None, None)
    assert span("2018-10-31", None, None) == (OCT31, None)
    assert span(None, "2018-10-31", None) == (None, OCT31 + DAY)


@pytest.mark.parametrize("second", [0, 1, 43200, 86399])
def test_days_back(second: int) -> None:
    """N days back are N whole days that end with today, whatever the time."""
    now = datetime.fromtimestamp(OCT31 + second, UTC)
    assert span(None, None, 1, now=now) == (OCT31, OCT31 + DAY)
    assert span(None, None, 7, now=now) == (OCT31 - 6 * DAY, OCT31 + DAY)


@pytest.mark.parametrize("days", [0, -3, True, 1.5, "7", 10**6])
def test_bad_days_back(days: Any) -> None:
    """Only whole numbers of days that stay after 1970."""
    with pytest.raises(InvalidQuestion, match="days_back: "):
        span(None, None, days)


def test_days_back_excludes_start_and_stop() -> None:
    """Two ways to say the same are not mixed."""
    with pytest.raises(InvalidQuestion, match="cannot be combined"):
        span("2018-10-31", None, 7)


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(9999, 12, 31)), st.integers(0, 1000))
def test_days_of_a_span(first: date, more: int) -> None:
    """A span of dates has the length of its days, both ends included."""
    try:
        last = first + timedelta(days=more)
    except OverflowError:
        return
    start, stop = span(first.isoformat(), last.strftime("%Y%m%d").zfill(8), None)
    assert start is not None
    assert stop is not None
    assert stop - start == (more + 1) * DAY


@given(st.text(max_size=24))
def test_any_text(text: str) -> None:
    """Whatever the text, it is a second or an InvalidQuestion."""
    with suppress(InvalidQuestion):
        assert start_of(text) >= 0
