"""A name with several addresses, as that of a headless service: every server gets its share of the calls."""

from concurrent import futures
from typing import Any

import grpc
from dnstide.client.channel import channel_options
from grpc_health.v1 import health_pb2, health_pb2_grpc


class Counting(health_pb2_grpc.HealthServicer):
    """Answers, and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls += 1
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def test_calls_are_shared_out() -> None:
    """Both servers are asked; when one ends, the other has all, and none fails."""
    servers, counts, ports = [], [Counting(), Counting()], []
    for counting in counts:
        server = grpc.server(futures.ThreadPoolExecutor(1))
        health_pb2_grpc.add_HealthServicer_to_server(counting, server)
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        server.start()
        servers.append(server)
    target = f"ipv4:{','.join(f'127.0.0.1:{port}' for port in ports)}"
    with grpc.insecure_channel(target, options=channel_options("127.0.0.1:1")) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        while min(counting.calls for counting in counts) < 5:
            check(health_pb2.HealthCheckRequest(), timeout=30)
        servers[0].stop(None).wait()
        before = counts[1].calls
        for _ in range(5):
            check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)
        assert counts[1].calls == before + 5
    servers[1].stop(None).wait()
