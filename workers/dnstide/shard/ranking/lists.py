"""Lists of largest keys in memory: keys as small numbers, so that hundreds of lists add up in a few array
steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from dnstide.mtbl import CountOverflow
from dnstide.mtbl.keys import Keys
from dnstide.mtbl.scan import TopKeys
from dnstide.shard.counts import LARGEST_COUNT, Counts, add_counts
from dnstide.shard.ranking.bounds import Bounds

__all__ = ["Held", "Ids", "Numbers", "Sums", "add_up"]

Ids = npt.NDArray[np.int32]


class Numbers:
    """Gives each key of one grouping a number, counting from 0."""

    def __init__(self) -> None:
        self._of: dict[bytes, int] = {}
        self._keys: list[bytes] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, number: int) -> bytes:
        return self._keys[number]

    def number(self, keys: Keys) -> Ids:
        of, known = self._of, self._keys
        numbers = np.empty(len(keys), np.int32)
        for i, key in enumerate(keys):
            at = of.setdefault(key, len(known))
            if at == len(known):
                known.append(key)
                self.bytes += len(key) + 150
            numbers[i] = at
        return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The first places of one list, which has ``listed``; ``total`` is what all keys of its table add up to.

    ``floor`` bounds every key that does not stand here.
    """

    ids: Ids
    counts: Counts
    listed: int
    floor: int
    total: int
    overflow: bool

    @classmethod
    def of(cls, top: TopKeys, listed: int, numbers: Numbers) -> Held:
        read = len(top.keys)
        # Of places that were not read it is known that they are no larger than the last one.
        floor = top.floor if read == listed else int(top.counts[-1]) if read else LARGEST_COUNT
        return cls(numbers.number(top.keys), top.counts, listed, floor, top.total, top.overflow)

    def cut(self, depth: int) -> Held:
        """No more than the first ``depth`` places; their floor is the count that comes next."""
        if len(self.ids) <= depth:
            return self
        return replace(self, ids=self.ids[:depth], counts=self.counts[:depth], floor=int(self.counts[depth]))

    def above(self, threshold: int) -> Held:
        """The places that reach the threshold."""
        if threshold > LARGEST_COUNT:
            return self.cut(0)
        return self.cut(len(self.counts) - int(np.searchsorted(self.counts[::-1], np.uint64(threshold))))

    def where(self, allowed: npt.NDArray[np.bool_]) -> Held:
        """The places that are allowed."""
        return replace(self, ids=self.ids[allowed], counts=self.counts[allowed])

    @property
    def bytes(self) -> int:
        return self.ids.nbytes + self.counts.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Every key of some lists: its number, the sum of its listed counts, bounds, and how many lists lack it.

    In the order of the list where there is only one. ``theta`` is the sum of the floors.
    """

    ids: npt.NDArray[np.intp]
    low: Counts
    high: Counts
    missing: npt.NDArray[np.uint32]
    theta: int
    lists: int

    def where(self, allowed: npt.NDArray[np.bool_]) -> Sums:
        """Those alone that are allowed."""
        ids, low, high, missing = (
            self.ids[allowed],
            self.low[allowed],
            self.high[allowed],
            self.missing[allowed],
        )
        return replace(self, ids=ids, low=low, high=high, missing=missing)

    def bounds(self, numbers: Numbers, send: int, cut: int, facts: tuple[bool, int, int]) -> Bounds:
        """The best ``send`` of them (0: all) that can pass ``cut``; ``facts``: deeper, depth, scanned."""
        able = np.flatnonzero(self.high > np.uint64(min(cut, LARGEST_COUNT)))
        if send and len(able) > send:
            able = able[:send] if self.lists == 1 else _best(self.high, able, send)
        left = np.ones(len(self.ids), bool)
        left[able] = False
        floor = max(self.theta, int(self.high[left].max(initial=np.uint64(0))))
        deeper, depth, scanned = facts
        keys = Keys.of(numbers.key(i) for i in self.ids[able].tolist())
        trimmed = send > 0 and bool(left.any())
        return Bounds(
            keys,
            self.low[able],
            self.high[able],
            self.missing[able],
            floor,
            self.lists,
            deeper or trimmed,
            depth,
            scanned,
        )


def add_up(lists: Sequence[Held], size: int) -> Sums:
    """The lists of several tables added up; ``size`` is the number of numbers. Raises CountOverflow."""
    if any(one.overflow for one in lists):
        raise CountOverflow("the counts of a key of one table pass 2**64 - 1")
    theta = sum(one.floor for one in lists)
    if len(lists) == 1:
        (one,) = lists
        none = np.zeros(len(one.ids), np.uint32)
        return Sums(one.ids.astype(np.intp), one.counts, one.counts, none, theta, 1)
    ids = np.concatenate([np.zeros(0, np.int32), *(one.ids for one in lists)])
    counts = np.concatenate([np.zeros(0, np.uint64), *(one.counts for one in lists)])
    lengths = [len(one.ids) for one in lists]
    floors = np.repeat(np.array([one.floor for one in lists], np.uint64), lengths)
    low = add_counts(ids, counts, size)
    present = np.flatnonzero(low)
    low = low[present]
    holders = np.bincount(ids[floors > 0], minlength=size)[present]
    missing = (sum(one.floor > 0 for one in lists) - holders).astype(np.uint32)
    if theta > LARGEST_COUNT:
        high = np.where(missing > 0, np.uint64(LARGEST_COUNT), low)
    else:
        high = low + (np.uint64(theta) - add_counts(ids, floors, size)[present])
        high[high < low] = np.uint64(LARGEST_COUNT)
    return Sums(present, low, high, missing, theta, len(lists))


def _best(high: Counts, able: npt.NDArray[np.intp], send: int) -> npt.NDArray[np.intp]:
    """The ``send`` largest, and what equals the last of them unless that is too much."""
    of = high[able]
    last = np.partition(of, len(of) - send)[len(of) - send]
    with_ties = able[of >= last]
    return np.asarray(with_ties if len(with_ties) <= 4 * send else able[of > last])
