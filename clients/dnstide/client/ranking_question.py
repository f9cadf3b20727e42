"""What may be asked about the largest, and how arguments become one checked question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from dnstide.model.times import span

from .errors import InvalidQuestion
from .question import DATASETS, granularity_name, one_of, plain_text, record_types

if TYPE_CHECKING:
    from dnstide.model.times import Moment

GROUPINGS = ("fqdn", "domain", "tld", "rrtype", "rdata")
MAX_RANKS = 100_000


class TopOptions(TypedDict, total=False):
    """The keyword arguments of `top`, besides the number of ranks."""

    by: str
    """What rows are added up by, one of GROUPINGS: fqdn (owner name, default), domain (registered domain),
    tld, …
    """
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
    """First and last day or time of another span: asks for the largest rises and falls since."""
    ratio_from: int | None
    """With against: rank by ratio, among keys that reach this count in the larger span."""
    partial: bool
    """Answer even where tables cannot be read or reached."""
    dataset: str
    explain: bool


@dataclass(frozen=True, slots=True)
class TopQuestion:
    """A question about the largest whose own arguments are right; spans are half-open, in unix seconds."""

    limit: int
    by: str
    rrtypes: tuple[str, ...]
    under: str | None
    exclude: tuple[str, ...]
    start: int | None
    stop: int | None
    series: str | None
    against: tuple[int, int] | None
    ratio_from: int | None
    partial: bool
    dataset: str
    explain: bool


def make_top_question(limit: int, options: TopOptions, *, now: datetime | None = None) -> TopQuestion:
    """Check the arguments of `top`. Raises InvalidQuestion, or TypeError for an unknown argument."""
    unknown = options.keys() - TopOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"top() got an unexpected keyword argument {min(unknown)!r}")
    start, stop = span(options.get("start"), options.get("stop"), options.get("days_back"), now=now)
    exclude = options.get("exclude", ())
    series = options.get("series")
    under = plain_text("under", options.get("under") or "").strip()
    return TopQuestion(
        limit=_count("limit", limit, MAX_RANKS),
        by=one_of("by", options.get("by", "fqdn"), GROUPINGS),
        rrtypes=record_types(options.get("rrtypes", ())),
        under=under or None,
        exclude=tuple(
            plain_text("exclude", one) for one in ((exclude,) if isinstance(exclude, str) else exclude)
        ),
        start=start,
        stop=stop,
        series=None if series is None else granularity_name(series, "series"),
        against=_against(options.get("against")),
        ratio_from=None
        if (least := options.get("ratio_from")) is None
        else _count("ratio_from", least, 2**64 - 1),
        partial=bool(options.get("partial", False)),
        dataset=one_of("dataset", options.get("dataset", "dns"), DATASETS),
        explain=bool(options.get("explain", False)),
    )


def _against(moments: tuple[Moment, Moment] | None) -> tuple[int, int] | None:
    if moments is None:
        return None
    first, last = moments
    try:
        start, stop = span(first, last, None)
    except InvalidQuestion as error:
        raise InvalidQuestion([("against", reason) for _, reason in error.problems]) from None
    if start is None or stop is None:
        raise InvalidQuestion([("against", "the span held against has a first and a last day")])
    return start, stop


def _count(field: str, value: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidQuestion([(field, f"{value!r} is not a number from 1 to {most:,}")])
    return value
