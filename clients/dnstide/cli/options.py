"""Options that several commands share, and what they lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

import click
from dnstide.cli.output import Output
from dnstide.cli.profile import current_profile
from dnstide.cli.write.formats import FORMATS
from dnstide.model.granularity import TABLE_GRANULARITIES, Granularity
from dnstide.model.texts import meant
from dnstide.model.vocabulary import DATASETS, BucketBy

Command = TypeVar("Command", bound=Callable[..., Any])

TIMEOUT = 60.0
"""Seconds that a server is waited for, where nothing else is said."""


class Words(click.Choice[str]):
    """A choice between words, which for a wrong one tells the word it is like.

    Takes an enumeration by its words: click would show the members by their Python names.
    """

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__([str(word) for word in words])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            message = f"{error.message.rstrip('.')}.{meant(value, self.choices)}"
            raise click.BadParameter(message, ctx, param) from None


rrtype_option = click.option(
    "--rrtype", "-t", "rrtypes", multiple=True, metavar="T[,T]",
    help="Only these record types, by name or as TYPEnnn; may be repeated.",
)  # fmt: skip
case_option = click.option(
    "--case-sensitive", is_flag=True, help="Look for names as they are written, not in lower case."
)
strict_option = click.option(
    "--strict", is_flag=True, help="Take rows that are none for damage; by default they are left out."
)
partial_option = click.option("--partial", is_flag=True, help="Answer even where tables fail; exit code 3.")
dataset_option = click.option("--dataset", type=Words(DATASETS), default="dns", show_default=True)


def names_options(command: Command) -> Command:
    """NAME..., -f FILE for a list of them, and --skip-bad."""
    return apply_options(
        command,
        click.argument("names", nargs=-1, metavar="NAME..."),
        click.option(
            "-f", "--names-file", "names_files", multiple=True, metavar="FILE",
            help="Names from a file, one a line, # begins a remark; - is standard input; may be repeated.",
        ),
        click.option(
            "--skip-bad", is_flag=True, help="Leave out names that are wrong, and say which; exit code 3."
        ),
    )  # fmt: skip


def question_options(command: Command) -> Command:
    """What to count, when and how finely."""
    return counting_options(
        apply_options(
            command, click.option("--split-by-rrtype", is_flag=True, help="One series for each record type.")
        )
    )


def counting_options(command: Command) -> Command:
    """The same without --split-by-rrtype."""
    letters = " ".join(granularity.letter for granularity in TABLE_GRANULARITIES)
    steps = f"{', '.join(Granularity)}, or a letter of {letters}"
    return apply_options(
        command,
        rrtype_option,
        click.option("--bailiwick", "-b", metavar="B", help="Only rows seen in this bailiwick."),
        *_span_options(),
        click.option(
            "--granularity", default="day", show_default=True, metavar="G",
            shell_complete=_complete_granularity, help=f"Step of the time axis: {steps}.",
        ),
        click.option(
            "--bucket-by", type=Words(BucketBy), default=str(BucketBy.AUTO),
            show_default=True,
            help="Count a row in the period of its file, or where it was first seen; auto: by file, unless "
            "an edge of the span cuts a table.",
        ),
        case_option,
        partial_option,
        strict_option,
        dataset_option,
    )  # fmt: skip


def _complete_granularity(_ctx: click.Context, _param: click.Parameter, begin: str) -> list[str]:
    return [name for name in Granularity if name.startswith(begin)]


def span_options(command: Command) -> Command:
    """--start, --stop and --days-back."""
    return apply_options(command, *_span_options())


def _span_options() -> list[Callable[[Command], Command]]:
    return [
        click.option(
            "--start", metavar="D",
            help="First day: 2018-10-31, 20181031, yesterday, 30d (days ago), all of 2018-10 or 2018; or a "
            "time, RFC 3339.",
        ),
        click.option("--stop", metavar="D", help="Last day, inclusive; or a time, exclusive."),
        click.option("--days-back", type=int, metavar="N", help="The last N days, today included."),
    ]  # fmt: skip


def cache_option(command: Command) -> Command:
    """--cache-dir."""
    return apply_options(
        command,
        click.option(
            "--cache-dir",
            metavar="DIR",
            envvar="DNSTIDE_CACHE_DIR",
            show_envvar=True,
            type=click.Path(),
            callback=lambda _context, _parameter, value: _or_profile(value, "cache-dir"),
            help="Where summaries of tables are kept; by default the user's cache directory.",
        ),
    )


def _or_profile(value: Any, key: str) -> Any:
    return current_profile().get(key) if value is None else value


def timeout_option(command: Command) -> Command:
    """--timeout, in seconds; 0 waits without end, None leaves it to the source."""
    return apply_options(
        command,
        click.option(
            "--timeout",
            type=click.FloatRange(min=0),
            default=None,
            callback=lambda _context, _parameter, value: _or_profile(value, "timeout"),
            metavar="SECONDS",
            help=f"Give up after this time; 0 waits without end. Default: {TIMEOUT:g} for a server, else 0.",
        ),
    )


def output_options(command: Command) -> Command:
    """--format, --output and --force, handed to the command as one `output`."""

    @wraps(command)
    def with_output(*args: Any, form: str | None, output: str | None, force: bool, **given: Any) -> Any:
        usual = current_profile().get("format") or "text"
        return command(*args, output=Output.of(form, output, force, usual), **given)

    return apply_options(
        cast(Command, with_output),
        click.option(
            "--format", "form", type=Words(FORMATS),
            help="How to write; by default what the file of --output is called after, else text.",
        ),
        click.option(
            "-o", "--output", metavar="FILE", type=click.Path(),
            help="Write to a file, whole or not at all; its name may tell the format (.csv, .json, .jsonl, "
            ".parquet, .arrow, .xlsx).",
        ),
        click.option("--force", is_flag=True, help="Replace the file of --output where it exists."),
    )  # fmt: skip


def apply_options(command: Command, *decorators: Callable[[Command], Command]) -> Command:
    """The command with these options, shown in this order in its help."""
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
