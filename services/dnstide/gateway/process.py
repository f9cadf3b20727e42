"""A gateway as a process: its cluster, its signals, and its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

import dnstide.gateway.ray_cluster as ray_cluster
import uvloop
from dnstide.gateway.config import Settings
from dnstide.gateway.notify import ServiceManager
from dnstide.gateway.server import Gateway
from dnstide.gateway.startup import GatewayError, check_start

log = logging.getLogger(__name__)

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Each asks the gateway to drain and end; SIGHUP where it comes of a terminal that is closed, and has another
meaning for a service, which has none: to open the audit log anew.
"""


def run(settings: Settings, ready: Callable[[str], None] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; the exit code of the process. Logs to standard error.

    ready is called with the address once questions are answered. A second signal ends the drain at once.
    """
    manager = ServiceManager.take()
    level = getattr(logging, settings.log_level.upper())
    # Libraries debug themselves at length; what they do is not what the operator asks about.
    logging.basicConfig(
        level=max(level, logging.INFO), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("dnstide").setLevel(level)
    try:
        check_start(settings)
        ray_cluster.start(settings.ray_address, insecure=settings.insecure, wait=settings.wait_nodes > 0)
    except (GatewayError, ray_cluster.ClusterError) as error:
        log.error("%s", error)
        return error.code if isinstance(error, GatewayError) else 1
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(settings, manager, ready))
    finally:
        for number in STOPPING:  # the loop's handlers are gone, and Ray needs a moment
            signal.signal(number, signal.SIG_IGN)
        ray_cluster.stop()


async def _serve(settings: Settings, manager: ServiceManager, ready: Callable[[str], None] | None) -> int:
    # Not before Ray has started: what it reads from the environment at import is set then.
    from dnstide.gateway.ray_backend import RayBackend

    backend = RayBackend(
        str(settings.mtbl_dir),
        settings.shards,
        settings.threads,
        settings.direct_channel,
        far=settings.ray_address is not None,
        all_files=settings.all_files,
        cache_dir=None if settings.cache_dir is None else str(settings.cache_dir),
        summarize=settings.summarize,
        block_cache_bytes=settings.block_cache_mib << 20,
        log_level=settings.log_level,
    )
    try:
        gateway = Gateway(settings, backend)
    except GatewayError as error:
        log.error("%s", error)
        return error.code
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Ray has put its own handlers in place of what was there; these replace them.
    for number in STOPPING:
        # nohup lets a process ignore SIGHUP, and it is to stay so.
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue
        service = number is signal.SIGHUP and not _has_terminal()
        loop.add_signal_handler(number, gateway.reopen if service else asked_to_stop.set)
    starting = asyncio.ensure_future(gateway.start())
    stopping = asyncio.ensure_future(asked_to_stop.wait())
    watching = asyncio.ensure_future(manager.watch())
    lost = gateway.supervisor.lost
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            manager.tell("READY=1", f"STATUS=serving on {gateway.address}")
            if ready is not None:
                ready(gateway.address)
            await asyncio.wait((stopping, lost), return_when=asyncio.FIRST_COMPLETED)
        if lost.done():
            log.error("%s: the gateway ends, to be started again", lost.result())
            return 1
        log.info("asked to stop")
        return 0
    except GatewayError as error:
        log.error("%s", error)
        return error.code
    finally:
        manager.tell("STOPPING=1")
        starting.cancel()
        stopping.cancel()
        asked_to_stop.clear()
        await _stop(gateway, asked_to_stop)
        watching.cancel()


async def _stop(gateway: Gateway, force: asyncio.Event) -> None:
    draining = asyncio.ensure_future(gateway.stop())
    forced = asyncio.ensure_future(force.wait())
    await asyncio.wait((draining, forced), return_when=asyncio.FIRST_COMPLETED)
    forced.cancel()
    if not draining.done():
        log.info("asked to stop again: running questions are cut off")
        draining.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await draining
        await gateway.stop(grace=0)


def _has_terminal() -> bool:
    """Whether a terminal controls the process, so that SIGHUP tells of its end."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
