"""`dnstide verify`: every byte of tables."""

from __future__ import annotations

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import output_options
from dnstide.cli.output import Output
from dnstide.cli.profile import profile_option
from dnstide.cli.progress import progress_bar


@click.command(epilog=exits.HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@output_options
@profile_option
def verify(files: tuple[str, ...], output: Output) -> int:
    """Check every byte of each FILE in this process: checksums, order, counts, and that rows decode.

    Prints `OK`, or what is wrong and at which byte. Ends with 1 if any file is bad.
    """
    output.check()
    from dnstide.client.local import verify_files

    reports = []
    with progress_bar("verifying") as bar:
        for report in verify_files(files):
            reports.append(report)
            if bar is not None:
                bar(len(reports), len(files))
    from dnstide.cli.write.reports import ReportsLayout

    output.write(ReportsLayout(reports))
    bad = sum(report.problem is not None for report in reports)
    if bad:
        warn(f"{bad} of {len(reports)} files are bad")
    return exits.ERROR if bad else exits.COMPLETE
