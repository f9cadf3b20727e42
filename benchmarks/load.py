"""Concurrent questions against a running gateway, sent by h2load (nghttp2), which costs little itself."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dnstide.api.v1.volume_pb2 import QueryVolumeRequest
from rounds import Times

METHOD = "/dnstide.api.v1.Dnstide/QueryVolume"


@dataclass(frozen=True)
class Load:
    """What one run of h2load saw: questions a second, seconds per question, bytes of one answer."""

    clients: int
    per_second: float
    latency: Times
    answer_bytes: float

    def __str__(self) -> str:
        return (
            f"{self.clients:>3} clients: {self.per_second:7.0f} questions/s, "
            f"p50 {self.latency.median * 1e3:7.2f} ms, p99 {self.latency.quantile(0.99) * 1e3:7.2f} ms"
        )


def run(address: str, request: QueryVolumeRequest, clients: int, questions: int) -> Load:
    """`questions` copies of `request` from `clients` connections that each wait for their answer.

    Raises RuntimeError unless every call succeeded. An error would travel in trailers, without a message, so
    `answer_bytes` tells whether answers came.
    """
    message = request.SerializeToString()
    with tempfile.TemporaryDirectory() as scratch:
        body, log = Path(scratch, "body"), Path(scratch, "log")
        body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
        command = [
            "h2load",
            "-n",
            str(questions),
            "-c",
            str(clients),
            "-m",
            "1",
            "-d",
            str(body),
            f"--log-file={log}",
        ]
        headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        done = subprocess.run(
            [*command, *headers, f"http://{address}{METHOD}"], capture_output=True, text=True, check=True
        )
        rows = [line.split("\t") for line in log.read_text().splitlines()]
    per_second = re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", done.stdout)
    succeeded = re.search(r"(\d+) succeeded", done.stdout)
    data_bytes = re.search(r"traffic: .*\((\d+)\) data", done.stdout)
    if per_second is None or succeeded is None or data_bytes is None or int(succeeded[1]) != questions:
        raise RuntimeError(f"h2load did not finish well:\n{done.stdout}{done.stderr}")
    latency = Times(tuple(int(row[2]) / 1e6 for row in rows))
    return Load(clients, float(per_second[1]), latency, int(data_bytes[1]) / questions)
