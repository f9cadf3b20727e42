"""Where data go: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from dnstide.cli.diagnostics import PipeClosed
from dnstide.cli.files import is_file, write_whole
from dnstide.cli.write.formats import FILE_FORMATS, OF_SUFFIX

if TYPE_CHECKING:
    from dnstide.cli.write.layout import Layout


@dataclass(frozen=True, slots=True)
class Output:
    """What --format, --output and --force ask for. `path` is None or - for standard output."""

    form: str = "text"
    path: str | None = None
    force: bool = False

    @classmethod
    def of(cls, form: str | None, path: str | None, force: bool, usual: str = "text") -> Output:
        """With the format that was asked for, or else that of the file's name, or else the usual one.

        Raises click.UsageError where the first two do not agree.
        """
        suffix = Path(path or "").suffix.lower()
        named = OF_SUFFIX.get(suffix)
        if form and named and form != named:
            raise click.UsageError(
                f"--format {form} is not what {path} is called after: leave one of the two to the other"
            )
        # Any format may be asked for a .txt, but unasked only text goes there.
        return cls(form or named or ("text" if suffix == ".txt" else usual), path, force)

    @property
    def to_stdout(self) -> bool:
        return self.path is None or self.path == "-"

    def check(self) -> None:
        """Refuse early what `write` would refuse after the work. Raises click.UsageError, MissingExtra."""
        check_output(self.path, self.force)
        if self.form in FILE_FORMATS:
            if self.to_stdout:
                raise click.UsageError(f"--format {self.form} makes a file: name it with --output")
            from dnstide.cli.write.binary import check_binary

            check_binary(self.form)

    def write(self, layout: Layout) -> None:
        """Write an answer. Raises PipeClosed and click.ClickException."""
        if self.form in FILE_FORMATS:
            from dnstide.cli.write.binary import binary_bytes

            write_bytes([binary_bytes(layout, self.form)], self.path or "", self.force)
        else:
            write(layout.pieces(self.form), self.path, self.force)


def check_output(path: str | None, force: bool, option: str = "--output") -> None:
    """Refuse early what `write` would refuse after the work. Raises click.UsageError."""
    if path is None or path == "-":
        return
    target = Path(path)
    if target.is_dir():
        raise click.UsageError(f"{option} {path} is a directory")
    if not target.parent.is_dir():
        raise click.UsageError(f"{option} {path}: there is no directory {target.parent}")
    if is_file(target) and not force:
        raise click.UsageError(f"{option} {path} exists; --force replaces it")


def write(pieces: Iterable[str], path: str | None = None, force: bool = False) -> None:
    """Write text to standard output (path None or -) or to a file, which `force` replaces.

    Raises PipeClosed and click.ClickException.
    """
    if path is None or path == "-":
        _write_stdout(pieces)
    else:
        write_bytes((piece.encode(errors="surrogateescape") for piece in pieces), path, force)


def write_bytes(pieces: Iterable[bytes], path: str, force: bool = False) -> None:
    """As `write`, for files that are not text."""
    try:
        write_whole(pieces, path, replace=force)
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
