"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

_NAME_CHARACTERS = 200
"""Of the file's name, in that of the file beside it under which it is written."""


def write_whole(pieces: Iterable[bytes], path: str, *, replace: bool) -> None:
    """Write a file that appears under its name only when it is whole.

    With `replace` it takes the place of another at once. Links are followed; devices and pipes are written to
    directly. Raises FileExistsError where there is a file and `replace` is not given, and OSError.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not is_file(target):
        with target.open("wb") as device:
            device.writelines(pieces)
        return
    staged = target.with_name(f".{target.name[:_NAME_CHARACTERS]}.{os.getpid()}.part")
    try:
        with staged.open("xb") as file:
            file.writelines(pieces)
        if replace:
            staged.replace(target)
        else:
            os.link(staged, target)  # unlike a rename, refuses to replace
    finally:
        staged.unlink(missing_ok=True)


def is_file(path: Path) -> bool:
    """Whether a plain file is there."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
