"""Which shard answers for which table: rendezvous hashing with bounded load.

Each table ranks the shards that can see it by a hash of both names. Its first choice owns it unless that
shard already has its share, then the next one does. One shard more or less of n moves about 1/n of the
tables, so page caches stay warm; the load bound keeps the slowest shard of a question near the mean.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping

LOAD_BOUND = 1.05
"""A shard owns at most so many times the mean: well balanced, and few tables move."""


def _score(table: str, shard: str) -> bytes:
    return hashlib.blake2b(f"{shard}\0{table}".encode(), digest_size=8).digest()


def preference(table: str, shards: Iterable[str]) -> tuple[str, ...]:
    """The shards in the order in which they are asked for the table.

    Hash collisions (practically impossible) are broken by the name of the shard.
    """
    return tuple(sorted(shards, key=lambda shard: (_score(table, shard), shard), reverse=True))


def place(visible: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Maps each table to its shards, owner first, then in the order of failover.

    visible: table name -> names of the shards that can read it. Tables that nobody can read are left out. The
    result depends on the names alone, never on the order of arrival.
    """
    seen_by = {table: tuple(shards) for table, shards in visible.items()}
    crowd: dict[tuple[str, ...], int] = {}
    for shards in seen_by.values():
        key = tuple(sorted(shards))
        crowd[key] = crowd.get(key, 0) + 1
    # Tables with the same viewers share out among those viewers; each group has a bound of its own, so nodes
    # with different directories do not push tables onto each other.
    load: dict[tuple[tuple[str, ...], str], int] = {}
    placed: dict[str, tuple[str, ...]] = {}
    for table in sorted(seen_by):
        preferred = preference(table, seen_by[table])
        if not preferred:
            continue
        group = tuple(sorted(preferred))
        bound = math.ceil(LOAD_BOUND * crowd[group] / len(group))
        owner = next((shard for shard in preferred if load.get((group, shard), 0) < bound), preferred[0])
        load[group, owner] = load.get((group, owner), 0) + 1
        placed[table] = (owner, *(shard for shard in preferred if shard != owner))
    return placed
