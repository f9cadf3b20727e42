"""The Ray skin over `Shard`. It holds no logic of its own: a shard in a cluster is the shard of the tests.

Two concurrency groups: `ask` for questions, `control` for what must get through while questions run. Ray
never restarts the actor: a caller then learns of its death at once, asks another shard, and makes a new
actor.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from dnstide.shard.channel import ChannelServer, machine
from dnstide.shard.directory import TableStatus
from dnstide.shard.partial import Partial, ShardError
from dnstide.shard.question import ShardQuestion
from dnstide.shard.ranking.background import Summarizer, summarize_some
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope
from dnstide.shard.shard import BLOCK_CACHE_BYTES, Shard
from dnstide.shard.wire import PlanReader, pack_answers, read_questions
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

ASK_CALLS = 6
CONTROL_CALLS = 3
SLIVER_OF_CPU = 0.01  # an actor without any resource lands on a random node


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a new actor says of itself. `channel` is the address of its socket, for use on `machine` only."""

    pid: int
    threads: int
    machine: str
    channel: str


remote: Any = ray.remote  # its own types do not know concurrency groups


@remote(
    num_cpus=SLIVER_OF_CPU,
    max_restarts=0,
    max_task_retries=0,
    concurrency_groups={"ask": ASK_CALLS, "control": CONTROL_CALLS},
)
class ShardActor:
    """One shard's tables in a process of its own."""

    def __init__(
        self,
        mtbl_dir: str,
        threads: int,
        cache_dir: str | None = None,
        summarize: bool = False,
        block_cache_bytes: int = BLOCK_CACHE_BYTES,
    ) -> None:
        self._shard = Shard(mtbl_dir, threads, cache_dir, block_cache_bytes)
        self._summarizer = Summarizer(self._shard.ranker) if summarize else None
        self._threads = threads
        self._plans = PlanReader()
        names = ("cancel", "inventory", "open", "ping", "rank", "summarize")
        methods = {name: getattr(self, name) for name in names}
        self._channel = ChannelServer({**methods, "answer": self._answer_packed})

    @ray.method(concurrency_group="control")
    def greet(self) -> Greeting:
        """Returns once the actor is there."""
        return Greeting(os.getpid(), self._threads, machine(), self._channel.address)

    @ray.method(concurrency_group="ask")
    def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        """As `Shard.answer`."""
        return self._shard.answer(list(questions))

    @ray.method(concurrency_group="ask")
    def rank(self, question: RankQuestion) -> RankReply | ShardError:
        """As `Shard.rank`."""
        return self._shard.rank(question)

    @ray.method(concurrency_group="ask")
    def summarize(self, names: Sequence[str], most: int, scope: RankScope) -> int:
        """As `summarize_some`."""
        return summarize_some(self._shard.ranker, names, most, scope)

    def _answer_packed(self, packed: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return pack_answers(self._shard.answer(read_questions(packed, self._plans)))

    @ray.method(concurrency_group="control")
    def cancel(self, ids: Sequence[str]) -> None:
        """Stops the lookups of these questions; unknown ids are ignored."""
        for question in ids:
            self._shard.cancel(question)

    @ray.method(concurrency_group="control")
    def inventory(self) -> list[TableStatus]:
        """As `Shard.inventory`."""
        return self._shard.inventory()

    @ray.method(concurrency_group="control")
    def open(self, names: Sequence[str]) -> None:
        """As `Shard.open`; their summaries are made in the background."""
        self._shard.open(names)
        if self._summarizer is not None:
            self._summarizer.want(names)

    @ray.method(concurrency_group="control")
    def ping(self) -> None:
        """Returns at once."""


def start_actor(mtbl_dir: str, threads: int, node_id: str, **settings: Any) -> Any:
    """A new actor on that node. Returns its Ray handle at once; the reply to `greet` says that it is up.

    `settings` are the keyword arguments of `ShardActor`.
    """
    node = NodeAffinitySchedulingStrategy(node_id, soft=False)
    actor: Any = ShardActor  # Ray's decorator gives it what its type does not tell
    return actor.options(scheduling_strategy=node).remote(mtbl_dir, threads, **settings)
