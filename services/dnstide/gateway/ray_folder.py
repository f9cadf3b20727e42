"""The folder of a Ray cluster of our own: closed to other users, and gone when the cluster is.

Ray's own choice, `/tmp/ray`, is open to all: through its sockets and its store any user of the machine could
change what the server's user reads. And each start leaves a session there for ever.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "dnstide-ray-"
LONGEST_BASE = 20
"""Bytes of the folder above at most: 22 for ours and 65 for the longest socket of Ray, of 107 that a socket
may have.
"""
SETTLED_SECONDS = 60.0
"""Younger folders are let be: whoever made one may be about to lock it."""


class RayFolder:
    """A new private folder, held until it is removed or the process ends.

    Raises OSError where none can be made.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base()))
        self._lock = _lock(self.path)
        self._lock.acquire()
        self.sessions = self.path / "r"
        """For Ray, which opens to all what it is given; it need not exist."""

    def remove(self) -> None:
        """Remove it with all that is in it. What cannot be removed is left to `sweep`."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def base() -> str:
    """The folder for temporary files, or /tmp where the names of sockets in that would be too long."""
    chosen = tempfile.gettempdir()
    return chosen if len(os.fsencode(chosen)) <= LONGEST_BASE else "/tmp"


def sweep() -> None:
    """Remove what processes of this user have left that were killed."""
    for path in Path(base()).glob(PREFIX + "*"):
        with contextlib.suppress(OSError, Timeout):
            status = path.lstat()
            ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
            if ours and time.time() - status.st_ctime > SETTLED_SECONDS:
                with _lock(path).acquire(blocking=False):
                    shutil.rmtree(path)


def _lock(path: Path) -> FileLock:
    return FileLock(path / "lock", thread_local=False)
