"""Running the command, in this process and as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from dnstide.cli.main import run


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def dnstide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Done]:
    """Runs a command line in this process, without the user's environment."""
    for name in [name for name in os.environ if name.startswith("DNSTIDE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / "no-config"))

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        streams = capsys.readouterr()
        return Done(code, streams.out, streams.err)

    return call


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts the real command as a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DNSTIDE_")}
    clean["XDG_CONFIG_HOME"] = str(tmp_path.parent / "no-config")

    def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": clean} | options
        return subprocess.Popen([sys.executable, "-m", "dnstide.cli", *map(str, arguments)], **options)

    return start


@pytest.fixture
def own_dir(small_dir: Path, tmp_path: Path) -> Path:
    """A copy of small_dir that a test may damage."""
    return Path(copytree(small_dir, tmp_path / "mtbl"))
