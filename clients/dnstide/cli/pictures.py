"""What --plot draws: where to, and how."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
from dnstide.cli.diagnostics import warn
from dnstide.cli.options import Words
from dnstide.cli.output import Output, check_output, write, write_bytes
from dnstide.client.plot.kinds import KIND_ALIASES, KINDS

if TYPE_CHECKING:
    from dnstide.client.plot import Mark
    from dnstide.model.volume import Volume

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Drawing:
    """What was asked for with --plot and its companions. `path` is None where no picture was."""

    path: str | None
    kind: str = "line"
    log: bool = False
    panels: bool = False
    force: bool = False
    title: str | None = None
    size: tuple[float, float] | None = None
    dpi: int | None = None
    ylim: tuple[float | None, float | None] | None = None
    table: bool = True

    @property
    def in_terminal(self) -> bool:
        return self.path == "-"

    def takes_the_place(self, output: Output) -> bool:
        """Whether no table is written: its place is the chart's, or it is not wanted."""
        return not self.table or (self.in_terminal and output.to_stdout)


class Pair(click.ParamType[Any]):
    """Two numbers and a sign between them. Of MIN:MAX either may be missing, of WxH none."""

    name = "pair"

    def __init__(self, sign: str) -> None:
        self.sign = sign

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        low, sign, high = value.lower().partition(self.sign)
        try:
            pair = tuple(float(part) if part or self.sign == "x" else None for part in (low, high))
        except ValueError:
            sign = ""
        if not sign or not any(part is not None for part in pair):
            self.fail(f'"{value}" must be two numbers with {self.sign} between them')
        if self.sign == "x" and not all(part is not None and 1 <= part <= 100 for part in pair):
            self.fail(f'"{value}" must be between 1 and 100 inches either way')
        return pair


def picture_options(command: Command) -> Command:
    """--plot and all that says how to draw series."""
    options = (
        plot_option("Draw into a file (.png, .svg, .pdf, .ps, .eps or .html), or - for the terminal."),
        click.option(
            "--plot-type", type=Words([*KINDS, *KIND_ALIASES]), default=KINDS[0], show_default=True,
            metavar="|".join(KINDS), help="How to draw the counts.",
        ),
        click.option("--log", is_flag=True, help="Draw with a logarithmic axis of counts."),
        click.option("--panels", is_flag=True, help="Draw each series by itself; so from 13 series on."),
        look_options,
        ylim_option,
        click.option("--mark-shifts", is_flag=True, help="Mark changes of level in the picture."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def look_options(command: Command) -> Command:
    """How any picture looks: --title, --size, --dpi, and --no-table."""
    options = (
        click.option("--title", metavar="TEXT", help="What stands above the picture."),
        click.option("--size", type=Pair("x"), metavar="WxH", help="Inches of the picture, as 10x7."),
        click.option(
            "--dpi", type=click.IntRange(20, 1200), show_default="150", metavar="N",
            help="Dots for each inch of a .png.",
        ),
        click.option("--no-table", is_flag=True, help="Draw the picture without writing the table."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def ylim_option(command: Command) -> Command:
    """--ylim, for pictures with an axis of counts."""
    return click.option(
        "--ylim", type=Pair(":"), metavar="MIN:MAX",
        help="The counts that the axis reaches from and to; either may be left out.",
    )(command)  # fmt: skip


def plot_option(words: str) -> Callable[[Command], Command]:
    """--plot alone."""
    return click.option("--plot", metavar="FILE", help=words)


def check_drawing(drawing: Drawing, output: Output) -> None:
    """Refuse early what could not be drawn or written. Raises click.UsageError, InvalidQuestion,
    MissingExtra.
    """
    if drawing.path is None:
        given = {
            "--no-table": not drawing.table, "--title": drawing.title, "--size": drawing.size,
            "--dpi": drawing.dpi, "--ylim": drawing.ylim,
        }  # fmt: skip
        for option, value in given.items():
            if value:
                raise click.UsageError(f"{option} goes with --plot FILE")
        return
    if drawing.ylim is not None:
        from dnstide.client.plot.picture import check_limits

        check_limits(drawing.ylim)
    from importlib.util import find_spec

    from dnstide.model.errors import MissingExtra

    if drawing.in_terminal:
        needed = "plotext"
        if drawing.size or drawing.dpi:
            option = "--size" if drawing.size else "--dpi"
            raise click.UsageError(f"{option}: a chart takes the room that the terminal has")
    else:
        from dnstide.client.plot.files import check_look, format_of

        form = format_of(drawing.path)
        check_look(form, drawing.size, drawing.dpi)
        needed = "" if form == "html" else "matplotlib"
        check_output(drawing.path, drawing.force, "--plot")
        same = not output.to_stdout and os.path.realpath(str(output.path)) == os.path.realpath(drawing.path)
        if same:
            raise click.UsageError("--plot and --output name the same file")
    if needed and find_spec(needed) is None:
        raise MissingExtra("--plot", "plot")


def draw(
    volume: Volume,
    drawing: Drawing,
    asked: Sequence[str],
    question: Mapping[str, Any],
    marks: Sequence[Mark] = (),
) -> None:
    """Draw an answer where --plot wants it. Names asked with a type are called as they were asked for."""
    if drawing.path is None:
        return
    if not volume.found:
        warn("nothing was found, so no picture is drawn")
        return
    from dnstide.client.plot import format_of, picture_of, render
    from dnstide.client.plot.picture import default_title

    typed = any("/" in name for name in asked)
    labels = asked if typed and len(asked) == len(volume) and not volume.split_by_rrtype else None
    picture = picture_of(
        volume, kind=drawing.kind, log=drawing.log, marks=marks, labels=labels,
        panels=True if drawing.panels else None,
        title=drawing.title or default_title(volume, asked if typed else (), limits(question)),
        ylim=drawing.ylim,
        command=command_line(),
    )  # fmt: skip
    if drawing.in_terminal:
        from dnstide.client.plot import chart

        columns, lines = terminal_size()
        write([chart(picture, columns, lines, colour=colourful(), plain=plain_text())])
    else:
        content = render(picture, format_of(drawing.path), drawing.size, drawing.dpi)
        write_bytes([content], drawing.path, drawing.force)


def limits(question: Mapping[str, Any]) -> str:
    """The filter of a question, for a title: `A, AAAA in example.com`."""
    types = [name.strip().upper() for given in question["rrtypes"] for name in given.split(",")]
    bailiwick = question.get("bailiwick")
    return " ".join([*([", ".join(types)] if types else []), *([f"in {bailiwick}"] if bailiwick else [])])


def command_line() -> str:
    """The command, for the foot of a page. Whoever is sent the page learns nothing of the directories of this
    machine: of a path the last part stands there.
    """
    import shlex

    return shlex.join(["dnstide", *map(_without_directories, sys.argv[1:])])


def _without_directories(word: str) -> str:
    option, sign, value = word.partition("=") if word.startswith("--") else ("", "", word)
    head, slash, _ = value.rpartition("/")
    # A name has slashes too, behind which its type and bailiwick stand.
    if slash and (value.startswith(("/", "./", "../", "~")) or os.path.isdir(head)):
        value = os.path.basename(value.rstrip("/")) or "/"
    return f"{option}{sign}{value}"


def terminal_size() -> tuple[int, int]:
    """Columns and lines for a chart: the terminal's, or 80 by 24 where there is none."""
    if not sys.stdout.isatty():
        return int(os.environ.get("COLUMNS") or 80), 24
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns, max(16, min(size.lines - 4, 40))


def colourful() -> bool:
    """Colours belong on a terminal that has them, whose user has not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def plain_text() -> bool:
    """Whether a chart must do with ASCII: the terminal is dumb, or standard output is not in UTF-8."""
    if sys.stdout.isatty() and os.environ.get("TERM") == "dumb":
        return True
    try:
        "⠒─█★".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return True
    return False
