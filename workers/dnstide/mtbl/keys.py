"""The keys that a ranking ranks, as bytes: many of them in one blob, and the facts of each grouping.

A key is the table's own encoding of the thing counted, so that no text is made of the millions that lose.
Names have their labels reversed and are closed by a zero (`\\x03com\\x07example\\x00`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from dnstide.model.vocabulary import Grouping as Grouping


class NativeGrouping(IntEnum):
    """The numbers by which native code knows groupings; `workers/native/grouping.h` has the same ones."""

    FQDN = 0
    DOMAIN = 1
    TLD = 2
    DEPTH = 3
    """The last k labels of the owner name; in sums, everything at and under a name."""
    RDATA = 4


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """How the keys of one grouping look, and how they sort."""

    native: NativeGrouping | None
    """None where no native code groups so: record types are counted beside every scan."""
    names: bool
    """Whether keys are reversed names, closed by a zero; else they begin with the record type, big endian."""
    min_bytes: int
    max_bytes: int | None
    """Bounds of the length of a key in bytes; None is unbounded."""
    tie_order: Callable[[bytes], tuple[bytes, ...]]
    """The sort key among equal counts: RFC 4034 §6.1 for names; for the rest, type and then octets (§6.3)."""


def labels(key: bytes) -> tuple[bytes, ...]:
    """The labels of a reversed name, the most general first, without the root's empty one."""
    parts = []
    at = 0
    while at < len(key) and key[at]:
        parts.append(key[at + 1 : at + 1 + key[at]])
        at += 1 + key[at]
    return tuple(parts)


def _octets(key: bytes) -> tuple[bytes, ...]:
    return (key,)


KEY_FACTS: Mapping[Grouping, KeyFacts] = MappingProxyType(
    {
        # The owner name; the registered domain, or the name itself where it has none; the last label.
        Grouping.FQDN: KeyFacts(NativeGrouping.FQDN, True, 1, 255, labels),
        Grouping.DOMAIN: KeyFacts(NativeGrouping.DOMAIN, True, 1, 255, labels),
        Grouping.TLD: KeyFacts(NativeGrouping.TLD, True, 1, 65, labels),
        # The type in two bytes; the type in two bytes and then the rdata in wire form.
        Grouping.RRTYPE: KeyFacts(None, False, 2, 2, _octets),
        Grouping.RDATA: KeyFacts(NativeGrouping.RDATA, False, 2, None, _octets),
    }
)
"""The facts of each grouping. A new grouping is added here and in `grouping.h`."""


def native_grouping(grouping: Grouping) -> NativeGrouping:
    """The number that native code takes. Raises ValueError where no scan groups so."""
    native = KEY_FACTS[grouping].native
    if native is None:
        raise ValueError(f"tables are not scanned by {grouping}")
    return native


def tie_order(grouping: Grouping) -> Callable[[bytes], tuple[bytes, ...]]:
    """The sort key among keys of equal counts."""
    return KEY_FACTS[grouping].tie_order


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """An immutable sequence of n byte strings; the i-th is `blob[offsets[i]:offsets[i + 1]]`.

    `offsets` is int64[n + 1].
    """

    blob: bytes
    offsets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, items: Iterable[bytes]) -> Keys:
        """These keys, in their order."""
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
        """The index of a key, which is not empty, or None where it is not among the keys."""
        at = self.blob.find(key)
        while at >= 0:
            i = int(np.searchsorted(self.offsets, at))
            if self.offsets[i] == at and self.offsets[i + 1] == at + len(key):
                return i
            at = self.blob.find(key, at + 1)
        return None

    def take(self, indices: npt.NDArray[np.int64] | npt.NDArray[np.intp]) -> Keys:
        """The keys at `indices`, in that order."""
        starts, stops = self.offsets[indices].tolist(), self.offsets[indices + 1].tolist()
        return Keys.of(self.blob[a:b] for a, b in zip(starts, stops, strict=True))
