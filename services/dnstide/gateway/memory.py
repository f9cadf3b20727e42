"""What each node of the cluster held when it was last seen, kept on disk: a gateway that starts while a node
is away still expects the tables of that node.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dnstide.shard.directory import TableStatus
from dnstide.shard.summaries.cache import is_ours, make_folder
from pydantic import TypeAdapter, ValidationError

log = logging.getLogger(__name__)

Inventories = Mapping[str, tuple[TableStatus, ...]]
"""The files of each node, by its name."""

_FORM = TypeAdapter(dict[str, tuple[TableStatus, ...]])


class NodeMemory:
    """One file for each cluster and directory of tables, written whole or not at all. Safe for several
    gateways: each writes what it sees.
    """

    def __init__(self, folder: Path, cluster: str, mtbl_dir: str) -> None:
        digest = hashlib.sha256(f"{cluster}\0{os.path.realpath(mtbl_dir)}".encode()).hexdigest()[:16]
        self.path = folder / f"nodes-{digest}.json"
        self._written: Inventories | None = None
        self._warned = False

    def load(self) -> Inventories:
        """What was kept last. Nothing where nothing was, or where it cannot be read, with a warning."""
        if not is_ours(self.path):
            log.warning("%s is not read: it is another user's, or open to all", self.path)
            return {}
        try:
            return _FORM.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not what a gateway wrote"
            log.warning("%s: %s; tables of nodes that are away are not known", self.path, reason)
            return {}

    def forget(self) -> None:
        """Drop what was kept."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def save(self, inventories: Inventories) -> None:
        """Keep this in place of what was, where it is something else. A file that cannot be written gives
        one warning.
        """
        if inventories == self._written:
            return
        try:
            make_folder(self.path.parent)
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".nodes-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_FORM.dump_json(dict(inventories)))
                os.replace(name, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            if not self._warned:
                log.warning("what nodes hold cannot be kept in %s: %s", self.path, error.strerror)
            self._warned = True
        else:
            self._written, self._warned = inventories, False
