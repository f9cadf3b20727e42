"""What a ranking ranks, as bytes: many keys in one blob, and the order that breaks ties.

A key is the table's own encoding of the thing counted, so that no text is made of the millions that lose:

=========  ==================================================================================
fqdn       the owner name with its labels reversed, closed by a zero (``\\x03com\\x07example\\x00``)
domain     the registered domain, encoded likewise; a name that has none stands for itself
tld        the last label, encoded likewise; the root stands for itself
rrtype     the type number, two bytes, big endian
rdata      the type number, two bytes, big endian, then the wire rdata
=========  ==================================================================================
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Grouping", "Keys", "labels", "tie_order"]


class Grouping(StrEnum):
    """What rows are added up by."""

    FQDN = "fqdn"
    DOMAIN = "domain"
    TLD = "tld"
    RRTYPE = "rrtype"
    RDATA = "rdata"

    @property
    def by_name(self) -> bool:
        """Whether its keys are names, and so lie in one range of a table under a suffix."""
        return self in (Grouping.FQDN, Grouping.DOMAIN, Grouping.TLD)


def labels(key: bytes) -> tuple[bytes, ...]:
    """The labels of a reversed name, the most general first; the closing zero is none."""
    found = []
    at = 0
    while at < len(key) and key[at]:
        found.append(key[at + 1 : at + 1 + key[at]])
        at += 1 + key[at]
    return tuple(found)


def tie_order(grouping: Grouping) -> Callable[[bytes], tuple[bytes, ...]]:
    """The sort key among equal counts: RFC 4034 §6.1 for names, type then rdata octets (§6.3) for the
    rest.
    """
    return labels if grouping.by_name else lambda key: (key,)


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """An immutable sequence of byte strings: ``blob[offsets[i]:offsets[i + 1]]``; ``offsets`` is int64[n +
    1].
    """

    blob: bytes
    offsets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, items: Iterable[bytes]) -> Keys:
        listed = list(items)
        offsets = np.zeros(len(listed) + 1, np.int64)
        np.cumsum([len(item) for item in listed], out=offsets[1:])
        return cls(b"".join(listed), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> bytes:
        return self.blob[self.offsets[i] : self.offsets[i + 1]]

    def __iter__(self) -> Iterator[bytes]:
        bounds = self.offsets.tolist()
        return (self.blob[a:b] for a, b in itertools.pairwise(bounds))

    def find(self, key: bytes) -> int | None:
        """The place of a key, which is not empty."""
        at = self.blob.find(key)
        while at >= 0:
            i = int(np.searchsorted(self.offsets, at))
            if self.offsets[i] == at and self.offsets[i + 1] == at + len(key):
                return i
            at = self.blob.find(key, at + 1)
        return None

    def take(self, indices: npt.NDArray[np.int64] | npt.NDArray[np.intp]) -> Keys:
        """The keys at ``indices``, in that order."""
        starts, stops = self.offsets[indices].tolist(), self.offsets[indices + 1].tolist()
        return Keys.of(self.blob[a:b] for a, b in zip(starts, stops, strict=True))
