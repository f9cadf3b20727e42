"""All that is known of one name in one answer, and one sentence that says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from dnstide.model.analysis import Breakdown, Findings, Gap, Shape, Spike
from dnstide.model.columns import Columns, Tabular, count_column, number_column, time_column
from dnstide.model.coverage import SpanCoverage, coverage_column
from dnstide.model.granularity import Granularity
from dnstide.model.skipped import skipped_text
from dnstide.model.texts import amount, many, times_text
from dnstide.model.top import Rank, Top
from dnstide.model.vocabulary import Analysis, Coverage, GapKind
from dnstide.model.volume import Series, Summary, Volume

STEADY = 0.35
"""A level is steady whose counts lie within this part of it: the median distance from it, as a standard
deviation, over it.
"""

PER = {
    Granularity.DAY: "a day",
    Granularity.HOUR: "an hour",
    Granularity.TEN_MINUTES: "every ten minutes",
    Granularity.MINUTE: "a minute",
}
"""What rates are told for, in prose."""

IN_REPORT = (Analysis.SHIFTS, Analysis.SPIKES, Analysis.GAPS, Analysis.SHAPE, Analysis.BREAKDOWN)
"""The analyses that a report is made of."""


@dataclass(frozen=True, slots=True)
class Level:
    """[start, stop) between two changes of level, or an end of the span.

    `rate` is the median count per day (per bucket, where steps are finer; the mean, where half of them are
    zero), `ratio` that over the level before: infinite from zero, None for the first. `total` is exact.
    """

    start: np.datetime64
    stop: np.datetime64
    rate: float
    ratio: float | None
    total: int


@dataclass(frozen=True, eq=False)
class Report(Tabular):
    """The answer to `report`: what was counted, what it shows, and what lies under the name.

    `found` has the Findings of each analysis of IN_REPORT, without a shape where no bucket is covered
    whole. `children` is the ranking of what lies under the name, itself included; None where there is
    none, and `childless` says why. `changed` is True where the tables went on changing while the parts
    were asked for, so that they may speak of different ones.
    """

    volume: Volume
    found: Mapping[Analysis, Findings]
    children: Top | None = None
    childless: str = ""
    changed: bool = False

    @property
    def series(self) -> Series:
        """The counts."""
        return self.volume.series[0]

    @property
    def name(self) -> str:
        """The name, with the types and the bailiwick that came with it."""
        return self.series.asked

    @property
    def granularity(self) -> Granularity:
        """The step of the counts."""
        return self.volume.axis.granularity

    @property
    def summary(self) -> Summary:
        """What the counts rest on."""
        return self.volume.summary

    @property
    def complete(self) -> bool:
        """True where every moment of the span lies in a table that answered, of every part."""
        return (
            self.summary.complete and not self.changed and (self.children is None or self.children.complete)
        )

    @property
    def coverage(self) -> SpanCoverage:
        """Which stretches of the span could be looked at."""
        return self.summary.coverage

    @property
    def seen(self) -> bool:
        """Whether the name was seen at all."""
        return self.volume.found

    @property
    def total(self) -> int:
        """All counts of the span, exact."""
        return self.series.total

    @property
    def first_seen(self) -> np.datetime64 | None:
        """The first second of the first bucket with a count."""
        return self._seen_at(0)

    @property
    def last_seen(self) -> np.datetime64 | None:
        """The first second of the last bucket with a count."""
        return self._seen_at(-1)

    @property
    def spikes(self) -> tuple[Spike, ...]:
        """Buckets that stand out."""
        return self.found[Analysis.SPIKES].series[0].spikes

    @property
    def silent(self) -> tuple[Gap, ...]:
        """Silent spans, not those without tables."""
        gaps = self.found[Analysis.GAPS].series[0].gaps
        return tuple(gap for gap in gaps if gap.kind is GapKind.SILENT)

    @property
    def shape(self) -> Shape | None:
        """Figures and profiles of the counts; None where no bucket is covered whole."""
        found = self.found.get(Analysis.SHAPE)
        return None if found is None else found.series[0].shape

    @property
    def breakdown(self) -> Breakdown:
        """Totals by record type."""
        return self.found[Analysis.BREAKDOWN].breakdowns[0]

    @property
    def under(self) -> tuple[Rank, ...]:
        """The largest names at and under the name."""
        return () if self.children is None else self.children.ranks

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The levels in the order of time; none where the name was not seen."""
        shifts = self.found[Analysis.SHIFTS].series[0].shifts
        if not self.seen or self.shape is None:
            return ()
        axis, counts = self.volume.axis, self.series.dense()
        edges = axis.edges.view("datetime64[s]")
        bounds = [edges[0], *(shift.time for shift in shifts), edges[-1]]
        rates = (
            [shifts[0].before, *(shift.after for shift in shifts)] if shifts else [self._whole(self.shape)]
        )
        ratios = [None, *(shift.ratio for shift in shifts)]
        return tuple(
            Level(
                start, stop, rate, ratio, sum(counts[(axis.starts >= start) & (axis.starts < stop)].tolist())
            )
            for start, stop, rate, ratio in zip(bounds, bounds[1:], rates, ratios, strict=False)
        )

    @property
    def verdict(self) -> str:
        """One sentence: ``steady at 2.08 million a day since 2017-09-15, 1,440 times the level before; no
        later shift``.
        """
        if not self.seen:
            return "not seen in the span"
        if not self.levels:
            return f"seen {amount(self.total)} times, in no bucket that tables cover whole"
        last, tail = self.levels[-1], self.silent[-1:]
        since = last.start if last.rate == 0 else None
        if tail and tail[0].stop == self.volume.axis.stop:
            since = tail[0].start
        if since is not None:
            before = [level for level in self.levels if level.start < since and level.rate > 0]
            return (
                f"silent since {self.moment(since)}{f', {self._rate(before[-1])} before' if before else ''}"
            )
        later = self._later(last)
        if last.ratio is None:
            return f"{self._manner(last)} {self._rate(last)} throughout; {later}"
        against = (
            "up from nothing" if math.isinf(last.ratio) else f"{times_text(last.ratio)} the level before"
        )
        return f"{self._manner(last)} {self._rate(last)} since {self.moment(last.start)}, {against}; {later}"

    def moment(self, time: np.datetime64) -> str:
        """A date, or a time where steps are finer than a day."""
        return f"{time}Z" if self.granularity.fine else str(time.astype("datetime64[D]"))

    def columns(self) -> Columns:
        """One row for each level: start, stop (exclusive), rate, ratio (unknown for the first, and from zero)
        and total; `coverage` says whether the span is covered whole.
        """
        levels = self.levels
        ratios = [None if one.ratio is None or math.isinf(one.ratio) else one.ratio for one in levels]
        return Columns(
            (
                time_column("start", [level.start for level in levels]),
                time_column("stop", [level.stop for level in levels], label="end"),
                number_column("rate", [level.rate for level in levels]),
                number_column("ratio", ratios),
                count_column("total", [level.total for level in levels]),
                coverage_column(len(levels), complete=self.complete),
            )
        )

    def __str__(self) -> str:
        summary = self.volume.summary
        told = skipped_text(summary.skipped, summary.rows_skipped)
        said = "\n".join([f"{self.name}: {self.verdict}", *told])
        return said if self.complete else f"{said}\nincomplete: it {self.coverage}"

    def __repr__(self) -> str:
        return f"<Report: {self}>"

    def _seen_at(self, place: int) -> np.datetime64 | None:
        times = self.series.times[self.series.counts > 0]
        return times[place] if len(times) else None

    @staticmethod
    def _whole(shape: Shape) -> float:
        return shape.median or shape.mean

    def _rate(self, level: Level) -> str:
        return f"{amount(level.rate)} {PER[self.granularity.per]}"

    def _manner(self, level: Level) -> str:
        """How the counts lie around the level."""
        axis = self.volume.axis
        within = (
            (axis.coverage == Coverage.COMPLETE) & (axis.starts >= level.start) & (axis.starts < level.stop)
        )
        rates = axis.rates(self.series.dense())[within]
        middle = float(np.median(rates)) if rates.size else 0.0
        if middle == 0:
            return f"seen in {int(np.count_nonzero(rates)):,} of {many(rates.size, 'bucket')}, on average"
        spread = 1.4826 * float(np.median(np.abs(rates - middle)))
        return "steady at" if spread <= STEADY * middle else "swinging around"

    def _later(self, level: Level) -> str:
        """What happened within the last level."""
        spikes = [spike for spike in self.spikes if spike.time >= level.start]
        silent = [gap for gap in self.silent if gap.start >= level.start]
        what = [many(len(spikes), "spike")] * bool(spikes) + [many(len(silent), "silent span")] * bool(silent)
        none = "no shift" if level.ratio is None else "no later shift"
        return none + (f", {' and '.join(what)}" if what else "")
