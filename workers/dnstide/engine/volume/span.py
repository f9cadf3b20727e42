"""From the span of a question, which may be open, to the seconds that the answer's axis covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import TableColumns
from dnstide.engine.volume.coverage import GRACE
from dnstide.model.granularity import MAX_TIME, Granularity
from dnstide.model.question import Span
from dnstide.model.vocabulary import BucketBy


@dataclass(frozen=True, slots=True)
class AxisSpan:
    """[start, stop) is asked for, or is that of the tables. The axis is [first, last), which is longer where
    buckets stand around it for rows first seen outside. `begins` and `ends` are those of the tables
    themselves where the span is open, which buckets may reach beyond.
    """

    first: int
    start: int
    stop: int
    last: int
    begins: int
    ends: int


def find_span(
    columns: TableColumns,
    fits: npt.NDArray[np.bool_],
    span: Span,
    granularity: Granularity,
    bucket_by: BucketBy,
    reach: tuple[int, int] | None = None,
) -> AxisSpan | None:
    """The span asked for; where it is open, that of the tables that fit, in whole buckets.

    `reach` are the earliest and the latest time that the axis has to hold on its open ends. None where no
    table touches the span.
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
        first = start = begins = span.start
    else:
        begins = int(columns.start[touching].min())
        first = start = granularity.floor(begins)
    last = stop
    if bucket_by is not BucketBy.FILE:
        if span.start is None:
            first = granularity.floor(start - GRACE)
        if reach is not None and span.start is None:
            first = min(first, granularity.floor(reach[0]))
        if reach is not None and span.stop is None and reach[1] >= stop:
            last = granularity.next(reach[1]) if reach[1] < MAX_TIME else MAX_TIME + 1
    return AxisSpan(first, start, stop, last, begins, ends)
