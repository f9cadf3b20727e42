"""Volume from summaries equals what the rows add up to, and is used only where it can be."""

from __future__ import annotations

from pathlib import Path

import dns.name
import numpy as np
import pytest
from dnstide.engine import LocalEngine
from dnstide.model.errors import CountOverflow
from dnstide.model.question import VolumeQuestion
from dnstide.model.volume import Volume
from dnstide.mtbl import DnstableWriter, Row, Table, write_entries

from tests.conftest import DAY, FIRST_DAY
from tests.engine.questions import top_question, volume_question


def shown(answer: Volume) -> list[tuple[str, str | None, list[int], list[int]]]:
    return [(s.name, s.rrtype, s.buckets.tolist(), s.counts.tolist()) for s in answer.series]


def both(folder: Path, tmp_path: Path, question: VolumeQuestion) -> tuple[Volume, Volume]:
    """The answer of a directory without summaries, and of the same with them; equal but for the work."""
    with LocalEngine(folder, 1, tmp_path / "none") as engine:
        read = engine.volume(question)
    with LocalEngine(folder, 1, tmp_path / "cache") as engine:
        assert engine.summarize() == []
        told = engine.volume(question)
        assert shown(engine.volume(question)) == shown(told)
    assert shown(told) == shown(read)
    assert np.array_equal(told.axis.coverage, read.axis.coverage)
    assert (told.summary.tables_asked, told.summary.tables_answered) == (
        read.summary.tables_asked,
        read.summary.tables_answered,
    )
    assert read.summary.tables_summarized == 0
    assert read.summary.blocks_read > 0
    return read, told


@pytest.mark.parametrize(
    "asked",
    [
        {"split_by_rrtype": True},
        {"rrtypes": ["A", "MX"], "split_by_rrtype": True},
        {"rrtypes": ["A"], "granularity": "month"},
        {"granularity": "year"},
        {"rrtypes": ["MX"]},
    ],
)
@pytest.mark.parametrize("names", [["*."], ["*.com"], ["*.example.org", "*.org"], ["*.absent"]])
def test_the_same_with_and_without_summaries(
    small_dir: Path, tmp_path: Path, names: list[str], asked: dict[str, object]
) -> None:
    """Series and coverage are equal; with summaries no block is read."""
    question = volume_question(names, bucket_by="file", **asked)
    _, told = both(small_dir, tmp_path, question)
    assert told.summary.tables_summarized == told.summary.tables_answered > 0
    assert (told.summary.rows_read, told.summary.blocks_read) == (0, 0)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (["*."], {"bucket_by": "first-seen"}),
        (["*.", "www.example.com"], {}),
        (["*./A/example.com"], {}),
        (["www.example.com"], {}),
        (["*.www.example.com"], {}),
        (["*.com"], {"rrtypes": ["SRV"]}),
    ],
    ids=str,
)
def test_other_questions_read_rows(
    small_dir: Path, tmp_path: Path, names: list[str], asked: dict[str, object]
) -> None:
    """By first seen, a bailiwick, a name, a suffix within a domain, a rare type: summaries do not know."""
    question = volume_question(names, **{"bucket_by": "file", **asked})
    read, told = both(small_dir, tmp_path, question)
    assert told.summary.tables_summarized == 0
    assert (told.summary.rows_read, told.summary.blocks_read) == (
        read.summary.rows_read,
        read.summary.blocks_read,
    )


def test_rare_types_are_told_apart_by_reading(tmp_path: Path) -> None:
    """A summary adds the rare types up: enough for all together, for a common one, but not to split by."""
    folder = tmp_path / "tables"
    folder.mkdir()
    with DnstableWriter(folder / "dns.20240101.D.mtbl", sync=False) as table:
        for owner, rrtype in (("a.b.com.", 1), ("b.com.", 33), ("c.com.", 99), ("d.net.", 1)):
            data = bytes(4) if rrtype == 1 else bytes(6) + b"\x01a\x00"
            table.add(Row(dns.name.from_text(owner), rrtype, dns.name.root, (data,), 1, 1, rrtype))

    def summarized(*names: str, **asked: object) -> int:
        question = volume_question(names, bucket_by="file", **asked)
        return both(folder, tmp_path, question)[1].summary.tables_summarized

    assert summarized("*.com", "*.b.com") == 1
    assert summarized("*.com", rrtypes=["A", "MX"], split_by_rrtype=True) == 1
    assert summarized("*.net", "*.d.net", split_by_rrtype=True) == 1
    assert summarized("*.com", split_by_rrtype=True) == 0
    assert summarized("*.net", "*.com", split_by_rrtype=True) == 0


def test_the_largest_alone_are_told(tmp_path: Path) -> None:
    """What is not among the first places of every table is read, be it listed further down or not."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for day in (1, 2):
        with DnstableWriter(folder / f"dns.2024010{day}.D.mtbl", sync=False) as table:
            for i in range(700):
                owner = dns.name.from_text(f"h.d{i}.com.")
                table.add(Row(owner, 1, dns.name.root, (bytes(4),), 1, 1, 700 - i + 600 * (i == 650 + day)))

    def summarized(name: str) -> int:
        return both(folder, tmp_path, volume_question([name], bucket_by="file"))[1].summary.tables_summarized

    assert summarized("*.d10.com") == 2
    assert summarized("*.d600.com") == 0
    assert summarized("*.d651.com") == 0  # large on one day only
    assert summarized("*.nothing.com") == 0
    assert summarized("*.com") == 2


def test_suffixes_that_are_no_group(tmp_path: Path) -> None:
    """A public suffix, and a domain that one lies under, are more than what is registered as them."""
    folder = tmp_path / "tables"
    folder.mkdir()
    with DnstableWriter(folder / "dns.20240101.D.mtbl", sync=False) as table:
        owners = ["amazonaws.com.", "a.compute.amazonaws.com.", "co.uk.", "b.co.uk.", "x.b.co.uk."]
        for i, name in enumerate(map(dns.name.from_text, owners)):
            table.add(Row(name, 1, dns.name.root, (bytes(4),), 1, 1, 10**i))
    for name, total, summarized in (
        ("*.amazonaws.com", 11, 0),
        ("*.co.uk", 11100, 0),
        ("*.b.co.uk", 11000, 1),
        ("*.uk", 11100, 1),
    ):
        _, told = both(folder, tmp_path, volume_question([name], bucket_by="file"))
        assert (told.series[0].total, told.summary.tables_summarized) == (total, summarized)


def test_a_damaged_summary_is_passed_over_and_made_again(small_dir: Path, tmp_path: Path) -> None:
    """Damage in a list that nobody had read yet: rows are read, and the next ranking makes a new summary."""
    question = volume_question(["*.com"], bucket_by="file", start=FIRST_DAY, stop=FIRST_DAY + 2 * DAY)
    _, told = both(small_dir, tmp_path, question)
    (path,) = (tmp_path / "cache").rglob("dns.20240102.D.*.summary")
    entries = dict(Table(path).entries())
    entries[b"list/tld/10"] = b"no list"
    path.unlink()
    write_entries(path, sorted(entries.items()), sync=False)
    with LocalEngine(small_dir, 1, tmp_path / "cache") as engine:
        answer = engine.volume(question)
        assert (shown(answer), answer.summary.tables_summarized) == (shown(told), 0)
        span = {"start": FIRST_DAY, "stop": FIRST_DAY + 2 * DAY}
        assert engine.top(top_question(3, "tld", **span)).summary.method == "summary"
        assert engine.volume(question).summary.tables_summarized == 2
    assert dict(Table(path).entries())[b"list/tld/10"] != b"no list"


def test_totals_that_do_not_fit(tmp_path: Path) -> None:
    """A bucket past 2**64 - 1 is an error, also from summaries."""
    with DnstableWriter(tmp_path / "dns.20240101.D.mtbl", sync=False) as table:
        for rrtype in (1, 16):
            owner = dns.name.from_text("a.example.")
            table.add(Row(owner, rrtype, dns.name.root, (bytes(4),), 1, 1, 2**63))
    with LocalEngine(tmp_path, 1, tmp_path / "cache") as engine:
        engine.summarize()
        with pytest.raises(CountOverflow):
            engine.volume(volume_question(["*."], bucket_by="file"))
        split = engine.volume(volume_question(["*."], bucket_by="file", split_by_rrtype=True))
    assert [s.total for s in split.series] == [2**63, 2**63]
