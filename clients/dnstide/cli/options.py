"""Options that several commands share, and what they lead to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from dnstide.client.question import BUCKET_BY, DATASETS, GRANULARITIES

from .output import note_warnings

if TYPE_CHECKING:
    from dnstide.client import Client, LocalClient

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("text", "csv", "json", "jsonl")
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """Who answers: a server, or a directory read in this process. Exactly one of the two is set."""

    server: str | None = None
    mtbl_dir: str | None = None
    tls: bool = False
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def connect(self, timeout: float | None, cache_dir: str | None = None) -> Client | LocalClient:
        """A client for it, to be closed by the caller. `cache_dir` is where a client in process keeps
        summaries; commands without that option follow the environment. Raises click.UsageError where it was
        given for a server.
        """
        if self.mtbl_dir is not None:
            from dnstide.client.local import LocalClient

            note_warnings()
            folder = cache_dir or os.environ.get("DNSTIDE_CACHE_DIR")
            return LocalClient(self.mtbl_dir, timeout=timeout, cache_dir=folder)
        given = click.get_current_context().get_parameter_source("cache_dir")
        if given is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                "--cache-dir goes with --mtbl-dir; a server is told its own when it starts"
            )
        from dnstide.client.blocking import Client
        from dnstide.client.channel import Tls

        secure = self.tls or self.ca or self.cert or self.key
        tls = Tls(self.ca, self.cert, self.key) if secure else None
        return Client(self.server or "", timeout=timeout, tls=tls)


def find_source(
    server: str | None, mtbl_dir: str | None, environment: Mapping[str, str] = os.environ, **tls: Any
) -> Source:
    """A flag beats the environment. Raises click.UsageError unless that leaves exactly one source."""
    if server and mtbl_dir:
        raise click.UsageError("--server and --mtbl-dir exclude each other: give one")
    if not server and not mtbl_dir:
        server, mtbl_dir = environment.get("DNSTIDE_SERVER"), environment.get("DNSTIDE_MTBL_DIR")
        if server and mtbl_dir:
            raise click.UsageError(
                "both DNSTIDE_SERVER and DNSTIDE_MTBL_DIR are set: choose with --server or --mtbl-dir"
            )
    if not server and not mtbl_dir:
        raise click.UsageError(
            "who shall answer? give --server HOST:PORT (or DNSTIDE_SERVER), "
            "or --mtbl-dir DIR (or DNSTIDE_MTBL_DIR)"
        )
    if mtbl_dir and any(tls.values()):
        raise click.UsageError("--tls, --ca, --cert and --key go with --server")
    return Source(server=server or None, mtbl_dir=mtbl_dir or None, **tls)


def find_server(server: str | None, environment: Mapping[str, str] = os.environ, **tls: Any) -> Source:
    """As `find_source`, for commands that only a server can answer."""
    server = server or environment.get("DNSTIDE_SERVER")
    if not server:
        raise click.UsageError("which server? give --server HOST:PORT, or set DNSTIDE_SERVER")
    return Source(server=server, **tls)


def server_options(command: Command) -> Command:
    """--server and what secures the way to it."""
    return _apply(
        command,
        click.option("--server", metavar="HOST:PORT", help="Ask this server.  [env: DNSTIDE_SERVER]"),
        click.option("--tls", is_flag=True, help="Use TLS with the system's CA certificates."),
        click.option("--ca", metavar="FILE", help="Use TLS, trusting the CA certificates of a PEM file."),
        click.option(
            "--cert", metavar="FILE", help="This client's certificate, where the server asks for one."
        ),
        click.option("--key", metavar="FILE", help="The key of --cert."),
    )


def source_options(command: Command) -> Command:
    """--server or --mtbl-dir."""
    directory = click.option(
        "--mtbl-dir",
        metavar="DIR",
        type=click.Path(),
        help="Read the tables of this directory in this process.  [env: DNSTIDE_MTBL_DIR]",
    )
    return server_options(_apply(command, directory))


def names_options(command: Command) -> Command:
    """NAME..., and -f FILE for a list of them."""
    return _apply(
        command,
        click.argument("names", nargs=-1, metavar="NAME..."),
        click.option(
            "-f", "--names-file", metavar="FILE",
            help="Read names from a file, one a line, # begins a remark; - is standard input.",
        ),
    )  # fmt: skip


def read_names(names: tuple[str, ...], names_file: str | None) -> list[str]:
    """The names of the command line, then those of the file that are new. Raises click.UsageError."""
    found = list(names)
    if names_file is not None:
        try:
            with click.open_file(names_file, encoding="utf-8") as lines:
                listed = [name for line in lines if (name := line.partition("#")[0].strip())]
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise click.UsageError(f"cannot read the names in {names_file}: {why}") from None
        found += [name for name in dict.fromkeys(listed) if name not in names]
    if not found:
        missing = "Missing argument 'NAME...': give one or more names, or -f FILE"
        raise click.UsageError(missing if names_file is None else f"{names_file} holds no name")
    return found


def question_options(command: Command) -> Command:
    """What to count, when and how finely."""
    steps = f"{', '.join(GRANULARITIES)}, or a letter of {' '.join(GRANULARITIES.values())}"
    return _apply(
        command,
        click.option(
            "--rrtype", "-t", "rrtypes", multiple=True, metavar="T[,T]",
            help="Only these record types, by name or as TYPEnnn; may be repeated.",
        ),
        click.option("--bailiwick", "-b", metavar="B", help="Only rows seen in this bailiwick."),
        click.option("--start", metavar="D", help="First day, YYYY-MM-DD or YYYYMMDD, or time, RFC 3339."),
        click.option("--stop", metavar="D", help="Last day or time, inclusive."),
        click.option("--days-back", type=int, metavar="N", help="The last N days, today included."),
        click.option(
            "--granularity", default="day", show_default=True, metavar="G",
            shell_complete=_complete_granularity, help=f"Step of the time axis: {steps}.",
        ),
        click.option(
            "--bucket-by", type=click.Choice(BUCKET_BY), default="first-seen", show_default=True,
            help="Count a row where it was first seen, or in the period of its file.",
        ),
        click.option("--split-by-rrtype", is_flag=True, help="One series for each record type."),
        click.option("--partial", is_flag=True, help="Answer even where tables fail; exit code 3."),
        click.option("--dataset", type=click.Choice(DATASETS), default="dns", show_default=True),
    )  # fmt: skip


def _complete_granularity(_ctx: click.Context, _param: click.Parameter, begin: str) -> list[str]:
    return [name for name in GRANULARITIES if name.startswith(begin)]


def span_options(command: Command) -> Command:
    """--start, --stop and --days-back."""
    return _apply(
        command,
        click.option("--start", metavar="D", help="First day, YYYY-MM-DD or YYYYMMDD, or time, RFC 3339."),
        click.option("--stop", metavar="D", help="Last day or time, inclusive."),
        click.option("--days-back", type=int, metavar="N", help="The last N days, today included."),
    )


def cache_option(command: Command) -> Command:
    """--cache-dir."""
    return _apply(
        command,
        click.option(
            "--cache-dir",
            metavar="DIR",
            envvar="DNSTIDE_CACHE_DIR",
            show_envvar=True,
            type=click.Path(),
            help="Where summaries of tables are kept; by default the user's cache directory.",
        ),
    )


def timeout_option(command: Command) -> Command:
    """--timeout, in seconds; 0 becomes None."""
    return _apply(
        command,
        click.option(
            "--timeout",
            type=click.FloatRange(min=0),
            default=TIMEOUT,
            show_default=True,
            metavar="SECONDS",
            callback=lambda _ctx, _param, value: value or None,
            help="Give up after this time; 0 waits without end.",
        ),
    )


def output_options(command: Command) -> Command:
    """--format, --output and --force."""
    return output_options_of(FORMATS)(command)


def output_options_of(formats: Sequence[str]) -> Callable[[Command], Command]:
    """The same, with these formats to choose from."""
    return lambda command: _apply(
        command,
        click.option("--format", "form", type=click.Choice(formats), default="text", show_default=True),
        click.option(
            "--output", metavar="FILE", type=click.Path(), help="Write to a file, whole or not at all."
        ),
        click.option("--force", is_flag=True, help="Replace the file of --output where it exists."),
    )


def _apply(command: Command, *decorators: Callable[[Command], Command]) -> Command:
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
