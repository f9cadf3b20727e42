"""Lists of largest keys in memory. Keys are small numbers here, so that hundreds of lists add up in a few
array steps.
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
from dnstide.shard.ranking.bounds import Bounds, Reach

Ids = npt.NDArray[np.int32]

_KEY_OVERHEAD = 150
"""Bytes that a key takes in the interner beside its own."""


class KeyInterner:
    """Numbers the keys of one grouping, counting from 0. Equal keys have equal numbers."""

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._keys: list[bytes] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, key_id: int) -> bytes:
        """The key with this number."""
        return self._keys[key_id]

    def intern(self, keys: Keys) -> Ids:
        """The numbers of these keys; a key that is new gets the next one."""
        ids_by_key, interned = self._ids, self._keys
        ids = np.empty(len(keys), np.int32)
        for i, key in enumerate(keys):
            key_id = ids_by_key.setdefault(key, len(interned))
            if key_id == len(interned):
                interned.append(key)
                self.bytes += len(key) + _KEY_OVERHEAD
            ids[i] = key_id
        return ids


@dataclass(frozen=True, slots=True, eq=False)
class PrefixList:
    """The first places of one list, which has `listed` places in all.

    `floor` bounds every key that is not in this prefix; `total` is the sum of all keys of the table.
    """

    ids: Ids
    counts: Counts
    listed: int
    floor: int
    total: int
    overflow: bool

    @classmethod
    def of(cls, top: TopKeys, listed: int, interner: KeyInterner) -> PrefixList:
        """The places that were read of a list that has `listed` of them."""
        read = len(top.keys)
        # Places that were not read have counts no larger than the last one read.
        floor = top.floor if read == listed else int(top.counts[-1]) if read else LARGEST_COUNT
        return cls(interner.intern(top.keys), top.counts, listed, floor, top.total, top.overflow)

    def cut(self, depth: int) -> PrefixList:
        """No more than the first `depth` places; their floor is the count that comes next."""
        if len(self.ids) <= depth:
            return self
        return replace(self, ids=self.ids[:depth], counts=self.counts[:depth], floor=int(self.counts[depth]))

    def above(self, threshold: int) -> PrefixList:
        """The places that reach the threshold."""
        if threshold > LARGEST_COUNT:
            return self.cut(0)
        return self.cut(len(self.counts) - int(np.searchsorted(self.counts[::-1], np.uint64(threshold))))

    def where(self, allowed: npt.NDArray[np.bool_]) -> PrefixList:
        """The places that are allowed."""
        return replace(self, ids=self.ids[allowed], counts=self.counts[allowed])

    @property
    def bytes(self) -> int:
        """The memory of the columns."""
        return self.ids.nbytes + self.counts.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class KeySums:
    """Every key of several lists: its number, the sum of its listed counts, bounds, and how many lists lack
    it.

    The order is that of the list where there is only one. `theta` is the sum of the floors.
    """

    ids: npt.NDArray[np.intp]
    low: Counts
    high: Counts
    missing: npt.NDArray[np.uint32]
    theta: int
    lists: int

    def where(self, allowed: npt.NDArray[np.bool_]) -> KeySums:
        """The sums of the keys that are allowed."""
        return replace(
            self,
            ids=self.ids[allowed],
            low=self.low[allowed],
            high=self.high[allowed],
            missing=self.missing[allowed],
        )

    def bounds(self, interner: KeyInterner, send: int, cut: int, reach: Reach) -> Bounds:
        """The best `send` keys (0: all) whose sum can pass `cut`."""
        sent = np.flatnonzero(self.high > np.uint64(min(cut, LARGEST_COUNT)))
        if send and len(sent) > send:
            sent = sent[:send] if self.lists == 1 else _best(self.high, sent, send)
        omitted = np.ones(len(self.ids), bool)
        omitted[sent] = False
        trimmed = send > 0 and bool(omitted.any())
        return Bounds(
            keys=Keys.of(interner.key(i) for i in self.ids[sent].tolist()),
            low=self.low[sent],
            high=self.high[sent],
            missing=self.missing[sent],
            floor=max(self.theta, int(self.high[omitted].max(initial=np.uint64(0)))),
            lists=self.lists,
            exhaustible=reach.exhaustible or trimmed,
            depth=reach.depth,
            scanned=reach.scanned,
        )


def add_up(lists: Sequence[PrefixList], size: int) -> KeySums:
    """The lists of several tables added up; `size` is how many keys are numbered. Raises CountOverflow."""
    if any(prefix.overflow for prefix in lists):
        raise CountOverflow("the counts of a key of one table pass 2**64 - 1")
    theta = sum(prefix.floor for prefix in lists)
    if len(lists) == 1:
        (single,) = lists
        no_list_lacks = np.zeros(len(single.ids), np.uint32)
        return KeySums(single.ids.astype(np.intp), single.counts, single.counts, no_list_lacks, theta, 1)
    ids = np.concatenate([np.zeros(0, np.int32), *(prefix.ids for prefix in lists)])
    counts = np.concatenate([np.zeros(0, np.uint64), *(prefix.counts for prefix in lists)])
    lengths = [len(prefix.ids) for prefix in lists]
    floors = np.repeat(np.array([prefix.floor for prefix in lists], np.uint64), lengths)
    low = add_counts(ids, counts, size)
    present = np.flatnonzero(low)
    low = low[present]
    holders = np.bincount(ids[floors > 0], minlength=size)[present]
    missing = (sum(prefix.floor > 0 for prefix in lists) - holders).astype(np.uint32)
    if theta > LARGEST_COUNT:
        high = np.where(missing > 0, np.uint64(LARGEST_COUNT), low)
    else:
        high = low + (np.uint64(theta) - add_counts(ids, floors, size)[present])
        high[high < low] = np.uint64(LARGEST_COUNT)
    return KeySums(present, low, high, missing, theta, len(lists))


def _best(high: Counts, candidates: npt.NDArray[np.intp], send: int) -> npt.NDArray[np.intp]:
    """The `send` largest candidates, and those equal to the last of them unless they are too many."""
    bounds = high[candidates]
    last = np.partition(bounds, len(bounds) - send)[len(bounds) - send]
    with_ties = candidates[bounds >= last]
    return np.asarray(with_ties if len(with_ties) <= 4 * send else candidates[bounds > last])
