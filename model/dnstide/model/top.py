"""The largest: ranks or changes, with the proof that nothing is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dnstide.model.columns import Column, Columns, count_column, number_column, text_column
from dnstide.model.coverage import NOT_TOLD, SpanCoverage, coverage_column
from dnstide.model.errors import Failure, InvalidQuestion
from dnstide.model.granularity import DAY
from dnstide.model.question import TopQuestion
from dnstide.model.skipped import SkippedRows, skipped_text
from dnstide.model.texts import factor_text, many, rate_text
from dnstide.model.vocabulary import MAX_COUNT, RankMethod
from dnstide.model.volume import Axis, Bools, Counts, PlanEntry, plotted
from dnstide.model.wide import WideTabular, bucket_column, lines_as_columns, marks_column


@dataclass(frozen=True, slots=True, eq=False)
class Rank:
    """One of the largest. `rrtype` is set where rdata is ranked, `share` is of all that is ranked.

    `series` has a count (uint64) for each bucket of the axis, where it was asked; `Top.known` tells its zeros
    from gaps.
    """

    rank: int
    name: str
    rrtype: str | None
    count: int
    share: float
    series: Counts | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """The name, with the record type before it where that is a part of the key."""
        return self.name if self.rrtype is None else f"{self.rrtype} {self.name}"

    def __str__(self) -> str:
        return f"{self.rank}. {self.title}: {self.count:,}"


@dataclass(frozen=True, slots=True)
class Change:
    """One of the largest rises or falls, with the exact counts in the baseline span and in the one asked.

    Spans may differ in length and in what lacks, so rates are compared: counts per day that tables cover,
    which `before_seconds` and `after_seconds` tell.
    """

    rank: int
    name: str
    rrtype: str | None
    before: int
    after: int
    before_seconds: int = DAY
    after_seconds: int = DAY

    @property
    def before_per_day(self) -> float:
        """The count of the baseline span for each day that tables cover."""
        return self.before * DAY / self.before_seconds

    @property
    def after_per_day(self) -> float:
        """The count of the span asked for each day that tables cover."""
        return self.after * DAY / self.after_seconds

    @property
    def difference_per_day(self) -> float:
        """After minus before, per covered day; negative for a fall."""
        products = self.after * self.before_seconds - self.before * self.after_seconds
        return products * DAY / (self.before_seconds * self.after_seconds)

    @property
    def ratio(self) -> float | None:
        """After over before, per covered day; 0 for a name that is gone, None for one that is new."""
        if not self.before:
            return None
        return self.after * self.before_seconds / (self.before * self.after_seconds)

    @property
    def factor(self) -> str:
        """``×3.2``, ``÷4.0``, ``new`` or ``gone``."""
        if self.ratio is None:
            return "new"
        return factor_text(self.ratio) if self.after else "gone"

    @property
    def title(self) -> str:
        """The name, with the record type before it where that is a part of the key."""
        return self.name if self.rrtype is None else f"{self.rrtype} {self.name}"

    def __str__(self) -> str:
        rates = f"{rate_text(self.before_per_day)} → {rate_text(self.after_per_day)} a day"
        return f"{self.rank}. {self.title}: {rates} ({self.factor})"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why nothing that is not in the answer can belong in it.

    `theta` bounds every key that was never listed (2^64-1 where it is larger), `threshold` is the smallest
    value that made the ranks (λ); by ratio it is the smallest count that is ranked. `lists` of largest keys
    were read `depth` places far; `candidates` keys were counted exactly, for which `lookups` lists were
    asked for single keys; `scanned` tables were read in full, in `rounds` of questions to the shards.
    """

    theta: int
    threshold: int
    lists: int
    depth: int
    candidates: int
    lookups: int
    scanned: int
    rounds: int

    @property
    def proved(self) -> bool:
        """Θ < λ; or Θ = 0, everything was listed; or a single list, which is in rank order, and Θ ≤ λ."""
        if self.theta == 0 or self.theta < self.threshold:
            return True
        return self.lists == 1 and self.theta <= self.threshold

    def __str__(self) -> str:
        sign = "<" if self.theta < self.threshold else "<="
        proof = "everything was listed"
        if self.theta:
            proof = f"floors of {self.theta:,} in all {sign} the {self.threshold:,} that it takes to rank"
        lists = many(self.lists, "list")
        return (
            f"{proof}; {lists} read {self.depth:,} deep, {many(self.candidates, 'candidate')}, "
            f"{many(self.lookups, 'lookup')}, {many(self.scanned, 'table')} scanned"
        )


@dataclass(frozen=True, slots=True)
class TopSummary:
    """What a ranking rests on. `total_count` is what all ranked rows add up to, `excluded_count` what
    exclusions took away, both of the asked span.

    `rows` counts the RRSET rows behind the total, None where counting them would have cost a scan. `keep`
    is the number of keys kept of each table's lists. `suffix_list_version` is None where the public suffix
    list was not used. `certificates` prove the answer: one for ranks, two for rises and falls. `seconds` is
    the time from plan to answer.

    `complete` is True where every moment of the span, and of the baseline, lies in a table that answered;
    `coverage` and `baseline_coverage` tell which stretches lack. `skipped` tells of rows that are none, the
    first tables of them, and `rows_skipped` how many there are in the tables that were ranked.
    """

    complete: bool
    tables_asked: int
    tables_answered: int
    failures: tuple[Failure, ...] = ()
    failures_total: int = 0
    plan: tuple[PlanEntry, ...] = ()
    total_count: int = 0
    excluded_count: int = 0
    certificates: tuple[Certificate, ...] = ()
    method: RankMethod = RankMethod.SUMMARY
    keep: int = 0
    suffix_list_version: str | None = None
    rows: int | None = None
    seconds: float = 0.0
    catalog_version: str = ""
    request_id: str = ""
    coverage: SpanCoverage = NOT_TOLD
    baseline_coverage: SpanCoverage | None = None
    skipped: tuple[SkippedRows, ...] = ()
    rows_skipped: int = 0


@dataclass(frozen=True, slots=True)
class TopProgress:
    """How many of the summaries that a ranking lacked are made."""

    summaries_wanted: int
    summaries_made: int


@dataclass(frozen=True, slots=True, eq=False)
class Top(WideTabular):
    """The answer to `top`: `ranks`, or `rises` and `falls` where a baseline span was given.

    Iterates over its ranks, or over its changes: the rises, then the falls.
    """

    question: TopQuestion = field(repr=False)
    ranks: tuple[Rank, ...]
    rises: tuple[Change, ...]
    falls: tuple[Change, ...]
    summary: TopSummary
    axis: Axis | None = None

    @property
    def complete(self) -> bool:
        """True where every moment of the span, and of the baseline, lies in a table that answered."""
        return self.summary.complete

    @property
    def coverage(self) -> SpanCoverage:
        """Which stretches of the span asked could be looked at."""
        return self.summary.coverage

    @property
    def baseline_coverage(self) -> SpanCoverage | None:
        """The same for the baseline span, None where there is none."""
        return self.summary.baseline_coverage

    @property
    def found(self) -> bool:
        """Whether anything is ranked."""
        return bool(self.ranks or self.rises or self.falls)

    @property
    def changes(self) -> list[tuple[str, Change]]:
        """Rises, then falls, each with the word for it."""
        return [("rise", change) for change in self.rises] + [("fall", change) for change in self.falls]

    def known(self, rank: Rank) -> Bools:
        """Where the series of a rank has a count: a zero of a bucket without tables is none."""
        if self.axis is None or rank.series is None:
            raise ValueError("the ranking was asked without series")
        return self.axis.known(rank.series)

    def __iter__(self) -> Iterator[Rank | Change]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, place: int) -> Rank | Change:
        return self._items[place]

    @property
    def _items(self) -> tuple[Rank | Change, ...]:
        return (*self.ranks, *self.rises, *self.falls)

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        """Draw the ranking as bars, its series as lines where they were asked, changes as rates before and
        after: with a path into that file (.png, .svg, .pdf, .ps, .eps, .html), else as a figure.

        `size` is in inches, for all but HTML, `dpi` for PNG alone; `title`, `log`, `ylim` as for
        `Volume.plot`. Raises InvalidQuestion for what such a picture has not, MissingExtra without
        matplotlib.
        """
        return plotted(self, path, options)

    def __str__(self) -> str:
        said = [str(item) for item in self] or ["nothing found"]
        said += skipped_text(self.summary.skipped, self.summary.rows_skipped)
        return "\n".join([*said, *(f"incomplete: it {text}" for text in self.lacks)])

    @property
    def lacks(self) -> list[str]:
        """A sentence about each span that is not covered whole."""
        said = [] if self.coverage.complete else [str(self.coverage)]
        baseline = self.baseline_coverage
        if baseline is not None and not baseline.complete:
            said.append(f"{baseline} in the span held against")
        return said

    def __repr__(self) -> str:
        what = many(len(self), "rank" if self.question.baseline is None else "change")
        over = "" if self.axis is None else f" over {len(self.axis)} {self.axis.granularity} buckets"
        return f"<Top: {what}{over}, {'complete' if self.complete else 'incomplete'}>"

    def columns(self) -> Columns:
        """As `rank_columns`. Where series were asked, one row for each bucket of each rank: rank, name,
        rrtype, total and share (of the rank), time, count and coverage (of the bucket).
        """
        axis = self.axis
        if axis is None or self.question.baseline is not None:
            return self.rank_columns()
        ranks = [rank for rank in self.ranks for _ in range(len(axis))]
        counts = np.concatenate([np.empty(0, np.uint64), *(self._series(rank) for rank in self.ranks)])
        times = len(self.ranks)
        return Columns(
            (
                *_key_columns(ranks),
                count_column("total", [rank.count for rank in ranks]),
                number_column("share", [rank.share for rank in ranks]),
                bucket_column(np.tile(axis.starts, times), fine=axis.granularity.fine),
                count_column("count", counts, (counts > 0) | ~np.tile(axis.unknown, times)),
                marks_column(np.tile(axis.coverage, times)),
            )
        )

    def wide_columns(self) -> Columns:
        """As `WideTabular.wide_columns`, a column for each rank, for rankings with series."""
        if self.axis is None or self.question.baseline is not None:
            raise InvalidQuestion([("wide", "only a ranking that was asked with series can be wide")])
        axis, ranks = self.axis, self.ranks
        lines = ((rank.title, self._series(rank), None) for rank in ranks)
        return lines_as_columns(axis.time_column, lines, len(ranks), axis.unknown, axis.coverage)

    def _series(self, rank: Rank) -> Counts:
        length = 0 if self.axis is None else len(self.axis)
        return np.zeros(length, np.uint64) if rank.series is None else rank.series

    def _repr_html_(self) -> str:
        return self.rank_columns()._repr_html_()

    def rank_columns(self) -> Columns:
        """One row for each rank (rank, name, rrtype, count, share), or for each change (change, rank, name,
        rrtype, before, after, before_per_day, after_per_day, ratio). `rrtype` is left out where the keys have
        none; `coverage` says of every row whether its spans are covered whole: `complete` or `partial`.
        """
        if self.question.baseline is not None:
            changes = [change for _, change in self.changes]
            columns: list[Column] = [
                text_column("change", [word for word, _ in self.changes]),
                *_key_columns(changes),
                *(count_column(name, [getattr(c, name) for c in changes]) for name in ("before", "after")),
                *(
                    number_column(name, [getattr(change, name) for change in changes])
                    for name in ("before_per_day", "after_per_day", "ratio")
                ),
            ]
        else:
            count = count_column("count", [rank.count for rank in self.ranks])
            share = number_column("share", [rank.share for rank in self.ranks])
            columns = [*_key_columns(self.ranks), count, share]
        return Columns((*columns, coverage_column(len(columns[0]), complete=self.complete)))


def capped(theta: int) -> int:
    """A bound as a certificate carries it: sums of floors may pass the largest count."""
    return min(theta, MAX_COUNT)


def _key_columns(items: Sequence[Rank] | Sequence[Change]) -> list[Column]:
    rrtypes = [item.rrtype for item in items]
    columns = [
        count_column("rank", [item.rank for item in items]),
        text_column("name", [item.name for item in items]),
    ]
    if any(rrtype is not None for rrtype in rrtypes):
        columns.append(text_column("rrtype", rrtypes))
    return columns
