"""The demo, step by step."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dnstide.client import Client
from dnstide.model.errors import DnstideError
from dnstide.sample.demo.server import DemoGateway
from dnstide.sample.write import SAMPLE_VERSION, SEED, write_sample

if TYPE_CHECKING:
    from types import FrameType

    from dnstide.model.volume import Volume

LAVEEN, GESD, YAHOO = "laveeneld.k12.az.us", "gesd.k12.az.us", "www.yahoo.com/cname/yahoo.com"
# The lines that the article prints of the first district's year, with its moving average of period 14.
PUBLISHED_LINES = ("20160901 1094 NaN", "20160914 1189 1401.78571428571", "20170831 1424 1426.85714285714")
PUBLISHED_YAHOO = (
    *(30779, 24464, 29553, 20790, 31577, 26500, 30638, 29298, 30591, 21037, 28302, 28388, 27235, 28350),
    *(26326, 24542, 31130, 26718, 23614, 31338, 24308, 27419, 28067, 22076, 23211, 29751, 22494, 30519),
)
# By first seen, as the published figures were counted.
YEAR = {"start": "2016-09-01", "stop": "2017-08-31", "bucket_by": "first-seen", "smooth": 14}
MONTH = {"start": "2018-10-31", "stop": "2018-11-27", "bucket_by": "first-seen", "smooth": 7}
ALL = {"start": "2016-09-01", "stop": "2019-02-17", "bucket_by": "first-seen", "smooth": 14}
TABLE_END = 7
PICTURE = "districts.png"


class Terminal(Protocol):
    """What the command line lends to the demo."""

    def progress_bar(self, what: str) -> AbstractContextManager[Callable[[int, int], None] | None]:
        """A bar, or None where nobody would see it."""

    def table(self, volume: Volume) -> list[str]:
        """The lines that `dnstide vot` prints."""


def run_demo(directory: Path | None, keep: bool, terminal: Terminal) -> None:
    """Write the tables where they lack, start a gateway, ask it, and stop everything.

    `directory` is where the tables are or shall be, None for the user's cache; `keep` leaves the gateway
    running until Ctrl-C. Raises DnstideError where an answer is not the published one.
    """
    began = time.monotonic()
    with _unwinding_on_signals():
        directory = _sample(directory, terminal)
        gateway = DemoGateway(directory)
        try:
            with _step("starting a gateway and two shard actors"):
                gateway.start()
            wrong = _ask(gateway, terminal)
            if keep:
                _until_interrupted(f"\nthe server answers at {gateway.address} until Ctrl-C")
        finally:
            print()
            with _step("stopping everything"):
                gateway.stop()
    if wrong:
        raise DnstideError("the answers differ from the published figures: " + "; ".join(wrong))
    print(f"the answers are the published ones; {time.monotonic() - began:.1f} s in all")


def _sample(directory: Path | None, terminal: Terminal) -> Path:
    """The sample directory, written if it is not there yet; it is whole or absent."""
    if directory is None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        directory = cache / "dnstide" / f"sample-{SAMPLE_VERSION}-{SEED}"
    directory = directory.absolute()
    if any(directory.glob("*.mtbl")):
        print(f"sample tables: {directory}")
        return directory
    staged = directory.with_name(f".{directory.name}.{os.getpid()}")
    with _step("writing the sample tables") as notes:
        try:
            with terminal.progress_bar("tables") as hook:
                sample = write_sample(staged, progress=hook)
            directory.mkdir(parents=True, exist_ok=True)
            staged.rename(directory)
        except OSError as error:
            raise DnstideError(
                f"cannot write sample tables to {directory}: {error.strerror or error}"
            ) from None
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        notes.append(f"{sample.tables} tables, {sample.rows:,} rows, {sample.bytes / 1e6:.0f} MB")
    print(f"sample tables: {directory}")
    return directory


def _ask(gateway: DemoGateway, terminal: Terminal) -> list[str]:
    """Ask over gRPC and show the answers; returns what differs from the published figures."""
    with Client(gateway.address) as client:

        def ask(names: str | list[str], span: dict[str, Any]) -> Volume:
            what = names if isinstance(names, str) else " and ".join(names)
            with _step(f"asking for {what} from {span['start']} to {span['stop']}") as notes:
                answer = client.volume(names, **span)
                notes.append(f"{answer.summary.tables_asked} tables")
            return answer

        year, month, both = ask(LAVEEN, YEAR), ask(YAHOO, MONTH), ask([LAVEEN, GESD], ALL)
    lines = terminal.table(year)
    for volume, table in ((year, lines), (month, terminal.table(month))):
        print(f"\n{volume.series[0].name}: the last {TABLE_END} of {len(table)} lines")
        print("\n".join(f"  {line}" for line in table[-TABLE_END:]))
    _draw(both)
    print("\nthe same by hand:")
    print(f"  {shlex.join(['dnstide', *gateway.arguments])}")
    for name, span in ((LAVEEN, YEAR), (YAHOO, MONTH)):
        options = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in span.items())
        print(f"  dnstide vot {name} {options} --server {gateway.address}")
    wrong = [f"{LAVEEN} lacks the line {line!r}" for line in PUBLISHED_LINES if line not in lines]
    if month.series[0].counts.tolist() != list(PUBLISHED_YAHOO):
        wrong.append(f"{YAHOO} has {month.series[0].counts.tolist()}")
    return wrong


def _draw(volume: Volume) -> None:
    """A chart in the terminal and a PNG, both logarithmic so that the year before the jump shows."""
    from dnstide.client.plot import chart, picture_of, render

    picture = picture_of(volume, log=True)
    columns = shutil.get_terminal_size((100, 24)).columns
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print("\n" + chart(picture, min(columns, 110), colour=colour))
    path = Path("demo-output").absolute() / PICTURE
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(render(picture, "png"))
    except OSError:  # the current folder cannot be written to
        path = Path(tempfile.mkdtemp(prefix="dnstide-picture-")) / PICTURE
        path.write_bytes(render(picture, "png"))
    print(f"\nthe same as a picture: {path}")


@contextmanager
def _step(what: str) -> Iterator[list[str]]:
    """Say what begins, and at its end how long it took, with notes."""
    notes: list[str] = []
    print(f"{what} … ", end="", flush=True)
    began = time.monotonic()
    try:
        yield notes
    except BaseException:
        print()
        raise
    print(", ".join([f"{time.monotonic() - began:.2f} s", *notes]))


@contextmanager
def _unwinding_on_signals() -> Iterator[None]:
    """Have a hang-up or a termination unwind like Ctrl-C, so that everything is stopped."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _until_interrupted(announcement: str) -> None:
    try:
        print(announcement, flush=True)  # whoever reads it may interrupt at once
        while True:
            time.sleep(1.0)  # not signal.pause, which misses a signal that comes just before it
    except KeyboardInterrupt:
        print()
