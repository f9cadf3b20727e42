"""Statistics of finished series: plain arrays in, values of the model out.

`analyze` takes a whole volume; every other function takes the counts of one bucket each (uint64, 0 where none
was seen) and a mask `known` that is False where no table covers the bucket.
"""

from dnstide.engine.analyze.breakdown import break_down
from dnstide.engine.analyze.correlation import correlate
from dnstide.engine.analyze.findings import analyze, volume_question
from dnstide.engine.analyze.gaps import find_gaps
from dnstide.engine.analyze.season import season_for
from dnstide.engine.analyze.shape import describe_shape
from dnstide.engine.analyze.shifts import find_shifts
from dnstide.engine.analyze.spikes import find_spikes

__all__ = [
    "analyze",
    "break_down",
    "correlate",
    "describe_shape",
    "find_gaps",
    "find_shifts",
    "find_spikes",
    "season_for",
    "volume_question",
]
