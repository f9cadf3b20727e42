"""A shard as its callers see it: the methods of `dispatch`, over any transport."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from dnstide.shard.directory import TableStatus
from dnstide.shard.load import ShardLoad
from dnstide.shard.partial import Partial, ShardError
from dnstide.shard.question import ShardQuestion
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope


class ShardGoneError(Exception):
    """The shard died or cannot be reached: another one must be asked."""

    def __init__(self, shard: str, reason: str) -> None:
        super().__init__(shard, reason)
        self.shard = shard
        self.reason = reason

    def __str__(self) -> str:
        return f"shard {self.shard} is gone: {self.reason}"


class Transport(Protocol):
    """A way to one shard."""

    async def call(self, method: str, *arguments: Any) -> Any:
        """What the method returns or raises. Raises ShardGoneError once the shard is lost."""

    async def close(self) -> None:
        """Let the shard go. Never raises."""


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """Which shard it is, and where it runs. The name outlives its process."""

    name: str
    node: str
    threads: int
    pid: int


Observer = Callable[[str, float], None]
"""Is called with the method and the seconds of each call that ended, well or not."""


class ShardClient:
    """One shard. Every method but `close` raises ShardGoneError once the shard is lost."""

    def __init__(self, place: ShardPlace, transport: Transport, observer: Observer | None = None) -> None:
        self.place = place
        self.transport = transport
        self.observer = observer

    async def call(self, method: str, *arguments: Any) -> Any:
        """The one way of all calls."""
        began = perf_counter()
        try:
            return await self.transport.call(method, *arguments)
        finally:
            if self.observer is not None:
                self.observer(method, perf_counter() - began)

    async def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        """One answer for each question, in their order."""
        answers: list[Partial | ShardError] = await self.call("answer", list(questions))
        return answers

    async def rank(self, question: RankQuestion) -> RankReply | ShardError:
        """The answer to one request of a ranking."""
        reply: RankReply | ShardError = await self.call("rank", question)
        return reply

    async def summarize(self, names: Sequence[str], limit: int, scope: RankScope) -> int:
        """As `summarize_some`."""
        return int(await self.call("summarize", list(names), limit, scope))

    async def cancel(self, ids: Sequence[str]) -> None:
        """Stop the work for these questions."""
        await self.call("cancel", list(ids))

    async def inventory(self) -> list[TableStatus]:
        """The tables that the shard sees now."""
        statuses: list[TableStatus] = await self.call("inventory")
        return statuses

    async def digests(self, names: Sequence[str]) -> list[int | None]:
        """As `Shard.digests`."""
        digests: list[int | None] = await self.call("digests", list(names))
        return digests

    async def open(self, names: Sequence[str]) -> None:
        """Open tables ahead of the questions. One that cannot be opened shows in the inventory."""
        await self.call("open", list(names))

    async def ping(self) -> ShardLoad:
        """What the shard holds and does, as soon as one of its control threads says it."""
        load: ShardLoad = await self.call("ping")
        return load

    async def close(self) -> None:
        """Let the shard go. Never raises."""
        await self.transport.close()
