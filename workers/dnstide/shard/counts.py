"""Exact sums of unsigned 64-bit counts, without a Python step for each of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from dnstide.mtbl.errors import CountOverflow

LARGEST_COUNT = 2**64 - 1

Counts = npt.NDArray[np.uint64]


def add_counts(indices: npt.NDArray[np.intp], counts: Counts, size: int) -> Counts:
    """uint64[size]: the counts added up by index, exactly. Raises CountOverflow where a sum passes 2**64 - 1.

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
    """The exact sum, as a Python integer."""
    return int((counts >> np.uint64(32)).sum()) * 2**32 + int((counts & np.uint64(0xFFFFFFFF)).sum())
