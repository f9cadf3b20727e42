"""`dnstide serve`: the gateway. Its options are the fields of the gateway's settings."""

from __future__ import annotations

from typing import Any

import click
from dnstide.cli import exits
from dnstide.model.errors import MissingExtra

HELP = """Answer questions over gRPC, from the tables of a directory, with Ray actors as shards.

Every option is also read from the environment, as DNSTIDE_ and its name in capitals: DNSTIDE_MTBL_DIR for
--mtbl-dir. Serves until SIGTERM or Ctrl-C, then lets running questions end; a second signal cuts them off.

\b
  dnstide serve --mtbl-dir /export/dnsdb/mtbl --listen 127.0.0.1:8453 --shards 2
  dnstide status --server 127.0.0.1:8453 --wait 60
"""


class ServeCommand(click.Command):
    """Asks the gateway for its settings only when it is parsed or its help is shown."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not self.params:
            self.params = _options()
        return super().get_params(ctx)


def run_gateway(**given: Any) -> int:
    """Serve with the options given, the environment and the defaults, in this order."""
    _gateway()
    from dnstide.gateway import Settings, run
    from pydantic import ValidationError

    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise click.UsageError("; ".join(_problem(problem) for problem in error.errors())) from None
    return run(settings)


def _gateway() -> None:
    try:
        import dnstide.gateway  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra("dnstide serve", "server") from error


def _options() -> list[click.Parameter]:
    _gateway()
    from dnstide.gateway import Settings

    options: list[click.Parameter] = []
    for name, field in Settings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        switch = field.annotation is bool
        default = "required" if field.is_required() else f"default: {field.default}"
        told = field.description or ""
        if field.is_required() or (field.default is not None and not switch):
            told += f"  [{default}]"
        options.append(
            click.Option(
                [f"{flag}/--no-{flag[2:]}" if switch else flag, name],
                default=None,
                metavar=None if switch else "VALUE",
                help=told[:1].upper() + told[1:],
            )
        )
    return options


def _problem(problem: Any) -> str:
    """Format one problem of the settings, with the option that it is about."""
    text = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "missing":
        text = "give it, or set DNSTIDE_" + "_".join(map(str, problem["loc"])).upper()
    place = "--" + ".".join(map(str, problem["loc"])).replace("_", "-")
    return f"{place}: {text}" if problem["loc"] else text


serve = ServeCommand("serve", callback=run_gateway, help=HELP, epilog=exits.HELP)
