"""What is counted where nobody says how: `vot`, `top` and `analyze` agree, and no event is invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.conftest import DAY, FIRST_DAY, row, write_table

DAYS = 60
EARLY = (9, 24, 43)
NAME = "steady.example.com"


@pytest.fixture
def steady(tmp_path):
    """A name of a hundred a day; on some days its row was first seen in the evening before."""
    for day in range(DAYS):
        start = FIRST_DAY + day * DAY
        stamp = datetime.fromtimestamp(start, UTC).strftime("%Y%m%d")
        seen = start - 300 if day in EARLY else start + 300
        write_table(
            tmp_path / f"dns.{stamp}.D.mtbl",
            [row(f"{NAME}.", 1, b"\xc0\x00\x02\x01", seen, 100 + day % 3)],
        )
    return tmp_path


def test_volume_and_rankings_agree(dnstide, steady) -> None:
    """On every day the count of `vot` is that by which `top` ranks."""
    volume = dnstide("vot", NAME, "--mtbl-dir", steady).out.splitlines()
    series = json.loads(dnstide("top", "1", "--series", "--format", "jsonl", "--mtbl-dir", steady).out)[
        "series"
    ]
    assert [int(line.split()[1]) for line in volume] == series == [100 + day % 3 for day in range(DAYS)]


def test_no_event_is_invented(dnstide, steady) -> None:
    """Counted where rows were first seen, days double and the next ones fall silent: that never was."""
    asked = ("analyze", "spikes", NAME, "--format", "csv", "--mtbl-dir", steady)
    assert len(dnstide(*asked).out.splitlines()) == 1
    invented = dnstide(*asked, "--bucket-by", "first-seen").out.splitlines()[1:]
    assert [line.split(",")[1] for line in invented] == [
        "2024-01-09", "2024-01-10", "2024-01-24", "2024-01-25", "2024-02-12", "2024-02-13",
    ]  # fmt: skip


def test_the_answer_tells_which_it_was(dnstide, steady) -> None:
    """By file, unless an edge of the span cuts a table; then a remark says so."""
    asked = ("vot", NAME, "--format", "json", "--mtbl-dir", steady)
    whole = dnstide(*asked)
    assert json.loads(whole.out)["axis"]["bucket_by"] == "file"
    assert whole.err == ""
    cut = dnstide(*asked, "--start", "2024-01-05T00:01:00Z")
    assert json.loads(cut.out)["axis"]["bucket_by"] == "first-seen"
    assert "counted where rows were first seen" in cut.err
    chosen = dnstide(*asked, "--start", "2024-01-05T00:01:00Z", "--bucket-by", "first-seen")
    assert "counted where" not in chosen.err


def test_a_day_without_a_table_of_its_own(dnstide, steady) -> None:
    """The day before the first table: by default it is not covered; by first seen the next table tells."""
    (steady / "dns.20240109.D.mtbl").unlink()
    asked = ("vot", NAME, "--start", "2024-01-09", "--stop", "2024-01-09", "--mtbl-dir", steady)
    done = dnstide(*asked, "--bucket-by", "first-seen")
    assert (done.code, done.out) == (0, "20240109 100\n")
    assert done.err == "dnstide: covers 0 of 1 day: no table for 2024-01-09\n"
    assert dnstide(*asked, "--bucket-by", "file").code == 1
