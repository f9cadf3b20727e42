"""Volume over everything from summaries equals what the rows add up to, and is used only where it can be."""

from __future__ import annotations

from pathlib import Path

import dns.name
import numpy as np
import pytest
from dnstide.engine import LocalEngine, VolumeAnswer, VolumeQuestion
from dnstide.mtbl import CountOverflow, DnstableWriter, Row


def shown(answer: VolumeAnswer) -> list[tuple[str, str | None, list[int], list[int]]]:
    return [(s.name, s.rrtype, s.bucket.tolist(), s.count.tolist()) for s in answer.series]


@pytest.mark.parametrize(
    "asked",
    [
        {"split_by_rrtype": True},
        {"rrtypes": ["A", "MX"], "split_by_rrtype": True},
        {"rrtypes": ["A"], "step": "month"},
        {"step": "year"},
        {"rrtypes": ["SRV"]},
    ],
)
def test_the_same_with_and_without_summaries(
    small_dir: Path, tmp_path: Path, asked: dict[str, object]
) -> None:
    """Series, coverage and rows are equal; with summaries no block is read."""
    question = VolumeQuestion.build(["*."], bucket_by="file", **asked)  # type: ignore[arg-type]
    with LocalEngine(small_dir, 1, tmp_path / "none") as engine:
        scanned = engine.volume(question)
    with LocalEngine(small_dir, 1, tmp_path / "cache") as engine:
        engine.summarize()
        answer = engine.volume(question)
    assert shown(answer) == shown(scanned)
    assert answer.rows == scanned.rows
    assert np.array_equal(answer.coverage, scanned.coverage)
    assert scanned.blocks > 0
    assert answer.blocks == 0


@pytest.mark.parametrize(
    ("names", "bucket_by"),
    [
        (["*."], "first-seen"),
        (["*.com", "*."], "file"),
        (["*./A/example.com"], "file"),
        (["www.example.com"], "file"),
    ],
)
def test_other_questions_read_rows(small_dir: Path, tmp_path: Path, names: list[str], bucket_by: str) -> None:
    """By first seen, a suffix, a bailiwick or a name: totals do not know."""
    with LocalEngine(small_dir, 1, tmp_path / "cache") as engine:
        engine.summarize()
        answer = engine.volume(VolumeQuestion.build(names, bucket_by=bucket_by))
    with LocalEngine(small_dir, 1, tmp_path / "none") as engine:
        assert shown(engine.volume(VolumeQuestion.build(names, bucket_by=bucket_by))) == shown(answer)
    assert answer.blocks > 0


def test_totals_that_do_not_fit(tmp_path: Path) -> None:
    """A bucket past 2**64 - 1 is an error, also from summaries."""
    with DnstableWriter(tmp_path / "dns.20240101.D.mtbl", sync=False) as table:
        for rrtype in (1, 16):
            owner = dns.name.from_text("a.example.")
            table.add(Row(owner, rrtype, dns.name.root, (bytes(4),), 1, 1, 2**63))
    with LocalEngine(tmp_path, 1, tmp_path / "cache") as engine:
        engine.summarize()
        with pytest.raises(CountOverflow):
            engine.volume(VolumeQuestion.build(["*."], bucket_by="file"))
        split = engine.volume(VolumeQuestion.build(["*."], bucket_by="file", split_by_rrtype=True))
    assert [s.total for s in split.series] == [2**63, 2**63]
