"""The keyword arguments of the clients' methods, and how they become questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, cast

from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import Granularity
from dnstide.model.question import (
    AnalysisQuestion,
    RowFilter,
    Smoothing,
    Span,
    TopQuestion,
    VolumeQuestion,
    choice,
)
from dnstide.model.times import span
from dnstide.model.vocabulary import (
    Analysis,
    AnalysisSettings,
    BucketBy,
    FailurePolicy,
    Grouping,
    Movement,
)

if TYPE_CHECKING:
    from dnstide.model.times import Moment
    from dnstide.model.words import (
        BucketByWord,
        DatasetWord,
        GranularityWord,
        GroupingWord,
        MovementWord,
    )


class ReportOptions(TypedDict, total=False):
    """The keyword arguments of `report`, besides the name; `dnstide.client.asking` says what each means."""

    rrtypes: str | Iterable[str]
    bailiwick: str | None
    start: Moment | None
    stop: Moment | None
    days_back: int | None
    granularity: GranularityWord
    bucket_by: BucketByWord
    partial: bool
    dataset: DatasetWord
    case_sensitive: bool
    strict: bool


class AnalysisOptions(ReportOptions, total=False):
    """Those of `analyze`."""

    split_by_rrtype: bool


class VolumeOptions(AnalysisOptions, total=False):
    """Those of `volume`."""

    smooth: int | Smoothing | None
    fill: bool
    explain: bool


class TopOptions(TypedDict, total=False):
    """Those of `top`, besides the number of ranks."""

    by: GroupingWord
    rrtypes: str | Iterable[str]
    under: str | None
    exclude: str | Iterable[str]
    start: Moment | None
    stop: Moment | None
    days_back: int | None
    series: GranularityWord | None
    against: tuple[Moment, Moment] | None
    only: MovementWord
    ratio_from: int | None
    partial: bool
    dataset: DatasetWord
    explain: bool
    strict: bool
    case_sensitive: bool


def volume_question(
    names: str | Iterable[str], options: VolumeOptions, *, now: datetime | None = None
) -> VolumeQuestion:
    """The question of `volume`. Raises InvalidQuestion."""
    smooth = options.get("smooth")
    return VolumeQuestion(
        names=_names(names),
        filter=RowFilter(
            record_types(options.get("rrtypes", ())),
            _name("bailiwick", options.get("bailiwick")),
        ),
        span=Span(*span(options.get("start"), options.get("stop"), options.get("days_back"), now=now)),
        granularity=Granularity.parse(options.get("granularity", "day")),
        bucket_by=choice(BucketBy, "bucket_by", options.get("bucket_by", BucketBy.AUTO)),
        split_by_rrtype=bool(options.get("split_by_rrtype", False)),
        smoothing=smooth if smooth is None or isinstance(smooth, Smoothing) else Smoothing(smooth),
        fill=bool(options.get("fill", False)),
        failure_policy=_policy(options.get("partial", False)),
        dataset=options.get("dataset", "dns"),
        explain=bool(options.get("explain", False)),
        case_sensitive=bool(options.get("case_sensitive", False)),
        strict=bool(options.get("strict", False)),
    )


def top_question(limit: int, options: TopOptions, *, now: datetime | None = None) -> TopQuestion:
    """The question of `top`. Raises InvalidQuestion."""
    now = now or datetime.now(UTC)  # one and the same day for both spans
    exclude, series = options.get("exclude", ()), options.get("series")
    return TopQuestion(
        limit=limit,
        group_by=choice(Grouping, "by", options.get("by", Grouping.FQDN)),
        filter=RowFilter(record_types(options.get("rrtypes", ()))),
        under=_name("under", options.get("under")),
        exclude=tuple(plain_text("exclude", text) for text in _texts("exclude", exclude)),
        span=Span(*span(options.get("start"), options.get("stop"), options.get("days_back"), now=now)),
        series_granularity=None if series is None else Granularity.parse(series, "series"),
        baseline=_baseline(options.get("against"), now),
        movement=choice(Movement, "only", options.get("only", Movement.ALL)),
        ratio_min_count=options.get("ratio_from"),
        failure_policy=_policy(options.get("partial", False)),
        dataset=options.get("dataset", "dns"),
        explain=bool(options.get("explain", False)),
        strict=bool(options.get("strict", False)),
        case_sensitive=bool(options.get("case_sensitive", False)),
    )


def analysis_question(
    analysis: str,
    names: str | Iterable[str],
    options: AnalysisOptions,
    settings: AnalysisSettings | None,
) -> AnalysisQuestion:
    """The question of `analyze`. Settings of None are left to the engine. Raises as `volume_question`."""
    chosen = choice(Analysis, "analysis", analysis)
    if settings is not None and not isinstance(settings, Mapping):
        raise InvalidQuestion([("settings", f"{settings!r} is not a mapping of names to numbers")])
    given: Any = {name: value for name, value in (settings or {}).items() if value is not None}
    return AnalysisQuestion(volume_question(names, cast(VolumeOptions, options)), chosen, given)


def record_types(rrtypes: str | Iterable[str]) -> tuple[str, ...]:
    """Words, one text may list several with commas. Raises InvalidQuestion for an empty one."""
    given = _texts("rrtypes", rrtypes)
    parts = [part.strip() for text in given for part in plain_text("rrtypes", text).split(",")]
    if any(not part for part in parts):
        raise InvalidQuestion([("rrtypes", f'"{",".join(given)}" holds an empty record type')])
    return tuple(parts)


def plain_text(field: str, value: str) -> str:
    """Refuses what cannot travel: anything but text, and text that came from bytes that are not UTF-8."""
    if not isinstance(value, str):
        raise InvalidQuestion([(field, f"{value!r} is not text")])
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidQuestion([(field, f"{value!r} is not UTF-8 text")]) from None
    return value


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(plain_text("names", name) for name in _texts("names", names))


def _texts(field: str, given: str | Iterable[str]) -> tuple[str, ...]:
    """One text, or several. Raises InvalidQuestion for what is neither."""
    if isinstance(given, str):
        return (given,)
    try:
        return tuple(given)
    except TypeError:
        raise InvalidQuestion([(field, f"{given!r} is neither a text nor a list of texts")]) from None


def _name(field: str, text: str | None) -> str | None:
    if text is None:
        return None
    name = plain_text(field, text).strip()
    if not name:
        raise InvalidQuestion([(field, "the name is empty; the root is written '.'")])
    return name


def _policy(partial: bool) -> FailurePolicy:
    return FailurePolicy.PARTIAL if partial else FailurePolicy.FAIL


def _baseline(moments: tuple[Moment, Moment] | None, now: datetime | None) -> Span | None:
    if moments is None:
        return None
    try:
        if isinstance(moments, str):
            raise TypeError
        first, last = moments
    except (TypeError, ValueError):
        reason = f"{moments!r} is not a pair of a first and a last day"
        raise InvalidQuestion([("against", reason)]) from None
    try:
        start, stop = span(first, last, None, now=now)
    except InvalidQuestion as error:
        raise InvalidQuestion([("against", reason) for _, reason in error.problems]) from None
    if start is None or stop is None:
        raise InvalidQuestion([("against", "the span held against has a first and a last day")])
    return Span(start, stop)
