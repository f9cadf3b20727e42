"""Where the answers come from: a server, or a directory that is read in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource
from dnstide.cli.diagnostics import show_log_warnings, warn
from dnstide.cli.options import TIMEOUT, Command, apply_options
from dnstide.cli.profile import NO_PROFILE, Profile, current_profile, profile_option

if TYPE_CHECKING:
    from dnstide.client import Client, LocalClient

SOURCE_OPTIONS = ("server", "mtbl_dir", "all_files", "tls", "ca", "cert", "key", "token_file")


@dataclass(frozen=True, slots=True)
class Source:
    """Who answers: a server, or a directory read in this process. Exactly one of the two is set."""

    server: str | None = None
    mtbl_dir: str | None = None
    all_files: bool = False
    tls: bool = False
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    token_file: str | None = None

    def connect(self, timeout: float | None, cache_dir: str | None = None) -> Client | LocalClient:
        """A client for it, to be closed by the caller. A `timeout` of 0 waits without end; None is that of
        the kind of client. `cache_dir` is where a client in process keeps summaries; commands without that
        option follow the environment. Raises click.UsageError where it was given for a server.
        """
        if self.mtbl_dir is not None:
            from dnstide.client.local import LocalClient

            show_log_warnings()
            folder = cache_dir or os.environ.get("DNSTIDE_CACHE_DIR") or current_profile().get("cache-dir")
            return LocalClient(
                self.mtbl_dir, timeout=timeout or None, cache_dir=folder, all_files=self.all_files
            )
        given = click.get_current_context().get_parameter_source("cache_dir")
        if given is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                "--cache-dir goes with --mtbl-dir; a server is told its own when it starts"
            )
        from dnstide.client.blocking import Client
        from dnstide.client.channel import Tls

        secure = self.tls or self.ca or self.cert or self.key
        tls = Tls(self.ca, self.cert, self.key) if secure else None
        seconds = TIMEOUT if timeout is None else timeout or None
        return Client(self.server or "", timeout=seconds, tls=tls, token=self._token())

    def _token(self) -> str | None:
        """What this caller is known by, None for anybody. Raises click.UsageError."""
        if self.token_file is None:
            return os.environ.get("DNSTIDE_TOKEN") or None
        try:
            return Path(self.token_file).read_text("ascii").strip()
        except OSError as error:
            raise click.UsageError(f"--token-file: {self.token_file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise click.UsageError(f"--token-file: {self.token_file} holds no token") from None


def find_source(
    server: str | None,
    mtbl_dir: str | None,
    environment: Mapping[str, str] = os.environ,
    profile: Profile = NO_PROFILE,
    *,
    all_files: bool = False,
    **tls: Any,
) -> Source:
    """A flag beats the environment, which beats a profile. Raises click.UsageError unless that leaves exactly
    one source.
    """
    if server and mtbl_dir:
        raise click.UsageError("--server and --mtbl-dir exclude each other: give one")
    if not server and not mtbl_dir:
        server, mtbl_dir = environment.get("DNSTIDE_SERVER"), environment.get("DNSTIDE_MTBL_DIR")
        if server and mtbl_dir:
            raise click.UsageError(
                "both DNSTIDE_SERVER and DNSTIDE_MTBL_DIR are set: choose with --server or --mtbl-dir"
            )
        if server or mtbl_dir:
            _tell_of_unused(profile, server, mtbl_dir)
    if not server and not mtbl_dir:
        server, mtbl_dir = profile.get("server"), profile.get("mtbl-dir")
    if not server and not mtbl_dir:
        raise click.UsageError(
            "no source: give --server HOST:PORT (or DNSTIDE_SERVER), or --mtbl-dir DIR (or DNSTIDE_MTBL_DIR)"
        )
    if mtbl_dir and any(tls.values()):
        raise click.UsageError("--tls, --ca, --cert, --key and --token-file go with --server")
    if server and all_files:
        raise click.UsageError(
            "--all-files goes with --mtbl-dir; a server is told when it starts (serve --all-files)"
        )
    secured = _secured(tls, server, profile)
    return Source(server=server or None, mtbl_dir=mtbl_dir or None, all_files=all_files, **secured)


def find_server(
    server: str | None,
    environment: Mapping[str, str] = os.environ,
    profile: Profile = NO_PROFILE,
    **tls: Any,
) -> Source:
    """As `find_source`, for commands that only a server can answer."""
    if not server and (server := environment.get("DNSTIDE_SERVER")):
        _tell_of_unused(profile, server, None)
    server = server or profile.get("server")
    if not server:
        raise click.UsageError("which server? give --server HOST:PORT, or set DNSTIDE_SERVER")
    return Source(server=server, **_secured(tls, server, profile))


def _tell_of_unused(profile: Profile, server: str | None, mtbl_dir: str | None) -> None:
    """Whoever names a profile may not think of the environment."""
    own = profile.get("server"), profile.get("mtbl-dir")
    if profile.asked and any(own) and own != (server, mtbl_dir):
        name, value = ("DNSTIDE_SERVER", server) if server else ("DNSTIDE_MTBL_DIR", mtbl_dir)
        warn(f"{name}={value} stands before the profile {profile.name}: unset it to ask {own[0] or own[1]}")


def _secured(tls: Mapping[str, Any], server: str | None, profile: Profile) -> dict[str, Any]:
    """What secures the way. A profile's certificates are for its own server, and shown to no other."""
    if not server or server != profile.get("server"):
        return dict(tls)
    return {name: value or profile.get(name.replace("_", "-")) or value for name, value in tls.items()}


def source_options(command: Command) -> Command:
    """--server or --mtbl-dir, handed to the command as one `source`."""
    directory = click.option(
        "--mtbl-dir",
        metavar="DIR",
        type=click.Path(),
        help="Read the tables of this directory in this process.  [env: DNSTIDE_MTBL_DIR]",
    )
    all_files = click.option(
        "--all-files", is_flag=True, help="With --mtbl-dir: also tables that its fileset does not name."
    )
    return _source_argument(command, find_source, *_server_options(), directory, all_files)


def server_options(command: Command) -> Command:
    """--server alone, handed to the command as one `source`."""
    return _source_argument(command, find_server, *_server_options())


def _server_options() -> list[Callable[[Command], Command]]:
    """--server and what secures the way to it."""
    return [
        click.option("--server", metavar="HOST:PORT", help="Ask this server.  [env: DNSTIDE_SERVER]"),
        click.option("--tls", is_flag=True, help="Use TLS with the system's CA certificates."),
        click.option("--ca", metavar="FILE", help="Use TLS, trusting the CA certificates of a PEM file."),
        click.option(
            "--cert", metavar="FILE", help="This client's certificate, where the server asks for one."
        ),
        click.option("--key", metavar="FILE", help="The key of --cert."),
        click.option(
            "--token-file",
            metavar="FILE",
            help="The token by which the server knows this caller.  [env: DNSTIDE_TOKEN, the token itself]",
        ),
    ]


def _source_argument(
    command: Command, find: Callable[..., Source], *decorators: Callable[[Command], Command]
) -> Command:
    """The command with these options, of which it sees only the Source that they lead to."""

    @wraps(command)
    def with_source(*args: Any, **given: Any) -> Any:
        chosen = {name: given.pop(name) for name in SOURCE_OPTIONS if name in given}
        return command(*args, source=find(profile=current_profile(), **chosen), **given)

    return apply_options(cast(Command, with_source), *decorators, profile_option)
