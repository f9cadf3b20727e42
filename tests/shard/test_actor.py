"""The actor is a thin skin: what it says is what its shard says, and control gets through while it is
asked.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from dnstide.mtbl import LookupQuery
from dnstide.shard import Partial, Shard, ShardError, ShardPlan, ShardQuestion
from dnstide.shard.actor import ASK_CALLS, start_actor
from dnstide.shard.channel import machine

pytestmark = pytest.mark.cluster

FIRST_DAY, DAY = 1_704_067_200, 86_400
WWW = LookupQuery(b"\0\3com\7example\3www\0")
ALL = LookupQuery(b"\0", wildcard=True)


@pytest.fixture(scope="module")
def actor(ray_cluster: None, small_dir: Path) -> Iterator[Any]:
    """An actor over small_dir."""
    actor = start_actor(str(small_dir), 1, ray.get_runtime_context().get_node_id())
    yield actor
    ray.kill(actor)


def question(id: str, tables: tuple[str, ...], queries: int = 1) -> ShardQuestion:
    edges = np.array([FIRST_DAY, FIRST_DAY + 60 * DAY], "<i8").tobytes()
    return ShardQuestion(id, ShardPlan(tables, None, edges), (WWW, *[ALL] * (queries - 1)), False, 60.0)


def test_it_greets_with_what_a_gateway_needs(actor: Any) -> None:
    """Its process, its threads, and a channel on this machine."""
    greeting = ray.get(actor.greet.remote())
    assert (greeting.threads, greeting.machine) == (1, machine())
    assert Path(f"/proc/{greeting.pid}").exists()
    assert greeting.channel.startswith("\0dnstide-")


def test_it_answers_as_its_shard_does(actor: Any, small_dir: Path) -> None:
    """The same columns for the same questions, a missing table included."""
    asked = [
        question("a", ("dns.20240101.D.mtbl", "dns.20240102.D.mtbl")),
        question("b", ("dns.20240103.D.mtbl", "dns.20990101.D.mtbl"), 2),
    ]
    answers = ray.get(actor.ask.remote("answer", asked))
    expected = Shard(small_dir, 1).answer(asked)
    for answer, other in zip(answers, expected, strict=True):
        assert isinstance(answer, Partial)
        assert isinstance(other, Partial)
        assert answer.count.tolist() == other.count.tolist()
        assert (answer.rows, answer.answered, answer.failures) == (other.rows, other.answered, other.failures)
    assert [partial.answered for partial in answers] == [2, 1]
    assert [failure.code for failure in answers[1].failures] == ["TABLE_MISSING"]


def test_its_inventory_shows_what_it_opened(actor: Any) -> None:
    """Tables opened on demand stay open."""
    ray.get(actor.control.remote("open", ["dns.20240110.D.mtbl"]))
    statuses = {status.name: status for status in ray.get(actor.control.remote("inventory"))}
    assert len(statuses) == 62
    assert statuses["dns.20240110.D.mtbl"].opened


def test_a_cancel_gets_through_while_all_asking_threads_are_busy(actor: Any, small_dir: Path) -> None:
    """Control has threads of its own: questions of many seconds in every thread end as soon as they are
    cancelled.
    """
    tables = tuple(sorted(path.name for path in small_dir.glob("*.D.mtbl")))
    ids = [f"long-{i}" for i in range(ASK_CALLS)]
    calls = [actor.ask.remote("answer", [question(id, tables, 200_000)]) for id in ids]
    done, _ = ray.wait(calls, timeout=0.5)
    assert not done
    ray.get(actor.control.remote("cancel", ids), timeout=10)
    for answers in ray.get(calls, timeout=10):
        assert [(type(answer), answer.code) for answer in answers] == [(ShardError, "CANCELLED")]


def test_a_call_may_be_cancelled_before_it_arrives(actor: Any) -> None:
    """A cancel that overtakes its question is remembered."""
    ray.get(actor.control.remote("cancel", ["early"]))
    (answer,) = ray.get(actor.ask.remote("answer", [question("early", ("dns.20240101.D.mtbl",))]))
    assert isinstance(answer, ShardError)
    assert answer.code == "CANCELLED"


def test_a_dead_actor_is_known_at_once(ray_cluster: None, small_dir: Path) -> None:
    """Ray does not restart it, so the caller of a running call hears within moments, not seconds."""
    mortal = start_actor(str(small_dir), 1, ray.get_runtime_context().get_node_id())
    ray.get(mortal.control.remote("ping"))
    tables = tuple(sorted(path.name for path in small_dir.glob("*.D.mtbl")))
    call = mortal.ask.remote("answer", [question("x", tables, 200_000)])
    threading.Timer(0.3, ray.kill, (mortal,)).start()
    with pytest.raises(ray.exceptions.ActorDiedError):
        ray.get(call, timeout=20)
    time.sleep(0.1)
    with pytest.raises(ray.exceptions.ActorDiedError):
        ray.get(mortal.control.remote("ping"), timeout=20)
