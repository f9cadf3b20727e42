from collections.abc import Sequence

from dnstide.mtbl._native import Cancel, Table
from dnstide.mtbl.errors import TableError

class SuffixTrie:
    def __init__(self, compiled: bytes) -> None: ...

_Skipped = tuple[int, int, str]
_TopList = tuple[bytes, bytes, bytes, int, int, int, bool]
_Scan = tuple[list[list[_TopList]], dict[int, tuple[int, int]], int, int, _Skipped, _Skipped]

def scan(
    tables: list[Table],
    *,
    groups: Sequence[tuple[int, int, int, int]],
    class_of: bytes,
    classes: int,
    all: bool,
    ranges: list[tuple[bytes, bytes | None]],
    rdata_owners: bytes,
    suffixes: SuffixTrie | None,
    threads: int,
    cancel: Cancel | None,
) -> list[_Scan | TableError]: ...
def sum_groups(
    tables: list[Table],
    *,
    by: int,
    keys: list[bytes],
    wanted: list[bytes],
    types: list[int] | None,
    suffixes: SuffixTrie | None,
    threads: int,
    cancel: Cancel | None,
) -> list[bytes | TableError]: ...
