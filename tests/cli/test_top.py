"""`dnstide top`, `summarize` and `cache`: data, messages and exit codes, the same from a directory and a
server.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dnstide.cli.top_render import sparkline

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
def test_same_bytes(question, form, dnstide, small_dir, gateway):
    """What a directory answers a server answers, byte for byte."""
    here = dnstide("top", *question, "--format", form, "--mtbl-dir", small_dir)
    there = dnstide("top", *question, "--format", form, "--server", gateway)
    assert there.out == here.out
    assert there.code == here.code == (4 if "absent.example" in question else 0)
    if "--explain" not in question:  # how far lists were read may differ with the number of shards
        assert there.err == here.err
    assert here.out or here.code == 4


def test_json_lines_are_as_documented(dnstide, small_dir):
    """One object a line: rank, name, count and share."""
    done = dnstide("top", "2", "--date", "2024-01-05", "--format", "jsonl", "--mtbl-dir", small_dir)
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"rank": 1, "name": "www.example.com.", "count": 15, "share": 15 / 21},
        {"rank": 2, "name": "mail.example.com.", "count": 5, "share": 5 / 21},
    ]


def test_text_is_aligned_and_explained(dnstide, small_dir):
    """Rank, count, share and name; the proof stands on standard error."""
    done = dnstide("top", "3", "--by", "domain", "--date", "20240105", "--explain", "--mtbl-dir", small_dir)
    assert done.out == "1  20  95.24%  example.com.\n2   1   4.76%  example.org.\n"
    assert "used: dns.20240105.D.mtbl" in done.err
    assert "proved: everything was listed" in done.err
    assert "public suffix list 20" in done.err
    assert "total 21, 4 rows" in done.err


def test_changes_in_text(dnstide, small_dir):
    """Which way, rank, difference, before, after, name."""
    done = dnstide("top", "1", "--date", "20240102", "--movers-against", "20240101", "--mtbl-dir", small_dir)
    assert done.out == "rise  1  +1  11  12  www.example.com.\nfall  1  -1   1   0  once-0.example.org.\n"


def test_exclusions_from_a_file(dnstide, small_dir, tmp_path):
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
            "--movers-against",
        ),
        (["--ratio-from", "5"], 2, "--ratio-from"),
        (["--start", "20230101", "--stop", "20230102"], 1, "there are 2 month tables"),
        (["--start", "20231105"], 2, "cannot be cut there"),
    ],
)
def test_bad_input(arguments, code, words, dnstide, small_dir):
    """Each has its exit code, and words that name the option."""
    done = dnstide("top", *arguments, "--mtbl-dir", small_dir)
    assert done.code == code
    assert words in done.err
    assert done.out == ""


def test_summarize_then_prune(dnstide, own_dir, tmp_path):
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


def test_summarize_names_what_it_cannot_read(dnstide, own_dir, tmp_path):
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


def test_a_cache_that_cannot_be_written_costs_one_warning(dnstide, small_dir, tmp_path, caplog):
    """The answer comes all the same."""
    (tmp_path / "file").write_text("")
    done = dnstide("top", "1", "--mtbl-dir", small_dir, "--cache-dir", tmp_path / "file")
    assert done.code == 0
    assert done.out.startswith("1  ")
    assert sum("summaries are not kept" in record.message for record in caplog.records) == 1


def test_sparkline():
    """Eight heights, a blank for zero, and no more bars than fit."""
    assert sparkline(np.array([0, 1, 4, 8], np.uint64)) == " ▁▄█"
    assert sparkline(np.zeros(3, np.uint64)) == "   "
    assert sparkline(np.array([], np.uint64)) == ""
    assert len(sparkline(np.arange(1000, dtype=np.uint64))) == 60
    assert sparkline(np.array([2**64 - 1, 1], np.uint64)) == "█▁"
