"""The totals of a span by record type, or by any other label."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from dnstide.engine.analyze.columns import columns, refusal
from dnstide.engine.analyze.totals import LARGEST, exact_total
from dnstide.model.analysis import Breakdown, Part
from numpy.typing import ArrayLike


def break_down(name: str, series: Iterable[tuple[str, ArrayLike]]) -> Breakdown:
    """Total the counts of each record type of a name over the span, largest first, equal ones by type.

    Counts of one type that is given twice are added. Without any series there is nothing to total.

    share = total / sum of totals, 0 where that is 0. Raises AnalysisRefused where a sum passes 2^64 − 1.
    """
    totals: dict[str, int] = {}
    for rrtype, counts in series:
        numbers, _ = columns("breakdown", counts, None)
        totals[rrtype] = totals.get(rrtype, 0) + exact_total(np.asarray(numbers))
    whole = sum(totals.values())
    if whole > LARGEST:
        raise refusal("breakdown", f"the total {whole} passes 2^64-1; ask for a shorter span")
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return Breakdown(name, whole, tuple(Part(k, v, v / whole if whole else 0.0) for k, v in ordered))
