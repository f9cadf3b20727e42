"""Server addresses as people write them."""

from __future__ import annotations

import re

from dnstide.model.errors import InvalidQuestion

_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):([0-9]{1,5})")


def check_address(text: str) -> str:
    """HOST:PORT, [IPV6]:PORT or unix:/PATH, as given. Raises InvalidQuestion for anything else."""
    if text.startswith("unix:/"):
        return text
    if "://" in text:
        raise InvalidQuestion([("server", f'"{text}" is a URL: write HOST:PORT alone')])
    match = _HOST_PORT.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise InvalidQuestion([("server", f'"{text}" is not HOST:PORT')])
    return text
