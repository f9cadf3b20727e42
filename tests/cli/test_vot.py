"""`dnstide vot` over a directory, in this process."""

from __future__ import annotations

import json

import pytest

WWW, MAIL = "www.example.com", "mail.example.com"


def lines(done):
    """The lines of standard output."""
    return done.out.splitlines()


def test_one_name(dnstide, small_dir) -> None:
    """Dates and counts alone on standard output, nothing on standard error."""
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "--start", "2024-01-01")
    assert lines(done)[:2] == ["20240101 11", "20240102 12"]
    assert lines(done)[-1] == "20240229 70"
    assert len(lines(done)) == 60
    assert (done.code, done.err) == (0, "")


def test_span_is_inclusive(dnstide, small_dir) -> None:
    """Both ends count, nothing around them does."""
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "--start", "20240105", "--stop", "2024-01-07")
    assert lines(done) == ["20240105 15", "20240106 16", "20240107 17"]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["-t", "A"], 10), (["-t", "aaaa"], 1), (["-t", "A,AAAA"], 11), (["-t", "A", "-t", "TYPE28"], 11),
        (["-b", "example.com"], 11), (["--rrtype", "A", "--bailiwick", "EXAMPLE.com."], 10),
    ],
    ids=str,
)  # fmt: skip
def test_filters(options, count, dnstide, small_dir) -> None:
    """Types and bailiwicks."""
    done = dnstide("vot", WWW, *options, "--mtbl-dir", small_dir, "--start", "20240101", "--stop", "20240101")
    assert lines(done) == [f"20240101 {count}"]


@pytest.mark.parametrize(
    "name", ["WWW.Example.COM.", r"\119ww.example.com", f"{WWW}/A", f"{WWW}/A/example.com"]
)
def test_spellings(name, dnstide, small_dir) -> None:
    """Case, escapes, final dots and narrowed names."""
    done = dnstide("vot", name, "--mtbl-dir", small_dir, "--start", "20240101", "--stop", "20240101")
    assert lines(done) == [f"20240101 {10 if '/' in name else 11}"]


def test_wildcard_and_several_names(dnstide, small_dir) -> None:
    """Each name has a series of its own, in the order asked, with the name in front."""
    done = dnstide(
        "vot", "*.example.com", MAIL, "--mtbl-dir", small_dir, "--stop", "2024-01-01", "--start", "2024-01-01"
    )
    assert lines(done) == ["*.example.com. 20240101 16", "mail.example.com. 20240101 5"]


def test_smoothing(dnstide, small_dir) -> None:
    """The moving average of vot.pl, and another method by name."""
    span = ("--mtbl-dir", small_dir, "--start", "20240101", "--stop", "20240104")
    assert lines(dnstide("vot", WWW, "--smooth", 2, *span)) == [
        "20240101 11 NaN", "20240102 12 11.5", "20240103 13 12.5", "20240104 14 13.5"
    ]  # fmt: skip
    assert lines(dnstide("vot", WWW, "--smooth", 3, "--smooth-by", "median", *span))[-1] == "20240104 14 13"


def test_coarser_steps(dnstide, small_dir) -> None:
    """Months and weeks, by the date of their first day."""
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "--granularity", "M")
    assert lines(done) == ["20231101 300", "20231201 300", "20240101 806", "20240201 1624"]
    done = dnstide(
        "vot",
        MAIL,
        "--mtbl-dir",
        small_dir,
        "--granularity",
        "week",
        "--bucket-by",
        "file",
        "--start",
        "20240101",
    )
    assert lines(done)[0] == "20240101 35"


def test_fill_and_gaps(dnstide, own_dir) -> None:
    """With --fill, zeros where covered and nothing where no table is; the gap is told."""
    (own_dir / "dns.20240102.D.mtbl").unlink()
    span = ("--start", "20240101", "--stop", "20240103")
    done = dnstide("vot", "once-0.example.org", "--mtbl-dir", own_dir, "--fill", *span)
    assert lines(done) == ["20240101 1", "20240102", "20240103 0"]
    assert done.err == "dnstide: covers 2 of 3 days: no table for 2024-01-02\n"
    assert done.code == 0


def test_nothing_found(dnstide, small_dir) -> None:
    """No rows at all: its own exit code, and a hint."""
    done = dnstide("vot", "absent.example", "--mtbl-dir", small_dir)
    assert (done.code, done.out) == (4, "")
    assert "nothing found: is the name spelt right" in done.err


def test_some_found(dnstide, small_dir) -> None:
    """One of two names has rows: complete, and the other is named."""
    done = dnstide("vot", WWW, "absent.example", "--mtbl-dir", small_dir)
    assert done.code == 0
    assert done.err == "dnstide: nothing found for absent.example.\n"


def test_unicode_names(dnstide, small_dir) -> None:
    """Unicode goes in, A-labels come out."""
    done = dnstide("vot", "bücher.example", "--mtbl-dir", small_dir, "--format", "json")
    assert json.loads(done.out)["series"][0]["name"] == "xn--bcher-kva.example."
    assert done.code == 4


def test_explain(dnstide, small_dir) -> None:
    """The plan goes to standard error, a line for each stretch of tables, and leaves the data alone."""
    span = ("--start", "20240101", "--stop", "20240102")
    plain = dnstide("vot", WWW, "--mtbl-dir", small_dir, *span)
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "--explain", *span)
    assert done.out == plain.out
    assert "used: dns.20240101.D.mtbl to dns.20240102.D.mtbl, 2 tables\n" in done.err
    assert "58 tables: begins after the span\n" in done.err
    assert "dns.202312.M.mtbl, 2 tables: a month does not fit into a bucket of one day\n" in done.err
    assert "tables answered" in done.err


def test_output_file(dnstide, small_dir, tmp_path) -> None:
    """The file has what standard output would; it is not replaced without --force."""
    target = tmp_path / "out.jsonl"
    ask = ("vot", WWW, "--mtbl-dir", small_dir, "--format", "jsonl")
    shown = dnstide(*ask)
    done = dnstide(*ask, "--output", target)
    assert (done.code, done.out, target.read_text()) == (0, "", shown.out)
    done = dnstide(*ask, "--output", target)
    assert done.code == 2
    assert "exists; --force replaces it" in done.err
    assert dnstide(*ask, "--output", target, "--force").code == 0


def test_environment(dnstide, small_dir, monkeypatch) -> None:
    """DNSTIDE_MTBL_DIR stands in for --mtbl-dir."""
    monkeypatch.setenv("DNSTIDE_MTBL_DIR", str(small_dir))
    assert dnstide("vot", WWW, "--stop", "20240101", "--start", "20240101").out == "20240101 11\n"


def test_days_back(dnstide, small_dir) -> None:
    """A span without tables is no zero: nothing could be looked at."""
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "--days-back", 1)
    assert done.code == 1
    assert "no table covers any part of the span; there are 2 month tables from 2023-11-01" in done.err
