"""Charts in the terminal."""

from __future__ import annotations

import re

import numpy as np
import pytest
from dnstide.client.plot import Mark, chart, picture_of
from dnstide.client.plot.ticks import date_ticks


@pytest.mark.parametrize("width", [40, 80, 133])
def test_no_line_is_wider_than_asked(two_years, twelve, width) -> None:
    """Whatever the terminal of the process is."""
    for answer in (two_years, twelve):
        text = chart(picture_of(answer, log=True), width, colour=False)
        body = text.split("\n", 20)[:20]
        assert max(map(len, body)) <= width
        assert "\x1b[3" not in text


def test_zeros_stand_at_the_foot_of_a_logarithmic_axis(two_years) -> None:
    """The silent days are drawn on the row of 0, and the shades are told in words."""
    text = chart(picture_of(two_years, log=True), 90, colour=False)
    (foot,) = [line for line in text.splitlines() if line.strip().startswith("0┤")]
    assert foot.strip("│ ").removeprefix("0┤").strip() != ""
    assert "2017-06-28 until 2017-07-28: no table" in text
    assert "2018-01-14 until 2018-02-03: lower bound" in text


def test_every_name_is_in_the_key(twelve) -> None:
    """Twelve names, twelve different signs."""
    text = chart(picture_of(twelve), 120, 30, colour=False)
    assert all(series.name.rstrip(".") in text for series in twelve)


def test_panels_have_the_names_above(volume) -> None:
    """Many names are drawn one below the other."""
    answer = volume({f"n{i}.example": np.arange(1, 30) for i in range(14)})
    text = chart(picture_of(answer), 80, colour=False)
    assert all(f"n{i}.example" in text for i in range(14))


def test_marks_are_told_in_words(two_years) -> None:
    """Below the chart, with their day."""
    marks = [Mark(0, two_years.axis.starts[378], "×893")]
    text = chart(picture_of(two_years, marks=marks), colour=False)
    assert "2017-09-14: laveeneld.k12.az.us ×893" in text


@pytest.mark.parametrize(
    ("first", "last", "most", "labels"),
    [
        (
            "2018-10-31T00:00",
            "2018-11-01T00:00",
            4,
            ["2018-10-31 00:00", "2018-10-31 12:00", "2018-11-01 00:00"],
        ),
        ("2018-10-31T03:10", "2018-10-31T04:20", 5, ["03:15", "03:30", "03:45", "04:00", "04:15"]),
        ("2018-10-31T00:00", "2018-11-28T00:00", 4, ["2018-11-01", "2018-11-08", "2018-11-15", "2018-11-22"]),
        ("2016-09-01T00:00", "2018-09-01T00:00", 4, ["2017-01", "2017-07", "2018-01", "2018-07"]),
        ("1970-01-01T00:00", "2070-01-01T00:00", 6, ["1980", "2000", "2020", "2040", "2060"]),
    ],
)
def test_dates_stand_on_round_moments(first, last, most, labels) -> None:
    """No more than there is room for, never two of one month's end side by side."""
    moments, texts = date_ticks(np.datetime64(first, "s"), np.datetime64(last, "s"), most)
    assert texts == labels
    assert len(moments) == len(texts) <= most


def test_the_frame_is_the_terminals_own_and_a_series_keeps_its_colour(two_years, twelve) -> None:
    """No ground is painted; the parts between gaps share one colour, and twelve series have twelve."""
    one = chart(picture_of(two_years, smooth=False), 90)
    assert "\x1b[48" not in one
    assert len(set(re.findall(r"\x1b\[38;5;(\d+)m", one))) == 1
    assert len(set(re.findall(r"\x1b\[38;5;(\d+)m", chart(picture_of(twelve), 120, 40)))) == 12


def test_a_plain_chart_is_ascii(two_years, twelve) -> None:
    """For locales without UTF-8 and dumb terminals; as wide as the other."""
    for answer in (two_years, twelve):
        text = chart(picture_of(answer), 80, colour=False, plain=True)
        assert text.isascii()
        assert "+---" in text
        assert max(map(len, text.split("\n", 20)[:20])) <= 80
    assert "* smoothed" in chart(picture_of(two_years), 80, colour=False, plain=True)
