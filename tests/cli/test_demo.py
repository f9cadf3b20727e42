"""The demo as a user runs it: it answers, and leaves nothing running however it ends."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnstide.client import Client

pytestmark = pytest.mark.cluster

MARK = "TEST_OF_THE_DEMO"


class Demo:
    """A demo under way. Its environment, and so that of everything it starts, carries a mark."""

    def __init__(self, sample_dir: Path, cwd: Path, *arguments: str) -> None:
        self.mark = uuid.uuid4().hex
        self.output = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dnstide.cli", "demo", "--directory", str(sample_dir), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, MARK: self.mark, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "90"},
        )

    def read_until(self, text: str) -> None:
        """Reads the output up to the line that holds the text."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if text in line:
                return
        pytest.fail(f"{text!r} never came: {self.output}{self._process.communicate()[1]}")

    def end(self, number: int) -> int:
        """Sends the signal, reads what is left and gives the exit code."""
        self._process.send_signal(number)
        rest, errors = self._process.communicate(timeout=90)
        self.output += rest + errors
        return self._process.returncode

    def running(self) -> list[str]:
        """Command lines of the processes that carry the mark."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def started(sample_dir: Path, tmp_path: Path) -> Iterator[list[Demo]]:
    """Demos to be cleared away whatever happens."""
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        demo.kill()


def test_answers_and_leaves_nothing_behind(started: list[Demo], sample_dir: Path, tmp_path: Path) -> None:
    """The published lines come out over gRPC, the server stays with --keep, and Ctrl-C ends all of it."""
    demo = Demo(sample_dir, tmp_path, "--keep")
    started.append(demo)
    demo.read_until("the server answers at ")
    address = demo.output.split("the server answers at ")[1].split()[0]
    with Client(address) as client:
        info = client.info()
    assert len(info.shards) == 2
    assert len(demo.running()) > 4  # the gateway, two shards, Ray
    assert demo.end(signal.SIGINT) == 0, demo.output
    assert "20170831 1424 1426.85714285714" in demo.output
    assert "20181127 30519 26219.5714285714" in demo.output
    assert (
        "dnstide vot laveeneld.k12.az.us --start 2016-09-01 --stop 2017-08-31 --bucket-by first-seen "
        f"--smooth 14 --server {address}" in demo.output
    )
    assert "the answers are the published ones" in demo.output
    assert (tmp_path / "demo-output" / "districts.png").read_bytes().startswith(b"\x89PNG")
    assert demo.running() == []


def test_a_termination_while_it_starts_ends_everything(
    started: list[Demo], sample_dir: Path, tmp_path: Path
) -> None:
    """Ray's daemons are just being started when the signal comes."""
    demo = Demo(sample_dir, tmp_path)
    started.append(demo)
    end = time.monotonic() + 60
    while not any("gcs_server" in command for command in demo.running()):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert demo.end(signal.SIGTERM) == 128 + signal.SIGTERM, demo.output
    assert demo.running() == []


def test_tables_that_cannot_be_written(tmp_path: Path) -> None:
    """The message names the place; nothing is started, nothing is left half written."""
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "sample"
    done = subprocess.run(
        [sys.executable, "-m", "dnstide.cli", "demo", "--directory", str(target)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"cannot write sample tables to {target}" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
