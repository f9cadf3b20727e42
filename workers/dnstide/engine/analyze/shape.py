"""The shape of a series: how much it varies, and how it runs through the week and the day."""

from __future__ import annotations

import numpy as np
from dnstide.engine.analyze.columns import Floats, Ints, columns, rates, refusal
from dnstide.engine.analyze.season import DAY
from dnstide.engine.analyze.totals import exact_total
from dnstide.model.analysis import Shape
from numpy.typing import ArrayLike, NDArray

HOUR = 3_600


def describe_shape(
    starts: ArrayLike, end: int, counts: ArrayLike, known: ArrayLike | None = None, *, per: int | None = None
) -> Shape:
    """Describe one series. starts: first second of each bucket, unix time; end: first second after the last.

    Buckets may differ in length: all figures but the total are of rates, told for `per` seconds (None: for a
    bucket of the usual length).

    Source of the coefficient of variation: K. Pearson, "Regression, heredity and panmixia", 1896.
    Raises AnalysisRefused where no bucket is known or the lengths differ.
    """
    numbers, mask = columns("shape", counts, known)
    begin = np.asarray(starts, dtype=np.int64)
    if begin.shape != numbers.shape:
        raise refusal("shape", f"{numbers.size} counts but {begin.size} bucket starts")
    if not mask.any():
        raise refusal("shape", "no bucket has data; ask for a span that tables cover")
    edges = np.append(begin, end)
    longest = int(np.diff(edges).max())
    kept, begin, values = numbers[mask], begin[mask], rates(numbers, edges, per).told[mask]
    mean = float(values.mean())
    variation = float(values.std(ddof=1)) / mean if values.size > 1 and mean > 0 else None
    # Day 0 of unix time was a Thursday, the fourth day from Monday.
    weekday, hour = (begin // DAY + 3) % 7, begin % DAY // HOUR
    return Shape(
        buckets=int(kept.size),
        seen=int(np.count_nonzero(kept)),
        total=exact_total(kept),
        mean=mean,
        median=float(np.median(values)),
        low=float(values.min()),
        high=float(values.max()),
        variation=variation,
        weekdays=_profile(values, weekday, 7) if longest <= DAY else (),
        hours=_profile(values, hour, 24) if longest <= HOUR else (),
    )


def _profile(values: Floats, phase: Ints, phases: int) -> tuple[float | None, ...]:
    mean = float(values.mean())
    groups: list[NDArray[np.float64]] = [values[phase == k] for k in range(phases)]
    return tuple(float(g.mean()) / mean if g.size and mean > 0 else None for g in groups)
