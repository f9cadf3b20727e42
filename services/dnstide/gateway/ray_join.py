"""What stands against joining a Ray cluster, found within moments and told in one line.

Ray itself tries for up to two minutes and then says that it failed to connect, whatever the reason was.
Its head answers gRPC, and refuses callers without its token as UNAUTHENTICATED.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import time
from pathlib import Path
from typing import Any

import grpc

log = logging.getLogger(__name__)

CHECK_SECONDS = 5.0
"""Longest wait for the head, which answers in milliseconds."""

RETRY_SECONDS = 0.5
"""Time between two looks for Ray."""

_NODES = "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo"


class JoinError(Exception):
    """The cluster cannot be joined, or should not; the text says why and what to do."""


class NotYetThereError(JoinError):
    """Ray does not run there, or not yet."""


def check_join(address: str, *, insecure: bool = False) -> None:
    """Returns where the cluster at `HOST:PORT` or `auto` can be joined. Raises JoinError.

    A cluster that asks for no token runs the code of whoever reaches its ports: it is joined where `insecure`
    says that the network is trusted.
    """
    if address.startswith("ray://"):
        raise JoinError(
            "ray:// is the way of remote clients: run the gateway on a node of the cluster, and give "
            "HOST:PORT of the head, or auto"
        )
    head = _head(address)
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return  # this check speaks in clear
    with grpc.insecure_channel(head, options=(("grpc.enable_http_proxy", 0),)) as channel:
        ask = channel.unary_unary(_NODES)
        asks_for_token = False
        reply = b""
        try:
            reply = ask(b"", timeout=CHECK_SECONDS)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise NotYetThereError(
                    f"no Ray head answers at {head} ({_words(error)}): start one with `ray start --head`, "
                    "or correct --ray-address"
                ) from None
            asks_for_token = True
        if asks_for_token:
            reply = _with_token(ask, head)
        elif not insecure:
            raise JoinError(
                f"the Ray cluster at {head} asks for no token, so that whoever reaches its ports can run "
                "code on its nodes: start it with RAY_AUTH_MODE=token, or give --insecure where the network "
                "is yours"
            )
    if not any(_is_here(host, port) for host, port in _living(reply)):
        raise NotYetThereError(
            f"no Ray node of the cluster at {head} runs on this machine: "
            f"`ray start --address {head}` starts one"
        )


def wait_to_join(address: str, seconds: float, *, insecure: bool = False) -> None:
    """As `check_join`, and waits so long for what may only have to start: the head, and the node of this
    machine, which other processes start at the same time. Raises JoinError.
    """
    end = time.monotonic() + seconds
    told = ""
    while True:
        try:
            check_join(address, insecure=insecure)
        except NotYetThereError as error:
            if time.monotonic() >= end:
                raise
            if str(error) != told:
                told = str(error)
                log.info("waiting for Ray: %s", told)
            time.sleep(RETRY_SECONDS)
        else:
            return


def token_path() -> Path:
    """The file in which Ray looks for the token."""
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")


def _head(address: str) -> str:
    if address != "auto":
        if not re.fullmatch(r"\S+:\d{1,5}", address):
            raise JoinError(f"--ray-address {address!r} is neither HOST:PORT nor auto")
        return address
    from ray._private.services import canonicalize_bootstrap_address

    with contextlib.suppress(ConnectionError):
        found: str | None = canonicalize_bootstrap_address(address)
        if found:
            return found
    raise NotYetThereError(
        "no Ray cluster runs on this machine: `ray start` starts one, and --ray-address names one elsewhere"
    )


def _with_token(ask: grpc.UnaryUnaryMultiCallable[bytes, bytes], head: str) -> bytes:
    if os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        raise JoinError(
            f"the Ray cluster at {head} asks for a token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH "
            "to the file that holds it"
        )
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    source = "RAY_AUTH_TOKEN"
    if not token:
        source = str(token_path())
        try:
            token = token_path().read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise JoinError(
                f"the Ray cluster at {head} asks for a token, and {source} cannot be read: {reason}"
            ) from None
    try:
        reply: bytes = ask(b"", timeout=CHECK_SECONDS, metadata=(("authorization", f"Bearer {token}"),))
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNAUTHENTICATED:
            raise JoinError(
                f"the Ray cluster at {head} refuses the token of {source}: it was started with another one"
            ) from None
        raise JoinError(f"the Ray head at {head} does not answer ({_words(error)})") from None
    return reply


def _living(reply: bytes) -> list[tuple[str, int]]:
    from ray.core.generated import gcs_pb2, gcs_service_pb2

    messages: Any = gcs_service_pb2
    alive: int = gcs_pb2.DESCRIPTOR.message_types_by_name["GcsNodeInfo"].enum_values_by_name["ALIVE"].number
    nodes = messages.GetAllNodeInfoReply.FromString(reply).node_info_list
    return [(node.node_manager_address, node.node_manager_port) for node in nodes if node.state == alive]


def _is_here(host: str, port: int) -> bool:
    """Whether the address is one of this machine's, and something listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _words(error: grpc.RpcError) -> str:
    return str(error.details()).rpartition(": ")[2] or error.code().name
