"""`dnstide verify`: every byte of tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from . import exits
from .options import output_options
from .output import check_output, note, write
from .progress import progress_bar

COLUMNS = ("path", "health", "version", "compression", "entries", "blocks", "bytes", "reason", "offset")


@click.command(epilog=exits.HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@output_options
def verify(files: tuple[str, ...], form: str, output: str | None, force: bool) -> int:
    """Check every byte of each FILE in this process: checksums, order, counts, and that rows decode.

    Prints `OK`, or what is wrong and at which byte. Ends with 1 if any file is bad.
    """
    check_output(output, force)
    from dnstide.client.local import verify_files

    reports = []
    with progress_bar("verifying") as bar:
        for report in verify_files(files):
            reports.append(report)
            if bar is not None:
                bar(len(reports), len(files))
    write(_text(reports) if form == "text" else _pieces(reports, form), output, force)
    bad = sum(report.problem is not None for report in reports)
    if bad:
        note(f"{bad} of {len(reports)} files are bad")
    return exits.ERROR if bad else exits.COMPLETE


def _text(reports: list[Any]) -> Iterator[str]:
    for report in reports:
        if report.problem is not None:
            yield f"{report.path}: {report.problem.code}{str(report.problem).removeprefix(report.path)}\n"
        else:
            yield (
                f"{report.path}: OK (version {report.version}, {report.compression}, "
                f"{report.entries} entries, {report.blocks} blocks)\n"
            )


def _pieces(reports: list[Any], form: str) -> Iterator[str]:
    from .render import rows_pieces

    rows = []
    for report in reports:
        bad = report.problem
        held = (report.version, report.compression, report.entries, report.blocks, report.size)
        if bad is None:
            rows.append((report.path, "OK", *held, None, None))
        else:
            rows.append((report.path, bad.code, None, None, None, None, None, bad.reason, bad.offset))
    return rows_pieces(COLUMNS, rows, form)
