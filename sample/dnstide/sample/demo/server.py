"""A gateway of its own for the demo: started, waited for, and ended with everything that it started."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dnstide.client import Client
from dnstide.model.errors import DnstideError, ServerUnreachable

READY_SECONDS = 120.0
"""Ray takes some seconds to start, on a busy machine many."""
STOP_SECONDS = 20.0
"""The gateway has nothing to drain; it is killed when it is still there after this."""
LOG_LINES = 12
_MARK = "DNSTIDE_DEMO_RUN"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class DemoGateway:
    """`dnstide serve` over a directory, on a free loopback port, with two shard actors.

    Its processes carry a mark in their environment, so those that outlive it (daemons of Ray after a kill)
    are found and ended too. What they write lies in a folder of its own that goes away with them.
    """

    def __init__(self, directory: Path, shards: int = 2) -> None:
        self._mark = secrets.token_hex(8)
        # Short, because Ray puts Unix sockets under it and their paths end at 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="dnstide-"))
        self._log = self._folder / "gateway.log"
        self.address = f"127.0.0.1:{_free_port()}"
        self.arguments = [
            "serve",
            "--mtbl-dir",
            str(directory),
            "--listen",
            self.address,
            "--shards",
            str(shards),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises DnstideError with the end of its log."""
        settings = {k: v for k, v in os.environ.items() if not k.startswith(("DNSTIDE_", "RAY_"))}
        settings |= {
            _MARK: self._mark,
            "RAY_TMPDIR": str(self._folder),
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dnstide.cli", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=settings,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is ours alone: the gateway is asked to end, then waited for
            )
        self._wait(time.monotonic() + READY_SECONDS)

    def _wait(self, end: float) -> None:
        process = self._process
        assert process is not None
        with Client(self.address) as client:
            while True:
                if process.poll() is not None:
                    raise DnstideError(
                        f"the gateway ended with exit code {process.returncode}:\n{self._tail()}"
                    )
                try:
                    client.wait_until_ready(1.0)
                    return
                except DnstideError:
                    if time.monotonic() > end:
                        raise ServerUnreachable(
                            f"the gateway is not ready after {READY_SECONDS:g} s:\n{self._tail()}"
                        ) from None

    def _tail(self) -> str:
        try:
            lines = _STYLE.sub("", self._log.read_text(errors="replace")).splitlines()
        except OSError:
            return ""
        return "\n".join(line[:300] for line in lines[-LOG_LINES:])

    def stop(self) -> None:
        """End the gateway and whatever it started. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._end_leftovers()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end_leftovers(self) -> None:
        """Daemons of Ray follow the gateway by themselves within a moment; the rest is ended."""
        end = time.monotonic() + 3.0
        while remaining := marked(self._mark):
            late = time.monotonic() > end
            for pid in remaining if late else ():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.05)
            if late and time.monotonic() > end + 5.0:
                return


def marked(mark: str) -> list[int]:
    """Find the living processes whose environment carries the mark of one run."""
    wanted = f"{_MARK}={mark}".encode()
    pids = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                pids.append(int(entry.name))
        except OSError:  # gone meanwhile, or not ours
            continue
    return pids


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
