"""What may be asked, and how arguments become one checked `Question`. Knows neither gRPC nor the engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from dnstide.model.times import span

from .errors import InvalidQuestion

if TYPE_CHECKING:
    from dnstide.model.times import Moment

GRANULARITIES = {
    "minute": "m",
    "ten-minutes": "X",
    "hour": "H",
    "day": "D",
    "week": "W",
    "month": "M",
    "quarter": "Q",
    "year": "Y",
}
"""Steps of the time axis, and the letters that file names use for them. Both are accepted."""

BUCKET_BY = ("first-seen", "file")
DATASETS = ("dns", "dnssec")
SMOOTHINGS = ("trailing-mean", "centred-mean", "exponential", "median", "savitzky-golay")
MAX_PERIOD = 100_000


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How counts are smoothed: over `period` buckets, by one of SMOOTHINGS.

    `trailing-mean` is the mean of a bucket and the period-1 before it, NaN unless all of them have values;
    `centred-mean` is that of the buckets around; `exponential` weighs with 2 / (period + 1); `median` trails;
    `savitzky-golay` fits a parabola around, keeps peaks, and takes an odd period.
    """

    period: int
    method: str = "trailing-mean"

    def __post_init__(self) -> None:
        if isinstance(self.period, bool) or not isinstance(self.period, int):
            raise InvalidQuestion([("smooth", f"{self.period!r} is not a whole number")])
        if not 1 <= self.period <= MAX_PERIOD:
            raise InvalidQuestion([("smooth", f"{self.period} is not between 1 and {MAX_PERIOD}")])
        one_of("smooth", self.method, SMOOTHINGS)

    def __str__(self) -> str:
        return f"{self.method} {self.period}"


class QuestionOptions(TypedDict, total=False):
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
    """Step of the time axis, one of GRANULARITIES (a name or a letter); default a day."""
    bucket_by: str
    """`first-seen` (default): a row counts where it was first seen; `file`: in the period of its file."""
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


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose own arguments are right; names and types are parsed by whoever answers it.

    `start` and `stop` are a half-open span in unix seconds, None where open; `granularity` is a long name.
    """

    names: tuple[str, ...]
    rrtypes: tuple[str, ...]
    bailiwick: str | None
    start: int | None
    stop: int | None
    granularity: str
    bucket_by: str
    split_by_rrtype: bool
    smoothing: Smoothing | None
    fill: bool
    partial: bool
    dataset: str
    explain: bool


def make_question(
    names: str | Iterable[str], options: QuestionOptions, *, now: datetime | None = None
) -> Question:
    """Check the arguments of `volume`. Raises InvalidQuestion, or TypeError for an unknown argument."""
    unknown = options.keys() - QuestionOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"volume() got an unexpected keyword argument {min(unknown)!r}")
    start, stop = span(options.get("start"), options.get("stop"), options.get("days_back"), now=now)
    return Question(
        names=_names(names),
        rrtypes=record_types(options.get("rrtypes", ())),
        bailiwick=plain_text("bailiwick", options.get("bailiwick") or "") or None,
        start=start,
        stop=stop,
        granularity=granularity_name(options.get("granularity", "day")),
        bucket_by=one_of("bucket_by", options.get("bucket_by", "first-seen"), BUCKET_BY),
        split_by_rrtype=bool(options.get("split_by_rrtype", False)),
        smoothing=_smoothing(options.get("smooth")),
        fill=bool(options.get("fill", False)),
        partial=bool(options.get("partial", False)),
        dataset=one_of("dataset", options.get("dataset", "dns"), DATASETS),
        explain=bool(options.get("explain", False)),
    )


def granularity_name(text: str, field: str = "granularity") -> str:
    """The long name of a granularity given by name or letter (`m` and `M` differ). Raises InvalidQuestion."""
    for name, letter in GRANULARITIES.items():
        if text == letter or (isinstance(text, str) and text.lower() == name):
            return name
    known = ", ".join(GRANULARITIES)
    raise InvalidQuestion([(field, f'"{text}" is not a granularity: choose one of {known}')])


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    given = (names,) if isinstance(names, str) else tuple(names)
    if not given:
        raise InvalidQuestion([("names", "no name was given")])
    return tuple(plain_text("names", name) for name in given)


def record_types(rrtypes: str | Iterable[str]) -> tuple[str, ...]:
    """Words, one text may list several with commas. Raises InvalidQuestion for an empty one."""
    given = (rrtypes,) if isinstance(rrtypes, str) else tuple(rrtypes)
    parts = [part.strip() for text in given for part in plain_text("rrtypes", text).split(",")]
    if any(not part for part in parts):
        raise InvalidQuestion([("rrtypes", f'"{",".join(given)}" holds an empty record type')])
    return tuple(parts)


def _smoothing(smooth: int | Smoothing | None) -> Smoothing | None:
    return smooth if smooth is None or isinstance(smooth, Smoothing) else Smoothing(smooth)


def one_of(field: str, value: str, allowed: Iterable[str]) -> str:
    """The value. Raises InvalidQuestion where it is none of those allowed."""
    if value not in allowed:
        raise InvalidQuestion([(field, f'"{value}" is not one of {", ".join(allowed)}')])
    return value


def plain_text(field: str, value: str) -> str:
    """Refuses what cannot travel: anything but text, and text that came from bytes that are not UTF-8."""
    if not isinstance(value, str):
        raise InvalidQuestion([(field, f"{value!r} is not text")])
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidQuestion([(field, f"{value!r} is not UTF-8 text")]) from None
    return value
