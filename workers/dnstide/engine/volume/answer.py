"""What a question about volume gets back."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from dnstide.engine.volume.plan import VolumePlan
from dnstide.engine.volume.question import VolumeQuestion
from dnstide.shard.partial import Failure


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The counts of one name, or of one name and record type.

    `target` is the index of the name in the question and `name` its canonical text; `rrtype` is a mnemonic or
    TYPEnnn where split, otherwise None. `bucket` has ascending indexes on the answer's axis: those with rows,
    or all of them with fill. `smoothed` is aligned with them, NaN where not defined, None where not asked.
    """

    name: str
    rrtype: str | None
    target: int
    bucket: npt.NDArray[np.int32] = field(repr=False)
    count: npt.NDArray[np.uint64] = field(repr=False)
    total: int
    smoothed: npt.NDArray[np.float64] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of each phase; `slowest_shard` is the longest time that one shard spent looking."""

    plan: float = 0.0
    look: float = 0.0
    merge: float = 0.0
    slowest_shard: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class VolumeAnswer:
    """One axis for all series: bucket i is [edges[i], edges[i+1]) and coverage[i] its code.

    Series stand in the order of the names asked, then by record type. Counts are lower bounds where
    `complete` is False; then `failures` tells which of the `asked` tables are missing in them. Of the
    `answered` ones, summaries stood in for `summarized`: `rows` and `blocks` are what was read of the others.
    """

    question: VolumeQuestion = field(repr=False)
    plan: VolumePlan = field(repr=False)
    edges: npt.NDArray[np.int64] = field(repr=False)
    coverage: npt.NDArray[np.uint8] = field(repr=False)
    series: tuple[Series, ...]
    failures: tuple[Failure, ...]
    asked: int
    answered: int
    summarized: int
    rows: int
    blocks: int
    timings: Timings = Timings()

    @property
    def complete(self) -> bool:
        """True where every table of the plan answered; gaps in the catalog show in `coverage`."""
        return not self.failures

    @property
    def total(self) -> int:
        """The sum over all series; may pass 2**64-1."""
        return sum(series.total for series in self.series)

    @property
    def catalog_version(self) -> str:
        return self.plan.catalog.version
