"""The name of the request that is being answered, for whoever works for it: logs, and ids at the shards."""

from __future__ import annotations

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("dnstide_request_id", default="")
"""It is set by the frame around each RPC. Tasks and threads that work for a request inherit it."""
