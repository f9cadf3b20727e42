"""Podman in a corner of its own: storage under ~/.cache, and namespaces in which it leaves the machine's
network alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dnstide-image"
ROOT = Path(__file__).parents[2]
BASE = "python:3.11-slim-bookworm"
IMAGE = f"dnstide:{(ROOT / 'VERSION').read_text().strip()}"

CONTAINERS = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=16384:16384"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = f"""[storage]
driver = "overlay"
graphroot = "{HOME}/store"
runroot = "{HOME}/run"
"""
# Where version 1 of the cgroups is mounted beside version 2, crun takes neither.
_HOLD = "umount /sys/fs/cgroup/unified 2>/dev/null; ip link set lo up; echo up; exec sleep infinity"

# The libraries that the Python of the official image links.
_LIBRARIES = (
    "ca-certificates,netbase,tzdata,libssl3,libffi8,libsqlite3-0,libbz2-1.0,liblzma5,libreadline8,libncursesw6,"
    "libuuid1,libexpat1,zlib1g,libgdbm6,libnsl2,libtirpc3,libcrypt1"
)


def missing() -> str:
    """What this machine lacks for building and running images; empty where it lacks nothing."""
    if os.geteuid() != 0:
        return "needs root"
    programs = ("podman", "buildah", "crun", "debootstrap", "unshare", "nsenter", "ip")
    absent = [name for name in programs if shutil.which(name) is None]
    if absent:
        return f"needs {', '.join(absent)}"
    tried = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True)
    return "needs the right to make namespaces" if tried.returncode else ""


class Podman:
    """Runs commands in the namespaces of one process, which ends with `namespaces()`."""

    def __init__(self, holder: int) -> None:
        self.holder = holder

    def run(
        self, *words: str | Path, network: bool = True, check: bool = True, seconds: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """The command with what it printed, errors last; network: in that of the bridge of containers."""
        enter = ["nsenter", "-t", str(self.holder), "-m", *(["-n"] if network else []), f"--wd={ROOT}"]
        done = subprocess.run(
            [*enter, *map(str, words)], capture_output=True, text=True, timeout=seconds, env=_environment()
        )
        assert not check or done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def podman(self, *words: str | Path, check: bool = True) -> str:
        """What it printed; its errors are those of a machine without systemd."""
        return self.run("podman", *words, check=check).stdout.strip()

    def logs(self, name: str) -> str:
        """What the container has logged."""
        done = self.run("podman", "logs", name)
        return done.stdout + done.stderr

    def build(self) -> None:
        """The image, of this tree; layers that did not change are taken from the last time."""
        if self.run("podman", "image", "exists", BASE, check=False).returncode:
            pulled = self.run("podman", "pull", "-q", f"docker.io/library/{BASE}", network=False, check=False)
            if pulled.returncode:
                self._import_base()
        command = "buildah bud --format docker --isolation chroot --network host --pull=never --layers -f"
        words = [*command.split(), "deploy/Dockerfile", "-t", IMAGE, "."]
        self.run(*words, network=False, seconds=1800)

    def _import_base(self) -> None:
        """A stand-in for the official image, where no registry is reached: Debian and the Python of this
        process.
        """
        assert sys.version_info[:2] == (3, 11), f"a stand-in for {BASE} is made of Python 3.11"
        assert Path(sys.base_prefix) != Path("/usr"), "Debian's own Python cannot be copied into an image"
        folder = HOME / "base"
        make_base(folder)
        archive = HOME / "base.tar"
        subprocess.run(["tar", "-C", folder, "-cf", archive, "."], check=True)
        self.run("podman", "import", "-q", archive, BASE, network=False, seconds=600)
        archive.unlink()


def debian(folder: Path, packages: str) -> None:
    """A minimal Debian with these packages, and what reaches the registries as this machine does."""
    source = next(Path("/etc/apt/sources.list.d").glob("debian.sources"))
    mirror = next(line.split()[1] for line in source.read_text().splitlines() if line.startswith("URIs:"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(folder), mirror]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=900)
    shutil.copy(source, folder / "etc/apt/sources.list.d/")
    (folder / "etc/apt/sources.list").write_text("")
    ours = Path("/etc/ssl/certs/ca-certificates.crt")
    shutil.copy(ours, folder / ours.relative_to("/"))
    (folder / "etc/pip.conf").write_text(f"[global]\ncert = {ours}\n")
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")


def make_base(folder: Path) -> None:
    """Debian, with the Python of this process in /usr/local."""
    debian(folder, _LIBRARIES)
    prefix, local = Path(sys.base_prefix), folder / "usr/local"
    for part in ("include", "lib", "share"):
        shutil.copytree(
            prefix / part,
            local / part,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("site-packages", "test", "__pycache__"),
        )
    library = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    shutil.copy(prefix / "bin" / python, local / "bin" / python)
    for name in ("python3", "python"):
        (local / "bin" / name).symlink_to(python)
    subprocess.run(["chroot", folder, "ldconfig"], check=True)
    subprocess.run(["chroot", folder, python, "-m", "ensurepip"], check=True, capture_output=True)
    (local / "bin/pip").unlink(missing_ok=True)
    (local / "bin/pip").symlink_to("pip3")
    assert (local / library / "site-packages").is_dir()
    subprocess.run(["chroot", folder, "apt-get", "clean"], check=True)


@contextmanager
def namespaces() -> Iterator[Podman]:
    """Mounts and a network of our own, gone at the end with all that runs in them."""
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "containers.conf").write_text(CONTAINERS)
    (HOME / "storage.conf").write_text(STORAGE)
    command = ["unshare", "-m", "-n", "--propagation", "private", "bash", "-c", _HOLD]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        podman = Podman(holder.pid)
        yield podman
        podman.run("podman", "rm", "-af", "-t", "0", check=False)
    finally:
        holder.kill()
        holder.wait()


def _environment() -> dict[str, str]:
    ours = {
        "CONTAINERS_CONF": str(HOME / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(HOME / "storage.conf"),
    }
    return {**os.environ, **ours}
