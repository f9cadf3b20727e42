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
    stand in front. `begins` and `ends` are those of the tables themselves where the span is open, which
    buckets may reach beyond.
    """

    first: int
    start: int
    stop: int
    begins: int
    ends: int
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
    # By first seen a table holds rows of the day before it, so a span that lies there is answered from it.
    grace = 0 if bucket_by is BucketBy.FILE or span.start is None or span.stop is None else GRACE
    if span.start is not None:
        touching = touching & (columns.stop > span.start)
    if span.stop is not None:
        touching = touching & (columns.start < span.stop + grace)
    if not touching.any():
        return None
    ends = int(columns.stop[touching].max()) if span.stop is None else span.stop
    stop = granularity.ceil(ends) if span.stop is None else ends
    if span.start is not None:
        return AxisSpan(span.start, span.start, stop, span.start, ends)
    begins = int(columns.start[touching].min())
    start = granularity.floor(begins)
    if bucket_by is BucketBy.FILE:
        return AxisSpan(start, start, stop, begins, ends)
    first = granularity.floor(start - GRACE)
    return AxisSpan(first, start, stop, begins, ends, lead=len(granularity.edges(first, start)) - 1)
