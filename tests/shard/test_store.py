"""What is read for a ranking under a suffix: lists of summaries, or the rows, whichever is less."""

from __future__ import annotations

from pathlib import Path

import dns.name
import pytest
from dnstide.mtbl import DnstableWriter, Row, reversed_name
from dnstide.mtbl.keys import Grouping
from dnstide.shard import Shard
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.ranking.requests import ExactRequest, RankQuestion, RankReply, RankScope, TopRequest

NAMES = ("dns.20240101.D.mtbl", "dns.20240102.D.mtbl")
LARGE, SMALL = (reversed_name(dns.name.from_text(name)) for name in ("com.", "few.example."))


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    """Two tables of 3,000 names under com. and 3 under few.example., summarized."""
    (tmp_path / "tables").mkdir()
    for name in NAMES:
        with DnstableWriter(tmp_path / "tables" / name, sync=False) as table:
            for i in range(3000):
                owner = dns.name.from_text(f"h{i}.d{i % 1500}.com." if i else "a.few.example.")
                table.add(Row(owner, 1, dns.name.root, (bytes(4),), 1, 1, 5000 - i if i else 1))
            for host in "bc":
                owner = dns.name.from_text(f"{host}.few.example.")
                table.add(Row(owner, 28, dns.name.root, (bytes(16),), 1, 1, 1))
    shard = Shard(tmp_path / "tables", 1, tmp_path / "cache")
    assert shard.ranker.make(NAMES) == []
    return shard


def asked(shard: Shard, grouping: Grouping, under: bytes, request: TopRequest) -> Bounds:
    reply = shard.rank(RankQuestion("q", NAMES, RankScope(grouping, under=under), request))
    assert isinstance(reply, RankReply)
    assert isinstance(reply.value, Bounds)
    return reply.value


@pytest.mark.parametrize("grouping", [Grouping.FQDN, Grouping.DOMAIN])
def test_few_rows_are_read_and_many_are_not(shard: Shard, grouping: Grouping) -> None:
    """All of a small suffix is known at once, with no floor; of a large one as much as is asked for."""
    small = asked(shard, grouping, SMALL, TopRequest(500, 100))
    assert (small.scanned, small.floor, small.exhaustible) == (2, 0, False)
    assert len(small.keys) == (3 if grouping is Grouping.FQDN else 1)
    large = asked(shard, grouping, LARGE, TopRequest(500, 100))
    assert (large.scanned, large.exhaustible) == (0, True)
    assert large.floor > 0


def test_what_was_read_answers_what_follows(shard: Shard) -> None:
    """Exact sums come from the rows read before, and equal those of the lists."""
    keys = asked(shard, Grouping.FQDN, SMALL, TopRequest(500, 100)).keys
    for under in (SMALL, None):
        question = RankQuestion("q", NAMES, RankScope(Grouping.FQDN, under=under), ExactRequest(keys))
        reply = shard.rank(question)
        assert isinstance(reply, RankReply)
        assert reply.value.tolist() == [2, 2, 2]  # type: ignore[union-attr]
