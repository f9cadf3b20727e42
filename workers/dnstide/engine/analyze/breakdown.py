"""The totals of a span by record type, or by any other label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from dnstide.engine.analyze.columns import columns
from dnstide.engine.analyze.errors import AnalysisError
from dnstide.engine.analyze.totals import LARGEST, exact_total
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Part:
    """One label, its exact total, and its share of the whole from 0 to 1 (0 where the whole is 0)."""

    label: str
    total: int
    share: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The parts, largest first, equal ones by label; and their exact sum."""

    total: int
    parts: tuple[Part, ...]


def break_down(series: Iterable[tuple[str, ArrayLike]]) -> Breakdown:
    """Total each label's counts over the span; counts of one label given twice are added.

    share = total / sum of totals. Raises AnalysisError where there is no series or a sum passes 2^64 − 1.
    """
    totals: dict[str, int] = {}
    for label, counts in series:
        numbers, _ = columns("breakdown", counts, None)
        totals[label] = totals.get(label, 0) + exact_total(np.asarray(numbers))
    if not totals:
        raise AnalysisError("breakdown", "no series to break down")
    whole = sum(totals.values())
    if whole > LARGEST:
        raise AnalysisError("breakdown", f"the total {whole} passes 2^64-1; ask for a shorter span")
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return Breakdown(whole, tuple(Part(k, v, v / whole if whole else 0.0) for k, v in ordered))
