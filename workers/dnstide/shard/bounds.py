"""What a shard says about its tables while a ranking is being proved: sums known so far, and what bounds the
rest.

A *list* holds the largest keys of one table (in one class of types) with exact counts, and its *floor* is a
count that no unlisted key of that table exceeds. A shard adds its lists up; shards add up in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.mtbl.errors import CountOverflow
from dnstide.mtbl.keys import Keys

__all__ = ["LARGEST_COUNT", "Bounds", "add_counts", "total"]

LARGEST_COUNT = 2**64 - 1
Counts = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Sums over one shard's lists.

    For the i-th key: ``low[i] <= true sum <= high[i]``, both uint64 (``high`` stops at 2**64 - 1);
    ``missing[i]`` (uint32) is the number of lists that do not hold it. ``floor`` is at least the sum of every
    key not sent. ``lists`` is how many were added up; ``deeper`` whether a larger depth could tell more
    without a scan; ``depth`` the length of the longest list used; ``scanned`` the number of tables read in
    full for this.
    """

    keys: Keys
    low: Counts
    high: Counts
    missing: npt.NDArray[np.uint32]
    floor: int
    lists: int
    deeper: bool
    depth: int
    scanned: int = 0


def add_counts(indices: npt.NDArray[np.intp], counts: Counts, size: int) -> Counts:
    """uint64[size]: the counts added up by index, exactly; raises `CountOverflow` where a sum passes 2**64 -
    1.

    numpy adds weights as floats; halves of 32 bits stay exact for two million addends per index.
    """
    mask = np.uint64(0xFFFFFFFF)
    low = np.bincount(indices, (counts & mask).astype(np.float64), size).astype(np.uint64)
    wide = counts >> np.uint64(32)
    if not wide.any():
        return low
    high = np.bincount(indices, wide.astype(np.float64), size).astype(np.uint64) + (low >> np.uint64(32))
    if (high >> np.uint64(32)).any():
        raise CountOverflow("a count passed 2**64 - 1")
    return (high << np.uint64(32)) | (low & mask)


def total(counts: Counts) -> int:
    """The sum, in Python's integers."""
    return int((counts >> np.uint64(32)).sum()) * 2**32 + int((counts & np.uint64(0xFFFFFFFF)).sum())
