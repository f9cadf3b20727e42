"""`dnstide report`: the article's sections on one name, in one command."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def asked(sample_dir, tmp_path):
    return ("--start", "2016-09-01", "--mtbl-dir", sample_dir, "--cache-dir", tmp_path / "cache")


def test_the_districts_jump_is_the_verdict(dnstide, asked) -> None:
    """The levels that the article tells by eye, and the names that it ranks."""
    done = dnstide("report", "laveeneld.k12.az.us", *asked)
    assert done.code == 0
    verdict, _, *lines = done.out.splitlines()
    assert verdict == (
        "laveeneld.k12.az.us.: steady at 2.08 million a day since 2017-09-15, 1,440 times the level before; "
        "no later shift"
    )
    assert lines[0] == "first seen  2016-09-01"
    titles = [line for line in lines if line and not line.startswith(" ") and "  " not in line]
    assert titles == ["levels", "spikes", "silent spans", "weekly shape", "record types", "names under it"]
    assert "no table for 2018-07-07 to 2018-07-09" in done.err


def test_json_has_every_part_in_full(dnstide, asked) -> None:
    """The same as text, without rounding; the third of December as it was published."""
    document = json.loads(dnstide("report", "gesd.k12.az.us", *asked, "--format", "json").out)
    before, after = document["levels"]
    assert (before["ratio"], after["start"]) == (None, "2017-09-15")
    assert after["ratio"] == after["rate"] / before["rate"]
    assert after["total"] + before["total"] == document["total"]
    assert [part["rrtype"] for part in document["record_types"]] == ["NS", "SOA"]
    assert document["names_under_it"][0]["name"] == "gesd.k12.az.us."
    assert document["summary"]["complete"] is False
    day = ("--start", "2018-12-03", "--stop", "2018-12-03")
    one = json.loads(
        dnstide("report", "*.gesd.k12.az.us", *asked[2:], *day, "--children", 99, "--format", "json").out
    )
    assert one["total"] == sum(row["count"] for row in one["names_under_it"]) == 2_634_318


def test_a_page_is_written_whole(dnstide, asked, tmp_path) -> None:
    """Its name tells the format; it needs no network."""
    done = dnstide("report", "laveeneld.k12.az.us", *asked, "-o", tmp_path / "r.html")
    assert (done.code, done.out) == (0, "")
    page = (tmp_path / "r.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "steady at 2.08 million a day" in page
    assert "src=" not in page
    assert dnstide("report", "laveeneld.k12.az.us", *asked, "-o", tmp_path / "r.html").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nosuch.example"], 4, "nothing found"),
        (["www.example.com", "--format", "pdf"], 2, "is not one of"),
        (["www.example.com", "--format", "text", "-o", "x.html"], 2, "is not what x.html is called after"),
        (["www.example.com", "--children", "-1"], 2, "--children: -1 is not a number from 0"),
        (["a.", "b."], 2, "unexpected extra argument"),
        (["www.example.com", "--granularity", "fortnight"], 2, "not a granularity"),
    ],
)
def test_what_cannot_be_reported(dnstide, small_dir, arguments, code, said) -> None:
    """With its words and its code."""
    done = dnstide("report", *arguments, "--mtbl-dir", small_dir)
    assert done.code == code
    assert said in done.err
