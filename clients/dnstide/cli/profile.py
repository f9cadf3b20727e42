"""Settings that stand in a file under a name: `$XDG_CONFIG_HOME/dnstide/config.toml`.

Each table of the file is a profile. A flag stands before the environment, the environment before a profile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from dnstide.cli.write.formats import TEXT_FORMATS
from dnstide.model.texts import meant

Command = TypeVar("Command", bound=Callable[..., Any])

USUAL = "default"
"""The profile that is taken where none is named, if the file has it."""

_META = "dnstide.profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings of a profile by their keys; `asked` where it was named on the command line."""

    name: str = USUAL
    settings: Mapping[str, Any] = field(default_factory=dict)
    asked: bool = False

    def get(self, key: str) -> Any:
        """A setting, or None. Paths are absolute."""
        return self.settings.get(key)


NO_PROFILE = Profile()


def profile_option(command: Command) -> Command:
    """--profile, for all options that a profile stands in for."""
    option = click.option(
        "--profile",
        metavar="NAME",
        expose_value=False,
        is_eager=True,
        envvar="DNSTIDE_PROFILE",
        callback=_choose,
        shell_complete=_complete,
        help="Take what is not given from this profile of the configuration file.  [env: DNSTIDE_PROFILE]",
    )
    return option(command)


def current_profile() -> Profile:
    """The profile of the command that runs. Raises click.UsageError where the file is wrong."""
    context = click.get_current_context(silent=True)
    if context is None or context.resilient_parsing:
        return NO_PROFILE
    if _META not in context.meta:  # a command without --profile
        context.meta[_META] = read_profile(None)
    profile: Profile = context.meta[_META]
    return profile


def _choose(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    if not context.resilient_parsing:
        source = context.get_parameter_source(parameter.name or "")
        context.meta[_META] = read_profile(name, asked=source is ParameterSource.COMMANDLINE)


def _complete(_context: click.Context, _parameter: click.Parameter, begin: str) -> list[str]:
    """The profiles of the file, none where it is wrong."""
    try:
        path, _ = config_path()
        return [name for name in _read(path) if name.startswith(begin)]
    except click.UsageError:
        return []


def config_path(environment: Mapping[str, str] = os.environ) -> tuple[Path, bool]:
    """The file, and whether it was named, so that it has to be there."""
    if named := environment.get("DNSTIDE_CONFIG"):
        return Path(named).expanduser(), True
    home = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "dnstide" / "config.toml", False


def read_profile(
    name: str | None, *, asked: bool = False, environment: Mapping[str, str] = os.environ
) -> Profile:
    """The profile of that name; for None the usual one, which need not be there. Raises click.UsageError."""
    path, named = config_path(environment)
    if not (named or path.exists()):
        if name:
            raise click.UsageError(f"there is no profile {name}: there is no file {path}")
        return NO_PROFILE
    profiles = _read(path)
    if not name and USUAL not in profiles:
        return NO_PROFILE
    chosen = name or USUAL
    if chosen not in profiles:
        known = f"it has {', '.join(profiles)}" if profiles else "it is empty"
        raise click.UsageError(f"there is no profile {chosen} in {path}: {known}.{meant(chosen, profiles)}")
    return Profile(chosen, profiles[chosen], asked)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """All profiles of a file, each checked whether it is taken or not."""
    import tomllib

    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise click.UsageError(f"cannot read the configuration {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"cannot read the configuration {path}: it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise click.UsageError(f"the configuration {path} is not TOML: {error}") from None
    for name, settings in content.items():
        if not isinstance(settings, dict):
            where = f"write it under a profile, such as [{USUAL}]" if name in _KINDS else "each is a table"
            raise click.UsageError(f"{path}: {name} is no profile: {where}")
        for key in settings:
            settings[key] = _setting(path, name, key, settings[key])
        if "server" in settings and "mtbl-dir" in settings:
            raise click.UsageError(f"{path}: [{name}] has server and mtbl-dir, which exclude each other")
    return content


def _setting(path: Path, profile: str, key: str, value: Any) -> Any:
    if key not in _KINDS:
        known = ", ".join(_KINDS)
        hint = meant(key.replace("_", "-"), _KINDS)
        raise click.UsageError(f"{path}: [{profile}] {key} is no setting: there are {known}.{hint}")
    allowed, words, make = _KINDS[key]
    if not allowed(value):
        raise click.UsageError(f"{path}: [{profile}] {key} = {value!r} is not {words}")
    return make(value, path.parent)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _path(value: str, folder: Path) -> str:
    """Absolute: `~` is the user's home, and what is relative lies beside the file."""
    return str(folder.absolute() / Path(value).expanduser())


def _same(value: Any, _: Path) -> Any:
    return value


_A_PATH = (_is_text, "a path, as text", _path)
_KINDS: dict[str, tuple[Callable[[object], bool], str, Callable[[Any, Path], Any]]] = {
    "server": (_is_text, "HOST:PORT, as text", _same),
    "tls": (lambda value: isinstance(value, bool), "true or false", _same),
    "ca": _A_PATH,
    "cert": _A_PATH,
    "key": _A_PATH,
    "token-file": _A_PATH,
    "mtbl-dir": _A_PATH,
    "cache-dir": _A_PATH,
    "timeout": (_is_seconds, "a number of seconds, 0 (no limit) or more", _same),
    "format": (lambda value: value in TEXT_FORMATS, f"one of {', '.join(TEXT_FORMATS)}", _same),
}
"""What can be set: whether a value will do, what will, and how it is taken."""
