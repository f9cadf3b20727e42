"""Rankings over a real socket: the same answers as in process, progress, errors, and shards that die."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import common_pb2, service_pb2_grpc, top_pb2
from dnstide.engine import LocalEngine
from dnstide.gateway.member import State
from dnstide.gateway.testing import RunningGateway, running_gateway
from dnstide.model.question import RowFilter, TopQuestion
from dnstide.model.vocabulary import Grouping
from google.rpc import error_details_pb2, status_pb2

FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
DAY = 86_400


@pytest.fixture(scope="module")
def server(small_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Two shards over the small directory, with a cache that begins empty."""
    with running_gateway(small_dir, cache_dir=tmp_path_factory.mktemp("cache")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def rank(server: RunningGateway) -> Iterator[Callable[..., list[top_pb2.RankNamesResponse]]]:
    with grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)

        def ask(timeout: float = 30.0, **fields: Any) -> list[top_pb2.RankNamesResponse]:
            return list(stub.RankNames(top_pb2.RankNamesRequest(**fields), timeout=timeout))

        yield ask


def joined(messages: list[top_pb2.RankNamesResponse]) -> top_pb2.RankNamesResponse:
    whole = top_pb2.RankNamesResponse()
    for message in messages:
        assert message.ByteSize() < 1 << 20
        whole.MergeFrom(message)
    return whole


@pytest.mark.parametrize("by", [1, 2, 3, 4, 5])
def test_the_answer_is_that_of_the_engine(
    rank: Callable[..., Any], small_dir: Path, tmp_path: Path, by: int
) -> None:
    """Every grouping: ranks, counts, shares, totals and proof arrive as the engine gives them."""
    group_by = Grouping[top_pb2.GroupBy.Name(by).removeprefix("GROUP_BY_")]
    with LocalEngine(small_dir, 1, tmp_path) as engine:
        expected = engine.top(TopQuestion(20, group_by, RowFilter(("A", "MX"))))
    answer = joined(rank(limit=20, group_by=by, filter={"rrtypes": ["A", "MX"]}))
    assert [(r.rank, r.name, r.rrtype or None, r.count, r.share) for r in answer.ranks] == [
        (e.rank, e.name, e.rrtype, e.count, e.share) for e in expected.ranks
    ]
    summary = answer.summary
    assert (summary.total_count, summary.excluded_count) == (expected.summary.total_count, 0)
    assert (summary.tables_asked, summary.tables_answered) == (62, 62)
    assert summary.complete
    assert summary.method == top_pb2.RANK_METHOD_SUMMARY
    (certificate,) = summary.certificates
    assert certificate.theta == 0
    assert summary.suffix_list_version == (expected.summary.suffix_list_version or "")


def test_missing_summaries_are_made_and_told(small_dir: Path, tmp_path: Path) -> None:
    """The first question hears of progress up to the last summary; the second one has nothing to wait for."""
    with (
        running_gateway(small_dir, cache_dir=tmp_path) as gateway,
        grpc.insecure_channel(gateway.address) as channel,
    ):
        stub = service_pb2_grpc.DnstideStub(channel)
        request = top_pb2.RankNamesRequest(limit=3)
        first = [m.progress for m in stub.RankNames(request, timeout=30) if m.HasField("progress")]
        assert (first[0].summaries_wanted, first[0].summaries_made) == (62, 0)
        assert first[-1].summaries_made == 62
        assert len(first) > 2
        assert not [m for m in stub.RankNames(request, timeout=30) if m.HasField("progress")]
    assert len(list(tmp_path.rglob("*.summary"))) == 62


def test_a_series_and_a_span(rank: Callable[..., Any]) -> None:
    """The span limits the tables, and the series has the axis of its days."""
    span = {"start": {"seconds": FIRST}, "stop": {"seconds": FIRST + 3 * DAY}}
    answer = joined(rank(limit=1, series_granularity=common_pb2.GRANULARITY_DAY, explain=True, span=span))
    assert list(answer.axis.starts) == [FIRST, FIRST + DAY, FIRST + 2 * DAY]
    assert list(answer.axis.coverage) == [common_pb2.COVERAGE_COMPLETE] * 3
    (winner,) = answer.ranks
    assert (winner.name, winner.count, list(winner.series)) == ("www.example.com.", 36, [11, 12, 13])
    assert sum(entry.used for entry in answer.summary.plan) == 3
    assert len(answer.summary.plan) == 62


def test_changes_between_spans(rank: Callable[..., Any]) -> None:
    """Rises and falls with exact sums on both sides."""
    answer = joined(
        rank(
            limit=2,
            span={"start": {"seconds": FIRST + DAY}, "stop": {"seconds": FIRST + 2 * DAY}},
            baseline={"start": {"seconds": FIRST}, "stop": {"seconds": FIRST + DAY}},
        )
    )
    assert [(c.name, c.before, c.after) for c in answer.rises] == [
        ("www.example.com.", 11, 12),
        ("once-1.example.org.", 0, 1),
    ]
    assert [(c.name, c.before, c.after) for c in answer.falls] == [("once-0.example.org.", 1, 0)]
    assert len(answer.summary.certificates) == 2


def test_exclusions(rank: Callable[..., Any]) -> None:
    """What is excluded is counted apart, and total and shares are without it."""
    answer = joined(rank(limit=5, exclude=["www.example.com", "*.example.org"], under="."))
    assert [r.name for r in answer.ranks] == ["mail.example.com."]
    assert answer.ranks[0].share == 1.0
    assert answer.summary.total_count == 300
    assert answer.summary.excluded_count == sum(10 + d + 1 for d in range(60)) + 60 + 600


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"limit": 0}, grpc.StatusCode.INVALID_ARGUMENT, "limit"),
        ({"limit": 5, "group_by": 77}, grpc.StatusCode.INVALID_ARGUMENT, "group_by"),
        ({"limit": 5, "under": "a..b"}, grpc.StatusCode.INVALID_ARGUMENT, "under"),
        ({"limit": 5, "span": {"start": {"nanos": 1}}}, grpc.StatusCode.INVALID_ARGUMENT, "start"),
        ({"limit": 5, "baseline": {}}, grpc.StatusCode.INVALID_ARGUMENT, "baseline"),
        ({"limit": 5, "span": {"start": {"seconds": FIRST + 1}}}, None, ""),
        (
            {"limit": 5, "span": {"start": {"seconds": FIRST + 1}, "stop": {"seconds": FIRST + DAY}}},
            grpc.StatusCode.FAILED_PRECONDITION,
            "",
        ),
        ({"limit": 5, "span": {"stop": {"seconds": DAY}}}, grpc.StatusCode.FAILED_PRECONDITION, ""),
    ],
)
def test_bad_requests(
    rank: Callable[..., Any], fields: dict[str, Any], code: grpc.StatusCode | None, field: str
) -> None:
    """Each with its status, and the field that is wrong."""
    with pytest.raises(grpc.RpcError) as caught:
        rank(**fields)
    error: Any = caught.value
    assert error.code() in ({code} if code else {grpc.StatusCode.INVALID_ARGUMENT})
    if field:
        raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
        details = status_pb2.Status.FromString(raw).details
        bad = error_details_pb2.BadRequest()
        assert any(detail.Unpack(bad) for detail in details)
        assert bad.field_violations[0].field == field


def test_a_dead_shard_is_replaced_by_the_other(small_dir: Path, tmp_path: Path) -> None:
    """Both shards can read the directory, so the answer is whole when one of them is gone, and known to be
    gone.
    """
    with (
        running_gateway(small_dir, cache_dir=tmp_path, rescan_seconds=3600) as gateway,
        grpc.insecure_channel(gateway.address) as channel,
    ):
        stub = service_pb2_grpc.DnstideStub(channel)
        request = top_pb2.RankNamesRequest(limit=3)
        before = joined(list(stub.RankNames(request, timeout=30)))
        name, member = next(iter(gateway.gateway.pool.members.items()))
        assert member.client is not None
        gateway.call(member.client.close)
        after = joined(list(stub.RankNames(request, timeout=30)))
        assert list(after.ranks) == list(before.ranks)
        assert after.summary.tables_answered == 62
        assert gateway.gateway.pool.members[name].state in set(State)


def test_a_deadline_ends_the_work(small_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ranking that cannot be made in time ends with DEADLINE_EXCEEDED, and the shard is told to stop."""
    from dnstide.shard.ranking.ranker import Ranker

    stopped = threading.Event()

    def slow(self: Ranker, question: Any, *arguments: Any) -> Any:
        assert question.seconds_left < 1.0
        while True:
            if stopped.wait(0.01):
                return None

    with (
        running_gateway(small_dir, cache_dir=tmp_path) as gateway,
        grpc.insecure_channel(gateway.address) as channel,
    ):
        stub = service_pb2_grpc.DnstideStub(channel)
        list(stub.RankNames(top_pb2.RankNamesRequest(limit=3), timeout=30))
        monkeypatch.setattr(Ranker, "answer", slow)
        monkeypatch.setattr(Ranker, "cancel", lambda self, question_id: stopped.set())
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.RankNames(top_pb2.RankNamesRequest(limit=3), timeout=0.5))
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert stopped.wait(5)
