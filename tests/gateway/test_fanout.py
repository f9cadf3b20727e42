"""Every kind of question takes the one road to the shards: what one shard lacks, another one answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import service_pb2_grpc
from dnstide.codec.analysis import analysis_request
from dnstide.codec.analysis import findings as findings_of
from dnstide.codec.top import TopReader, top_request
from dnstide.codec.volume import VolumeReader, volume_request
from dnstide.engine import LocalEngine
from dnstide.gateway.member import ShardSpec, State
from dnstide.gateway.testing import LocalBackend, RunningGateway, running_gateway
from dnstide.model.question import AnalysisQuestion, TopQuestion, VolumeQuestion
from dnstide.model.vocabulary import Analysis
from dnstide.shard.client import ShardClient, ShardGoneError, Transport
from dnstide.shard.dispatch import ASK

from tests.gateway.conftest import Refused

VOLUME = VolumeQuestion(("www.example.com", "*.example.org"))
TOP = TopQuestion(5)
ANALYSIS = AnalysisQuestion(VOLUME, Analysis.SHAPE)
KINDS = ("volume", "top", "analysis")


def told(kind: str, answer: Any) -> Any:
    """What an answer says, without what it took to find it."""
    match kind:
        case "volume":
            return [
                (s.name, s.buckets.tolist(), s.counts.tolist()) for s in answer
            ], answer.axis.coverage.tolist()
        case "top":
            ranks = [(rank.rank, rank.name, rank.count, rank.share) for rank in answer]
            return ranks, answer.summary.total_count, answer.summary.tables_asked
        case _:
            return answer.series


def expected(kind: str, directory: Path, cache: Path) -> Any:
    """What the engine says in process."""
    with LocalEngine(directory, 1, cache) as engine:
        match kind:
            case "volume":
                return told(kind, engine.volume(VOLUME))
            case "top":
                return told(kind, engine.top(TOP))
            case _:
                return told(kind, engine.analyze(ANALYSIS))


def asked(kind: str, address: str, timeout: float = 20.0) -> Any:
    """The answer of a server, or how it refused."""
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)
        reader: VolumeReader | TopReader
        try:
            match kind:
                case "volume":
                    reader = VolumeReader(VOLUME)
                    for message in stub.QueryVolume(volume_request(VOLUME), timeout=timeout):
                        reader.feed(message)
                    return reader.finish()
                case "top":
                    reader = TopReader(TOP)
                    for message in stub.RankNames(top_request(TOP), timeout=timeout):
                        reader.feed(message)
                    return reader.finish()
                case _:
                    message = stub.AnalyzeVolume(analysis_request(ANALYSIS), timeout=timeout)
                    return findings_of(ANALYSIS, message)
        except grpc.RpcError as error:
            return Refused.by(error)


class Counting:
    """A transport that counts what a shard is asked, and can lose the shard or let it hang."""

    def __init__(self, name: str, transport: Transport) -> None:
        self._name = name
        self._transport = transport
        self.tables: Counter[str] = Counter()
        self.lost = False

    async def call(self, method: str, *arguments: Any) -> Any:
        if method in ASK:
            if self.lost:
                raise ShardGoneError(self._name, "killed")
            questions = arguments[0] if method == "answer" else []
            self.tables.update(table for question in questions for table in question.plan.tables)
        return await self._transport.call(method, *arguments)

    async def close(self) -> None:
        await self._transport.close()


class CountingBackend(LocalBackend):
    """Shards whose transports count, and that are not made anew."""

    def __init__(self, nodes: dict[str, Path], cache_dir: Path) -> None:
        super().__init__(nodes, shards=1, cache_dir=cache_dir)
        self.started: set[str] = set()

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        if spec.name in self.started:
            raise OSError("no memory")
        self.started.add(spec.name)
        client = await super().start(spec, on_lost)
        client.transport = Counting(spec.name, client.transport)
        return client


@contextmanager
def two_nodes(a: Path, b: Path, cache: Path, **settings: Any) -> Iterator[RunningGateway]:
    """A gateway over two pretended nodes with a copy of the tables each, and one shard on each."""
    backend = CountingBackend({"A": a, "B": b}, cache)
    with running_gateway(b, backend=backend, rescan_seconds=1000, **settings) as running:
        yield running


def transport(running: RunningGateway, shard: str) -> Counting:
    client = running.gateway.pool.members[shard].client
    assert client is not None
    assert isinstance(client.transport, Counting)
    return client.transport


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("every", [1, 2])
def test_damage_on_one_node_costs_no_answer(
    kind: str, every: int, small_dir: Path, tables: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """All tables of node A are damaged, or every second one: those of node B are sound, and the answer is
    whole, again and again.
    """
    for path in sorted(tables.glob("*.mtbl"))[::every]:
        damage(path)
    whole = expected(kind, small_dir, tmp_path / "engine")
    with two_nodes(tables, small_dir, tmp_path / "cache") as running:
        for _ in range(2):
            answer = asked(kind, running.address)
            assert not isinstance(answer, Refused), answer.text
            assert answer.summary.complete
            assert answer.summary.tables_answered == answer.summary.tables_asked
            assert told(kind, answer) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_shard_costs_no_answer(kind: str, small_dir: Path, tables: Path, tmp_path: Path) -> None:
    """Node A is lost with the first call, B answers for it, and A is known to be dead."""
    whole = expected(kind, small_dir, tmp_path / "engine")
    with two_nodes(tables, small_dir, tmp_path / "cache", ping_seconds=1000) as running:
        transport(running, "A/0").lost = True
        answer = asked(kind, running.address)
        assert not isinstance(answer, Refused), answer.text
        assert answer.summary.complete
        assert told(kind, answer) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_copy_and_a_lost_one_make_no_answer(
    kind: str, small_dir: Path, tables: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """The tables of A are damaged and B is lost: the question is refused, not answered in part."""
    for path in tables.glob("*.mtbl"):
        damage(path)
    with two_nodes(tables, small_dir, tmp_path / "cache", ping_seconds=1000) as running:
        transport(running, "B/0").lost = True
        refused = asked(kind, running.address)
    assert isinstance(refused, Refused)
    assert refused.code in (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE)


def test_each_copy_is_asked_once(
    small_dir: Path, tables: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """A table that is damaged at A is asked of B once, and none that A answered for is asked of B."""
    bad = {path.name for path in sorted(tables.glob("*.D.mtbl"))[::2]}
    for name in bad:
        damage(tables / name)
    with two_nodes(tables, small_dir, tmp_path / "cache") as running:
        answer = asked("volume", running.address)
        at_a, at_b = transport(running, "A/0").tables, transport(running, "B/0").tables
    assert answer.summary.complete
    assert set((at_a + at_b).values()) <= {1, 2}
    assert max(at_a.values()) == max(at_b.values()) == 1
    assert at_a.keys() & at_b.keys() <= bad
    assert at_a.keys() & at_b.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_damage_everywhere_is_data_loss(
    kind: str, small_dir: Path, tables: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Where no copy is sound there is no answer, and the error names what was met."""
    for path in tables.glob("*.mtbl"):
        damage(path)
    with two_nodes(tables, tables, tmp_path / "cache") as running:
        refused = asked(kind, running.address)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "BAD_CHECKSUM")


@pytest.mark.parametrize("kind", KINDS)
def test_a_silent_shard_is_passed_over(kind: str, small_dir: Path, tables: Path, tmp_path: Path) -> None:
    """A hangs with its first question; the ping finds it, and B answers for it in time."""
    whole = expected(kind, small_dir, tmp_path / "engine")
    settings = {"ping_seconds": 0.05, "ping_timeout": 0.1}
    with two_nodes(tables, small_dir, tmp_path / "cache", **settings) as running:
        member = running.gateway.pool.members["A/0"]
        assert member.client is not None

        async def hang(method: str, *arguments: Any) -> Any:
            await asyncio.sleep(3600)

        member.client.transport.call = hang  # type: ignore[method-assign]
        answer = asked(kind, running.address)
        assert not isinstance(answer, Refused), answer.text
        assert member.state is State.SILENT
        assert told(kind, answer) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_damage_beside_a_shard_that_hangs(
    kind: str, tables: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """The look at the directories that damage brings about waits for no shard that says nothing."""
    settings = {"ping_seconds": 0.05, "ping_timeout": 0.1}
    for path in tables.glob("*.mtbl"):
        damage(path)
    with running_gateway(tables, cache_dir=tmp_path / "cache", **settings) as running:
        member = running.gateway.pool.members["local/0"]
        assert member.client is not None

        async def hang(method: str, *arguments: Any) -> Any:
            await asyncio.sleep(3600)

        member.client.transport.call = hang  # type: ignore[method-assign]
        rescan = asyncio.run_coroutine_threadsafe(
            running.gateway.supervisor.inventories.refresh(), running.loop
        )
        refused = asked(kind, running.address)
        assert member.state is State.SILENT
        assert rescan.done()
    assert isinstance(refused, Refused)
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "BAD_CHECKSUM")
