"""What a shard says about its tables while a ranking is being proved: the sums known so far, and bounds for
all others.

A *list* holds the largest keys of one table (in one class of types) with exact counts, and its *floor* is a
count that no unlisted key of that table exceeds. A shard adds its lists up; shards add up in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.mtbl.keys import Keys
from dnstide.shard.counts import Counts


@dataclass(frozen=True, slots=True)
class Reach:
    """How far down the lists were read.

    `exhaustible` lists hold further places that can be read without a scan. `depth` is the length of the
    longest list used, `scanned` the number of tables read in full.
    """

    exhaustible: bool
    depth: int
    scanned: int


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Sums over one shard's lists.

    For the i-th key, `low[i] <= true sum <= high[i]`, both uint64 (`high` stops at 2**64 - 1), and
    `missing[i]` (uint32) is the number of lists that do not hold it. `floor` is at least the sum of every key
    not sent. `lists` is how many were added up; `exhaustible`, `depth` and `scanned` are those of `Reach`.
    """

    keys: Keys
    low: Counts
    high: Counts
    missing: npt.NDArray[np.uint32]
    floor: int
    lists: int
    exhaustible: bool
    depth: int
    scanned: int = 0
