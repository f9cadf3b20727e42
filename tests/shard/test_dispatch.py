"""What a shard can be asked, by name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnstide.model.vocabulary import Grouping
from dnstide.mtbl import LookupQuery
from dnstide.shard import Partial, Shard, ShardError, ShardPlan, ShardQuestion
from dnstide.shard.dispatch import ASK, CONTROL, ShardDispatch
from dnstide.shard.load import ShardLoad
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope, Totals, TotalsRequest

TABLES = ("dns.20240101.D.mtbl", "dns.20240102.D.mtbl")
EDGES = bytes(8) + (2**40).to_bytes(8, "little")


@pytest.fixture
def dispatch(small_dir: Path, tmp_path: Path) -> Iterator[ShardDispatch]:
    """Over a shard of the small directory."""
    shard = Shard(small_dir, 1, tmp_path)
    yield ShardDispatch(shard)
    shard.close()


def question(question_id: str) -> ShardQuestion:
    return ShardQuestion(question_id, ShardPlan(TABLES, None, EDGES), (LookupQuery(b"\0", wildcard=True),))


def test_every_method_can_be_called(dispatch: ShardDispatch) -> None:
    """Each name of the two lists, with the arguments that a client sends."""
    (partial,) = dispatch.call("answer", [[question("1")]])
    assert isinstance(partial, Partial)
    assert partial.answered == 2
    scope = RankScope(Grouping.FQDN)
    assert dispatch.call("summarize", [TABLES, 0, scope]) == 2
    assert dispatch.call("summarize", [TABLES, 1, scope]) == 1
    reply = dispatch.call("rank", [RankQuestion("2", TABLES, scope, TotalsRequest())])
    assert isinstance(reply, RankReply)
    assert isinstance(reply.value, Totals)
    assert dispatch.call("open", [TABLES]) is None
    assert sum(status.opened for status in dispatch.call("inventory", [])) >= 2
    load = dispatch.call("ping", [])
    assert isinstance(load, ShardLoad)
    assert (load.tables_open, load.questions_ended, load.summaries.made) == (2, 1, 2)
    assert dispatch.call("cancel", [["3"]]) is None
    (cancelled,) = dispatch.call("answer", [[question("3")]])
    assert isinstance(cancelled, ShardError)
    assert {*ASK, *CONTROL} == {
        "answer", "digests", "rank", "summarize", "cancel", "inventory", "open", "ping",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["call", "shard", "__init__", "no_such_method", ""])
def test_nothing_else_can_be_called(dispatch: ShardDispatch, method: str) -> None:
    """The name comes over a socket."""
    with pytest.raises(ValueError, match="has no method"):
        dispatch.call(method, [])


def test_a_line_is_logged_for_each_question(
    dispatch: ShardDispatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At debug level alone, with the id that the asker gave and what became of the tables."""
    dispatch.call("answer", [[question("r1/9-1"), question("r2/9-2")]])
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, logger="dnstide.shard.dispatch"):
        dispatch.call("answer", [[question("r1/9-3"), question("r2/9-4")]])
        dispatch.call("rank", [RankQuestion("r3/9-5", TABLES, RankScope(Grouping.FQDN), TotalsRequest())])
    first, second, ranking = (record.getMessage() for record in caplog.records)
    assert first.startswith("question id=r1/9-3 names=1 tables=2 answered=2 failed=0 rows=")
    assert second.startswith("question id=r2/9-4 ")
    assert ranking.startswith("ranking id=r3/9-5 tables=2 answered=2 failed=0 ms=")
