"""Answers as text: golden outputs, and exactness."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from dnstide.cli.write.csv import CHUNK_ROWS
from dnstide.cli.write.layout import Layout
from dnstide.cli.write.volume import VolumeLayout, bucket_labels
from dnstide.model.columns import Columns, count_column, text_column
from dnstide.model.errors import Failure
from dnstide.model.granularity import Granularity
from dnstide.model.question import Smoothing, VolumeQuestion
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis, PlanEntry, Series, Summary, Volume

DAYS = [1540944000, 1541030400, 1541116800, 1541203200]
COMPLETE, PARTIAL, NONE, DAMAGED = Coverage.COMPLETE, Coverage.PARTIAL, Coverage.NONE, Coverage.DAMAGED


def make_volume(*series, granularity="day", starts=DAYS, marks=None, smoothing=None, split=False, **summary):
    """A volume of (name, rrtype, buckets, counts, smoothed) tuples."""
    step = Granularity(granularity)
    axis = Axis.of(step, [*starts, starts[-1] + 86400], marks or [COMPLETE] * len(starts))
    columns = tuple(make_series(axis, i, *parts) for i, parts in enumerate(series))
    names = tuple(name for name, *_ in series) or ("a.",)
    question = VolumeQuestion(names, granularity=step, smoothing=smoothing, split_by_rrtype=split)
    told = Summary(**{"complete": True, "tables_asked": 4, "tables_answered": 4, "rows_read": 3} | summary)
    return Volume(question, axis, columns, told)


def make_series(axis, index, name, rrtype, buckets, counts, smoothed):
    """One series of plain lists."""
    means = None if smoothed is None else np.array(smoothed, float)
    return Series(name, rrtype, index, axis, np.array(buckets, np.uint32), np.array(counts, np.uint64), means)


def render(volume, form):
    """The whole text."""
    return "".join(VolumeLayout(volume).pieces(form))


ONE = make_volume(("www.example.com.", None, [0, 1, 3], [30779, 24464, 2**64 - 1], None))
SMOOTH = make_volume(
    ("a.", None, [0, 1, 2], [1, 2, 4], [np.nan, 1401.7857142857142, 1e22]), smoothing=Smoothing(2)
)
SPLIT = make_volume(("a.", "A", [0], [1], None), ("a.", "TYPE65280", [1], [2], None), split=True)
FILLED = make_volume(
    ("a.", None, [0, 1, 2, 3], [1, 0, 0, 7], None), marks=[COMPLETE, COMPLETE, NONE, DAMAGED], complete=False,
    failures=(Failure("dns.20181103.D.mtbl", "BAD_CHECKSUM", "differs", 512),), failures_total=1,
)  # fmt: skip
HOURS = make_volume(("a.", None, [0, 1], [1, 2], None), granularity="hour", starts=[1540944000, 1540947600])


def test_text_of_one_name() -> None:
    """vot.pl's table: date, count, nothing else."""
    assert render(ONE, "text") == "20181031 30779\n20181101 24464\n20181103 18446744073709551615\n"


def test_text_with_average() -> None:
    """Averages as C's %.15g, NaN where not defined."""
    assert render(SMOOTH, "text") == "20181031 1 NaN\n20181101 2 1401.78571428571\n20181102 4 1e+22\n"


def test_text_of_several() -> None:
    """Names, and types where split, lead the lines."""
    two = make_volume(("a.", None, [0], [1], None), ("b.", None, [], [], None), ("c.", None, [1], [2], None))
    assert render(two, "text") == "a. 20181031 1\nc. 20181101 2\n"
    assert render(SPLIT, "text") == "a. A 20181031 1\na. TYPE65280 20181101 2\n"


def test_text_without_data() -> None:
    """A date alone is a bucket about which nothing is known; a zero is a zero."""
    assert render(FILLED, "text") == "20181031 1\n20181101 0\n20181102\n20181103 7\n"


def test_text_of_hours() -> None:
    """Finer steps than a day are told by time."""
    assert render(HOURS, "text") == "2018-10-31T00:00:00Z 1\n2018-10-31T01:00:00Z 2\n"


def test_csv() -> None:
    """A header, ISO dates, empty where nothing is known."""
    assert render(FILLED, "csv") == (
        "name,date,count,smoothed,coverage\n"
        "a.,2018-10-31,1,,complete\n"
        "a.,2018-11-01,0,,complete\n"
        "a.,2018-11-02,,,none\n"
        "a.,2018-11-03,7,,damaged\n"
    )
    assert render(SPLIT, "csv").splitlines()[:2] == [
        "name,rrtype,date,count,smoothed,coverage",
        "a.,A,2018-10-31,1,,complete",
    ]
    assert render(HOURS, "csv").splitlines()[0] == "name,time,count,smoothed,coverage"
    assert render(SMOOTH, "csv").splitlines()[2] == "a.,2018-11-01,2,1401.7857142857142,complete"


def test_csv_quotes_what_must_be() -> None:
    """Names may hold commas and quotes; readers get them back."""
    name = 'we\\"ird\\,name.example.'
    text = render(make_volume((name, None, [0], [1], None)), "csv")
    assert next(csv.DictReader(io.StringIO(text)))["name"] == name


def test_jsonl() -> None:
    """The documented line, byte for byte."""
    assert render(ONE, "jsonl").splitlines()[0] == (
        '{"name":"www.example.com.","date":"2018-10-31","count":30779,"smoothed":null,"coverage":"complete"}'
    )
    assert render(SPLIT, "jsonl").splitlines()[1] == (
        '{"name":"a.","rrtype":"TYPE65280","date":"2018-11-01","count":2,'
        '"smoothed":null,"coverage":"complete"}'
    )
    assert render(HOURS, "jsonl").splitlines()[1] == (
        '{"name":"a.","time":"2018-10-31T01:00:00Z","count":2,"smoothed":null,"coverage":"complete"}'
    )
    lines = [json.loads(line) for line in render(SMOOTH, "jsonl").splitlines()]
    assert [line["smoothed"] for line in lines] == [None, 1401.7857142857142, 1e22]
    assert json.loads(render(ONE, "jsonl").splitlines()[2])["count"] == 2**64 - 1
    assert [json.loads(line)["count"] for line in render(FILLED, "jsonl").splitlines()] == [1, 0, None, 7]


def test_json() -> None:
    """One document: axis, series, coverage by stretch, summary."""
    plan = (PlanEntry("t", True, ""), PlanEntry("u", False, "ends before the span"))
    found = json.loads(render(FILLED, "json"))
    assert found["axis"] == {
        "granularity": "day", "start": "2018-10-31T00:00:00Z", "stop": "2018-11-04T00:00:00Z",
        "smoothing": None, "bucket_by": "file",
    }  # fmt: skip
    assert found["series"][0]["points"][2] == {
        "date": "2018-11-02", "count": None, "smoothed": None, "coverage": "none"
    }  # fmt: skip
    assert found["coverage"] == [
        {"first": "2018-10-31", "last": "2018-11-01", "coverage": "complete"},
        {"first": "2018-11-02", "last": "2018-11-02", "coverage": "none"},
        {"first": "2018-11-03", "last": "2018-11-03", "coverage": "damaged"},
    ]
    assert found["summary"]["complete"] is False
    assert found["summary"]["failures"] == [
        {"table": "dns.20181103.D.mtbl", "code": "BAD_CHECKSUM", "reason": "differs", "offset": 512}
    ]
    assert "plan" not in found["summary"]
    assert (
        json.loads(render(make_volume(plan=plan), "json"))["summary"]["plan"][1]["reason"] == plan[1].reason
    )


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "text"])
def test_nothing(form) -> None:
    """Empty series are valid in every format."""
    text = render(make_volume(("a.", None, [], [], None), ("b.", None, [], [], None)), form)
    if form == "json":
        assert [one["points"] for one in json.loads(text)["series"]] == [[], []]
    else:
        assert text == ("name,date,count,smoothed,coverage\n" if form == "csv" else "")


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "text"])
def test_formats_agree(form) -> None:
    """Whatever the format, the counts are the same integers."""
    counts = [2**64 - 1, 2**53 + 1, 1]
    text = render(make_volume(("a.", None, [0, 1, 2], counts, None)), form)
    if form == "json":
        found = [point["count"] for point in json.loads(text)["series"][0]["points"]]
    elif form == "jsonl":
        found = [json.loads(line)["count"] for line in text.splitlines()]
    elif form == "csv":
        found = [int(row["count"]) for row in csv.DictReader(io.StringIO(text))]
    else:
        found = [int(line.split()[1]) for line in text.splitlines()]
    assert found == counts


def test_labels_of_coarse_and_cut_buckets() -> None:
    """A bucket that the span cuts keeps the date of its first second."""
    cut = make_volume(granularity="month", starts=[1541138400, 1543622400]).axis
    assert bucket_labels(cut) == ["2018-11-02", "2018-12-01"]
    assert bucket_labels(cut, compact=True) == ["20181102", "20181201"]


def test_large_answers_stream() -> None:
    """Pieces come one by one, of so many rows each at most."""
    many = make_volume(*((f"n{i}.", None, [0] * 1_000, [1] * 1_000, None) for i in range(50)))
    for form in ("text", "csv", "jsonl", "json"):
        lines = [piece.count("\n") for piece in VolumeLayout(many).pieces(form)]
        assert sum(lines) >= 50_000
        assert max(lines) <= CHUNK_ROWS


def test_lists() -> None:
    """Plain lists in the four formats."""
    columns = Columns(
        (
            text_column("name", ["dns.20181031.D.mtbl", "x"]),
            count_column("size", [5, 1234]),
            text_column("reason", [None, 'so, "why"']),
        )
    )

    def written(form):
        return "".join(Layout(columns).pieces(form))

    assert written("text") == 'dns.20181031.D.mtbl  5     -\nx                    1234  so, "why"\n'
    assert written("csv") == 'name,size,reason\ndns.20181031.D.mtbl,5,\nx,1234,"so, ""why"""\n'
    lines = written("jsonl").splitlines()
    assert lines[0] == '{"name":"dns.20181031.D.mtbl","size":5,"reason":null}'
    assert json.loads(written("json")) == [json.loads(line) for line in lines]
    assert json.loads("".join(Layout(columns.slice(0, 0)).pieces("json"))) == []
