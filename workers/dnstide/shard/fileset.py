"""Filesets: text files beside the tables that name the live ones, a file name a line (mtbl_fileset(3)).

`dns.fileset` speaks of the tables whose names begin with `dns.`, `dnssec.fileset` of those that begin
with `dnssec.`. Exporters write it anew when coarser tables take the place of finer ones, which may lie
about for a while after.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from dnstide.model.errors import Failure
from dnstide.model.vocabulary import DATASETS
from dnstide.shard.directory import SUFFIX, TableStatus

SETFILES = {f"{dataset}.fileset": dataset for dataset in DATASETS}
"""Files that may name the live tables, with the dataset that each speaks of."""


def live(directory: str, statuses: Iterable[TableStatus]) -> list[TableStatus]:
    """The statuses of a directory, sorted by name, with those ignored that its filesets do not name.

    A table that a fileset names and that is not there is added as missing; a line that names no file of the
    directory is added as ignored. Raises OSError where a fileset cannot be read.
    """
    told = {status.name: status for status in statuses}
    for setfile in SETFILES.keys() & told.keys():
        named, strange = _read(directory, setfile)
        prefix = f"{SETFILES[setfile]}."
        for name, status in told.items():
            if name.startswith(prefix) and name.endswith(SUFFIX) and name not in named:
                told[name] = replace(status, ignored=f"{setfile} does not name it among the live tables")
        for name in named - told.keys():
            reason = f"{setfile} names it among the live tables, and it is not there"
            told[name] = TableStatus(name, 0, 0, 0, Failure(name, "TABLE_MISSING", reason, retryable=True))
        for number, line in strange:
            name = f"{setfile}:{number}"
            told[name] = TableStatus(name, 0, 0, 0, ignored=f"{line!r} is no file of this directory")
    return sorted(told.values(), key=lambda status: status.name)


def _read(directory: str, setfile: str) -> tuple[set[str], list[tuple[int, str]]]:
    """The names of files of this directory, and the numbers and texts of other lines."""
    with open(os.path.join(directory, setfile), "rb") as file:
        lines = file.read().splitlines()
    here = os.path.realpath(directory)
    named: set[str] = set()
    strange = []
    for number, raw in enumerate(lines, 1):
        line = os.fsdecode(raw.strip())
        folder, name = os.path.split(line)
        if not line:
            continue
        if (
            name not in ("", ".", "..")
            and "\0" not in line
            and os.path.realpath(os.path.join(directory, folder)) == here
        ):
            named.add(name)
        else:
            strange.append((number, line))
    return named, strange
