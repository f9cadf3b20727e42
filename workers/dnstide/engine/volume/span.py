"""From the span of a question, which may be open, to the seconds that the answer's axis covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import TableColumns
from dnstide.engine.volume.coverage import GRACE
from dnstide.model.granularity import Granularity
from dnstide.model.question import Span
from dnstide.model.vocabulary import BucketBy


@dataclass(frozen=True, slots=True)
class AxisSpan:
    """[start, stop) is asked for, or is that of the tables. `first` is earlier where `lead` buckets of grace
    stand in front.
    """

    first: int
    start: int
    stop: int
    lead: int = 0


def find_span(
    columns: TableColumns,
    fits: npt.NDArray[np.bool_],
    span: Span,
    granularity: Granularity,
    bucket_by: BucketBy,
) -> AxisSpan | None:
    """The span asked for; where it is open, that of the tables that fit, in whole buckets.

    None where no table touches it.
    """
    touching = fits
    if span.start is not None:
        touching = touching & (columns.stop > span.start)
    if span.stop is not None:
        touching = touching & (columns.start < span.stop)
    if not touching.any():
        return None
    stop = span.stop
    if stop is None:
        stop = granularity.ceil(int(columns.stop[touching].max()))
    if span.start is not None:
        return AxisSpan(span.start, span.start, stop)
    start = granularity.floor(int(columns.start[touching].min()))
    if bucket_by is BucketBy.FILE:
        return AxisSpan(start, start, stop)
    first = granularity.floor(start - GRACE)
    return AxisSpan(first, start, stop, lead=len(granularity.edges(first, start)) - 1)
