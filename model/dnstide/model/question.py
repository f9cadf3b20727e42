"""What may be asked: questions as frozen values whose own fields are right.

Names, record types and other texts of DNS are parsed by the engine, which has the parsers; whether a span, a
limit or a period can be at all is checked here, once for the client, the gateway and the engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from dnstide.model.errors import InvalidQuestion, shown
from dnstide.model.granularity import MAX_TIME, MIN_TIME, Granularity
from dnstide.model.texts import meant
from dnstide.model.vocabulary import (
    DATASETS,
    MAX_COUNT,
    MAX_NAME_TEXT,
    MAX_PERIOD,
    MAX_RANKS,
    MAX_RANKS_WITH_SERIES,
    MAX_RRTYPES,
    SETTINGS_OF,
    Analysis,
    AnalysisSettings,
    BucketBy,
    FailurePolicy,
    Grouping,
    Movement,
    SmoothingMethod,
)

Problems = list[tuple[str, str]]


class Span(NamedTuple):
    """A half-open span [start, stop) in unix seconds; None is where the tables begin or end."""

    start: int | None = None
    stop: int | None = None


EVERYTHING = Span()
"""From where the tables begin to where they end."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How counts are smoothed: over `period` buckets, 1 to MAX_PERIOD, by one of the methods.

    `trailing-mean` is the mean of a bucket and the period-1 before it, NaN unless all of them have values;
    `centred-mean` is that of the buckets around; `exponential` weighs with 2 / (period + 1); `median` trails;
    `savitzky-golay` fits a parabola around, keeps peaks, and takes an odd period.
    """

    period: int
    method: SmoothingMethod = SmoothingMethod.TRAILING_MEAN

    def __post_init__(self) -> None:
        if isinstance(self.period, bool) or not isinstance(self.period, int):
            raise InvalidQuestion([("smooth", f"{self.period!r} is not a whole number")])
        if not 1 <= self.period <= MAX_PERIOD:
            raise InvalidQuestion([("smooth", f"{self.period} is not between 1 and {MAX_PERIOD}")])
        object.__setattr__(self, "method", choice(SmoothingMethod, "smooth", self.method))

    def __str__(self) -> str:
        return f"{self.method} {self.period}"


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows count. Empty `rrtypes` stand for all record types, bailiwick None for all bailiwicks.

    Record types are mnemonics or TYPEnnn.
    """

    rrtypes: tuple[str, ...] = ()
    bailiwick: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return bool(self.rrtypes) or self.bailiwick is not None


@dataclass(frozen=True, slots=True)
class VolumeQuestion:
    """Counts of `names` over time, one series for each name, or for each name and record type where split.

    A name is an owner name in presentation form, `*.SUFFIX` for everything under it, or
    NAME/TYPE[/BAILIWICK].
    """

    names: tuple[str, ...]
    filter: RowFilter = RowFilter()
    span: Span = EVERYTHING
    granularity: Granularity = Granularity.DAY
    bucket_by: BucketBy = BucketBy.AUTO
    split_by_rrtype: bool = False
    smoothing: Smoothing | None = None
    fill: bool = False
    """List every bucket of the span, not only those that have rows."""
    failure_policy: FailurePolicy = FailurePolicy.FAIL
    dataset: str = "dns"
    explain: bool = False
    """Put into the summary which tables were used, and which were not and why."""
    case_sensitive: bool = False
    """Look for names and bailiwicks as they are written, not in lower case."""
    strict: bool = False
    """Take a row that is none for damage, instead of leaving it out."""

    def __post_init__(self) -> None:
        """Raises InvalidQuestion with every field that is wrong."""
        problems: Problems = []
        if isinstance(self.names, str) or not self.names:
            problems.append(("names", "no name was given"))
        for name in self.names:
            _check_length(problems, "names", name)
        _check_filter(problems, self.filter)
        _check_span(problems, self.span)
        _check_dataset(problems, self.dataset)
        _refuse(problems)


@dataclass(frozen=True, slots=True)
class TopQuestion:
    """The `limit` largest groups over whole tables; or with `baseline` the largest changes from that span.

    Changes are those of `movement`, compared per day that tables cover. They are ranked by difference, or
    with `ratio_min_count` by ratio among keys that reach that count in the larger span. `series_granularity`
    is the step of a series for each rank, None for no series.
    """

    limit: int = 10
    group_by: Grouping = Grouping.FQDN
    filter: RowFilter = RowFilter()
    under: str | None = None
    """Only owner names at and under this name."""
    exclude: tuple[str, ...] = ()
    """Left out before ranking: names, `*.SUFFIX`; record types, or `TYPE RDATA`, where those are ranked."""
    span: Span = EVERYTHING
    series_granularity: Granularity | None = None
    baseline: Span | None = None
    movement: Movement = Movement.ALL
    ratio_min_count: int | None = None
    failure_policy: FailurePolicy = FailurePolicy.FAIL
    dataset: str = "dns"
    explain: bool = False
    strict: bool = False
    case_sensitive: bool = False

    def __post_init__(self) -> None:
        """Raises InvalidQuestion with every field that is wrong."""
        problems: Problems = []
        _check_number(problems, "limit", self.limit, MAX_RANKS)
        if self.ratio_min_count is not None:
            _check_number(problems, "ratio_min_count", self.ratio_min_count, MAX_COUNT)
            if self.baseline is None:
                given = shown(self.ratio_min_count)
                problems.append(("ratio_min_count", f"a ratio needs a span to compare with (got {given})"))
        if self.movement is not Movement.ALL and self.baseline is None:
            problems.append(("movement", f'"{self.movement}" needs a span to compare with'))
        if self.filter.bailiwick is not None:
            problems.append(("bailiwick", "a ranking counts the rows of all bailiwicks"))
        _check_filter(problems, self.filter)
        _check_length(problems, "under", self.under)
        step = self.series_granularity
        if step is not None and self.baseline is not None:
            problems.append(("series", "changes have no series"))
        elif step is not None and self.limit > MAX_RANKS_WITH_SERIES:
            problems.append(("series", f"series go with at most {MAX_RANKS_WITH_SERIES:,} names"))
        _check_span(problems, self.span)
        if self.baseline is not None:
            _check_span(problems, self.baseline, "baseline.")
            if None in (*self.span, *self.baseline):
                problems.append(("baseline", "both spans need a start and an end"))
        _check_dataset(problems, self.dataset)
        _refuse(problems)


@dataclass(frozen=True, slots=True)
class AnalysisQuestion:
    """What the counts of `volume` show. Its smoothing, fill and explain have no part in it."""

    volume: VolumeQuestion
    analysis: Analysis
    settings: AnalysisSettings = field(default_factory=lambda: AnalysisSettings())

    def __post_init__(self) -> None:
        """Raises InvalidQuestion for a setting that the analysis does not have, or that no number is."""
        known = SETTINGS_OF[self.analysis]
        for name, value in self.settings.items():
            if name not in known:
                has = f"it has {', '.join(known)}.{meant(name, known)}" if known else "it has none"
                reason = f"no setting of {self.analysis}; {has}".removesuffix(".")
                raise InvalidQuestion([(name, reason)])
            whole = name in ("shortest", "window")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise InvalidQuestion([(name, f"{value!r} is not a number{' of buckets' if whole else ''}")])
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise InvalidQuestion([(name, "is too large for a number")])
            if whole and not 0 <= value < 2**32:
                raise InvalidQuestion([(name, f"{value!r} is not a number of buckets")])


_Choice = TypeVar("_Choice", BucketBy, FailurePolicy, SmoothingMethod, Grouping, Movement, Analysis)


def choice(kind: type[_Choice], field_name: str, value: str) -> _Choice:
    """The member of an enumeration that a word stands for. Raises InvalidQuestion."""
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        reason = f'"{value}" is not one of {known}.{meant(value, kind)}'.removesuffix(".")
        raise InvalidQuestion([(field_name, reason)]) from None


def _check_span(problems: Problems, span: Span, prefix: str = "") -> None:
    for name, moment in zip(span._fields, span, strict=True):
        if moment is not None and not MIN_TIME <= moment <= MAX_TIME:
            reason = "times go from 1970 to the end of 9999, in unix seconds"
            problems.append((prefix + name, f"{reason} (got {moment})"))
    if span.start is not None and span.stop is not None and span.stop <= span.start:
        problems.append((f"{prefix}stop", f"the span must end after it starts (got {span.stop})"))


def check_dataset(dataset: str | None) -> str | None:
    """The dataset, None for all of them. Raises InvalidQuestion for a word that is none."""
    problems: Problems = []
    if dataset is not None:
        _check_dataset(problems, dataset)
    _refuse(problems)
    return dataset


def _check_dataset(problems: Problems, dataset: str) -> None:
    if dataset not in DATASETS:
        reason = f'"{dataset}" is not one of {", ".join(DATASETS)}.{meant(dataset, DATASETS)}'
        problems.append(("dataset", reason.removesuffix(".")))


def _check_length(problems: Problems, name: str, text: str | None) -> None:
    """Before anything reads it: a text of megabytes would hold up everyone else."""
    if text is not None and len(text) > MAX_NAME_TEXT:
        reason = f"{text[:40]!r}... has {len(text):,} characters, at most {MAX_NAME_TEXT:,}"
        problems.append((name, reason))


def _check_filter(problems: Problems, row_filter: RowFilter) -> None:
    if len(row_filter.rrtypes) > MAX_RRTYPES:
        reason = f"at most {MAX_RRTYPES} record types at once (got {len(row_filter.rrtypes)})"
        problems.append(("rrtypes", reason))
    for text in row_filter.rrtypes[:MAX_RRTYPES]:
        _check_length(problems, "rrtypes", text)
    _check_length(problems, "bailiwick", row_filter.bailiwick)


def _check_number(problems: Problems, name: str, value: object, largest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
        problems.append((name, f"{value!r} is not a number from 1 to {largest:,}"))


def _refuse(problems: Iterable[tuple[str, str]]) -> None:
    problems = tuple(problems)
    if problems:
        raise InvalidQuestion(problems)
