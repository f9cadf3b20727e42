"""From the span of a question, which may be open, to the seconds that the answer's axis covers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import Columns
from dnstide.engine.volume.coverage import GRACE
from dnstide.engine.volume.question import BucketBy, VolumeQuestion


@dataclass(frozen=True, slots=True)
class Span:
    """[start, stop) is asked or found; `first` is earlier where `lead` buckets of grace stand in front."""

    first: int
    start: int
    stop: int
    lead: int = 0


def find_span(columns: Columns, fits: npt.NDArray[np.bool_], question: VolumeQuestion) -> Span | None:
    """The span asked; where it is open, that of the tables that fit, in whole buckets. None: no table touches
    it."""
    step = question.step
    touching = fits
    if question.start is not None:
        touching = touching & (columns.stop > question.start)
    if question.stop is not None:
        touching = touching & (columns.start < question.stop)
    if not touching.any():
        return None
    stop = question.stop
    if stop is None:
        stop = step.ceil(int(columns.stop[touching].max()))
    if question.start is not None:
        return Span(question.start, question.start, stop)
    start = step.floor(int(columns.start[touching].min()))
    if question.bucket_by is BucketBy.FILE:
        return Span(start, start, stop)
    first = step.floor(start - GRACE)
    return Span(first, start, stop, lead=len(step.edges(first, start)) - 1)
