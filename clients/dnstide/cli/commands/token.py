"""`dnstide token`: a new token for a caller of a server."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
from dnstide.cli import exits
from dnstide.cli.diagnostics import warn
from dnstide.cli.output import write
from dnstide.model.errors import InvalidQuestion
from dnstide.model.times import span
from dnstide.model.vocabulary import TOKEN_NAME

SECRET_BYTES = 32


@click.command(epilog=exits.HELP)
@click.argument("name")
@click.option(
    "--tokens", required=True, metavar="FILE", type=click.Path(path_type=Path),
    help="The file of the server (serve --tokens), which is made where it is not there.",
)  # fmt: skip
@click.option("--expires", metavar="D", help="The last day on which the token is good, in UTC.")
@click.option(
    "--concurrency", type=click.IntRange(min=1), metavar="N", help="Most questions that it may ask at once."
)
def token(name: str, tokens: Path, expires: str | None, concurrency: int | None) -> int:
    """A new token called NAME: its hash is added to the file, itself is printed once and kept nowhere.

    A server that runs takes it at once. To take a token back, remove its lines from the file.

    \b
      dnstide token grafana --tokens /etc/dnstide/tokens.toml --concurrency 8 > grafana.token
      dnstide vot www.example.com --server dns.example.com:8453 --tls --token-file grafana.token
    """
    if not re.fullmatch(TOKEN_NAME, name):
        raise click.UsageError(f"NAME: {name!r} must be 1 to 64 letters, digits, dashes and underscores")
    lines = []
    if expires is not None:
        lines.append(f"expires = {_moment(expires)}")
    if concurrency is not None:
        lines.append(f"concurrency = {concurrency}")
    known = _known(tokens)
    if name in known:
        raise click.UsageError(
            f"{tokens} has a token {name} already: choose another name, or remove it there"
        )
    secret = secrets.token_urlsafe(SECRET_BYTES)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    block = "\n".join([f"[tokens.{name}]", f'sha256 = "{digest}"', *lines, ""])
    descriptor = os.open(tokens, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(f"\n{block}" if known else block)
    write([f"{secret}\n"])
    warn(f"the token {name} is let in by {tokens}; it is not shown again")
    return exits.COMPLETE


def _known(path: Path) -> set[str]:
    """The names that a file of tokens has. Raises click.UsageError where it is none."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    tokens = content.get("tokens", {})
    if content.keys() - {"tokens"} or not isinstance(tokens, dict):
        raise click.UsageError(f"{path} is no file of tokens: it has more than [tokens.NAME]")
    return set(tokens)


def _moment(text: str) -> str:
    """The end of a day as TOML has it. Raises InvalidQuestion."""
    try:
        _, stop = span(None, text, None)
    except InvalidQuestion as error:
        raise InvalidQuestion([("expires", reason) for _, reason in error.problems]) from None
    return datetime.fromtimestamp(stop or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
