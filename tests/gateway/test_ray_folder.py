"""The folder of a Ray cluster of our own: private, short enough for sockets, and swept when its owner was
killed.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from dnstide.gateway import ray_folder
from dnstide.gateway.ray_folder import PREFIX, RayFolder


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch):
    """A folder for temporary files with a short name."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="d") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_nobody_else_can_enter_it_and_it_can_be_removed(temporary: Path) -> None:
    folder = RayFolder()
    assert folder.path.parent == temporary
    assert folder.path.stat().st_mode & 0o777 == 0o700
    (folder.path / "session").mkdir()
    (folder.path / "session" / "log").write_text("x")
    folder.remove()
    assert not list(temporary.iterdir())


def test_what_a_killed_process_left_is_swept(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders in use stay, young ones, which may be locked in a moment, and what is no folder of ours."""
    code = """
import os, signal
from dnstide.gateway.ray_folder import RayFolder
print(RayFolder().path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    dead = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    ).stdout.strip()
    mine = RayFolder()
    target = temporary / "target"
    target.mkdir()
    (temporary / f"{PREFIX}link").symlink_to(target)
    (temporary / f"{PREFIX}file").write_text("kept")
    ray_folder.sweep()
    assert Path(dead).is_dir()  # it is young
    later = time.time() + 2 * ray_folder.SETTLED_SECONDS
    monkeypatch.setattr(ray_folder.time, "time", lambda: later)
    ray_folder.sweep()
    assert {path.name for path in temporary.iterdir()} == {
        mine.path.name,
        "target",
        f"{PREFIX}link",
        f"{PREFIX}file",
    }
    assert not list(target.iterdir())
    mine.remove()


def test_a_long_folder_for_temporary_files_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = RayFolder()
    assert folder.path.parent == Path("/tmp")
    folder.remove()


def test_no_room_for_a_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from dnstide.gateway import ray_cluster

    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(
        ray_cluster.ClusterError, match=r"no folder for Ray: /nowhere/dnstide-ray-.*: No such file"
    ):
        ray_cluster._init_own()
