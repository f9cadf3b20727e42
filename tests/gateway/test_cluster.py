"""Shards behind a real local Ray cluster: the same answers, and what happens when processes die or hang."""

import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import common_pb2, service_pb2_grpc, volume_pb2
from dnstide.gateway import ray_cluster as cluster
from dnstide.gateway.member import State
from dnstide.gateway.testing import RunningGateway, running_gateway

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("ray_cluster")]

NAMES = ["www.example.com", "*.example.org", "nobody.example.net", "mail.example.com/MX"]


@pytest.fixture(scope="module", params=["direct", "calls"])
def over_ray(request: pytest.FixtureRequest, small_dir: Path, ray_cluster: None) -> Iterator[RunningGateway]:
    """A gateway with two actors, asked over the direct channel and by Ray calls."""
    from dnstide.gateway.ray_backend import RayBackend

    backend = RayBackend(str(small_dir), shards=2, threads=1, direct=request.param == "direct")
    with running_gateway(small_dir, backend=backend, ping_timeout=0.5) as running:
        yield running


def whole(messages: list[Any]) -> list[bytes]:
    """The messages without what is never the same twice, or depends on who else asks at the time."""
    for message in messages:
        for field in ("timings", "rows_read", "blocks_read"):
            message.summary.ClearField(field)
    # A slow answer is preceded by signs of progress.
    answer = [message for message in messages if not message.HasField("progress")]
    return [message.SerializeToString(deterministic=True) for message in answer]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"split_by_rrtype": True, "fill": True},
        {"granularity": common_pb2.GRANULARITY_MONTH, "explain": True},
        {"bucket_by": volume_pb2.BUCKET_BY_FILE, "smoothing": {"period": 7}},
    ],
)
def test_answers_are_those_of_shards_in_process(
    over_ray: RunningGateway, gateway: str, ask: Callable[..., Any], fields: dict[str, Any]
) -> None:
    """Byte for byte, whichever way the questions travel."""
    assert whole(ask(over_ray.address, names=NAMES, **fields)) == whole(ask(gateway, names=NAMES, **fields))


def test_every_actor_owns_its_share_and_has_it_open(over_ray: RunningGateway) -> None:
    """Two actors in processes of their own, with the tables they own open from the start."""
    pool = over_ray.gateway.pool
    members = list(pool.members.values())
    assert len({member.client.place.pid for member in members} | {os.getpid()}) == 3
    for member in members:
        statuses = over_ray.call(member.client.inventory)
        opened = {status.name for status in statuses if status.opened}
        assert {*pool.owned(member.spec.name)} <= opened
        assert len(pool.owned(member.spec.name)) >= 28


def test_the_cluster_and_its_actors_are_watched(over_ray: RunningGateway) -> None:
    """What Ray tells of nodes and actors, and what each actor tells of its own process."""
    gateway = over_ray.gateway

    def value(name: str, **labels: str) -> float | None:
        return gateway.metrics.registry.get_sample_value(name, labels)

    members = gateway.pool.members
    wait_until(lambda: all(member.load is not None for member in members.values()))
    assert (value("dnstide_ray_nodes", state="alive"), value("dnstide_ray_nodes", state="dead")) == (1, 0)
    # Those of this gateway; other tests of the session may have left some that are about to go.
    wait_until(lambda: (value("dnstide_ray_actors") or 0) >= len(members))
    looked = value("dnstide_ray_looked_timestamp_seconds")
    wait_until(lambda: value("dnstide_ray_looked_timestamp_seconds") != looked)
    for name, member in members.items():
        process = Path(f"/proc/{member.client.place.pid}")
        opened, memory = (
            value(f"dnstide_shard_{what}", shard=name) for what in ("open_fds", "resident_memory_bytes")
        )
        assert opened == pytest.approx(len(list((process / "fd").iterdir())), abs=20)
        pages = int((process / "statm").read_text().split()[1])
        assert memory == pytest.approx(pages * os.sysconf("SC_PAGE_SIZE"), rel=0.5)


def test_actors_run_at_full_priority(over_ray: RunningGateway) -> None:
    """Ray's workers are nice 15 by default, and would starve beside anything else."""
    for member in over_ray.gateway.pool.members.values():
        assert os.getpriority(os.PRIO_PROCESS, member.client.place.pid) == os.getpriority(os.PRIO_PROCESS, 0)


def test_a_killed_actor_costs_no_answer(
    over_ray: RunningGateway, ask: Callable[..., Any], gateway: str
) -> None:
    """SIGKILL under load, twice: every answer is complete and right, and a new actor takes the place."""
    expected = whole(ask(gateway, names=NAMES))
    member, _ = over_ray.gateway.pool.members.values()
    for _ in range(2):
        restarts, victim = member.restarts, member.client.place.pid
        answers: list[Any] = []

        def load(answers: list[Any] = answers, restarts: int = restarts) -> None:
            while len(answers) < 200 and member.restarts == restarts:
                answers.append(ask(over_ray.address, names=NAMES))

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda answers=answers: len(answers) >= 5)
        os.kill(victim, signal.SIGKILL)
        for thread in threads:
            thread.join()
        wait_until(lambda restarts=restarts: member.restarts > restarts and member.state is State.ALIVE)
        assert [whole(answer) for answer in answers] == [expected] * len(answers)
        assert member.client.place.pid != victim
    assert whole(ask(over_ray.address, names=NAMES)) == expected


def test_a_hung_actor_is_passed_over_and_taken_back(
    over_ray: RunningGateway, ask: Callable[..., Any], gateway: str
) -> None:
    """SIGSTOP is death without a sign: the ping finds it, the other shard answers, SIGCONT brings it back."""
    expected = whole(ask(gateway, names=NAMES))
    _, member = over_ray.gateway.pool.members.values()
    victim = member.client.place.pid
    os.kill(victim, signal.SIGSTOP)
    try:
        messages = ask(over_ray.address, names=NAMES)
        assert whole([message for message in messages if not message.HasField("progress")]) == expected
        assert member.state is State.SILENT
    finally:
        os.kill(victim, signal.SIGCONT)
    wait_until(lambda: member.state is State.ALIVE)
    assert member.client.place.pid == victim


def test_a_cancel_reaches_the_native_loop(tmp_path: Path, ray_cluster: None) -> None:
    """A question of many seconds is cancelled by its caller, and the actor's CPU falls idle at once."""
    import dns.name
    from dnstide.gateway.ray_backend import RayBackend
    from dnstide.mtbl import DnstableWriter, Row

    with DnstableWriter(tmp_path / "dns.20240101.D.mtbl", compression="none", sync=False) as writer:
        for i in range(40_000):
            name = dns.name.from_text(f"{i:05}.example.com.")
            writer.add(Row(name, 1, dns.name.root, (b"\x01\x02\x03\x04",), 1_704_067_300, 1_704_067_300, 1))
    for day in range(2, 30):
        os.link(tmp_path / "dns.20240101.D.mtbl", tmp_path / f"dns.202401{day:02}.D.mtbl")
    backend = RayBackend(str(tmp_path), shards=1, threads=1)
    with (
        running_gateway(tmp_path, backend=backend) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        stub = service_pb2_grpc.DnstideStub(channel)
        (member,) = running.gateway.pool.members.values()
        names = [f"*.{i:05}.example.com" for i in range(4_000)] + ["*.example.com"] * 1
        names += [f"*.example.com/TYPE{1 + i}" for i in range(2_000)]
        stream = stub.QueryVolume(volume_pb2.QueryVolumeRequest(names=names), timeout=60)
        assert next(stream).HasField("progress")
        assert busy(member.client.place.pid)
        stream.cancel()
        wait_until(lambda: not busy(member.client.place.pid))
        assert running.gateway.admission.inflight == 0


def busy(pid: int) -> bool:
    """Whether the process uses most of a core for a tenth of a second."""

    def ticks() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.2)
    return ticks() - before >= 4


def test_the_cluster_listens_on_loopback_and_asks_for_a_token(ray_cluster: None) -> None:
    """Nobody else on the network, and nobody without the token; the token file is for its owner only."""
    assert [node.address for node in cluster.look().nodes] == ["127.0.0.1"]
    assert os.environ["RAY_AUTH_MODE"] == "token"
    if not os.environ.get("RAY_AUTH_TOKEN"):
        path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Fails unless the condition comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
