"""A shard that can be asked: in this process, or behind Ray. The gateway knows no other difference."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from dnstide.shard import Partial, Shard, ShardError, ShardQuestion, TableStatus
from dnstide.shard.ranking.background import summarize_some
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope

T = TypeVar("T")
ASK_THREADS = 4
CONTROL_THREADS = 2


class ShardGoneError(Exception):
    """The shard died or cannot be reached: another one must be asked."""

    def __init__(self, shard: str, reason: str) -> None:
        super().__init__(shard, reason)
        self.shard = shard
        self.reason = reason

    def __str__(self) -> str:
        return f"shard {self.shard} is gone: {self.reason}"


class ShardHandle(Protocol):
    """One shard. Every method raises ShardGoneError once the shard is lost."""

    name: str
    node: str
    threads: int
    pid: int

    async def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        """One answer for each question, in their order."""

    async def rank(self, question: RankQuestion) -> RankReply | ShardError:
        """The answer to one ask of a ranking."""

    async def summarize(self, names: Sequence[str], most: int, scope: RankScope) -> int:
        """As `summarize_some`."""

    async def cancel(self, ids: Sequence[str]) -> None:
        """Stops the lookups of these questions; unknown ids are ignored."""

    async def inventory(self) -> list[TableStatus]:
        """The tables that the shard sees now."""

    async def open(self, names: Sequence[str]) -> None:
        """Opens tables ahead of the questions. A table that does not open shows in the inventory."""

    async def ping(self) -> None:
        """Returns as soon as the shard's control thread does."""

    async def close(self) -> None:
        """Lets the shard go. Never raises."""


class LocalShardHandle:
    """A shard in threads of this process."""

    def __init__(
        self,
        name: str,
        mtbl_dir: str | Path,
        threads: int = 1,
        node: str = "local",
        cache_dir: str | Path | None = None,
    ) -> None:
        self.name = name
        self.node = node
        self.threads = threads
        self.pid = os.getpid()
        self.shard = Shard(mtbl_dir, threads, cache_dir)
        self._ask = ThreadPoolExecutor(ASK_THREADS, thread_name_prefix=f"{name}-ask")
        self._control = ThreadPoolExecutor(CONTROL_THREADS, thread_name_prefix=f"{name}-control")
        self._closed = False

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise ShardGoneError(self.name, "it was closed")
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    async def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        return await self._run(self._ask, lambda: self.shard.answer(list(questions)))

    async def rank(self, question: RankQuestion) -> RankReply | ShardError:
        return await self._run(self._ask, lambda: self.shard.rank(question))

    async def summarize(self, names: Sequence[str], most: int, scope: RankScope) -> int:
        return await self._run(self._ask, lambda: summarize_some(self.shard.ranker, names, most, scope))

    async def cancel(self, ids: Sequence[str]) -> None:
        await self._run(self._control, lambda: self._cancel_all(ids))

    def _cancel_all(self, ids: Sequence[str]) -> None:
        for question in ids:
            self.shard.cancel(question)

    async def inventory(self) -> list[TableStatus]:
        return await self._run(self._control, self.shard.inventory)

    async def open(self, names: Sequence[str]) -> None:
        await self._run(self._control, lambda: self.shard.open(names))

    async def ping(self) -> None:
        await self._run(self._control, lambda: None)

    async def close(self) -> None:
        self._closed = True
        self._ask.shutdown(wait=False, cancel_futures=True)
        self._control.shutdown(wait=False, cancel_futures=True)
