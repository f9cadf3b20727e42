"""Server addresses as people write them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

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


def split_address(server: str) -> tuple[str, int] | None:
    """Host and port of a checked address, None where it is a socket of this machine's file system."""
    if server.startswith("unix:"):
        return None
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(server: str) -> bool:
    """Whether a checked address is of this very machine."""
    target = split_address(server)
    if target is None:
        return True
    host = target[0].lower()
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def proxy_of(server: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The proxy by whose way gRPC reaches a server, without the user and password of its URL; None for no
    proxy.
    """
    if is_loopback(server):
        return None
    host = server.rpartition(":")[0]
    for name in ("no_grpc_proxy", "no_proxy"):
        if any(part and host.endswith(part.strip()) for part in environment.get(name, "").split(",")):
            return None
    found = (environment.get(name) for name in ("grpc_proxy", "https_proxy", "http_proxy"))
    proxy = next(filter(None, found), None)
    return None if proxy is None else _without_user(proxy)


def _without_user(url: str) -> str:
    try:
        scheme, place, *_ = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:  # no URL at all: what lies before the last @ may still be a secret
        scheme, place = "", url
    place = place.rpartition("@")[2]
    return f"{scheme}://{place}" if scheme else place
