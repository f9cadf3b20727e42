"""Tables that are damaged, vanish or cannot be reached: exact statuses, and partial answers that say so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import common_pb2, info_pb2, service_pb2_grpc, tables_pb2
from dnstide.client import Client
from dnstide.engine import LocalEngine
from dnstide.gateway.member import ShardSpec
from dnstide.gateway.testing import LocalBackend, running_gateway
from dnstide.model.errors import AnswerIncomplete
from dnstide.model.granularity import Granularity
from dnstide.model.question import VolumeQuestion
from dnstide.model.vocabulary import FailurePolicy
from dnstide.model.volume import Volume
from dnstide.shard.client import ShardClient, ShardGoneError, Transport
from dnstide.shard.dispatch import ASK
from google.rpc import error_details_pb2

FIRST_DAY, DAY = 1_704_067_200, 86_400
PARTIAL = common_pb2.FAILURE_POLICY_PARTIAL
BAD = "dns.20240110.D.mtbl"
NAME = "www.example.com"


def local(directory: Path, policy: FailurePolicy = FailurePolicy.PARTIAL, **fields: Any) -> Volume:
    with LocalEngine(directory) as engine:
        return engine.volume(VolumeQuestion((NAME,), failure_policy=policy, **fields))


def same(messages: list[Any], expected: Volume) -> None:
    """The numbers and the marks of an answer are those of the engine."""
    (message,) = [message for message in messages if message.HasField("axis")]
    assert list(message.axis.starts) == expected.axis.edges[:-1].tolist()
    assert list(message.axis.coverage) == expected.axis.coverage.tolist()
    assert [list(s.counts) for s in message.series] == [s.counts.tolist() for s in expected.series]
    assert [(f.table, f.code) for f in message.summary.failures] == [
        (f.table, f.code) for f in expected.summary.failures
    ]
    assert message.summary.complete is expected.complete


@pytest.mark.parametrize("opened_before", [True, False])
def test_a_damaged_table_is_data_loss(
    tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any], opened_before: bool
) -> None:
    """Under the fail policy, with its name, code and offset, whether it broke before the start or while
    open.
    """
    if not opened_before:
        damage(tables / BAD)
    with running_gateway(tables) as running:
        if opened_before:
            damage(tables / BAD)
        refused = ask(running.address, names=[NAME])
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "BAD_CHECKSUM")
    (failure,) = refused.of(common_pb2.Failure)
    assert (failure.table, failure.code, failure.retryable) == (BAD, "BAD_CHECKSUM", False)
    assert failure.HasField("offset")
    assert BAD in refused.text
    assert not refused.of(error_details_pb2.RetryInfo)
    with pytest.raises(AnswerIncomplete) as caught:
        local(tables, FailurePolicy.FAIL)
    assert refused.text == str(caught.value)


def test_a_damaged_table_marks_its_bucket_in_a_partial_answer(
    tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any]
) -> None:
    """The other 59 tables answer, the bucket is DAMAGED, and the engine in process says the same."""
    with running_gateway(tables) as running:
        damage(tables / BAD)
        messages = ask(running.address, names=[NAME], failure_policy=PARTIAL)
    same(messages, local(tables))
    summary = messages[-1].summary
    assert not summary.complete
    assert (summary.tables_asked, summary.tables_answered, summary.failures_total) == (60, 59, 1)
    axis = messages[0].axis
    at = list(axis.starts).index(FIRST_DAY + 9 * DAY)
    assert axis.coverage[at] == common_pb2.COVERAGE_DAMAGED
    assert list(axis.coverage).count(common_pb2.COVERAGE_COMPLETE) == 59


def test_damage_met_by_a_question_is_known_to_the_catalog(
    tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any]
) -> None:
    """Also where another shard sees the same file and has not met it; a new file in its place is sound."""
    whole = (tables / BAD).read_bytes()
    with (
        running_gateway(tables, shards=2, rescan_seconds=1000) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        stub = service_pb2_grpc.DnstideStub(channel)
        damage(tables / BAD)
        ask(running.address, names=[NAME])
        running.call(running.gateway.supervisor.inventories.refresh)
        ask(running.address, names=[NAME])
        listed = stub.ListTables(tables_pb2.ListTablesRequest()).tables
        assert [table.name for table in listed if table.HasField("problem")] == [BAD]
        assert stub.GetServerInfo(info_pb2.GetServerInfoRequest()).tables_damaged == 1
        (tables / ".new").write_bytes(whole)
        (tables / ".new").rename(tables / BAD)
        running.call(running.gateway.supervisor.inventories.refresh)
        assert ask(running.address, names=[NAME])[-1].summary.complete
        assert stub.GetServerInfo(info_pb2.GetServerInfoRequest()).tables_damaged == 0


def test_a_question_that_does_not_need_the_damaged_table_is_answered(
    tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any]
) -> None:
    """Damage is nobody's business who asks for other days."""
    damage(tables / BAD)
    with running_gateway(tables) as running:
        (message,) = ask(running.address, names=[NAME], span={"start": {"seconds": FIRST_DAY + 20 * DAY}})
    assert message.summary.complete


def test_a_damaged_coarse_table_is_replaced_by_finer_ones(
    tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any]
) -> None:
    """January by its month table, which breaks while open: the 31 days answer for it, and nothing is
    missing.
    """
    import dns.name
    from dnstide.mtbl import DnstableWriter, Row

    month = tables / "dns.202401.M.mtbl"
    with DnstableWriter(month) as writer:
        name = dns.name.from_text("www.example.com.")
        count = sum(11 + day for day in range(31))
        writer.add(Row(name, 1, dns.name.root, (b"\x01\x02\x03\x04",), FIRST_DAY + 60, FIRST_DAY + 90, count))
    with running_gateway(tables) as running:
        fields = {"names": [NAME], "granularity": common_pb2.GRANULARITY_MONTH, "explain": True}
        (whole,) = ask(running.address, **fields)
        damage(month)
        (mended,) = ask(running.address, **fields)
    assert month.name in {entry.table for entry in whole.summary.plan if entry.used}
    assert month.name not in {entry.table for entry in mended.summary.plan if entry.used}
    assert mended.summary.complete
    assert list(mended.series[0].counts) == list(whole.series[0].counts)
    same([mended], local(tables, FailurePolicy.FAIL, granularity=Granularity.MONTH))


def test_a_table_that_vanished_is_still_expected(tables: Path, ask: Callable[..., Any]) -> None:
    """A question under way when the file goes does not take the gap for a zero."""
    with running_gateway(tables, rescan_seconds=1000) as running:
        for member in running.gateway.pool.members.values():
            member.client.transport.shard.close()
        (tables / BAD).unlink()
        refused = ask(running.address, names=[NAME])
        messages = ask(running.address, names=[NAME], failure_policy=PARTIAL)
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "TABLE_MISSING")
    (failure,) = refused.of(common_pb2.Failure)
    assert failure.table == BAD
    at = list(messages[0].axis.starts).index(FIRST_DAY + 9 * DAY)
    assert messages[0].axis.coverage[at] in (common_pb2.COVERAGE_DAMAGED, common_pb2.COVERAGE_NONE)


def test_days_merged_into_a_month_while_asked_are_counted_once(tables: Path, ask: Callable[..., Any]) -> None:
    """The exporter's daily work: a month appears and its days go. The answer before and after is the same."""
    from dnstide.mtbl import merge_tables

    fields = {"names": [NAME], "granularity": common_pb2.GRANULARITY_MONTH}
    with running_gateway(tables, rescan_seconds=1000) as running:
        (before,) = ask(running.address, **fields)
        days = sorted(tables.glob("dns.202401*.D.mtbl"))
        merge_tables(days, tables / "dns.202401.M.mtbl")
        for day in days:
            day.unlink()
        for member in running.gateway.pool.members.values():
            member.client.transport.shard.close()
        (after,) = ask(running.address, **fields)
    assert len(days) == 31
    assert after.summary.complete
    assert list(after.series[0].counts) == list(before.series[0].counts)


def test_a_new_table_is_found_by_the_rescan(tables: Path, ask: Callable[..., Any]) -> None:
    """Tables come while the server runs; nobody restarts it for them."""
    moved = tables.parent / BAD
    (tables / BAD).rename(moved)
    with running_gateway(tables) as running:
        assert ask(running.address, names=[NAME])[0].summary.tables_asked == 59
        moved.rename(tables / BAD)
        running.call(running.gateway.supervisor.inventories.refresh)
        assert ask(running.address, names=[NAME])[0].summary.tables_asked == 60


def test_a_damaged_copy_is_read_on_another_node(
    small_dir: Path, tables: Path, damage: Callable[[Path], None], ask: Callable[..., Any]
) -> None:
    """Two nodes with a copy each: every table of one of them is broken, and the answer is whole all the
    same.
    """
    for path in tables.glob("*.mtbl"):
        damage(path)
    backend = LocalBackend({"good": small_dir, "bad": tables}, shards=1)
    with running_gateway(small_dir, backend=backend) as running:
        (message,) = ask(running.address, names=[NAME])
    same([message], local(small_dir, FailurePolicy.FAIL))
    assert message.summary.complete


class Killed:
    """A transport that loses its shard with the first question."""

    def __init__(self, name: str, transport: Transport) -> None:
        self._name = name
        self._transport = transport

    async def call(self, method: str, *arguments: Any) -> Any:
        if method in ASK:
            raise ShardGoneError(self._name, "killed")
        return await self._transport.call(method, *arguments)

    async def close(self) -> None:
        await self._transport.close()


class DyingBackend(LocalBackend):
    """Shards that are lost in the middle of a question, as a killed process is; new ones come up well."""

    def __init__(self, nodes: dict[str, Path], die: set[str], shards: int = 2) -> None:
        super().__init__(nodes, shards)
        self.die = die
        self.started: list[str] = []

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        client = await super().start(spec, on_lost)
        if spec.name in self.die and spec.name not in self.started:
            client.transport = Killed(spec.name, client.transport)
        self.started.append(spec.name)
        return client


def test_another_shard_answers_for_one_that_died(small_dir: Path, ask: Callable[..., Any]) -> None:
    """The answer is complete and right, and a new shard is made in place of the dead one."""
    backend = DyingBackend({"local": small_dir}, {"local/0"})
    with running_gateway(small_dir, backend=backend) as running:
        (message,) = ask(running.address, names=[NAME])
        same([message], local(small_dir, FailurePolicy.FAIL))
        member = running.gateway.pool.members["local/0"]
        wait_until(lambda: member.restarts == 1)
        (again,) = ask(running.address, names=[NAME])
    assert backend.started == ["local/0", "local/1", "local/0"]
    assert again.summary.complete


def test_without_another_shard_the_answer_is_unavailable(small_dir: Path, ask: Callable[..., Any]) -> None:
    """The tables are named as unreachable, the call is worth a retry, and the retry works."""
    backend = DyingBackend({"local": small_dir}, {"local/0"}, shards=1)
    with running_gateway(small_dir, backend=backend) as running:
        refused = ask(running.address, names=[NAME])
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "SHARD_UNREACHABLE")
        assert refused.of(error_details_pb2.RetryInfo)
        assert {f.code for f in refused.of(common_pb2.Failure)} == {"SHARD_UNREACHABLE"}
        wait_until(lambda: running.gateway.pool.members["local/0"].restarts == 1)
        (again,) = ask(running.address, names=[NAME])
    assert again.summary.complete


def test_a_client_hears_nothing_of_a_shard_that_comes_back(small_dir: Path) -> None:
    """It asks again by itself what was refused as UNAVAILABLE, until the new shard answers."""
    backend = DyingBackend({"local": small_dir}, {"local/0"}, shards=1)
    with running_gateway(small_dir, backend=backend) as running, Client(running.address) as client:
        volume = client.volume(NAME)
    assert volume.complete
    assert volume.summary.tables_answered == 60
    assert len(backend.started) == 2


def test_unreachable_tables_mark_their_buckets_in_a_partial_answer(
    small_dir: Path, ask: Callable[..., Any]
) -> None:
    """UNREACHABLE, not DAMAGED: nothing is known about the tables themselves."""
    backend = DyingBackend({"local": small_dir}, {"local/0"}, shards=1)
    with running_gateway(small_dir, backend=backend) as running:
        messages = ask(running.address, names=[NAME], failure_policy=PARTIAL)
    assert set(messages[0].axis.coverage) <= {common_pb2.COVERAGE_UNREACHABLE, common_pb2.COVERAGE_PARTIAL}
    assert common_pb2.COVERAGE_UNREACHABLE in messages[0].axis.coverage
    assert messages[-1].summary.failures_total == 60


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Fails unless the condition comes true."""
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_table_answers_soon_after_it_is_renamed_into_its_place(
    tables: Path, ask: Callable[..., Any]
) -> None:
    """The change of the directory is told with a ping, and brings the rescan forward; so does a removal."""
    new = tables / "dns.20240101.D.mtbl"
    aside = tables / ".new"
    new.rename(aside)
    with running_gateway(tables, rescan_seconds=1000, watch_directory=True) as running:
        count = lambda: len(running.gateway.pool.catalog.tables)  # noqa: E731
        before = count()
        aside.rename(new)
        wait_until(lambda: count() == before + 1)
        assert ask(running.address, names=["www.example.com"])[-1].summary.tables_asked == 60
        new.unlink()
        wait_until(lambda: count() == before)
