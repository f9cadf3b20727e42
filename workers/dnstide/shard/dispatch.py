"""The methods by which a shard is asked from elsewhere, whichever way a call takes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from dnstide.shard.directory import DirectoryWatch, TableStatus
from dnstide.shard.load import ShardLoad
from dnstide.shard.partial import Partial, ShardError
from dnstide.shard.question import ShardQuestion
from dnstide.shard.ranking.background import Summarizer, summarize_some
from dnstide.shard.ranking.requests import RankQuestion, RankReply, RankScope
from dnstide.shard.shard import Shard

log = logging.getLogger(__name__)

ASK = ("answer", "digests", "rank", "summarize")
"""Methods that can take long."""

CONTROL = ("cancel", "inventory", "open", "ping")
"""Methods that have to get through while all threads that ask are busy."""


class ShardDispatch:
    """Calls the methods in ASK and CONTROL by their names. Safe for several threads."""

    def __init__(self, shard: Shard, *, summarize: bool = False) -> None:
        """With `summarize`, the summaries of tables that are opened are made in the background."""
        self.shard = shard
        self._summarizer = Summarizer(shard.ranker) if summarize else None
        self._directory = DirectoryWatch(shard.mtbl_dir)

    def call(self, method: str, arguments: Sequence[Any]) -> Any:
        """What the method returns or raises. Raises ValueError where there is no such method."""
        if method not in ASK and method not in CONTROL:
            raise ValueError(f"a shard has no method {method!r}")
        return getattr(self, method)(*arguments)

    def answer(self, questions: Sequence[ShardQuestion]) -> list[Partial | ShardError]:
        """As `Shard.answer`."""
        began = perf_counter()
        answers = self.shard.answer(list(questions))
        if log.isEnabledFor(logging.DEBUG):
            _log_answers(questions, answers, perf_counter() - began)
        return answers

    def rank(self, question: RankQuestion) -> RankReply | ShardError:
        """As `Shard.rank`."""
        began = perf_counter()
        reply = self.shard.rank(question)
        if log.isEnabledFor(logging.DEBUG):
            outcome = _outcome(reply, len(question.tables))
            log.debug(
                "ranking id=%s tables=%d %s ms=%.1f",
                question.id,
                len(question.tables),
                outcome,
                (perf_counter() - began) * 1000,
            )
        return reply

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

    def digests(self, names: Sequence[str]) -> list[int | None]:
        """As `Shard.digests`."""
        return self.shard.digests(names)

    def open(self, names: Sequence[str]) -> None:
        """Open tables ahead of the questions. One that cannot be opened shows in the inventory."""
        self.shard.open(names)
        if self._summarizer is not None:
            self._summarizer.want(names)

    def ping(self) -> ShardLoad:
        """What the shard holds and does now. Returns at once."""
        load = replace(self.shard.load, directory_changed_ns=self._directory.changed_ns)
        if self._summarizer is None:
            return load
        return replace(load, summaries=replace(load.summaries, waiting=self._summarizer.waiting))


def _log_answers(
    questions: Sequence[ShardQuestion], answers: Sequence[Partial | ShardError], seconds: float
) -> None:
    """A line for each question; those that travelled together share the time."""
    for question, answer in zip(questions, answers, strict=True):
        tables = len(question.plan.tables)
        log.debug(
            "question id=%s names=%d tables=%d %s ms=%.1f",
            question.id,
            len(question.queries),
            tables,
            _outcome(answer, tables),
            seconds * 1000,
        )


def _outcome(reply: Partial | RankReply | ShardError, tables: int) -> str:
    if isinstance(reply, ShardError):
        return f"refused={reply.code}"
    read = f" rows={reply.rows} blocks={reply.blocks}" if isinstance(reply, Partial) else ""
    return f"answered={tables - len(reply.failures)} failed={len(reply.failures)}{read}"
