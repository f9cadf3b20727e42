"""The Ray cluster under the gateway: started for it alone, or joined. Our own always asks for a token.

Ray is imported when it is needed, since what it reads from the environment at import must be set before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import socket
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnstide.gateway.member import ClusterState, NodeLostError
from dnstide.gateway.ray_folder import RayFolder, sweep
from dnstide.gateway.ray_join import JoinError, token_path, wait_to_join

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
# Only answers over 100 KB pass through shared memory, and each is freed as soon as it is merged.
OBJECT_STORE_BYTES = 128 << 20
START_ATTEMPTS = 3
JOIN_SECONDS = 60.0
"""In which a cluster that starts beside the gateway is there."""

DEFAULTS = {
    # Without it, actors run at nice 15 and starve beside others.
    "RAY_worker_niceness": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    # The monitor kills a shard of some megabytes when other programs fill the machine's memory.
    "RAY_memory_monitor_refresh_ms": "0",
    # And a disk that others have filled to 95 % is no reason to refuse answers, which never go there.
    "RAY_local_fs_capacity_threshold": "1",
}
"""What Ray's daemons read from the environment when they start; its own values are made for jobs that end.
What the operator has set stays.
"""

_own_raylet: list[tuple[str, int]] = []
"""Where the raylet of this process listens, once it is known."""

_folders: list[RayFolder] = []
"""The folder of the cluster that this process has started, while it runs."""


class ClusterError(Exception):
    """Ray did not start or could not be joined."""


@dataclass(frozen=True, slots=True)
class Node:
    """A living node of the cluster."""

    id: str
    address: str
    cores: int


@dataclass(frozen=True, slots=True)
class Look:
    """The living nodes that offer CPUs, by address, and what is told of the whole cluster."""

    nodes: list[Node]
    state: ClusterState


def start(address: str | None, *, insecure: bool = False, wait: bool = False) -> None:
    """Starts a local cluster, or joins the one at the address. Blocks for a few seconds; raises ClusterError.

    `insecure` lets it join a cluster that takes everybody; with `wait` it gives the cluster a minute to
    start. Replaces the SIGTERM handler of the process,
    so handlers are installed after it.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if address is None:
        _start_own()
        return
    try:
        wait_to_join(address, JOIN_SECONDS if wait else 0.0, insecure=insecure)
    except JoinError as error:
        raise ClusterError(str(error)) from None
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise ClusterError(f"cannot join the Ray cluster at {address}: {error}") from error


def _start_own() -> None:
    if "ray" not in sys.modules:
        # Ray turns 127.0.0.1 into the machine's outward address, and every process of the cluster then
        # listens on all interfaces, unless it is told at import that this machine is no part of a
        # cluster.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    ensure_token()
    _init_own()
    # Ray turns tokens on for a cluster of its own, and says so here, unless it was told not to.
    if os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        stop()
        raise ClusterError("token authentication of Ray is off: unset RAY_AUTH_MODE, or set it to token")
    if look().nodes[0].address != LOOPBACK:
        log.warning("Ray listens on all interfaces, since it was imported before the gateway started it")


def _init_own() -> None:
    """Tries again where a daemon hangs, which is rare: Ray waits 30 s for its daemons to find each other."""
    import ray

    for tries_left in reversed(range(START_ATTEMPTS)):
        before = children()
        folder = _own_folder()
        try:
            ray.init(
                address="local",  # without it, Ray joins whichever cluster was started on this machine last
                include_dashboard=False,
                _node_ip_address=LOOPBACK,
                _temp_dir=folder,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE_BYTES,
            )
        except Exception as error:
            stop()
            _end(children() - before)  # Ray leaves them to the end of this process
            if tries_left == 0:
                raise ClusterError(f"cannot start a local Ray cluster: {error}") from error
            log.warning("Ray did not start (%s); trying again", error)
        else:
            return


def _own_folder() -> str | None:
    """A private folder, or None where RAY_TMPDIR names one: Ray then keeps its sessions and their logs
    there.
    """
    if os.environ.get("RAY_TMPDIR"):
        return None
    sweep()
    try:
        _folders.append(RayFolder())
    except OSError as error:
        raise ClusterError(f"no folder for Ray: {error.filename}: {error.strerror}") from error
    log.info("Ray keeps its sockets and logs in %s until the gateway ends", _folders[-1].sessions)
    return str(_folders[-1].sessions)


def children() -> set[int]:
    """The processes that this one has started and that have not been waited for."""
    pids: set[int] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            pids.update(map(int, path.read_text().split()))
        except OSError:  # the thread has ended meanwhile
            continue
    return pids


def _end(processes: set[int]) -> None:
    """Kills them and waits until they are gone; what they started themselves follows them."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def stop() -> None:
    """Leaves the cluster, and ends it where it is our own; its folder goes with it."""
    import ray

    ray.shutdown()
    _own_raylet.clear()
    while _folders:
        _folders.pop().remove()


def look() -> Look:
    """The cluster as its head tells of it. Blocks for a millisecond or two, and for as long as Ray waits
    where the head is gone.

    Raises NodeLostError where the node of this process is not alive: Ray never takes it in again.
    """
    import ray

    # The head takes some 15 s to find out that a raylet is dead, and may be dead itself.
    if _own_raylet and _is_refused(*_own_raylet[0]):
        raise NodeLostError("the raylet of this machine has died")
    entries: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    living = [entry for entry in entries if entry["Alive"]]
    own_id = ray.get_runtime_context().get_node_id()
    own = next((entry for entry in living if entry["NodeID"] == own_id), None)
    if own is None:
        raise NodeLostError("the Ray node of this machine has left the cluster")
    _own_raylet[:] = [(own["NodeManagerAddress"], own["NodeManagerPort"])]
    nodes = sorted(
        (
            Node(entry["NodeID"], entry["NodeManagerAddress"], int(entry["Resources"]["CPU"]))
            for entry in living
            if entry["Resources"].get("CPU", 0) >= 1
        ),
        key=lambda node: (node.address, node.id),
    )
    return Look(nodes, ClusterState(len(living), len(entries) - len(living), _living_actors(), time.time()))


def _living_actors() -> int:
    # The public list of actors needs the dashboard. Dead ones are not asked for: the head keeps many of them.
    from ray._private.state import actors

    return len(actors(actor_state_name="ALIVE"))


def _is_refused(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except ConnectionRefusedError:
        return True
    except OSError:  # a busy machine is not a dead process
        return False
    return False


def ensure_token() -> None:
    """Makes sure that there is a token which nobody else can read; Ray would write a file of mode 0644."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    path = token_path()
    token = secrets.token_hex(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except OSError:  # no home to write to: the token lives in the environment of our processes only
        os.environ["RAY_AUTH_TOKEN"] = token
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
