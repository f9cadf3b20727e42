"""No answer without its coverage: what tables lack is told of every kind of answer, in every format."""

from __future__ import annotations

import csv
import io
import json
from itertools import product

import pytest
from dnstide.client import Client, LocalClient

KINDS = {
    "vot": ["vot", "www.example.com"],
    "top": ["top", "3"],
    "movers": ["top", "3", "--movers-against", "2024-01-20..2024-01-24"],
    **{
        analysis: ["analyze", analysis, "www.example.com"]
        for analysis in ("shifts", "spikes", "gaps", "shape", "breakdown")
    },
    "correlation": ["analyze", "correlation", "www.example.com/A", "*.example.com"],
}
SPANS = {
    "a hole": ("2024-01-05", "2024-01-11", "4 of 7 days: no table for 2024-01-07 to 2024-01-09"),
    "past the end": ("2024-02-26", "2024-03-09", "4 of 13 days: no table for 2024-03-01 to 2024-03-09"),
    "before": ("2023-12-30", "2024-01-04", "4 of 6 days: no table for 2023-12-30 to 2023-12-31"),
}
WHOLE = ["--start", "2024-01-10", "--stop", "2024-01-14"]


@pytest.fixture
def holed(own_dir):
    """Three days of small_dir are gone, and the months before."""
    for month in ("202311", "202312"):
        (own_dir / f"dns.{month}.M.mtbl").unlink()
    for day in (7, 8, 9):
        (own_dir / f"dns.2024010{day}.D.mtbl").unlink()
    return own_dir


@pytest.mark.parametrize(("kind", "span"), list(product(KINDS, SPANS)))
def test_text_tells_it_in_one_remark(dnstide, holed, kind: str, span: str) -> None:
    """On standard error; a gap of the data is no failure of the command, so that its exit code is 0."""
    start, stop, said = SPANS[span]
    done = dnstide(*KINDS[kind], "--start", start, "--stop", stop, "--mtbl-dir", holed)
    assert done.code == 0, done.err
    assert [line for line in done.err.splitlines() if "covers" in line] == [f"dnstide: covers {said}"]
    assert "covers" not in dnstide(*KINDS[kind], *WHOLE, "--mtbl-dir", holed).err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("span", [*SPANS, "whole"])
def test_json_and_csv_tell_it(dnstide, holed, kind: str, span: str) -> None:
    """JSON has every stretch; every row of CSV has a word."""
    arguments = WHOLE if span == "whole" else ["--start", SPANS[span][0], "--stop", SPANS[span][1]]
    document = json.loads(dnstide(*KINDS[kind], *arguments, "--format", "json", "--mtbl-dir", holed).out)
    summary = document["summary"]
    assert summary["complete"] is (span == "whole")
    stretches = summary["coverage"]["stretches"]
    assert {"none"} <= {s["coverage"] for s in stretches} if span != "whole" else len(stretches) == 1
    if span == "a hole":
        hole = {"start": "2024-01-07T00:00:00Z", "stop": "2024-01-10T00:00:00Z", "coverage": "none"}
        assert hole in stretches
        assert summary["coverage"]["covered_seconds"] == 4 * 86_400
    if kind == "movers":
        assert summary["baseline_coverage"]["covered_seconds"] == 5 * 86_400
    lines = dnstide(*KINDS[kind], *arguments, "--format", "csv", "--mtbl-dir", holed).out
    rows = list(csv.DictReader(io.StringIO(lines)))
    marks = {row["coverage"] for row in rows}
    if kind == "vot":
        assert marks == {"complete"}  # of buckets that have rows
    else:
        assert marks <= {"complete" if span == "whole" else "partial"}
        assert rows or kind in ("shifts", "spikes", "gaps")


def test_an_open_span_is_that_of_the_tables(dnstide, holed) -> None:
    """What was never there is not expected; the hole between is."""
    for kind in ("vot", "top"):
        done = dnstide(*KINDS[kind], "--start", "2024-01-01", "--mtbl-dir", holed)
        assert done.err == "dnstide: covers 57 of 60 days: no table for 2024-01-07 to 2024-01-09\n"
    monthly = dnstide("vot", "www.example.com", "--granularity", "month", "--mtbl-dir", holed)
    assert "covers 57 of 60 days" in monthly.err


def test_a_part_of_a_day(dnstide, tmp_path, small_dir) -> None:
    """A day of which 18 hours exist is not complete."""
    for hour in range(18):
        (tmp_path / f"dns.20240105.{hour:02}00.H.mtbl").write_bytes(
            (small_dir / "dns.20240105.D.mtbl").read_bytes()
        )
    done = dnstide("top", "1", "--date", "2024-01-05", "--mtbl-dir", tmp_path)
    assert done.err == (
        "dnstide: covers 18 of 24 hours: no table for 2024-01-05T18:00:00Z to 2024-01-06T00:00:00Z\n"
    )


def test_python_and_server_say_the_same(holed) -> None:
    """`complete` is what a user reads in it, and the stretches stand beside."""
    from dnstide.gateway.testing import running_gateway

    span = {"start": "2024-01-06", "stop": "2024-01-10"}
    with LocalClient(holed) as local, running_gateway(holed) as running, Client(running.address) as client:
        for ask in (
            lambda c: c.volume("www.example.com", **span),
            lambda c: c.top(3, **span),
            lambda c: c.top(3, against=("2024-01-20", "2024-01-21"), **span),
            lambda c: c.analyze("breakdown", "www.example.com", **span),
        ):
            here, there = ask(local), ask(client)
            assert here.complete is there.complete is False
            assert here.coverage == there.coverage
            (hole,) = here.coverage.lacking()
            assert str(hole) == "2024-01-07 to 2024-01-09"
            assert "no table for 2024-01-07 to 2024-01-09" in str(here)


def test_movers_of_spans_that_differ(dnstide, holed) -> None:
    """A steady name neither rises nor falls, however long the spans are, and the lengths are told."""
    question = ["--start", "2024-01-05", "--stop", "2024-01-10", "--movers-against", "2024-01-11..2024-01-30"]
    done = dnstide("top", "9", *question, "--format", "csv", "--mtbl-dir", holed)
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert "mail.example.com." not in rows  # 5 a day in both
    www = rows["www.example.com."]
    assert (float(www["before_per_day"]), float(www["after_per_day"])) == (29.5 + 1, (14 + 15 + 19) / 3 + 1)
    assert float(www["ratio"]) == float(www["after_per_day"]) / float(www["before_per_day"])
    assert "the spans differ, so rates are compared: 20 days before, 3 days after" in done.err


def test_only_what_is_new_or_gone(dnstide, small_dir) -> None:
    """`--only` keeps one kind, ranked exactly; it needs spans to compare."""
    question = ["--date", "2024-01-05", "--movers-against", "2024-01-04", "--mtbl-dir", small_dir]
    for only, said in (
        ("rises", ["rise 1 www.example.com.", "rise 2 once-4.example.org."]),
        ("falls", ["fall 1 once-3.example.org."]),
        ("new", ["rise 1 once-4.example.org."]),
        ("gone", ["fall 1 once-3.example.org."]),
    ):
        out = dnstide("top", "9", "--only", only, *question).out.splitlines()
        assert [" ".join((*line.split()[:2], line.split()[-1])) for line in out] == said
    refused = dnstide("top", "9", "--only", "new", "--date", "2024-01-05", "--mtbl-dir", small_dir)
    assert refused.code == 2
    assert "--only" in refused.err
