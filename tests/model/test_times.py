"""Dates and times, to half-open spans."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from dnstide.model.errors import InvalidQuestion
from dnstide.model.times import DAY, parse_start, parse_stop, span
from hypothesis import given
from hypothesis import strategies as st

OCT31 = 1540944000


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
    ],
    ids=str,
)
def test_start_forms(value: Any) -> None:
    """Each accepted form of the same moment gives the same second."""
    assert parse_start(value) == OCT31


@pytest.mark.parametrize(
    ("value", "stop"),
    [
        ("2018-10-31", OCT31 + DAY),
        (date(2018, 10, 31), OCT31 + DAY),
        (np.datetime64("2018-10-31"), OCT31 + DAY),
        ("2018-10-31T00:00:00Z", OCT31 + 1),
        ("2018-10-31T00:00:00.7Z", OCT31 + 1),
        (datetime(2018, 10, 31), OCT31 + 1),
        (np.datetime64("2018-10-31T00:00"), OCT31 + 1),
        ("9999-12-31", 253402300800),
    ],
    ids=str,
)
def test_stop_is_inclusive(value: Any, stop: int) -> None:
    """A date as stop takes in its whole day, a time its own second."""
    assert parse_stop(value) == stop


def test_fractions_of_a_start() -> None:
    """Rows are seen at whole seconds, so a start inside one leaves that second out."""
    assert parse_start("2018-10-31T00:00:00.000000001Z") == OCT31 + 1
    assert parse_start("2018-10-31T00:00:00.0Z") == OCT31


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2018-13-01", "2018-02-30", "20180230", "2018-1-1", "201810-31", "2018-1031",
        "201810", "2018", "2018-10-31T24:00:00Z",
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


def test_stop_before_start() -> None:
    """Both values are named; a stop on the day of the start is fine."""
    with pytest.raises(InvalidQuestion, match=r'stop: "2018-10-30" lies before the start "2018-10-31"'):
        span("2018-10-31", "2018-10-30", None)
    assert span("2018-10-31", "2018-10-31", None) == (OCT31, OCT31 + DAY)
    assert span("2018-10-31T00:00:05Z", "2018-10-31T00:00:05Z", None) == (OCT31 + 5, OCT31 + 6)


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
        assert parse_start(text) >= 0
