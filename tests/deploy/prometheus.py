"""A real Prometheus, and its promtool: Debian's, installed or as `make test` unpacks them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".venv" / "unpacked" / "usr" / "bin"


def program(name: str) -> str:
    """Where prometheus or promtool lies."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED))
    if found is None:
        pytest.fail(f"{name} is missing; `make test` brings it")
    return found


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs, and answers at HOST:PORT."""

    address: str

    def get(self, path: str, **parameters: str) -> Any:
        """What the HTTP API has under /api/v1. Fails where it tells of an error."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        with urlopen(f"http://{self.address}/api/v1/{path}{query}") as response:
            reply = json.load(response)
        assert reply["status"] == "success", reply
        return reply["data"]

    def values(self, expression: str) -> list[float]:
        """The values of an expression now, without those that are no number."""
        result = self.get("query", query=expression)["result"]
        return [value for sample in result if not isnan(value := float(sample["value"][1]))]


@contextmanager
def running_prometheus(directory: Path, targets: list[str], rules: Path) -> Iterator[Prometheus]:
    """One that scrapes the targets twice a second, with these rules."""
    config = directory / "prometheus.yml"
    config.write_text(
        json.dumps(
            {
                "global": {
                    "scrape_interval": "500ms",
                    "scrape_timeout": "500ms",
                    "evaluation_interval": "1s",
                },
                "rule_files": [str(rules)],
                "scrape_configs": [{"job_name": "dnstide", "static_configs": [{"targets": targets}]}],
            }
        )  # JSON is YAML
    )
    log = directory / "prometheus.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stderr=file,
            stdout=file,
        )
    try:
        yield Prometheus(_address(process, log))
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        text = log.read_text()
        found = re.search(r'msg="Listening on" address=(\S+)', text)
        if found and "Server is ready to receive web requests" in text:
            return found[1]
        time.sleep(0.05)
    pytest.fail(f"Prometheus did not start:\n{log.read_text()}")
