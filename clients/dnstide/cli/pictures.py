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
    from dnstide.model.analysis import Findings
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

    @property
    def in_terminal(self) -> bool:
        return self.path == "-"


def picture_options(command: Command) -> Command:
    """--plot, --plot-type, --log, --panels and --mark-shifts."""
    options = (
        plot_option("Draw into a file (.png, .svg, .pdf, .ps, .eps or .html), or - for the terminal."),
        click.option(
            "--plot-type", type=Words([*KINDS, *KIND_ALIASES]), default=KINDS[0], show_default=True,
            metavar="|".join(KINDS), help="How to draw the counts.",
        ),
        click.option("--log", is_flag=True, help="Draw with a logarithmic axis of counts."),
        click.option("--panels", is_flag=True, help="Draw each series by itself; so from 13 series on."),
        click.option("--mark-shifts", is_flag=True, help="Mark changes of level in the picture."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def plot_option(words: str) -> Callable[[Command], Command]:
    """--plot alone."""
    return click.option("--plot", metavar="FILE", help=words)


def check_drawing(drawing: Drawing, output: Output) -> None:
    """Refuse early what could not be drawn or written. Raises click.UsageError, InvalidQuestion,
    MissingExtra.
    """
    if drawing.path is None:
        return
    from importlib.util import find_spec

    from dnstide.model.errors import MissingExtra

    if drawing.in_terminal:
        needed = "plotext"
    else:
        from dnstide.client.plot.files import format_of

        needed = "" if format_of(drawing.path) == "html" else "matplotlib"
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
    from dnstide.client.plot import format_of, picture_of, render
    from dnstide.client.plot.picture import default_title

    typed = any("/" in name for name in asked)
    labels = asked if typed and len(asked) == len(volume) and not volume.split_by_rrtype else None
    picture = picture_of(
        volume, kind=drawing.kind, log=drawing.log, marks=marks, labels=labels,
        panels=True if drawing.panels else None,
        title=default_title(volume, asked if typed else (), limits(question)),
        command=command_line(),
    )  # fmt: skip
    if drawing.in_terminal:
        from dnstide.client.plot import chart

        columns, lines = terminal_size()
        write([chart(picture, columns, lines, colour=colourful())])
    else:
        write_bytes([render(picture, format_of(drawing.path))], drawing.path, drawing.force)


def draw_scatter(findings: Findings, volume: Volume, drawing: Drawing) -> None:
    """Draw the second series of a correlation on the first, in the buckets that tables cover whole."""
    from dnstide.client.plot import figure_bytes, format_of, scatter
    from dnstide.model.vocabulary import Coverage

    line = findings.correlations[0]
    if len(findings.correlations) > 1:
        warn(f"the picture shows {line.y} on {line.x} only")
    known = volume.axis.coverage == Coverage.COMPLETE
    x, y = (series.dense()[known] for series in volume.series[:2])
    step = volume.axis.granularity.words
    name_x, name_y = (label.replace(". ", " ").rstrip(".") or label for label in (line.x, line.y))
    figure = scatter(
        x, y, labels=(f"{name_x}, count by {step}", f"{name_y}, count by {step}"), slope=line.slope,
        intercept=line.intercept, r_squared=line.r_squared, title=f"{name_y} on {name_x}",
    )  # fmt: skip
    path = drawing.path or ""
    write_bytes([figure_bytes(figure, format_of(path))], path, drawing.force)


def limits(question: Mapping[str, Any]) -> str:
    """The filter of a question, for a title: `A, AAAA in example.com`."""
    types = [name.strip().upper() for given in question["rrtypes"] for name in given.split(",")]
    bailiwick = question.get("bailiwick")
    return " ".join([*([", ".join(types)] if types else []), *([f"in {bailiwick}"] if bailiwick else [])])


def command_line() -> str:
    """The command as it can be typed again."""
    import shlex

    return shlex.join(["dnstide", *sys.argv[1:]])


def terminal_size() -> tuple[int, int]:
    """Columns and lines for a chart: the terminal's, or 80 by 24 where there is none."""
    if not sys.stdout.isatty():
        return int(os.environ.get("COLUMNS") or 80), 24
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns, max(16, min(size.lines - 4, 40))


def colourful() -> bool:
    """Colours belong on a terminal whose user has not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
