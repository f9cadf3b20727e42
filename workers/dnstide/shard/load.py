"""What a shard tells of itself with each reply to a ping, for those who watch it."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass, field

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessLoad:
    """What the process of a shard holds and has used: descriptors, bytes of memory, seconds of CPU time.

    `max_fds` is the limit of open descriptors, -1 where there is none.
    """

    open_fds: int = 0
    max_fds: int = 0
    resident_bytes: int = 0
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SummaryLoad:
    """Summaries since the shard began: made, of tables that could not be read, and made but not kept since
    the cache could not be written; and the tables that the background has still to look at.
    """

    made: int = 0
    failed: int = 0
    unkept: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ShardLoad:
    """What a shard holds and does at a moment: open tables, decoded blocks (bytes held, and since it began
    blocks found and not found), questions about volume and of rankings under way; and since it began
    questions about volume that ended, and the seconds spent on them. `directory_changed_ns` is when files
    came to the directory or went, nanoseconds since 1970, 0 where that is not known.
    """

    tables_open: int = 0
    block_cache_bytes: int = 0
    block_cache_hits: int = 0
    block_cache_misses: int = 0
    questions: int = 0
    rankings: int = 0
    questions_ended: int = 0
    question_seconds: float = 0.0
    summaries: SummaryLoad = field(default_factory=SummaryLoad)
    process: ProcessLoad = field(default_factory=ProcessLoad)
    directory_changed_ns: int = 0


def process_load() -> ProcessLoad:
    """That of this process. Takes some microseconds."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return ProcessLoad(
        open_fds=_open_fds(),
        max_fds=-1 if limit == resource.RLIM_INFINITY else limit,
        resident_bytes=_resident_bytes(),
        cpu_seconds=time.process_time(),
    )


def _open_fds() -> int:
    # Since Linux 6.2 the size of the folder is the number of its entries; a list of thousands takes a
    # millisecond.
    try:
        return os.stat("/proc/self/fd").st_size or len(os.listdir("/proc/self/fd"))
    except OSError:  # there is none left to list the folder with
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except OSError:
        return 0
