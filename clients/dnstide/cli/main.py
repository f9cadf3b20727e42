"""The `dnstide` command: finds a subcommand, runs it, and turns whatever happens into words and an exit code.

Nothing is imported before it is needed: `--help` and `--version` load neither numpy nor gRPC.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module, metadata

import click
from dnstide.cli import exits, streams
from dnstide.cli.diagnostics import PipeClosed, warn
from dnstide.cli.naming import format_problems
from dnstide.model.errors import (
    AnswerIncomplete,
    DeadlineExceeded,
    DnstideError,
    InvalidQuestion,
    ServerError,
)

COMMANDS = {
    "vot": "How often names were seen, over time.",
    "top": "Which names were asked for most, and what changed most.",
    "analyze": "What counts show: shifts, spikes, gaps, correlation, shape, breakdown.",
    "report": "All about one name, and a sentence that says it.",
    "tables": "The tables of a directory or a server, and their health.",
    "verify": "Check every byte of tables.",
    "summarize": "Make the summaries of tables that rankings rest on.",
    "cache": "Look after the summaries that are kept.",
    "status": "What a server says about itself.",
    "serve": "Answer questions over gRPC.",
    "token": "A new token for a caller of a server.",
    "demo": "The main job on sample data, from start to end.",
}
"""Each is a module of `commands` with a command of the same name."""

OPTION_OF = {
    "names": "NAME",
    "rrtypes": "--rrtype",
    "smoothing": "--smooth",
    "failure_policy": "--partial",
    "limit": "N",
    "group_by": "--by",
    "baseline": "--movers-against",
    "against": "--movers-against",
    "ratio_min_count": "--ratio-from",
    "movement": "--only",
    "series_granularity": "--series",
}
"""Fields of a question that are called otherwise on the command line; the rest are --FIELD."""


class LazyGroup(click.Group):
    """A group whose commands are loaded when they run, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"{__package__}.commands.{cmd_name}"), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            hint = "options stand after the command, which tells its own by --help"
            ctx.fail(f"No such option {error.option_name!r}: {hint}.")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = [] if args[0] in COMMANDS else get_close_matches(args[0], COMMANDS, 1)
        if near and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"dnstide {metadata.version('dnstide')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=exits.HELP,
    name="dnstide",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
    help="Show the version and exit.",
)  # fmt: skip
def root() -> None:
    """DNS query volume over time, from passive DNS kept in MTBL files.

    \b
    Data go to standard output, messages to standard error. A directory of tables is read in
    this process (--mtbl-dir), a server is asked over gRPC (--server); both answer alike.
    DNSTIDE_MTBL_DIR and DNSTIDE_SERVER stand in for the flags, and so do the profiles of
    ~/.config/dnstide/config.toml (--profile; DNSTIDE_CONFIG names another file).

    \b
      dnstide vot www.example.com --mtbl-dir /export/dnsdb/mtbl --smooth 14
      dnstide vot www.example.com --server localhost:8453 --start 2018-10-31 --format csv

    \b
    Shell completion, for bash (or zsh, fish):
      eval "$(_DNSTIDE_COMPLETE=bash_source dnstide)"
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code. Lets nothing but defects escape."""
    try:
        result = root.main(args=list(arguments), prog_name="dnstide", standalone_mode=False)
        _flush()
        return result if isinstance(result, int) else exits.COMPLETE
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.UsageError as error:
        error.show()
        return exits.USAGE
    except click.ClickException as error:
        warn(f"error: {error.format_message()}")
        return exits.ERROR
    except DnstideError as error:
        warn(f"error: {_words(error)}")
        return exits.exit_code(error)
    except (click.Abort, KeyboardInterrupt):  # click has ended the line of the ^C already
        warn("interrupted")
        return exits.INTERRUPTED
    except PipeClosed:
        return exits.PIPE_CLOSED
    except OSError as error:  # help and version go to standard output by way of click
        warn(f"error: {'' if error.filename is None else f'{error.filename}: '}{error.strerror or error}")
        return exits.ERROR


def main() -> None:
    """Entry point of the `dnstide` script."""
    streams.prepare()
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # errors are told in words of our own
    code = streams.settle(run(sys.argv[1:]))
    if code == exits.INTERRUPTED:
        os._exit(code)  # at once, whatever threads are still in native code; nothing is left to write
    sys.exit(code)


def _words(error: DnstideError) -> str:
    """The message, with the fields of a question called as on the command line.

    Where the server is at fault, the request that its log line names is added.
    """
    if isinstance(error, InvalidQuestion):
        return format_problems(error, _option)
    at_server = isinstance(error, (ServerError, AnswerIncomplete, DeadlineExceeded))
    return f"{error} [request {error.request_id}]" if at_server and error.request_id else str(error)


def _option(field: str, place: int | None) -> str:
    name = OPTION_OF.get(field, "--" + field.replace("_", "-"))
    return name if place is None else f"{name} {place + 1}"


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise PipeClosed from None
    except OSError as error:
        raise click.ClickException(f"cannot write the output: {error.strerror}") from None
