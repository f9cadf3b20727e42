"""The real command as a process: streams, signals and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import dnstide.cli
import pytest

WWW = "www.example.com"


def test_version_and_help_are_light(process) -> None:
    """Neither loads numpy, gRPC or what draws."""
    heavy = ("numpy", "grpc", "rich", "matplotlib", "ray", "dnstide.engine")
    for arguments in (["--version"], ["--help"], ["vot", "--help"]):
        code = (
            "import sys; from dnstide.cli.main import run; "
            f"code = run({arguments}); sys.exit(code or sum(m in sys.modules for m in {heavy}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("dnstide " if arguments == ["--version"] else "Usage: dnstide ")


def test_script_is_declared() -> None:
    """`dnstide` on the path is this command."""
    (folder,) = dnstide.cli.__path__
    project = tomllib.loads((Path(folder).parents[1] / "pyproject.toml").read_text())
    assert project["project"]["scripts"]["dnstide"] == "dnstide.cli.main:main"


def test_data_and_exit_code(process, small_dir) -> None:
    """Data on standard output, nothing else anywhere."""
    asked = process("vot", WWW, "--mtbl-dir", small_dir, "--start", "20240101", "--stop", "20240102")
    assert asked.communicate(timeout=60) == ("20240101 11\n20240102 12\n", "")
    assert asked.returncode == 0


def test_usage_error(process) -> None:
    """Wrong usage shows the usage, on standard error."""
    asked = process("vot")
    out, err = asked.communicate(timeout=60)
    assert (asked.returncode, out) == (2, "")
    assert err.startswith("Usage: dnstide vot [OPTIONS] NAME...")


def test_reader_goes_away(process, small_dir) -> None:
    """A closed pipe ends the command quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    asked = process("vot", WWW, "--mtbl-dir", small_dir, "--format", "json", stdout=writing)
    os.close(writing)
    _, err = asked.communicate(timeout=60)
    assert (asked.returncode, err) == (141, "")


@pytest.mark.parametrize("ask", ["server", "directory"])
def test_interrupt(ask, process, tmp_path) -> None:
    """Ctrl-C ends the command with 130 and one word, while it waits for whoever answers."""
    script = Path(__file__).with_name("interrupted.py")
    asked = subprocess.Popen(
        [sys.executable, str(script), ask, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asked.stdout is not None
    assert asked.stdout.readline() == "waiting\n"
    asked.send_signal(signal.SIGINT)
    out, err = asked.communicate(timeout=30)
    assert (asked.returncode, out, err) == (130, "", "\ndnstide: interrupted\n")


def test_names_that_are_not_utf8(process, small_dir) -> None:
    """Bytes of another encoding in a name are refused in words."""
    asked = process("vot", os.fsdecode(b"caf\xe9.example"), "--mtbl-dir", small_dir)
    out, err = asked.communicate(timeout=60)
    assert (asked.returncode, out) == (2, "")
    assert "is not UTF-8 text" in err


def test_file_names_that_are_not_utf8(process, tmp_path) -> None:
    """Such a file is listed all the same."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_text("")
    asked = process("tables", "--mtbl-dir", tmp_path)
    out, _ = asked.communicate(timeout=60)
    assert asked.returncode == 4
    assert "ignored" in out
