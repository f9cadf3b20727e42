"""`python -m dnstide.client.probe HOST:PORT`: whether a server answers questions, for health checks of
containers.

It asks grpc.health.v1 in clear, and loads nothing that this does not need.
"""

from __future__ import annotations

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

PROBE_SECONDS = 3.0


def probe(address: str) -> str:
    """`SERVING`, `NOT_SERVING`, or why nothing is known."""
    with grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS
            )
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def main(arguments: list[str]) -> int:
    """0 for `SERVING`, 1 for anything else, 2 where it is not told what to ask."""
    if len(arguments) != 1:
        print("usage: python -m dnstide.client.probe HOST:PORT", file=sys.stderr)
        return 2
    said = probe(arguments[0])
    print(said)
    return 0 if said == "SERVING" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
