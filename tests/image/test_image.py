"""The image, built and run as hardened as a container can be: `make image-test`."""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.podman import IMAGE, ROOT, Podman, missing, namespaces

TLS = ROOT / "tests" / "gateway" / "tls"
DNSTIDE = str(Path(sys.executable).with_name("dnstide"))
HARDENED = [
    "--read-only",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
    "--tmpfs",
    "/tmp",
    "--shm-size",
    "256m",
    "--pids-limit",
    "4096",
    "--memory",
    "4g",
    "--memory-swap",
    "4g",
    "--stop-timeout",
    "45",
    "--network",
    "private",
]

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("DNSTIDE_IMAGE_TEST") != "1", reason="takes minutes: `make image-test` runs it"
    ),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    """Podman, with the image of this tree."""
    with namespaces() as ours:
        ours.build()
        yield ours


@pytest.fixture(scope="module")
def shared(small_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables and a certificate that the user of the container can read."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(small_dir, folder / "tables")
    shutil.copytree(TLS, folder / "tls")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def wait_healthy(podman: Podman, name: str, seconds: float = 120.0) -> None:
    """Until the image's own health check is content."""
    end = time.monotonic() + seconds
    while podman.run("podman", "healthcheck", "run", name, check=False).returncode:
        state = podman.podman("inspect", name, "--format", "{{.State.Status}}")
        assert state == "running", podman.logs(name)
        assert time.monotonic() < end, podman.logs(name)
        time.sleep(0.5)


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_it_serves_hardened(podman: Podman, shared: Path, tls: bool) -> None:
    """Nothing to write to, no right at all, and still it answers, is healthy, and ends in time with 0."""
    given = ["-v", f"{shared}/tables:/data:ro", "-v", f"{shared}/tls:/tls:ro", "-p", "127.0.0.1:8453:8453"]
    if tls:
        given += ["-e", "DNSTIDE_TLS_CERT=/tls/server.pem", "-e", "DNSTIDE_TLS_KEY=/tls/server.key"]
        given += ["-e", "DNSTIDE_ANONYMOUS=true"]
    words = ["serve", "--shards", "2"] if tls else ["serve", "--shards", "2", "--insecure"]
    name = podman.podman("run", "-d", *HARDENED, *given, IMAGE, *words)
    try:
        wait_healthy(podman, name)
        server = ["--server", "localhost:8453", *(["--ca", f"{TLS}/server.pem"] if tls else [])]
        day = ["--start", "20240101", "--stop", "20240102"]
        asked = podman.run(DNSTIDE, "vot", "www.example.com", *day, *server)
        assert asked.stdout == "20240101 11\n20240102 12\n"
        status = podman.podman("exec", name, "cat", "/proc/1/status")
        assert re.search(r"^Uid:\t10001\t10001", status, re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
        assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
        touched = podman.run("podman", "exec", name, "touch", "/home/dnstide/x", check=False)
        assert "Read-only file system" in touched.stderr
        kept = podman.podman("exec", name, "find", "/var/cache/dnstide", "-type", "f")
        assert kept, "no summary was kept"
        podman.podman("stop", name)
        ended = podman.podman("inspect", name, "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}")
        assert ended == "0 false", podman.logs(name)
        assert "Traceback" not in podman.logs(name)
    finally:
        podman.podman("rm", "-f", "-t", "0", "-v", name)


def test_it_does_not_serve_others_in_clear_unasked(podman: Podman, shared: Path) -> None:
    """Without a certificate it ends, says what to do, and with the code of a wrong setting."""
    done = podman.run(
        "podman", "run", "--rm", *HARDENED, "-v", f"{shared}/tables:/data:ro", IMAGE, check=False
    )
    assert done.returncode == 2
    assert "set --tls-cert and --tls-key, or --insecure" in " ".join(done.stderr.split())


def test_what_is_in_it(podman: Podman) -> None:
    """Our version on the label, its user, no compiler, and no more than it needs."""
    (image,) = json.loads(podman.podman("inspect", IMAGE))
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == IMAGE.partition(":")[2]
    assert labels["org.opencontainers.image.base.name"].startswith("python:3.11-")
    assert image["Config"]["User"] == "10001:10001"
    assert "--insecure" not in json.dumps(image["Config"])
    look = "command -v g++ cmake; python -c 'import hatchling' 2>&1 | tail -1; pip check"
    said = podman.podman("run", "--rm", "--entrypoint", "sh", "--network", "none", IMAGE, "-c", look)
    assert said.splitlines() == [
        "ModuleNotFoundError: No module named 'hatchling'",
        "No broken requirements found.",
    ]
    assert podman.podman("run", "--rm", "--network", "none", IMAGE, "--version").startswith("dnstide ")
