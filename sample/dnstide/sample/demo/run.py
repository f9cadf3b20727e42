"""`dnstide demo`: the main job on a local cluster with sample data, checked against the published figures."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from dnstide.client.errors import DnstideError, MissingExtra

from .progress import progress_bar

if TYPE_CHECKING:
    from types import FrameType

    from dnstide.client import Volume

    from .demo_server import DemoGateway

LAVEEN, GESD, YAHOO = "laveeneld.k12.az.us", "gesd.k12.az.us", "www.yahoo.com/cname/yahoo.com"
# The lines that the article prints of the first district's year, with its moving average of period 14.
PUBLISHED_LINES = ("20160901 1094 NaN", "20160914 1189 1401.78571428571", "20170831 1424 1426.85714285714")
PUBLISHED_YAHOO = (
    *(30779, 24464, 29553, 20790, 31577, 26500, 30638, 29298, 30591, 21037, 28302, 28388, 27235, 28350),
    *(26326, 24542, 31130, 26718, 23614, 31338, 24308, 27419, 28067, 22076, 23211, 29751, 22494, 30519),
)
YEAR = {"start": "2016-09-01", "stop": "2017-08-31", "smooth": 14}
MONTH = {"start": "2018-10-31", "stop": "2018-11-27", "smooth": 7}
ALL = {"start": "2016-09-01", "stop": "2019-02-17", "smooth": 14}
TABLE_END = 7
PICTURE = "districts.png"


@click.command()
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the sample tables are, or shall be written.  [default: the user's cache]",
)
@click.option("--keep", is_flag=True, help="Keep the server running after the answers, until Ctrl-C.")
def demo(directory: Path | None, keep: bool) -> None:
    """Run the main job on sample data: write tables, start a cluster, ask it, draw the answer.

    The first run writes about 950 tables, later ones use them again. The answers are checked against the
    figures of the article that the sample retells. At the end, and after Ctrl-C, everything is stopped.
    """
    began = time.monotonic()
    with _unwinding_on_signals():
        directory = _sample(directory)
        from .demo_server import DemoGateway

        gateway = DemoGateway(directory)
        try:
            with _step("starting a gateway and two shard actors"):
                gateway.start()
            wrong = _ask(gateway)
            if keep:
                _until_interrupted(f"\nthe server answers at {gateway.address} until Ctrl-C")
        finally:
            click.echo("")
            with _step("stopping everything"):
                gateway.stop()
    if wrong:
        raise DnstideError("the answers differ from the published figures: " + "; ".join(wrong))
    click.echo(f"the answers are the published ones; {time.monotonic() - began:.1f} s in all")


def _sample(directory: Path | None) -> Path:
    """The sample directory, written if it is not there yet; it is whole or absent."""
    try:
        from dnstide.sample import SAMPLE_VERSION, SEED, write_sample
    except ImportError:
        raise MissingExtra("the demo", "local,server,plot") from None
    if directory is None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        directory = cache / "dnstide" / f"sample-{SAMPLE_VERSION}-{SEED}"
    directory = directory.absolute()
    if any(directory.glob("*.mtbl")):
        click.echo(f"sample tables: {directory}")
        return directory
    staged = directory.with_name(f".{directory.name}.{os.getpid()}")
    with _step("writing the sample tables") as notes:
        try:
            with progress_bar("tables") as hook:
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
    click.echo(f"sample tables: {directory}")
    return directory


def _ask(gateway: DemoGateway) -> list[str]:
    """Ask over gRPC and show the answers; returns what differs from the published figures."""
    from dnstide.client import Client

    with Client(gateway.address) as client:

        def ask(names: str | list[str], span: dict[str, Any]) -> Volume:
            what = names if isinstance(names, str) else " and ".join(names)
            with _step(f"asking for {what} from {span['start']} to {span['stop']}") as notes:
                answer = client.volume(names, **span)
                notes.append(f"{answer.summary.tables_asked} tables")
            return answer

        year, month, both = ask(LAVEEN, YEAR), ask(YAHOO, MONTH), ask([LAVEEN, GESD], ALL)
    lines = _table(year)
    for volume, table in ((year, lines), (month, _table(month))):
        click.echo(f"\n{volume.series[0].name}: the last {TABLE_END} of {len(table)} lines")
        click.echo("\n".join(f"  {line}" for line in table[-TABLE_END:]))
    _draw(both)
    click.echo("\nthe same by hand:")
    click.echo(f"  {shlex.join(['dnstide', *gateway.arguments])}")
    for name, span in ((LAVEEN, YEAR), (YAHOO, MONTH)):
        options = " ".join(f"--{key} {value}" for key, value in span.items())
        click.echo(f"  dnstide vot {name} {options} --server {gateway.address}")
    wrong = [f"{LAVEEN} lacks the line {line!r}" for line in PUBLISHED_LINES if line not in lines]
    if month.series[0].counts.tolist() != list(PUBLISHED_YAHOO):
        wrong.append(f"{YAHOO} has {month.series[0].counts.tolist()}")
    return wrong


def _table(volume: Volume) -> list[str]:
    """The lines that `dnstide vot` prints."""
    from .render import volume_pieces

    return "".join(volume_pieces(volume, "text")).splitlines()


def _draw(volume: Volume) -> None:
    """A chart in the terminal and a PNG, both logarithmic so that the year before the jump shows."""
    from dnstide.client.plot import chart, picture_of, render

    picture = picture_of(volume, log=True)
    columns = shutil.get_terminal_size((100, 24)).columns
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    click.echo("\n" + chart(picture, min(columns, 110), colour=colour))
    path = Path("demo-output").absolute() / PICTURE
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(render(picture, "png"))
    except OSError:  # a folder that is not ours to write in
        path = Path(tempfile.mkdtemp(prefix="dnstide-picture-")) / PICTURE
        path.write_bytes(render(picture, "png"))
    click.echo(f"\nthe same as a picture: {path}")


@contextmanager
def _step(what: str) -> Iterator[list[str]]:
    """Say what begins, and at its end how long it took, with notes."""
    notes: list[str] = []
    click.echo(f"{what} … ", nl=False)
    sys.stdout.flush()
    began = time.monotonic()
    try:
        yield notes
    except BaseException:
        click.echo("")
        raise
    click.echo(", ".join([f"{time.monotonic() - began:.2f} s", *notes]))


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
        click.echo(announcement)  # whoever reads it may interrupt at once
        while True:
            time.sleep(1.0)  # not signal.pause, which misses a signal that comes just before it
    except KeyboardInterrupt:
        click.echo("")
