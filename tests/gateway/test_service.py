"""The RPCs over a real socket: answers, catalog, information, health, and what is refused."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import common_pb2, info_pb2, service_pb2_grpc, tables_pb2, volume_pb2
from dnstide.engine import LocalEngine
from dnstide.gateway.testing import running_gateway
from dnstide.model.question import VolumeQuestion
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

FIRST_DAY, DAY = 1_704_067_200, 86_400


def test_an_answer_is_that_of_the_engine(gateway: str, small_dir: Path, ask: Callable[..., Any]) -> None:
    """Axis, coverage, every bucket and count, rows and totals: what LocalEngine says, number by number."""
    names = ["www.example.com", "*.example.org", "nobody.example.net", "mail.example.com"]
    (message,) = ask(gateway, names=names)
    with LocalEngine(small_dir) as engine:
        expected = engine.volume(VolumeQuestion(tuple(names)))
    assert list(message.axis.starts) == expected.axis.edges[:-1].tolist()
    assert message.axis.stop == expected.axis.edges[-1]
    assert list(message.axis.coverage) == expected.axis.coverage.tolist()
    assert [(s.name, list(s.buckets), list(s.counts)) for s in message.series] == [
        (s.name, s.buckets.tolist(), s.counts.tolist()) for s in expected.series
    ]
    assert all(series.last for series in message.series)
    assert message.summary.complete
    assert (
        message.summary.total_count
        == expected.summary.total_count
        == sum(11 + i for i in range(60)) + 60 + 60 * 5
    )
    assert (message.summary.rows_read, message.summary.tables_asked) == (expected.summary.rows_read, 60)
    assert message.summary.tables_answered == 60


def test_no_rows_is_an_empty_series_and_no_error(gateway: str, ask: Callable[..., Any]) -> None:
    """Nothing found and could not look are different answers."""
    (message,) = ask(gateway, names=["nobody.example.net"])
    assert [(s.name, list(s.counts), s.last) for s in message.series] == [("nobody.example.net.", [], True)]
    assert message.summary.complete


def test_split_smooth_fill_and_span(gateway: str, small_dir: Path, ask: Callable[..., Any]) -> None:
    """The fields that shape an answer reach the engine and come back."""
    (message,) = ask(
        gateway,
        names=["www.example.com"],
        span={"start": {"seconds": FIRST_DAY}, "stop": {"seconds": FIRST_DAY + 5 * DAY}},
        split_by_rrtype=True,
        smoothing={"method": volume_pb2.SMOOTHING_METHOD_TRAILING_MEAN, "period": 2},
        fill=True,
    )
    series = {s.rrtype: s for s in message.series}
    assert list(series["A"].counts) == [10, 11, 12, 13, 14]
    assert list(series["AAAA"].counts) == [1] * 5
    assert str(list(series["A"].smoothed)) == "[nan, 10.5, 11.5, 12.5, 13.5]"
    assert list(message.axis.coverage) == [common_pb2.COVERAGE_COMPLETE] * 5


def test_explain_tells_what_was_used_and_what_was_left_out(gateway: str, ask: Callable[..., Any]) -> None:
    """Every table of the catalog stands in the plan, those left out with a reason; without explain there
    is none.
    """
    span = {"span": {"start": {"seconds": FIRST_DAY}, "stop": {"seconds": FIRST_DAY + DAY}}}
    (message,) = ask(gateway, names=["www.example.com"], explain=True, **span)
    plan = {entry.table: entry for entry in message.summary.plan}
    assert len(plan) == 62
    assert plan["dns.20240101.D.mtbl"].used
    assert plan["dns.20240101.D.mtbl"].reason == ""
    assert not plan["dns.20240131.D.mtbl"].used
    assert plan["dns.20240131.D.mtbl"].reason == "begins after the span"
    (message,) = ask(gateway, names=["www.example.com"], **span)
    assert not message.summary.plan


def test_a_bad_request_names_its_fields(gateway: str, ask: Callable[..., Any]) -> None:
    """INVALID_ARGUMENT with BadRequest, before anything is read."""
    refused = ask(gateway, names=["a..b"], granularity=99)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_QUESTION")
    (bad,) = refused.of(error_details_pb2.BadRequest)
    assert [v.field for v in bad.field_violations] == ["granularity", "names[0]"]


def test_a_span_without_tables_is_a_failed_precondition(gateway: str, ask: Callable[..., Any]) -> None:
    """It says what there is instead."""
    refused = ask(gateway, names=["x.example"], span={"start": {"seconds": 0}, "stop": {"seconds": DAY}})
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_TABLES")
    assert "60 day tables from 2024-01-01" in refused.text


def test_every_call_carries_the_version(gateway: str) -> None:
    """In the trailing metadata, of calls that succeed and of calls that fail."""
    with grpc.insecure_channel(gateway) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)
        info, call = stub.GetServerInfo.with_call(info_pb2.GetServerInfoRequest())
        assert dict(call.trailing_metadata())["dnstide-version"] == info.version
        stream = stub.QueryVolume(volume_pb2.QueryVolumeRequest())
        with pytest.raises(grpc.RpcError):
            list(stream)
        assert dict(stream.trailing_metadata())["dnstide-version"] == info.version
        assert not stream.initial_metadata()  # headers would end gRPC's own retries of an UNAVAILABLE


def test_server_info(gateway: str) -> None:
    """Ready, with both shards alive and every table owned once."""
    with grpc.insecure_channel(gateway) as channel:
        info = service_pb2_grpc.DnstideStub(channel).GetServerInfo(info_pb2.GetServerInfoRequest())
    assert info.ready
    assert not info.draining
    assert [(shard.name, shard.alive, shard.restarts) for shard in info.shards] == [
        ("local/0", True, 0),
        ("local/1", True, 0),
    ]
    assert sum(shard.tables_owned for shard in info.shards) == info.tables_total == 62
    assert min(shard.tables_owned for shard in info.shards) >= 28
    assert info.limits.max_names == 10_000


def test_the_catalog_comes_page_by_page(tables: Path) -> None:
    """Pages join without gap or repetition although a table goes between them; foreign files stand on
    the first.
    """
    (tables / "notes.txt").write_text("hello")
    (tables / ".dns.20240401.D.mtbl").write_text("being written")
    with running_gateway(tables) as running, grpc.insecure_channel(running.address) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)
        first = stub.ListTables(tables_pb2.ListTablesRequest(page_size=40))
        assert len(first.tables) == 40
        assert {file.name for file in first.ignored} == {"notes.txt", ".dns.20240401.D.mtbl"}
        assert all(file.reason for file in first.ignored)
        last = first.tables[-1].name
        (tables / last).unlink()
        running.call(running.gateway.supervisor.inventories.refresh)
        second = stub.ListTables(tables_pb2.ListTablesRequest(page_size=40, page_token=first.next_page_token))
    found = [table.name for table in (*first.tables, *second.tables)]
    assert len(found) == len(set(found)) == 62
    assert second.next_page_token == ""
    assert not second.ignored
    assert second.catalog_version != first.catalog_version
    january = next(table for table in first.tables if table.name == "dns.20240101.D.mtbl")
    assert (january.start.seconds, january.stop.seconds) == (FIRST_DAY, FIRST_DAY + DAY)
    assert (january.dataset, january.granularity) == ("dns", common_pb2.GRANULARITY_DAY)
    assert january.size == (tables / january.name).stat().st_size
    assert sorted(january.shards) == ["local/0", "local/1"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"page_size": -1}, "page_size"), ({"page_token": "x"}, "page_token"), ({"dataset": "x"}, "dataset")],
)
def test_a_bad_page_is_refused(gateway: str, fields: dict[str, Any], wrong: str) -> None:
    """By the name of its field."""
    with grpc.insecure_channel(gateway) as channel, pytest.raises(grpc.RpcError) as caught:
        service_pb2_grpc.DnstideStub(channel).ListTables(tables_pb2.ListTablesRequest(**fields))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert wrong in caught.value.details()


def test_health_by_service_and_as_a_whole(gateway: str) -> None:
    """SERVING for both names, NOT_FOUND for a service that is not here."""
    with grpc.insecure_channel(gateway) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", "dnstide.api.v1.Dnstide"):
            found = stub.Check(health_pb2.HealthCheckRequest(service=name)).status
            assert found == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health_pb2.HealthCheckRequest(service="other"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("wanted", [True, False])
def test_reflection_is_there_on_demand_only(small_dir: Path, wanted: bool) -> None:
    """A scanner learns nothing unless the operator says so."""
    with (
        running_gateway(small_dir, reflection=wanted) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        if wanted:
            (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=10)
            names = {service.name for service in answer.list_services_response.service}
            assert "dnstide.api.v1.Dnstide" in names
        else:
            with pytest.raises(grpc.RpcError) as caught:
                list(stub.ServerReflectionInfo(iter([request]), timeout=10))
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


class Gate:
    """Holds every answer of a gateway's shards back until it is opened."""

    def __init__(self, running: Any) -> None:
        self.open, self.waiting = threading.Event(), threading.Semaphore(0)
        for member in running.gateway.pool.members.values():
            shard = member.client.transport.shard
            shard.answer = self._held(shard.answer)

    def _held(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        def wait(*arguments: Any) -> Any:
            self.waiting.release()
            assert self.open.wait(30)
            return answer(*arguments)

        return wait


def test_one_question_too_many_is_refused_at_once(small_dir: Path, ask: Callable[..., Any]) -> None:
    """With max_inflight 2 the third gets RESOURCE_EXHAUSTED while two wait; afterwards there is room
    again.
    """
    one_day = {"span": {"start": {"seconds": FIRST_DAY}, "stop": {"seconds": FIRST_DAY + DAY}}}
    with running_gateway(small_dir, shards=1, max_inflight=2) as running:
        gate = Gate(running)
        answers: list[Any] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(ask(running.address, names=["x.example"], **one_day))
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
            assert gate.waiting.acquire(timeout=10)
        refused = ask(running.address, names=["x.example"], **one_day)
        assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_QUESTIONS")
        assert refused.of(error_details_pb2.RetryInfo)
        gate.open.set()
        for thread in threads:
            thread.join()
        # Whoever waits long is told of the progress first.
        assert [sum(not m.HasField("progress") for m in answer) for answer in answers] == [1, 1]
        assert len(ask(running.address, names=["x.example"], **one_day)) == 1


def test_a_slow_answer_is_preceded_by_progress(small_dir: Path) -> None:
    """Progress comes while shards are at work, and the answer is whole afterwards."""
    with running_gateway(small_dir) as running, grpc.insecure_channel(running.address) as channel:
        gate = Gate(running)
        stub = service_pb2_grpc.DnstideStub(channel)
        stream = stub.QueryVolume(volume_pb2.QueryVolumeRequest(names=["www.example.com"]), timeout=30)
        first = next(stream)
        assert dict(stream.initial_metadata())["dnstide-version"]  # told before the end, which may be far
        assert (first.progress.tables_asked, first.progress.tables_answered) == (60, 0)
        assert first.progress.shards_pending == 2
        gate.open.set()
        rest = list(stream)
    assert rest[-1].summary.tables_answered == 60
    assert sum(len(message.axis.starts) for message in rest) > 0


def test_a_deadline_ends_the_call_and_the_work(small_dir: Path, ask: Callable[..., Any]) -> None:
    """The caller hears DEADLINE_EXCEEDED, and the place of the question is free again."""
    with running_gateway(small_dir) as running:
        gate = Gate(running)
        refused = ask(running.address, timeout=0.3, names=["www.example.com"])
        assert refused.code is grpc.StatusCode.DEADLINE_EXCEEDED
        wait_until(lambda: running.gateway.admission.inflight == 0)
        gate.open.set()


def test_the_servers_own_deadline_holds_for_a_call_without_one(
    small_dir: Path, ask: Callable[..., Any]
) -> None:
    """Told with its reason, since it is the server who gives up."""
    with running_gateway(small_dir, default_deadline=0.3) as running:
        gate = Gate(running)
        refused = ask(running.address, timeout=None, names=["www.example.com"])
        assert (refused.code, refused.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        gate.open.set()


def test_a_partial_answer_arrives_within_the_deadline(small_dir: Path, ask: Callable[..., Any]) -> None:
    """Under the partial policy the answer comes in time, its tables named SHARD_TIMEOUT and unreachable."""
    with running_gateway(small_dir) as running:
        gate = Gate(running)
        messages = ask(
            running.address,
            timeout=1.0,
            names=["www.example.com"],
            failure_policy=common_pb2.FAILURE_POLICY_PARTIAL,
        )
        gate.open.set()
    summary = messages[-1].summary
    assert not summary.complete
    assert {failure.code for failure in summary.failures} == {"SHARD_TIMEOUT"}
    assert (summary.tables_asked, summary.tables_answered, summary.failures_total) == (60, 0, 60)
    (axis,) = [message.axis for message in messages if message.HasField("axis")]
    assert common_pb2.COVERAGE_UNREACHABLE in axis.coverage


def test_a_caller_who_goes_away_frees_the_shards(small_dir: Path) -> None:
    """A cancelled call cancels its questions at every shard."""
    with running_gateway(small_dir) as running, grpc.insecure_channel(running.address) as channel:
        cancelled: list[str] = []
        for member in running.gateway.pool.members.values():
            member.client.transport.shard.cancel = cancelled.append
        gate = Gate(running)
        stub = service_pb2_grpc.DnstideStub(channel)
        stream = stub.QueryVolume(volume_pb2.QueryVolumeRequest(names=["www.example.com"]), timeout=30)
        for _ in range(2):
            assert gate.waiting.acquire(timeout=10)
        stream.cancel()
        wait_until(lambda: len(cancelled) == 2)
        wait_until(lambda: running.gateway.admission.inflight == 0)
        gate.open.set()


async def test_questions_at_once_share_calls_and_all_get_their_own_answer(gateway: str) -> None:
    """200 questions at a time, each about another name, are answered each with its own count."""
    async with grpc.aio.insecure_channel(gateway) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)

        async def one(day: int) -> tuple[int, list[int]]:
            request = volume_pb2.QueryVolumeRequest(names=[f"once-{day % 60}.example.org"])
            *_, message = [message async for message in stub.QueryVolume(request)]  # progress may come first
            (series,) = message.series
            return day, [message.axis.starts[series.buckets[0]], *series.counts]

        for day, found in await asyncio.gather(*(one(day) for day in range(200))):
            assert found == [FIRST_DAY + day % 60 * DAY, 1]


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Fails unless the condition comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
