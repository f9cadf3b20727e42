"""How many questions are answered at once. One too many is refused at once: waiting would only make all
late.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from dnstide.gateway.pool import Pool
from dnstide.model.errors import ServerBusy, ServerNotReady


class Admission:
    """A context manager around each question. Belongs to one event loop."""

    def __init__(self, pool: Pool, limit: int) -> None:
        self._pool = pool
        self.limit = limit
        self.inflight = 0
        self.draining = False
        self._idle = asyncio.Event()

    def check_ready(self) -> None:
        """Raises ServerNotReady."""
        if self.draining:
            raise ServerNotReady("the server is shutting down", "DRAINING")
        if not self._pool.ready:
            raise ServerNotReady(self._pool.problem)

    def __enter__(self) -> None:
        """Raises ServerNotReady or ServerBusy."""
        self.check_ready()
        if self.inflight >= self.limit:
            raise ServerBusy(f"{self.limit} questions are under way, which is all this server takes")
        self.inflight += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.inflight -= 1
        if self.draining and not self.inflight:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Refuse new questions from now on, and wait for those under way, at most that long."""
        self.draining = True
        if self.inflight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), seconds)
