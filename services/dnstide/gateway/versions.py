"""Which file is meant by the name of a table, where nodes hold different ones under it.

A copy with another time may have the same bytes: then the digests of both are equal. Of files that differ
the one that was modified last is the table, and only the nodes that hold it are asked, so that an answer
does not depend on who is alive. Damage is another matter: where the table itself cannot be read, an older
sound file is better than none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dnstide.shard.directory import TableStatus
from dnstide.shard.tables import Identity

Copies = dict[str, TableStatus]
"""What each node holds under one name."""

CopyKey = tuple[str, str, Identity]
"""A node, the name of a table, and which file it is there."""

Digests = Mapping[CopyKey, int | None]
"""What is known of the bytes of files; None where they could not be read."""


def copy_key(node: str, status: TableStatus) -> CopyKey:
    """By which the digest of a file is known."""
    return node, status.name, status.identity


def differing(inventories: Iterable[tuple[str, Iterable[TableStatus]]]) -> dict[str, Copies]:
    """Names under which nodes hold files of different size or time, with the file of each node."""
    copies: dict[str, Copies] = {}
    for node, statuses in inventories:
        for status in statuses:
            if status.size:  # one that cannot be looked at is no copy
                copies.setdefault(status.name, {})[node] = status
    return {name: held for name, held in copies.items() if len({_shape(s) for s in held.values()}) > 1}


def undecided(copies: Copies, digests: Digests) -> list[str]:
    """The nodes whose files have to be compared: those of one size and several times."""
    sizes = [status.size for status in copies.values()]
    return [
        node
        for node, status in copies.items()
        if sizes.count(status.size) > 1 and copy_key(node, status) not in digests
    ]


def elected(copies: Copies, digests: Digests) -> frozenset[str]:
    """The nodes that hold the file which is the table: the one modified last, and its copies."""
    readable = {node: status for node, status in copies.items() if status.problem is None} or copies
    winner = max(readable, key=lambda node: (readable[node].mtime_ns, readable[node].size, node))
    chosen = copies[winner]
    digest = digests.get(copy_key(winner, chosen))
    return frozenset(
        node
        for node, status in copies.items()
        if _shape(status) == _shape(chosen)
        or (
            status.size == chosen.size
            and digest is not None
            and digests.get(copy_key(node, status)) == digest
        )
    )


def _shape(status: TableStatus) -> tuple[int, int]:
    return status.size, status.mtime_ns
