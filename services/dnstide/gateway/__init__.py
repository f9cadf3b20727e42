"""The gRPC gateway: plans a question, asks shards behind Ray, merges and streams the answer.

`Settings` are read from DNSTIDE_* and keywords; `run(settings)` serves until a signal and gives the exit
code; `Gateway` is the same in parts, for an event loop that is already there.
"""

from dnstide.gateway.config import Settings
from dnstide.gateway.process import run
from dnstide.gateway.server import Gateway
from dnstide.gateway.startup import GatewayError

__all__ = ["Gateway", "GatewayError", "Settings", "run"]
