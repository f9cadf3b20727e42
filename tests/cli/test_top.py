"""`dnstide top`, `summarize` and `cache`: data, messages and exit codes, the same from a directory and a
server.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dnstide.cli.write.top import sparkline

QUESTIONS = [
    [],
    ["3", "--by", "domain"],
    ["--by", "tld", "-t", "A,MX"],
    ["--by", "rrtype"],
    ["--by", "rdata", "--exclude", "192.0.2.1"],
    ["2", "--date", "2024-01-05", "--explain"],
    ["2", "--series", "month", "--exclude", "*.example.org"],
    ["--under", "example.org", "--start", "20240110", "--stop", "20240112", "--series"],
    ["--movers-against", "2024-01-01..2024-01-02", "--start", "20240103", "--stop", "20240104"],
    ["--movers-against", "2024-01-01", "--date", "20240102", "--ratio-from", "5"],
    ["--under", "absent.example"],
]


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path_factory.getbasetemp() / "cli-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))
    return path / "dnstide"


@pytest.mark.parametrize("form", ["text", "csv", "json", "jsonl"])
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_same_bytes(question, form, dnstide, small_dir, gateway) -> None:
    """What a directory answers a server answers, byte for byte."""
    here = dnstide("top", *question, "--format", form, "--mtbl-dir", small_dir)
    there = dnstide("top", *question, "--format", form, "--server", gateway)
    assert there.out == here.out
    assert there.code == here.code == (4 if "absent.example" in question else 0)
    if "--explain" not in question:  # how far lists were read may differ with the number of shards
        assert there.err == here.err
    assert here.out or here.code == 4


def test_json_lines_are_as_documented(dnstide, small_dir) -> None:
    """One object a line: rank, name, count, share, and whether the span is covered whole."""
    done = dnstide("top", "2", "--date", "2024-01-05", "--format", "jsonl", "--mtbl-dir", small_dir)
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"rank": 1, "name": "www.example.com.", "count": 15, "share": 15 / 21, "coverage": "complete"},
        {"rank": 2, "name": "mail.example.com.", "count": 5, "share": 5 / 21, "coverage": "complete"},
    ]


def test_text_is_aligned_and_explained(dnstide, small_dir) -> None:
    """Rank, count, share and name; the proof stands on standard error."""
    done = dnstide("top", "3", "--by", "domain", "--date", "20240105", "--explain", "--mtbl-dir", small_dir)
    assert done.out == "1  20  95.24%  example.com.\n2   1   4.76%  example.org.\n"
    assert "used: dns.20240105.D.mtbl" in done.err
    assert "proved: everything was listed" in done.err
    assert "public suffix list 20" in done.err
    assert "total 21, 4 rows" in done.err


def test_changes_in_text(dnstide, small_dir) -> None:
    """Which way, rank, difference a day, ratio, before, after, name."""
    done = dnstide("top", "1", "--date", "20240102", "--movers-against", "20240101", "--mtbl-dir", small_dir)
    assert done.out == (
        "rise  1  +1/day  ×1.1  11  12  www.example.com.\n"
        "fall  1  -1/day  gone   1   0  once-0.example.org.\n"
    )


def test_exclusions_from_a_file(dnstide, small_dir, tmp_path) -> None:
    """Names of a file and of the command line are left out together."""
    (tmp_path / "names").write_text("*.example.org # all of them\n\nmail.example.com\n")
    arguments = ["--date", "20240102", "--exclude-file", tmp_path / "names", "--mtbl-dir", small_dir]
    assert dnstide("top", *arguments).out == "1  12  100.00%  www.example.com.\n"
    nothing = dnstide("top", *arguments, "--exclude", "www.example.com")
    assert (nothing.code, nothing.out) == (4, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["0"], 2, "N: 0 is not a number from 1 to 100,000"),
        (["-17"], 2, "N: -17 is not a number from 1 to 100,000"),
        (["100001"], 2, "N: 100001 is not a number from 1 to 100,000"),
        (["--series", "fortnight"], 2, '--series: "fortnight" is not a granularity'),
        (["--movers-against", "20240101"], 2, "--movers-against: both spans need a start and an end"),
        (["--movers-against", "20230101", "--date", "20240101"], 1, "in the span held against, no table"),
        (["many"], 2, "not a valid integer"),
        (["--by", "continent"], 2, "continent"),
        (["--under", "a..b"], 2, "--under"),
        (["--exclude", "a..b"], 2, "--exclude 1"),
        (["--exclude", "*."], 2, "nothing would be left"),
        (["--exclude-file", "/no/such/file"], 2, "cannot read"),
        (["--date", "20240101", "--days-back", "3"], 2, "--date goes without"),
        (["--movers-against", "20240101.."], 2, "--movers-against"),
        (
            ["--movers-against", "20240101", "--start", "20240101", "--stop", "20240103"],
            2,
            "it overlaps with the span asked, 2024-01-01T00:00:00Z to 2024-01-04T00:00:00Z",
        ),
        (
            ["--movers-against", "20240101", "--start", "20240101", "--stop", "99991231"],
            2,
            "it overlaps with the span asked, 2024-01-01T00:00:00Z to 10000-01-01T00:00:00Z",
        ),
        (["--ratio-from", "5"], 2, "--ratio-from"),
        (["--start", "20230101", "--stop", "20230102"], 1, "there are 2 month tables"),
        (["--start", "20231105"], 2, "cannot be cut there"),
    ],
)
def test_bad_input(arguments, code, words, dnstide, small_dir) -> None:
    """Each has its exit code, and words that name the option."""
    done = dnstide("top", *arguments, "--mtbl-dir", small_dir)
    assert done.code == code
    assert words in done.err
    assert done.out == ""


def test_summarize_then_prune(dnstide, own_dir, tmp_path) -> None:
    """Summaries are made once, used, and removed with their tables."""
    cache = tmp_path / "cache"
    made = dnstide("summarize", "--mtbl-dir", own_dir, "--cache-dir", cache)
    assert (made.code, made.err) == (0, "dnstide: 62 of 62 tables are summarized\n")
    files = {path: path.stat().st_mtime_ns for path in cache.rglob("*.summary")}
    assert len(files) == 62
    assert dnstide("summarize", "--mtbl-dir", own_dir, "--cache-dir", cache).code == 0
    assert dnstide("top", "--mtbl-dir", own_dir, "--cache-dir", cache).code == 0
    assert {path: path.stat().st_mtime_ns for path in files} == files
    (own_dir / "dns.20240101.D.mtbl").unlink()
    pruned = dnstide("cache", "prune", "--cache-dir", cache)
    assert pruned.code == 0
    assert pruned.err.startswith("dnstide: removed 1 files, ")
    assert len(list(cache.rglob("*.summary"))) == 61


def test_summarize_names_what_it_cannot_read(dnstide, own_dir, tmp_path) -> None:
    """The rest is summarized, and the exit code tells."""
    path = own_dir / "dns.20240102.D.mtbl"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    done = dnstide("summarize", "--mtbl-dir", own_dir, "--cache-dir", tmp_path / "cache")
    assert done.code == 1
    assert "failed: dns.20240102.D.mtbl" in done.err
    assert "61 of 62 tables are summarized" in done.err
    strict = dnstide("top", "--mtbl-dir", own_dir, "--cache-dir", tmp_path / "cache")
    assert (strict.code, strict.out) == (1, "")
    partial = dnstide("top", "1", "--partial", "--mtbl-dir", own_dir, "--cache-dir", tmp_path / "cache")
    assert partial.code == 3
    assert "www.example.com." in partial.out
    assert "incomplete: 61 of 62 tables answered" in partial.err


def test_a_cache_that_cannot_be_written_costs_one_warning(dnstide, small_dir, tmp_path, caplog) -> None:
    """The answer comes all the same."""
    (tmp_path / "file").write_text("")
    done = dnstide("top", "1", "--mtbl-dir", small_dir, "--cache-dir", tmp_path / "file")
    assert done.code == 0
    assert done.out.startswith("1  ")
    assert sum("summaries are not kept" in record.message for record in caplog.records) == 1


def test_summaries_that_cannot_be_kept_fail_the_command_that_makes_them(dnstide, small_dir, tmp_path) -> None:
    """It says where and why, and does not claim to have made them."""
    (tmp_path / "file").write_text("")
    done = dnstide("summarize", "--mtbl-dir", small_dir, "--cache-dir", tmp_path / "file")
    assert done.code == 1
    assert f"cannot keep summaries in {tmp_path}/file/summaries/" in done.err
    assert "Not a directory" in done.err
    assert "tables are summarized" not in done.err


def test_series_tell_zeros_from_gaps(dnstide, own_dir, tmp_path) -> None:
    """A day without a table is no zero, in no format; neither is a damaged day that was left out."""
    (own_dir / "dns.20240103.D.mtbl").unlink()
    cut = (own_dir / "dns.20240104.D.mtbl").read_bytes()[:-1]
    (own_dir / "dns.20240104.D.mtbl").write_bytes(cut)
    question = ["top", "1", "--by", "fqdn", "--under", "once-1.example.org", "--mtbl-dir", own_dir]
    question += ["--start", "20240101", "--stop", "20240105", "--series", "--partial"]
    text = dnstide(*question)
    assert (text.code, text.out) == (3, "1  1  100.00%   █··   once-1.example.org.\n")
    assert "no table for 2024-01-03" in text.err
    assert "damaged 2024-01-04" in text.err
    assert dnstide(*question, "--format", "csv").out.endswith(",0,1,,,0\n")
    (line,) = dnstide(*question, "--format", "jsonl").out.splitlines()
    assert json.loads(line)["series"] == [0, 1, None, None, 0]


def test_the_plan_of_changes_has_both_spans(dnstide, small_dir) -> None:
    """Every table that was used is said to be."""
    done = dnstide(
        "top", "--explain", "--date", "20240105", "--movers-against", "20240102", "--mtbl-dir", small_dir
    )
    assert "used: dns.20240102.D.mtbl" in done.err
    assert "dns.20240105.D.mtbl" in done.err.split("left out")[0]
    assert done.err.count("proved: ") == 2


def test_sparkline() -> None:
    """Eight heights, a blank for zero, a dot for what is not known, and no more bars than fit."""

    def line(*counts: int, gaps: tuple[int, ...] = ()) -> str:
        known = np.ones(len(counts), bool)
        known[list(gaps)] = False
        return sparkline(np.array(counts, np.uint64), known)

    assert line(0, 1, 4, 8) == " ▁▄█"
    assert line(0, 0, 0, gaps=(1,)) == " · "
    assert line(0, 5, gaps=(0,)) == "·█"
    assert line() == ""
    assert len(line(*range(1000))) == 60
    assert line(2**64 - 1, 1) == "█▁"


@pytest.mark.parametrize("form", ["text", "csv", "json", "jsonl"])
def test_record_types_have_series_and_changes(dnstide, small_dir, gateway, form: str) -> None:
    """As names have, in every format, in process and from a server."""
    span = ["--start", "2024-01-02", "--stop", "2024-01-03"]
    for more in (
        ["--series"],
        ["--movers-against", "2024-01-01"],
        ["--movers-against", "2024-01-01", "--only", "new"],
    ):
        question = ["top", "9", "--by", "rrtype", *span, *more, "--format", form]
        here = dnstide(*question, "--mtbl-dir", small_dir)
        there = dnstide(*question, "--server", gateway)
        assert (here.code, here.out, here.err) == (there.code, there.out, there.err)
        assert here.code == (4 if "new" in more else 0)
    series = dnstide(
        "top", "9", "--by", "rrtype", *span, "--series", "--format", "csv", "--mtbl-dir", small_dir
    )
    assert series.out.splitlines() == [
        "rank,name,rrtype,count,share,coverage,2024-01-02,2024-01-03",
        f"1,A,,25,{25 / 37},complete,12,13",
        f"2,MX,,10,{10 / 37},complete,5,5",
        f"3,AAAA,,2,{2 / 37},complete,1,1",
    ]
    moved = dnstide(
        "top", "9", "--by", "rrtype", *span, "--movers-against", "2024-01-01", "--mtbl-dir", small_dir
    )
    assert moved.out == "rise  1  +1.5/day  ×1.1  11  25  A\n"


def test_a_large_table_is_read_in_full_once(dnstide, own_dir, tmp_path, monkeypatch) -> None:
    """A ranking over it makes its summary, from which the next one answers."""
    from dnstide.shard.ranking import scope

    asked = ["top", "1", "--date", "2024-01-05", "--explain", "--cache-dir", tmp_path / "cache"]
    assert "1 table scanned" in dnstide(*asked, "--mtbl-dir", own_dir).err
    assert not list((tmp_path / "cache").rglob("*.summary"))
    monkeypatch.setattr(scope, "SMALL_TABLE", 1)
    for _ in range(2):
        done = dnstide(*asked, "--mtbl-dir", own_dir)
        assert "summary of 1 table" in done.err
    assert len(list((tmp_path / "cache").rglob("*.summary"))) == 1


@pytest.mark.parametrize(
    ("date", "words"),
    [
        (
            "2024-01-05T00:00:00Z",
            '--date: "2024-01-05T00:00:00Z" is a time: a ranking of one day, month or year',
        ),
        ("soon", '--date: "soon" is not a date'),
        ("1/2/2024", '--date: "1/2/2024" may have its day or its month first'),
    ],
)
def test_dates_that_are_none(dnstide, small_dir, date, words) -> None:
    """The option is named as it was written."""
    done = dnstide("top", "--date", date, "--mtbl-dir", small_dir)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_month_is_ranked(dnstide, small_dir) -> None:
    """All of its days, or its own table."""
    days = ("--start", "2024-01-01", "--stop", "2024-01-31")
    assert (
        dnstide("top", "2", "--date", "2024-01", "--mtbl-dir", small_dir).out
        == dnstide("top", "2", *days, "--mtbl-dir", small_dir).out
        != ""
    )
    assert (
        "600" in dnstide("top", "1", "--start", "2023-11", "--stop", "2023-12", "--mtbl-dir", small_dir).out
    )
