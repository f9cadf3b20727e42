"""What `vot` does: ask, write the table to its file and to standard output, draw."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dnstide.cli import exits
from dnstide.cli.files import write_whole
from dnstide.cli.naming import format_problems
from dnstide.cli.vot_pl.getopt import BadCommandLine
from dnstide.cli.vot_pl.options import HELP, NoName, Settings, read
from dnstide.model.errors import DnstideError, InvalidQuestion, MissingExtra, NoTables
from dnstide.model.granularity import Granularity
from dnstide.model.vocabulary import BucketBy

if TYPE_CHECKING:
    from dnstide.client import Client, LocalClient, Volume
    from dnstide.model.arguments import VolumeOptions

NOTHING = "no results found -- typo in FQDN? wrong rectype or bailiwick?"


class CannotWrite(Exception):
    """A file or folder of the output; the text names it and says why."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code."""
    try:
        settings = read(arguments, os.environ)
        if isinstance(settings, str):
            return _print_about(settings)
        return _vot(settings)
    except NoName as error:
        sys.stderr.write(HELP)
        return _fail(str(error), exits.USAGE)
    except BadCommandLine as error:
        return _fail(f"{error}; vot --help tells all options", exits.USAGE)
    except CannotWrite as error:
        return _fail(str(error), exits.ERROR)
    except NoTables as error:
        return _fail(f"no files of requested granularity: {error}", exits.ERROR)
    except InvalidQuestion as error:
        return _fail(format_problems(error, _option), exits.USAGE)
    except DnstideError as error:
        return _fail(str(error), exits.exit_code(error))
    except BrokenPipeError:
        return exits.PIPE_CLOSED
    except OSError as error:
        return _fail(f"cannot write the output: {error.strerror or error}", exits.ERROR)
    except KeyboardInterrupt:
        return _fail("interrupted", exits.INTERRUPTED)


def _print_about(wish: str) -> int:
    if wish == "version":
        from importlib import metadata

        print(f"vot (dnstide {metadata.version('dnstide')})")
    else:
        sys.stdout.write(HELP)
    return exits.COMPLETE


def _vot(settings: Settings) -> int:
    now = datetime.now(UTC)
    table_path = plot_path = ""
    if settings.table:
        ending = "jsonl" if settings.jsonl else "txt"
        table_path = settings.table_out or _generated(settings.table_dir, settings.fqdn, now, ending)
        _check(table_path)
    if settings.plot:
        plot_path = settings.plot_out or _generated(settings.plot_dir, settings.fqdn, now, settings.device)
        _check(plot_path)
        _check_plotting()
    with closing(_connect(settings)) as client:
        volume = client.volume(settings.fqdn, **_question(settings))
    if not volume.found:
        return _fail(NOTHING, exits.NOTHING)
    if settings.table:
        _write_table(volume, settings, table_path)
    if settings.plot:
        from dnstide.cli.vot_pl.picture import draw

        _write(plot_path, draw(volume, settings))
        print(f"Plot output file:  {plot_path}")
    sys.stdout.flush()
    return exits.COMPLETE


def _connect(settings: Settings) -> Client | LocalClient:
    if settings.server:
        from dnstide.client.blocking import Client

        return Client(settings.server, timeout=None)
    from dnstide.client.local import LocalClient

    return LocalClient(settings.mtbl_dir, timeout=None, all_files=True)  # as the script does


def _question(settings: Settings) -> VolumeOptions:
    from dnstide.cli.vot_pl.dates import plain_date

    options: VolumeOptions = {
        "granularity": Granularity.parse(settings.granularity),
        "bucket_by": BucketBy.FIRST_SEEN,
        "smooth": settings.smooth,
    }
    if settings.rectype:
        options["rrtypes"] = settings.rectype
    if settings.bailiwick:
        options["bailiwick"] = settings.bailiwick
    if settings.start:
        options["start"] = plain_date(settings.start)
    if settings.stop:
        options["stop"] = plain_date(settings.stop)
    if settings.days_back is not None:
        options["days_back"] = settings.days_back
    return options


def _write_table(volume: Volume, settings: Settings, path: str) -> None:
    from dnstide.cli.vot_pl.table import json_lines, text_lines

    text = text_lines(volume)
    _write(path, (json_lines(volume) if settings.jsonl else text).encode())
    sys.stdout.write(text)
    print(f"Table output file: {path}")


def _generated(folder: str, fqdn: str, now: datetime, ending: str) -> str:
    """FOLDER/FQDN.YYYYMMDDhhmmss.ENDING, with the first free second: runs never write over one another."""
    name = re.sub(r"[\x00-\x1f\x7f/]", "_", fqdn)[:200]
    for later in range(1_000):
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(now.timestamp() + later))
        path = f"{folder}/{name}.{stamp}.{ending}"
        if not os.path.lexists(path):
            return path
    raise CannotWrite(f"{folder}: no free name for the output of this second; name the file")


def _check(path: str) -> None:
    """Refuse before the work what could not be written after it, and say what will be replaced."""
    target = Path(path)
    if target.is_dir():
        raise CannotWrite(f"cannot write {path}: it is a directory")
    if not target.parent.is_dir():
        raise CannotWrite(f"cannot write {path}: there is no directory {target.parent}")
    if not os.access(target.parent, os.W_OK) and not target.exists():
        raise CannotWrite(f"cannot write {path}: the directory {target.parent} is not writable")
    if target.is_file():
        print(f"vot: {path} exists and is replaced", file=sys.stderr)


def _check_plotting() -> None:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingExtra("--plot", "plot")


def _write(path: str, content: bytes) -> None:
    """Write a file whole. Raises CannotWrite."""
    try:
        write_whole([content], path, replace=True)
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from None


_OPTION_OF = {"names": "fqdn", "rrtypes": "rectype", "smoothing": "smooth", "days_back": "daysback"}


def _option(field: str, place: int | None) -> str:
    return _OPTION_OF.get(field, field)


def _fail(text: str, code: int) -> int:
    with contextlib.suppress(OSError):
        print(f"vot: {text}", file=sys.stderr)
    return code
