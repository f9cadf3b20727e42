"""Where data go, standard output or a file written whole or not at all, and messages, standard error."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import click


class PipeClosed(Exception):
    """The reader of standard output went away."""


def note(text: str) -> None:
    """One message on standard error."""
    try:
        print(f"dnstide: {text}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise PipeClosed from None


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


def note_warnings() -> None:
    """What an engine in this process warns of, it says as this command says everything."""
    log = logging.getLogger("dnstide")
    if not any(isinstance(handler, _Notes) for handler in log.handlers):
        log.addHandler(_Notes(logging.WARNING))


def check_output(path: str | None, force: bool, option: str = "--output") -> None:
    """Refuse early what `write` would refuse after the work. Raises click.UsageError."""
    if path is None or path == "-":
        return
    target = Path(path)
    if target.is_dir():
        raise click.UsageError(f"{option} {path} is a directory")
    if not target.parent.is_dir():
        raise click.UsageError(f"{option} {path}: there is no directory {target.parent}")
    if _is_file(target) and not force:
        raise click.UsageError(f"{option} {path} exists; --force replaces it")


def write(pieces: Iterable[str], path: str | None = None, force: bool = False) -> None:
    """Write text to standard output (path None or -) or to a file.

    A file appears under its name only when it is whole, and with `force` takes the place of another at once.
    Devices and pipes are written to directly. Raises PipeClosed and click.ClickException.
    """
    if path is None or path == "-":
        _write_stdout(pieces)
    else:
        write_bytes((piece.encode(errors="surrogateescape") for piece in pieces), path, force)


def write_bytes(pieces: Iterable[bytes], path: str, force: bool = False) -> None:
    """As `write`, for files that are not text."""
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not _is_file(target):
            with target.open("wb") as device:
                device.writelines(pieces)
        else:
            _write_whole(pieces, target, force)
    except FileExistsError:
        raise click.ClickException(f"{path} has come into being meanwhile; --force replaces it") from None
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


def _write_stdout(pieces: Iterable[str]) -> None:
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        raise PipeClosed from None
    except OSError as error:
        raise click.ClickException(f"cannot write the output: {error.strerror}") from None


def _write_whole(pieces: Iterable[bytes], target: Path, force: bool) -> None:
    staged = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with staged.open("xb") as file:
            file.writelines(pieces)
        if force:
            staged.replace(target)
        else:
            os.link(staged, target)  # unlike a rename, refuses to replace
    finally:
        staged.unlink(missing_ok=True)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
