"""Summaries in the background, and cancelling what ranks."""

from __future__ import annotations

from pathlib import Path

import pytest
from dnstide.mtbl.keys import Grouping
from dnstide.shard import Shard, ShardError
from dnstide.shard.ranking.background import Summarizer, summarize_some
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope, TopRequest

EVERYTHING = RankScope(Grouping.FQDN)


@pytest.fixture
def shard(small_dir: Path, tmp_path: Path) -> Shard:
    return Shard(small_dir, 1, tmp_path / "cache")


def names_of(shard: Shard) -> list[str]:
    return [status.name for status in shard.inventory()]


def test_summaries_appear_by_themselves(shard: Shard, tmp_path: Path) -> None:
    """Tables told of are summarized once; a name that is no table does no harm; closing ends the thread."""
    names = names_of(shard)
    summarizer = Summarizer(shard.ranker)
    summarizer.want([*names[:5], "dns.20990101.D.mtbl"])
    assert summarizer.wait(30)
    assert len(list((tmp_path / "cache").rglob("*.summary"))) == 5
    assert shard.ranker.missing(names) == names[5:]
    summarizer.close()
    summarizer.want(names)
    assert shard.ranker.missing(names) == names[5:]


def test_some_summaries_at_a_time(shard: Shard) -> None:
    """As many as asked are made, and what is left is told."""
    names = names_of(shard)
    assert summarize_some(shard.ranker, names, 10, EVERYTHING) == len(names) - 10
    assert shard.ranker.missing(names) == names[10:]
    assert summarize_some(shard.ranker, names, 100, EVERYTHING) == 0
    assert shard.ranker.missing(names) == []


def test_a_small_suffix_needs_no_summaries(shard: Shard) -> None:
    """Its rows are few, so they are read; so are those of types that summaries do not know."""
    names = names_of(shard)
    for scope in (
        RankScope(Grouping.FQDN, under=b"\x03com\x00"),
        RankScope(Grouping.DOMAIN, rrtypes=(33,)),
    ):
        assert summarize_some(shard.ranker, names, 0, scope) == 0
        reply = shard.rank(RankQuestion("q", tuple(names), scope, TopRequest(500, 100)))
        assert isinstance(reply, RankReply)
        assert isinstance(reply.value, Bounds)
        assert reply.value.scanned == len(names)
    assert shard.ranker.missing(names) == names


def question(shard: Shard, seconds: float | None = None) -> RankQuestion:
    return RankQuestion("q", tuple(names_of(shard)), RankScope(Grouping.FQDN), TopRequest(500, 100), seconds)


def test_what_stops_a_ranking_is_a_value(shard: Shard) -> None:
    """A deadline that has passed gives a ShardError; the same question answers when there is time."""
    late = shard.rank(question(shard, 0.0))
    assert isinstance(late, ShardError)
    assert late.code == "DEADLINE_PASSED"
    reply = shard.rank(question(shard))
    assert isinstance(reply, RankReply)
    assert isinstance(reply.value, Bounds)
    assert reply.value.floor == 0
    assert len(reply.value.keys) == 62


def test_nothing_is_made_that_cannot_be_kept(small_dir: Path, tmp_path: Path) -> None:
    """Without a place for summaries the background makes none; a ranking makes those it needs."""
    (tmp_path / "file").write_bytes(b"")
    shard = Shard(small_dir, 1, tmp_path / "file")
    names = names_of(shard)
    summarizer = Summarizer(shard.ranker)
    summarizer.want(names)
    assert summarizer.wait(30)
    assert shard.ranker.missing(names) == names
    summarizer.close()
    assert isinstance(shard.rank(question(shard)), RankReply)
    assert shard.ranker.missing(names) == []
