"""The keyword arguments of the clients' methods, and how they become questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

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


class VolumeOptions(TypedDict, total=False):
    """The keyword arguments of `volume`, besides the names."""

    rrtypes: str | Iterable[str]
    """Record types, mnemonics or TYPEnnn; one text may list several with commas. None: all types."""
    bailiwick: str | None
    """Only rows seen in this bailiwick."""
    start: Moment | None
    """First day or time: YYYY-MM-DD, YYYYMMDD, RFC 3339, date or datetime. None: where the tables begin."""
    stop: Moment | None
    """Last day or time, inclusive. None: where the tables end."""
    days_back: int | None
    """That many days up to and including today, in place of start and stop."""
    granularity: str
    """Step of the time axis, a name or a letter of Granularity; default a day."""
    bucket_by: str
    """`file`: a row counts in the period of its file; `first-seen`: where it was first seen; `auto`
    (default): by file, unless an edge of the span cuts a table that finer ones do not cover.
    """
    split_by_rrtype: bool
    """One series for each record type in place of one for each name."""
    smooth: int | Smoothing | None
    """Moving average over that many buckets."""
    fill: bool
    """List every bucket of the span, not only those that have rows."""
    partial: bool
    """Answer even where tables cannot be read or reached, with the buckets concerned marked."""
    dataset: str
    """`dns` (default) or `dnssec`."""
    explain: bool
    """Put into the summary which tables were used, and which were not and why."""
    case_sensitive: bool
    """Look for names and bailiwicks as they are written; by default in lower case."""


class TopOptions(TypedDict, total=False):
    """The keyword arguments of `top`, besides the number of ranks."""

    by: str
    """What rows are added up by, a word of Grouping; default fqdn, the owner name."""
    rrtypes: str | Iterable[str]
    """Record types, as in `volume`."""
    under: str | None
    """Only owner names at and under this name."""
    exclude: str | Iterable[str]
    """Left out before ranking: names, `*.SUFFIX`; record types, or `TYPE RDATA`, where those are ranked."""
    start: Moment | None
    """As in `volume`. A ranking counts whole tables, so they have to end where the span does."""
    stop: Moment | None
    days_back: int | None
    series: str | None
    """Step of a series for each rank: a granularity."""
    against: tuple[Moment, Moment] | None
    """First and last day or time of the baseline span: asks for the largest rises and falls since."""
    only: str
    """With against: `rises`, `falls`, `new` or `gone` alone; default `all`, rises and falls."""
    ratio_from: int | None
    """With against: rank by ratio of rates, among keys that reach this count in the larger span."""
    partial: bool
    """Answer even where tables cannot be read or reached."""
    dataset: str
    explain: bool


def volume_question(
    names: str | Iterable[str], options: VolumeOptions, *, now: datetime | None = None
) -> VolumeQuestion:
    """The question of `volume`. Raises InvalidQuestion, or TypeError for an unknown argument."""
    _refuse_unknown("volume", options, VolumeOptions)
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
    )


def top_question(limit: int, options: TopOptions, *, now: datetime | None = None) -> TopQuestion:
    """The question of `top`. Raises InvalidQuestion, or TypeError for an unknown argument."""
    _refuse_unknown("top", options, TopOptions)
    exclude, series = options.get("exclude", ()), options.get("series")
    return TopQuestion(
        limit=limit,
        group_by=choice(Grouping, "by", options.get("by", Grouping.FQDN)),
        filter=RowFilter(record_types(options.get("rrtypes", ()))),
        under=_name("under", options.get("under")),
        exclude=tuple(plain_text("exclude", text) for text in _texts("exclude", exclude)),
        span=Span(*span(options.get("start"), options.get("stop"), options.get("days_back"), now=now)),
        series_granularity=None if series is None else Granularity.parse(series, "series"),
        baseline=_baseline(options.get("against")),
        movement=choice(Movement, "only", options.get("only", Movement.ALL)),
        ratio_min_count=options.get("ratio_from"),
        failure_policy=_policy(options.get("partial", False)),
        dataset=options.get("dataset", "dns"),
        explain=bool(options.get("explain", False)),
    )


def analysis_question(
    analysis: str, names: str | Iterable[str], options: VolumeOptions, settings: AnalysisSettings | None
) -> AnalysisQuestion:
    """The question of `analyze`. Settings of None are left to the engine. Raises as `volume_question`."""
    chosen = choice(Analysis, "analysis", analysis)
    if settings is not None and not isinstance(settings, Mapping):
        raise InvalidQuestion([("settings", f"{settings!r} is not a mapping of names to numbers")])
    given: Any = {name: value for name, value in (settings or {}).items() if value is not None}
    return AnalysisQuestion(volume_question(names, options), chosen, given)


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


def _baseline(moments: tuple[Moment, Moment] | None) -> Span | None:
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
        start, stop = span(first, last, None)
    except InvalidQuestion as error:
        raise InvalidQuestion([("against", reason) for _, reason in error.problems]) from None
    if start is None or stop is None:
        raise InvalidQuestion([("against", "the span held against has a first and a last day")])
    return Span(start, stop)


def _refuse_unknown(method: str, options: Mapping[str, Any], known: type) -> None:
    unknown = options.keys() - known.__annotations__.keys()
    if unknown:
        raise TypeError(f"{method}() got an unexpected keyword argument {min(unknown)!r}")
