"""Bounds of several shards laid beside each other: the arithmetic that both rankings share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.mtbl.errors import CountOverflow
from dnstide.mtbl.keys import Keys
from dnstide.shard.counts import LARGEST_COUNT, Counts, add_counts
from dnstide.shard.ranking.bounds import Bounds


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Every key that any shard sent, with bounds on its sum over all of them.

    `known` marks the keys whose bounds meet; `lookups` (int64) is how many lists would have to be asked
    for the exact sum of each. `theta` bounds the sum of a key that no shard sent.
    """

    keys: Keys
    low: Counts
    high: Counts
    lookups: npt.NDArray[np.int64]
    theta: int
    lists: int
    exhaustible: bool
    depth: int
    scanned: int


def merge(parts: Sequence[Bounds]) -> Merged:
    """Add up what the shards sent; a shard that did not send a key bounds it by its floor."""
    if len(parts) == 1:
        part = parts[0]
        return _merged(parts, part.keys, part.low, part.high, part.missing.astype(np.int64))
    places: dict[bytes, int] = {}
    where = [np.array([places.setdefault(key, len(places)) for key in part.keys], np.intp) for part in parts]
    size = len(places)
    indices = np.concatenate([*where, np.zeros(0, np.intp)])
    low = add_counts(indices, np.concatenate([*(p.low for p in parts), np.zeros(0, np.uint64)]), size)
    high = np.zeros(size, np.uint64)
    lookups = np.zeros(size, np.int64)
    for part, at in zip(parts, where, strict=True):
        part_high = np.full(size, min(part.floor, LARGEST_COUNT), np.uint64)
        part_high[at] = part.high
        missing = np.full(size, part.lists if part.floor else 0, np.int64)
        missing[at] = part.missing
        lookups += missing
        high = _add_up_to_largest(high, part_high)
    return _merged(parts, Keys.of(places), low, high, lookups)


def _merged(
    parts: Sequence[Bounds], keys: Keys, low: Counts, high: Counts, lookups: npt.NDArray[np.int64]
) -> Merged:
    return Merged(
        keys=keys,
        low=low,
        high=high,
        lookups=lookups,
        theta=sum(part.floor for part in parts),
        lists=sum(part.lists for part in parts),
        exhaustible=any(part.exhaustible for part in parts),
        depth=max((part.depth for part in parts), default=0),
        scanned=sum(part.scanned for part in parts),
    )


def add_exact(parts: Sequence[Counts], size: int) -> Counts:
    """The shards' exact counts of the same keys, added up; raises `CountOverflow`."""
    summed = np.zeros(size, np.uint64)
    for part in parts:
        summed = summed + part
        if (summed < part).any():
            raise CountOverflow("a count passed 2**64 - 1")
    return summed


def nth_largest(counts: Counts, n: int) -> int:
    """The n-th largest count, 0 when there are fewer."""
    return int(np.partition(counts, len(counts) - n)[len(counts) - n]) if len(counts) >= n else 0


def _add_up_to_largest(a: Counts, b: Counts) -> Counts:
    summed = a + b
    summed[summed < b] = np.uint64(LARGEST_COUNT)
    return summed
