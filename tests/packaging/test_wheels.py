"""The wheels of all distributions, and the client installed alone: no Ray, no engine, no compiler."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.build import VERSION, build_wheels, project
from tests.packaging.imports import HOMES, ROOT

CLIENT = ("model", "protos", "clients")
"""The distributions that `pip install dnstide` brings."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All wheels, by the folder of their distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    found = build_wheels(folder)
    assert len(list(folder.iterdir())) == len(HOMES)
    return found


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_wheels_share_the_namespace_and_no_file(wheels: dict[str, Path]) -> None:
    """The wheels can lie in one site-packages: all in `dnstide/`, nothing twice, none at its top."""
    seen: set[str] = set()
    for wheel in wheels.values():
        files = names(wheel)
        assert files
        assert not files & seen
        assert all(name.startswith("dnstide/") and name.count("/") >= 2 for name in files), sorted(files)
        seen |= files


def test_only_the_workers_are_compiled(wheels: dict[str, Path]) -> None:
    """The others install anywhere."""
    for home, wheel in wheels.items():
        compiled = [name for name in names(wheel) if name.endswith(".so")]
        if home == "workers":
            assert {"_native", "_writer"} <= {name.split("/")[-1].split(".")[0] for name in compiled}
            assert not [name for name in names(wheel) if name.endswith((".cc", ".h"))]
        else:
            assert not compiled
            assert wheel.name.endswith("-py3-none-any.whl")


def test_every_package_says_that_it_is_typed(wheels: dict[str, Path]) -> None:
    """py.typed beside each package, or type checkers ignore its annotations."""
    for wheel in wheels.values():
        files = names(wheel)
        packages = {"/".join(name.split("/")[:2]) for name in files}
        assert packages
        assert {f"{package}/py.typed" for package in packages} <= files


def closure(wheel: Path) -> set[str]:
    """Distributions that the wheel needs, by what it and they declare, without extras."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
    declared = [
        line.removeprefix("Requires-Dist: ")
        for line in text.splitlines()
        if line.startswith("Requires-Dist: ")
    ]
    pending = [Requirement(line) for line in declared]
    found: set[str] = set()
    while pending:
        requirement = pending.pop()
        key = canonicalize_name(requirement.name)
        if key in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(key)
        pending += [Requirement(line) for line in metadata.requires(key) or ()]
    return found


@pytest.fixture(scope="module")
def alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the client's wheels and nothing but what they declare; returns its bin folder.

    Third-party distributions are linked from this environment, so no registry is asked.
    """
    home = tmp_path_factory.mktemp("alone")
    venv.create(home, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    needed = closure(wheels["clients"])
    ours = {key for key in needed if key.startswith("dnstide")}
    assert ours | {"dnstide"} == {project(part)["project"]["name"] for part in CLIENT}
    for key in sorted(needed - ours):
        for file in metadata.files(key) or ():
            top = file.parts[0]
            if top != ".." and not (site / top).exists():
                (site / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)
    target = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(home / "bin" / "python"),
        "install",
        "-q",
        "--no-deps",
    ]
    subprocess.run([*target, *(str(wheels[part]) for part in CLIENT)], check=True)
    return home / "bin"


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "NO_COLOR": "1"}
    return subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, env=clean, timeout=60, cwd="/"
    )


def test_the_client_alone_brings_neither_ray_nor_the_engine(alone: Path) -> None:
    """What the layers forbid is not there to be imported."""
    code = """
import importlib.util, dnstide.client, dnstide.cli.main
from dnstide.api.v1 import service_pb2_grpc
absent = ("ray", "matplotlib", "dnstide.mtbl", "dnstide.engine", "dnstide.gateway")
print([name for name in absent if importlib.util.find_spec(name)])
"""
    done = run(alone / "python", "-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_the_command_of_the_client_alone(alone: Path) -> None:
    """Help and version work; a server is asked for; what is missing is named with the way to get it."""
    assert "vot" in run(alone / "dnstide", "--help").stdout
    assert VERSION in run(alone / "dnstide", "--version").stdout
    refused = run(alone / "dnstide", "vot", "www.example.com", "--server", "127.0.0.1:1")
    assert refused.returncode == 1, refused.stderr
    assert "127.0.0.1:1" in refused.stderr
    for arguments in (
        ("vot", "www.example.com", "--mtbl-dir", "/tmp"),
        ("demo",),
        ("serve", "--mtbl-dir", "/tmp"),
    ):
        missing = run(alone / "dnstide", *arguments)
        assert missing.returncode == 1, missing
        assert "pip install 'dnstide[" in missing.stderr


def test_one_version_for_all() -> None:
    """What is installed here is what VERSION says, and the changelog knows it."""
    assert {metadata.version(project(home)["project"]["name"]) for home in HOMES} == {VERSION}
    assert f"## [{VERSION}]" in (ROOT / "CHANGELOG.md").read_text()
