"""No call outlives its server: a gateway that is killed under a question ends the question."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dnstide.client import AsyncClient, Client, DeadlineExceeded, ServerUnreachable

STALLED = """
import threading
from concurrent.futures import ThreadPoolExecutor
import grpc
from dnstide.api.v1 import service_pb2_grpc

class Stalled(service_pb2_grpc.DnstideServicer):
    def stall(self, request, context):
        print("asked", flush=True)
        threading.Event().wait()

    def stall_stream(self, request, context):
        self.stall(request, context)
        yield

    QueryVolume = RankNames = stall_stream
    AnalyzeVolume = stall

server = grpc.server(ThreadPoolExecutor(8))
service_pb2_grpc.add_DnstideServicer_to_server(Stalled(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""
"""A server that takes every question and never answers."""

CALLS: dict[str, Callable[[Any], Any]] = {
    "volume": lambda client: client.volume("a.example", timeout=20),
    "top": lambda client: client.top(3, timeout=20),
    "analyze": lambda client: client.analyze("shape", "a.example", timeout=20),
}


@pytest.fixture
def stalled() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    process = subprocess.Popen([sys.executable, "-c", STALLED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, f"127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.wait()
    process.stdout.close()


def blocking(address: str, call: Callable[[Any], Any]) -> None:
    with Client(address) as client:
        call(client)


def awaited(address: str, call: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async with AsyncClient(address) as client:
            await call(client)

    asyncio.run(main())


@pytest.mark.parametrize("ask", [blocking, awaited], ids=["blocking", "aio"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_killed_server_ends_the_call(
    stalled: tuple[subprocess.Popen[str], str],
    ask: Callable[[str, Callable[[Any], Any]], None],
    call: Callable[[Any], Any],
) -> None:
    """Within the deadline, with an error that says what happened; a thread that stays would hang here."""
    process, address = stalled
    errors: list[BaseException] = []

    def run() -> None:
        try:
            ask(address, call)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGKILL)
    thread.join(60)
    assert not thread.is_alive()
    (error,) = errors
    assert isinstance(error, ServerUnreachable | DeadlineExceeded)
