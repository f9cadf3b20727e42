"""Exact sums of 64-bit counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 2**64 - 1


def exact_total(counts: NDArray[np.uint64]) -> int:
    """The sum of uint64 counts as a Python int; the two halves of each are summed apart, so nothing wraps."""
    low = int((counts & np.uint64(0xFFFFFFFF)).sum(dtype=np.uint64))
    high = int((counts >> np.uint64(32)).sum(dtype=np.uint64))
    return (high << 32) + low
