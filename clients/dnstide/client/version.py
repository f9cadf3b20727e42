"""The version of this client, and whether it belongs together with that of a server."""

from __future__ import annotations

import functools
from importlib import metadata

from dnstide.model.errors import VersionMismatch


@functools.cache
def client_version() -> str:
    """MAJOR.MINOR.PATCH."""
    return metadata.version("dnstide")


def check_version(server: str, version: str | None) -> None:
    """Raises VersionMismatch unless MAJOR.MINOR are this client's. `version` None: the server told none."""
    mine = client_version()
    if version is None:
        raise VersionMismatch(f"what answers at {server} does not tell its version: is it a dnstide server?")
    if version.split(".")[:2] != mine.split(".")[:2]:
        wanted = ".".join(version.split(".")[:2])
        raise VersionMismatch(
            f"server {server} is dnstide {version}, this client is {mine}: "
            f"they need the same MAJOR.MINOR; pip install 'dnstide=={wanted}.*' or update the server"
        )
