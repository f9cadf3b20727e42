"""The metadata that travel beside messages."""

from __future__ import annotations

VERSION_KEY = "dnstide-version"
"""The server's version, in the trailers of every call; ahead of a message that is not the last, too."""

REQUEST_ID_KEY = "dnstide-request-id"
"""A name for the call that the server's log has too, in the trailers of every call."""

DETAILS_KEY = "grpc-status-details-bin"
"""The google.rpc.Status of an error, in the trailers of a call that failed."""
