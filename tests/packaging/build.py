"""Builds the distributions with the tools of this environment: no registry is asked, nothing is isolated."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.packaging.imports import HOMES, ROOT

VERSION = (ROOT / "VERSION").read_text().strip()

_HOOK = "import importlib, sys; importlib.import_module(sys.argv[1]).build_sdist(sys.argv[2])"


def project(home: str) -> dict[str, dict[str, str]]:
    """The pyproject.toml of the distribution in that folder."""
    return tomllib.loads((ROOT / home / "pyproject.toml").read_text())


def file_name(home: str) -> str:
    """The first part of the names of the distribution's files."""
    return project(home)["project"]["name"].replace("-", "_")


def build_wheels(folder: Path, sources: Iterable[Path | str] = HOMES) -> dict[str, Path]:
    """A wheel of each source, a folder or an sdist, by the distribution's folder. Raises CalledProcessError.

    The native build is the one that is lying in `workers/build`, where there is one.
    """
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    paths = [str(ROOT / source) for source in sources]
    subprocess.run([*command, "-w", str(folder), *paths], check=True, env=environment)
    return {home: next(folder.glob(f"{file_name(home)}-{VERSION}-*.whl")) for home in HOMES}


def build_sdists(folder: Path) -> dict[str, Path]:
    """An sdist of each distribution, by its folder. Raises CalledProcessError."""
    for home in HOMES:
        backend = str(project(home)["build-system"]["build-backend"])
        subprocess.run([sys.executable, "-c", _HOOK, backend, str(folder)], cwd=ROOT / home, check=True)
    return {home: folder / f"{file_name(home)}-{VERSION}.tar.gz" for home in HOMES}
