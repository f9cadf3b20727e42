"""How many questions are answered at once. One too many is refused at once: waiting would only make all
late.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from dnstide.gateway.pool import Pool
from dnstide.gateway.status import DrainingError, NotReadyError, OverloadError


class Admission:
    """A context manager around each question. Belongs to one event loop."""

    def __init__(self, pool: Pool, limit: int) -> None:
        self._pool = pool
        self._limit = limit
        self.inflight = 0
        self.draining = False
        self._idle = asyncio.Event()

    def check_ready(self) -> None:
        """Raises NotReadyError or DrainingError."""
        if self.draining:
            raise DrainingError("the server is shutting down")
        if not self._pool.ready:
            raise NotReadyError("the server is starting; its shards are not up yet")

    def __enter__(self) -> None:
        """Raises NotReadyError, DrainingError or OverloadError."""
        self.check_ready()
        if self.inflight >= self._limit:
            raise OverloadError(f"{self._limit} questions are under way, which is all this server takes")
        self.inflight += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.inflight -= 1
        if self.draining and not self.inflight:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Refuses new questions from now on, and waits for those under way, at most that long."""
        self.draining = True
        if self.inflight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), seconds)
