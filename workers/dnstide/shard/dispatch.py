"""The methods by which a shard is asked from elsewhere, whichever way a call takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnstide.shard.directory import TableStatus
from dnstide.shard.partial import Partial, ShardError
from dnstide.shard.question import ShardQuestion
from dnstide.shard.ranking.background import Summarizer, summarize_some
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope
from dnstide.shard.shard import Shard

ASK = ("answer", "rank", "summarize")
"""Methods that can take long."""

CONTROL = ("cancel", "inventory", "open", "ping")
"""Methods that have to get through while all threads that ask are busy."""


class ShardDispatch:
    """Calls the methods in ASK and CONTROL by their names. Safe for several threads."""

    def __init__(self, shard: Shard, *, summarize: bool = False) -> None:
        """With `summarize`, the summaries of tables that are opened are made in the background."""
        self.shard = shard
        self._summarizer = Summarizer(shard.ranker) if summarize else None

    def call(self, method: str, arguments: Sequence[Any]) -> Any:
        """What the method returns or raises. Raises ValueError where there is no such method."""
        if method not in ASK and method not in CONTROL:
            raise ValueError(f"a shard has no method {method!r}")
        return getattr(self, method)(*arguments)

    def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        """As `Shard.answer`."""
        return self.shard.answer(list(questions))

    def rank(self, question: RankQuestion) -> RankReply | ShardError:
        """As `Shard.rank`."""
        return self.shard.rank(question)

    def summarize(self, names: Sequence[str], limit: int, scope: RankScope) -> int:
        """As `summarize_some`."""
        return summarize_some(self.shard.ranker, names, limit, scope)

    def cancel(self, ids: Sequence[str]) -> None:
        """Stop the work for these questions; unknown ids are remembered."""
        for question_id in ids:
            self.shard.cancel(question_id)

    def inventory(self) -> list[TableStatus]:
        """As `Shard.inventory`."""
        return self.shard.inventory()

    def open(self, names: Sequence[str]) -> None:
        """Open tables ahead of the questions. One that cannot be opened shows in the inventory."""
        self.shard.open(names)
        if self._summarizer is not None:
            self._summarizer.want(names)

    def ping(self) -> None:
        """Return at once."""
