"""Where summaries lie: a cache directory with one folder for each directory of tables.

A summary is written whole or not at all, under a name made of its table's name, size and modification time,
so a table that changes leaves its summary behind as waste, never as a wrong answer. A copy may keep both
(`cp -p`, `rsync -t`), but not the change time of the inode: the modification time of a summary is the change
time of the table for which it was last found true, and where they differ the digest of the table decides.

A summary that cannot be read is made again. A cache that cannot be written costs time, not answers: it gives
one warning, and the summaries stay in memory. So it is with one to which other users can write: whoever
forges a summary would forge answers.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dnstide.mtbl import Table, TableMissing, write_entries
from dnstide.shard.summaries.format import DAMAGED, KEEP, StoredSummary, Summary

log = logging.getLogger(__name__)
_NAME = re.compile(r"^(?P<table>.+)\.(?P<size>\d+)\.(?P<mtime>\d+)\.summary$")
_ORIGIN = "tables-of"
_ABANDONED = 3600.0
"""Seconds after which a dot-file is taken for the remains of a writer that died."""


def default_cache_dir() -> Path:
    """`$XDG_CACHE_HOME/dnstide`, by default `~/.cache/dnstide`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "dnstide"


def is_ours(path: Path) -> bool:
    """Whether no other user can have made or changed what lies there; root and the group are trusted.

    In a folder above that is open to all, as the scratch volumes of containers are, another user can put a
    file or folder of his own in place of ours, but not one that is ours.
    """
    try:
        status = path.stat()
    except OSError:
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & stat.S_IWOTH


def make_folder(folder: Path) -> None:
    """Make it and those above it that are missing, closed to the writing of others whatever the umask is."""
    for path in reversed((folder, *folder.parents)):
        if not path.exists():
            path.mkdir(mode=0o755, exist_ok=True)


class SummaryCache:
    """The summaries of one directory's tables. Safe for several threads and processes."""

    def __init__(
        self, mtbl_dir: str, cache_dir: str | os.PathLike[str] | None = None, keep: int = KEEP
    ) -> None:
        self.origin = os.path.realpath(mtbl_dir)
        self.keep = keep
        digest = hashlib.sha256(os.fsencode(self.origin)).hexdigest()[:16]
        self.folder = Path(cache_dir or default_cache_dir()) / "summaries" / digest
        self.problem: OSError | None = None
        self._ours = is_ours(self.folder)
        if not self._ours:
            self._report(OSError(errno.EPERM, "it is another user's, or open to all", str(self.folder)))

    def path(self, table: Table) -> Path:
        """Where the summary of a table lies or would lie."""
        return self.folder / f"{os.path.basename(table.path)}.{table.size}.{table.mtime_ns}.summary"

    def load(self, table: Table) -> StoredSummary | None:
        """The stored summary, or None where a new one has to be made."""
        if not self._ours:
            return None
        path = self.path(table)
        try:
            file = Table(path)
            stored = StoredSummary(file)
            if not stored.is_current(self.keep):
                log.debug("%s is of another version or suffix list", path)
            elif file.mtime_ns == table.ctime_ns:
                return stored
            elif stored.describes(table):
                log.debug("%s is of the same bytes, though the file's change time differs", path)
                _vouch(path, table)
                return stored
            else:
                log.info("summary is made again: %s is another file of that size and time", table.path)
        except TableMissing:
            log.debug("%s has no summary", table.path)
        except DAMAGED as error:
            log.info("summary is made again: %s", error)
        return None

    def store(self, table: Table, summary: Summary) -> bool:
        """Store a summary; return whether it could be written.

        The first failure is logged, the last one stands in `problem`.
        """
        if not self._ours:
            return False
        try:
            make_folder(self.folder)
            origin = self.folder / _ORIGIN
            if not origin.exists():
                origin.write_bytes(os.fsencode(self.origin))
            write_entries(self.path(table), summary.entries(table, self.keep), compression="zstd", level=6)
        except OSError as error:
            code = error.errno or 0
            self._report(OSError(code, os.strerror(code), str(self.folder)))
            return False
        _vouch(self.path(table), table)
        log.debug("%s is summarized", table.path)
        return True

    def _report(self, problem: OSError) -> None:
        if self.problem is None:
            log.warning("summaries are not kept: %s: %s", self.folder, problem.strerror)
        self.problem = problem


def prune_cache(cache_dir: str | os.PathLike[str] | None = None) -> tuple[int, int]:
    """Remove the summaries whose table is gone or has changed, and the remains of writers that died.

    Returns the number of removed files, and their bytes. Raises OSError where the cache cannot be listed or
    changed.
    """
    root = Path(cache_dir or default_cache_dir()) / "summaries"
    files = size = 0
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        for path in list(_waste(folder)):
            with suppress(FileNotFoundError):
                bytes_ = path.stat().st_size
                path.unlink()
                files, size = files + 1, size + bytes_
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [_ORIGIN]:
                (folder / _ORIGIN).unlink()
                folder.rmdir()
    return files, size


def _vouch(path: Path, table: Table) -> None:
    """Note in the times of a summary for which state of the table it is true."""
    with suppress(OSError):  # the next reader compares digests
        os.utime(path, ns=(table.ctime_ns, table.ctime_ns))


def _waste(folder: Path) -> Iterator[Path]:
    try:
        origin = os.fsdecode((folder / _ORIGIN).read_bytes())
    except FileNotFoundError:
        origin = ""
    for path in folder.iterdir():
        match = _NAME.match(path.name)
        if match is None or path.name.startswith("."):
            # A young dot-file may belong to a writer that is at work.
            if path.name != _ORIGIN and time.time() - path.stat().st_mtime > _ABANDONED:
                yield path
            continue
        try:
            status = os.stat(os.path.join(origin, match["table"]))
        except OSError:
            yield path
            continue
        if (status.st_size, status.st_mtime_ns) != (int(match["size"]), int(match["mtime"])):
            yield path
