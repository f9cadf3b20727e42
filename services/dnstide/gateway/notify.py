"""What systemd is told of the gateway's life: sd_notify(3), where the unit is of Type=notify."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from dataclasses import dataclass
from typing import Self

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """The socket that systemd listens on, if any, and how often it wants to hear of us."""

    address: str | None
    watchdog_seconds: float | None

    @classmethod
    def take(cls) -> Self:
        """What the environment says. Taken out of it, since Ray's processes would speak in our name."""
        address = os.environ.pop("NOTIFY_SOCKET", None)
        pid = os.environ.pop("WATCHDOG_PID", str(os.getpid()))
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        watched = address and pid == str(os.getpid()) and microseconds.isdigit() and int(microseconds)
        return cls(address or None, int(microseconds) / 1e6 if watched else None)

    def tell(self, *words: str) -> None:
        """Sends assignments such as `READY=1`. That nobody listens is no reason to end: it is logged."""
        if self.address is None:
            return
        # An @ stands for the NUL byte with which addresses of the abstract namespace begin.
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto("\n".join(words).encode(), address)
        except OSError as error:
            log.warning("cannot tell systemd %s: %s", words[0], error.strerror or error)

    async def watch(self) -> None:
        """Tells that the event loop runs, twice in the time that the unit's WatchdogSec= grants, until
        cancelled.
        """
        if self.watchdog_seconds is None:
            return
        while True:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 2)
