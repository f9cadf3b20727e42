"""Statistics of finished series: plain arrays in, frozen values out.

`analyze` takes a whole answer; every other function takes the counts of one bucket each (uint64, 0 where none
was seen) and a mask `known` that is False where no table covers the bucket. Buckets are named by their index
on the axis.
"""

from dnstide.engine.analyze.breakdown import Breakdown, Part, break_down
from dnstide.engine.analyze.correlation import Correlation, correlate
from dnstide.engine.analyze.errors import AnalysisError
from dnstide.engine.analyze.gaps import Gap, GapKind, find_gaps
from dnstide.engine.analyze.run import (
    Analysis,
    AnalysisSettings,
    Findings,
    SeriesFindings,
    analyze,
    question_for,
)
from dnstide.engine.analyze.season import season_for
from dnstide.engine.analyze.shape import Shape, describe_shape
from dnstide.engine.analyze.shifts import Shift, find_shifts
from dnstide.engine.analyze.spikes import Spike, find_spikes

__all__ = [
    "Analysis",
    "AnalysisError",
    "AnalysisSettings",
    "Breakdown",
    "Correlation",
    "Findings",
    "Gap",
    "GapKind",
    "Part",
    "SeriesFindings",
    "Shape",
    "Shift",
    "Spike",
    "analyze",
    "break_down",
    "correlate",
    "describe_shape",
    "find_gaps",
    "find_shifts",
    "find_spikes",
    "question_for",
    "season_for",
]
