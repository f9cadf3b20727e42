"""The standard streams, of which any may be closed, full or of another encoding where a command runs."""

from __future__ import annotations

import io
import os
import sys

from dnstide.cli import exits

_CLOSED = (("stdin", os.O_WRONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))
"""How each is opened where it is closed: reading and writing then fail and are told, and messages, which
nobody can be told of, go nowhere.
"""


def prepare() -> None:
    """Fill the places of streams that are closed, before any other file can take them: what is written to
    standard output must never reach a table or a socket. Call it first.
    """
    for number, (name, flags, mode) in enumerate(_CLOSED):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, flags)  # the lowest number that is free, which is this one
            setattr(sys, name, open(opened, mode, closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8, nor the terminal


def settle(code: int) -> int:
    """Flush what is left, and give the exit code: that of an error where the output could not be written.

    Whatever cannot be flushed is let go, or the interpreter would fail over it once more.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if stream is sys.stdout and code == exits.COMPLETE:
                code = exits.ERROR
    return code
