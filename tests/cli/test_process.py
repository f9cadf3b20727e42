"""The real command as a process: streams, signals and exit codes."""

from __future__ import annotations

import os
import shlex
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


SHELL = {"vot": (WWW,), "top": ("3",), "tables": (), "analyze": ("gaps", WWW)}
"""What each command is asked with, of the same directory."""


def shell(
    redirection: str, command: str, directory: Path, *, env: dict[str, str] | None = None, program="cli"
):
    """Runs the command in a shell with a redirection of its streams: exit code, output and messages."""
    words = [sys.executable, "-m", f"dnstide.{program}", command, *SHELL.get(command, ())]
    if command in SHELL:
        words += ["--mtbl-dir", str(directory)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DNSTIDE_")}
    done = subprocess.run(
        ["/bin/bash", "-c", f"{shlex.join(words)} {redirection}"],
        env=clean | (env or {}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", [*SHELL, "--help", "--version"])
@pytest.mark.parametrize("redirection", [">&-", "> /dev/full"])
def test_output_that_cannot_be_written(redirection: str, command: str, small_dir: Path) -> None:
    """One line says so and the exit code tells it; there is no traceback."""
    code, out, err = shell(redirection, command, small_dir)
    reason = "No space left on device" if "full" in redirection else "Bad file descriptor"
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("dnstide: error: ")
    assert reason in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.parametrize("command", SHELL)
@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", "<&-", "<&- 2>&-"])
def test_messages_that_nobody_can_read_are_no_end_of_an_answer(
    redirection: str, command: str, small_dir: Path
) -> None:
    """The answer arrives as it does otherwise, and no message is among the data."""
    sound = shell("", command, small_dir)
    assert sound[1]
    assert shell(redirection, command, small_dir)[:2] == sound[:2]


def test_files_do_not_take_the_place_of_a_closed_stream(small_dir: Path, tmp_path: Path) -> None:
    """A file that is opened first gets the lowest free number, which a message must not go to."""
    picture = tmp_path / "picture.svg"
    words = [sys.executable, "-m", "dnstide.cli", "vot", WWW, "nosuch.example", "--mtbl-dir", str(small_dir)]
    line = f"{shlex.join([*words, '--plot', str(picture)])} >&- 2>&- <&-"
    subprocess.run(["/bin/bash", "-c", line], timeout=60)
    assert "dnstide:" not in picture.read_text() if picture.exists() else True
    for path in small_dir.iterdir():
        assert b"dnstide: " not in path.read_bytes()


def test_names_from_a_standard_input_that_is_closed(small_dir: Path, process) -> None:
    """It is refused in words."""
    words = [sys.executable, "-m", "dnstide.cli", "vot", "-f", "-", "--mtbl-dir", str(small_dir)]
    done = subprocess.run(
        ["/bin/bash", "-c", f"{shlex.join(words)} <&-"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Bad file descriptor" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX", "TERM": "dumb"}, {"NO_COLOR": "1"}],
)
@pytest.mark.parametrize("command", ["vot", "top"])
def test_a_poor_environment_gives_the_same_data(env: dict[str, str], command: str, small_dir: Path) -> None:
    """Neither the locale nor the terminal is part of an answer."""
    assert shell("", command, small_dir, env=env) == shell("", command, small_dir)


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 1, "Bad file descriptor"),
        ("> /dev/full", 1, "No space left on device"),
        ("2>&-", 0, ""),
        ("2> /dev/full", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_streams_of_the_drop_in(
    redirection: str, code: int, said: str, small_dir: Path, tmp_path: Path
) -> None:
    """The same for `vot`."""
    start = "from dnstide.cli.vot_pl import main; main()"
    words = [sys.executable, "-c", start, "--fqdn", WWW, "--mtbldir", str(small_dir)]
    done = subprocess.run(
        ["/bin/bash", "-c", f"{shlex.join(words)} {redirection}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
