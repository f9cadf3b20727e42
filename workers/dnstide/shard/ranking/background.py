"""Summaries made while nobody waits for them: one thread, one table at a time, at the lowest priority."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from dnstide.mtbl import Cancel, Stopped
from dnstide.shard.ranking.ranker import Ranker
from dnstide.shard.ranking.requests import RankScope

log = logging.getLogger(__name__)
_LOWEST_PRIORITY = 19


def summarize_some(ranker: Ranker, names: Sequence[str], limit: int, scope: RankScope) -> int:
    """Create at most `limit` missing summaries; return how many are still missing.

    There are none missing where summaries would not help a ranking of that scope.
    """
    missing = ranker.missing(names, scope)
    ranker.make(missing[:limit])
    return max(len(missing) - limit, 0)


class Summarizer:
    """Makes the summaries of the tables that it is told of, and ends with `close`."""

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker
        self._cancel = Cancel()
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._condition = threading.Condition()
        self._working = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="summaries", daemon=True)
        self._thread.start()

    def want(self, names: Iterable[str]) -> None:
        """Make summaries of these tables soon, unless they have one."""
        with self._condition:
            self._wanted.update(dict.fromkeys(names))
            self._condition.notify_all()

    @property
    def waiting(self) -> int:
        """How many tables are still to be looked at."""
        return len(self._wanted) + self._working

    def wait(self, seconds: float) -> bool:
        """Wait for all wanted summaries; return whether they were made within the time."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._wanted and not self._working, seconds)

    def close(self) -> None:
        """End the thread, between two blocks of the current table."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._cancel.cancel()
        self._thread.join()

    def _work(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            # On Linux a thread has a priority of its own.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        while True:
            with self._condition:
                self._working = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._wanted or self._closed)
                if self._closed:
                    return
                name, _ = self._wanted.popitem(last=False)
                self._working = True
            try:
                self._ranker.make([name], self._cancel, threads=1, must_keep=True)
            except Stopped:
                return
            except OSError:
                # The cache has logged it. Rankings make what they need; all summaries would fill the memory.
                with self._condition:
                    self._wanted.clear()
            except Exception:
                log.exception("the summary of %s failed", name)
