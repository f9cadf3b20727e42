"""Steps of unequal length: ISO weeks beside the weeks of the month, and rates in place of totals."""

from __future__ import annotations

import csv
import io
import json

import pytest

SPAN = ("--start", "2024-01-01", "--stop", "2024-02-29")
WEEKS = {"2024-01-01": 91, "2024-01-08": 140, "2024-01-15": 189}
"""www.example.com/A by ISO week: 10 on the first day, one more on each that follows."""


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_iso_weeks_begin_on_monday_in_every_format(dnstide, small_dir) -> None:
    """Sums of seven days from Monday on, where weeks of the month begin on days 1, 8, 15, 22 and 29."""
    question = ("vot", "www.example.com/A", "--mtbl-dir", small_dir, *SPAN, "--granularity")
    found = rows(dnstide(*question, "iso-week", "--format", "csv").out)
    assert {row["date"]: int(row["count"]) for row in found[:3]} == WEEKS
    assert [row["date"] for row in found][-2:] == ["2024-02-19", "2024-02-26"]
    assert sum(int(row["count"]) for row in found) == sum(10 + day for day in range(60))
    document = json.loads(dnstide(*question, "iso-week", "--format", "json").out)
    assert document["axis"]["granularity"] == "iso-week"
    months = rows(dnstide(*question, "W", "--format", "csv").out)
    assert [row["date"] for row in months][3:6] == ["2024-01-22", "2024-01-29", "2024-02-01"]
    assert "count by ISO week" in dnstide(*question, "iso-week", "--plot", "-").out


def test_a_server_answers_iso_weeks_alike(dnstide, small_dir, gateway) -> None:
    """Volume, analyses and the series of rankings."""
    for question in (
        ("vot", "www.example.com", "--granularity", "iso-week", "--smooth", 2),
        ("analyze", "shape", "www.example.com", "--granularity", "iso-week"),
        ("top", 2, "--series", "iso-week"),
    ):
        here = dnstide(*question, *SPAN, "--mtbl-dir", small_dir)
        there = dnstide(*question, *SPAN, "--server", gateway)
        assert here.code == there.code == 0, here.err
        assert here.out == there.out


def test_an_iso_week_is_not_made_of_months(dnstide, small_dir) -> None:
    """A month reaches over its ends, and says so."""
    done = dnstide(
        "vot", "www.example.com", "--mtbl-dir", small_dir, "--start", "2023-11-01", "--stop", "2023-11-30",
        "--granularity", "iso-week",
    )  # fmt: skip
    assert done.code == 1
    assert "those of a month, or longer, and do not fit into a bucket of one iso-week" in done.err


@pytest.mark.parametrize("step", ["week", "iso-week", "month"])
def test_the_week_of_day_29_is_no_dip(dnstide, sample_dir, step) -> None:
    """The whole internet has no spike in years of weeks or months."""
    done = dnstide("analyze", "spikes", "*.com", "--granularity", step, "--mtbl-dir", sample_dir)
    assert done.out.splitlines()[1:] == []


def test_figures_of_long_steps_are_per_day(dnstide, small_dir) -> None:
    """The mean of two months, whose lengths differ, is that of their days; a remark says so."""
    question = ("analyze", "shape", "www.example.com/AAAA", "--mtbl-dir", small_dir, *SPAN)
    done = dnstide(*question, "--granularity", "month", "--format", "csv")
    figures = {row["figure"]: row["value"] for row in rows(done.out)}
    assert (figures["total"], figures["mean"], figures["low"], figures["variation"]) == (
        "60",
        "1.0",
        "1.0",
        "0.0",
    )
    assert "mean, median, low and high are counts per day" in done.err
    assert "per day" not in dnstide(*question).err
