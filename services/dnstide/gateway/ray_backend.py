"""Shards behind Ray. Ray places the actors and keeps them; questions go over the direct channel, which is a
Unix socket where both ends are on one machine, and TCP where they are not: 0.05 ms a call instead of a
millisecond. Where that way is barred, they go as Ray calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import ray
from dnstide.gateway.member import ClusterState, ShardSpec
from dnstide.gateway.ray_cluster import Look, look
from dnstide.gateway.transports import FarAddress, SocketTransport
from dnstide.shard.actor import Greeting, start_actor
from dnstide.shard.channel import machine
from dnstide.shard.client import ShardClient, ShardGoneError, ShardPlace, Transport
from dnstide.shard.dispatch import ASK
from ray.exceptions import RayActorError

log = logging.getLogger(__name__)

SECRET_BYTES = 32
"""Of the secret by which gateway and shards on other machines know each other."""

LEAVE_SECONDS = 2.0
START_SECONDS = 60.0
"""A node that is short of memory or disk can take long to start a process."""
LOOK_SECONDS = 5.0
"""Longest wait for the list of nodes."""


class ClusterSilentError(Exception):
    """The cluster does not say which nodes there are."""


class RayTransport:
    """Calls a shard in an actor of its own through Ray; closing ends the actor."""

    def __init__(self, name: str, actor: Any, greeting: Greeting, *, near: bool) -> None:
        self._name = name
        self._actor = actor
        # On this machine also the process itself, since a hung actor does not hear Ray's request to leave.
        self._process: int | None = None
        if near:
            with contextlib.suppress(OSError):
                self._process = os.pidfd_open(greeting.pid)

    async def call(self, method: str, *arguments: Any) -> Any:
        """What the method returns or raises. Raises ShardGoneError once the actor is lost."""
        remote = self._actor.ask if method in ASK else self._actor.control
        try:
            return await remote.remote(method, *arguments)
        except RayActorError as error:
            raise ShardGoneError(self._name, _first_line(error)) from error

    async def close(self) -> None:
        """End the actor. Never raises."""
        with contextlib.suppress(Exception):  # dead already, or the cluster is
            ray.kill(self._actor, no_restart=True)
        if self._process is not None:
            process, self._process = self._process, None
            if not await _ended(process, LEAVE_SECONDS):
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)


class RayBackend:
    """Shards on every living node of the cluster, each with the same number of them."""

    def __init__(
        self,
        mtbl_dir: str,
        shards: int = 1,
        threads: int = 0,
        direct: bool = True,
        far: bool = False,
        **settings: Any,
    ) -> None:
        """threads 0: the cores of the node divided by its shards. far: nodes may be other machines, to be
        reached directly too. settings: further ones of `ShardActor`.
        """
        self._secret = secrets.token_bytes(SECRET_BYTES) if far and direct else None
        self._settings = settings
        self._mtbl_dir = mtbl_dir
        self._shards = max(shards, 1)
        self._threads = threads
        self._direct = direct
        self._looking: asyncio.Future[Look] | None = None
        self._seen: ClusterState | None = None

    @property
    def cluster(self) -> ClusterState | None:
        """The cluster as of the last look."""
        return self._seen

    async def discover(self) -> list[ShardSpec]:
        """The shards that there should be now. Raises NodeLostError, ClusterSilentError."""
        seen = await self._look()
        self._seen = seen.state
        seats: Counter[str] = Counter()  # several nodes at one address count on
        specs = []
        for node in seen.nodes:
            threads = self._threads or node.cores // self._shards or 1
            for _ in range(self._shards):
                specs.append(
                    ShardSpec(f"{node.address}/{seats[node.address]}", node.address, node.id, threads)
                )
                seats[node.address] += 1
        return specs

    async def _look(self) -> Look:
        """One look at a time: where the head is gone, it takes as long as Ray waits for it."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().run_in_executor(None, look)
        await asyncio.wait({self._looking}, timeout=LOOK_SECONDS)
        if not self._looking.done():
            raise ClusterSilentError(f"the head of the cluster did not answer within {LOOK_SECONDS:.0f} s")
        return self._looking.result()

    async def start(self, spec: ShardSpec, on_lost: Callable[[], None]) -> ShardClient:
        """A new shard, up and greeted. Raises ShardGoneError."""
        actor = start_actor(self._mtbl_dir, spec.threads, spec.node_id, secret=self._secret, **self._settings)
        try:
            greeting = await asyncio.wait_for(
                asyncio.wrap_future(actor.greet.remote().future()), START_SECONDS
            )
        except (RayActorError, TimeoutError) as error:
            with contextlib.suppress(Exception):
                ray.kill(actor, no_restart=True)
            reason = _first_line(error) or f"no sign of life after {START_SECONDS:.0f} s"
            raise ShardGoneError(spec.name, reason) from error
        near = self._direct and greeting.machine == machine()
        transport: Transport = RayTransport(spec.name, actor, greeting, near=near)
        if near:
            transport = SocketTransport(spec.name, greeting.channel, on_lost, owner=transport)
        elif self._secret is not None and greeting.port:
            address = FarAddress(greeting.host, greeting.port, self._secret)
            direct = SocketTransport(spec.name, address, on_lost, owner=transport)
            try:
                await direct.call("ping")
                transport = direct
            except ShardGoneError as error:
                log.warning(
                    "%s; questions go to it through Ray, which takes longer: let the gateway reach the TCP "
                    "ports of the nodes",
                    error,
                )
        return ShardClient(ShardPlace(spec.name, spec.node, greeting.threads, greeting.pid), transport)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


async def _ended(process: int, seconds: float) -> bool:
    """Whether the process behind a pidfd ends within the time."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(process, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(process)
    return True
