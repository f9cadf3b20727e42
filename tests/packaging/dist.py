"""Builds what a release consists of into dist/, and installs it: `make dist`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.packaging.build import VERSION, build_sdists, build_wheels
from tests.packaging.imports import ROOT

DIST = ROOT / "dist"


def main() -> None:
    """Exits with an error where anything of it does not work."""
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    sdists = build_sdists(DIST)
    wheels = build_wheels(DIST)
    with tempfile.TemporaryDirectory() as folder:
        again = build_wheels(Path(folder), sdists.values())
        for home, wheel in wheels.items():
            if names(wheel) != names(again[home]):
                sys.exit(f"{home}: the wheel of the tree and that of its sdist hold different files")
    files = sorted(map(str, DIST.iterdir()))
    checked = subprocess.run([sys.executable, "-m", "twine", "check", *files], capture_output=True, text=True)
    if checked.returncode:
        sys.exit(checked.stdout + checked.stderr)
    with tempfile.TemporaryDirectory() as folder:
        said = installed(Path(folder), list(wheels.values()))
    if VERSION not in said:
        sys.exit(f"`dnstide --version` says {said!r}, which is not {VERSION}")
    print(f"dist/ holds {len(files)} files of {said}")


def names(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def installed(home: Path, wheels: list[Path]) -> str:
    """What `dnstide --version` says in a fresh environment that holds the wheels and all that they need."""
    venv.create(home, with_pip=True)
    environment = {
        **os.environ,
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, *map(str, wheels)], check=True, env=environment)
    command = [str(home / "bin" / "dnstide"), "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=home).stdout.strip()


if __name__ == "__main__":
    main()
