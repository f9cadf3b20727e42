"""Random values of the model, made by walking the fields of its classes and their types.

A field that the model gets is varied without a word here, so that a codec which forgets it is caught. Only
where a value has rules that its types do not say does a strategy stand here by name.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import numpy as np
from dnstide.model.analysis import Shape
from dnstide.model.catalog import ServerInfo
from dnstide.model.coverage import SpanCoverage
from dnstide.model.granularity import MAX_TIME, Granularity
from dnstide.model.question import (
    AnalysisQuestion,
    RowFilter,
    Smoothing,
    Span,
    TopQuestion,
    VolumeQuestion,
)
from dnstide.model.top import Change, Rank, Top, TopSummary
from dnstide.model.vocabulary import (
    DATASETS,
    MAX_COUNT,
    MAX_PERIOD,
    MAX_RANKS,
    MAX_RANKS_WITH_SERIES,
    SETTINGS_OF,
    Coverage,
    Movement,
)
from dnstide.model.volume import Axis, Series, Volume
from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

TEXTS = st.text(max_size=12)
WORDS = st.text(min_size=1, max_size=12)
"""Texts that may be left out: an empty one is the same as none."""

COUNTS = st.integers(0, MAX_COUNT)
NUMBERS = st.integers(0, 2**32 - 1)
WIDE = {
    "count", "total", "before", "after", "theta", "threshold", "candidates", "lookups", "rows",
    "size", "offset", "total_count", "excluded_count", "rows_read", "blocks_read",
}  # fmt: skip
"""Names of whole numbers that may need 64 bits. All others fit into 32."""


@functools.cache
def of(hint: Any, name: str = "") -> Strategy:
    """Values of a type; `name` is that of the field which has the type."""
    if hint in MAKERS:
        return MAKERS[hint]()
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        kinds = [kind for kind in arguments if kind is not type(None)]
        return st.one_of(st.none(), *(WORDS if kind is str else of(kind, name) for kind in kinds))
    if origin is tuple and arguments[-1] is ...:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if dataclasses.is_dataclass(hint):
        return value(typing.cast(type, hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if hint is int:
        return COUNTS if name in WIDE else NUMBERS
    return LEAVES[hint]


@functools.cache
def hints_of(kind: type) -> dict[str, Any]:
    """The types of a class's fields."""
    return typing.get_type_hints(kind)


def value(kind: type, **given: Strategy) -> Strategy:
    """Values of a dataclass: of `given` for fields that are named, of their types for all others."""
    hints = hints_of(kind)
    strategies = {}
    for field in dataclasses.fields(kind):
        named = given.get(field.name, FIELDS.get((kind, field.name)))
        strategies[field.name] = of(hints[field.name], field.name) if named is None else named
    return st.builds(kind, **strategies)


def spans(*, bounded: bool = False) -> Strategy:
    """Spans that end after they start; open ones too, unless bounded."""

    def span(ends: tuple[int, int], opened: tuple[bool, bool]) -> Span:
        start, stop = sorted(ends)
        return Span(None if opened[0] else start, None if opened[1] else stop)

    ends = st.tuples(st.integers(0, MAX_TIME), st.integers(0, MAX_TIME)).filter(lambda two: two[0] != two[1])
    opened = st.just((False, False)) if bounded else st.tuples(st.booleans(), st.booleans())
    return st.builds(span, ends, opened)


def smoothings() -> Strategy:
    """Smoothings over every period that may be asked."""
    return value(Smoothing, period=st.integers(1, MAX_PERIOD))


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    """Axes of none to five buckets."""
    edges = sorted(draw(st.sets(st.integers(0, MAX_TIME), min_size=1, max_size=6)))
    borders = np.array(edges, "datetime64[s]")
    marks = st.lists(st.sampled_from(list(Coverage)), min_size=len(edges) - 1, max_size=len(edges) - 1)
    made: Axis = draw(
        value(
            Axis,
            starts=st.just(borders[:-1]),
            stop=st.just(borders[-1]),
            coverage=marks.map(lambda numbers: np.array(numbers, np.uint8)),
        )
    )
    return made


def arrays(strategy: Strategy, length: int, dtype: str) -> Strategy:
    """Arrays of one length."""
    return st.lists(strategy, min_size=length, max_size=length).map(lambda items: np.array(items, dtype))


@st.composite
def series_on(draw: st.DrawFn, axis: Axis, smooth: bool) -> Series:
    """Series on some of the buckets of an axis."""
    buckets = [number for number in range(len(axis)) if draw(st.booleans())]
    made: Series = draw(
        value(
            Series,
            axis=st.just(axis),
            buckets=st.just(np.array(buckets, np.uint32)),
            counts=arrays(COUNTS, len(buckets), "uint64"),
            smoothed=arrays(st.floats(), len(buckets), "float64") if smooth else st.none(),
        )
    )
    return made


@st.composite
def volumes(draw: st.DrawFn) -> Volume:
    """Answers whose series are on the axis, and smoothed where that was asked."""
    question, axis = draw(of(VolumeQuestion)), draw(axes())
    series = st.lists(series_on(axis, question.smoothing is not None), max_size=3).map(tuple)
    made: Volume = draw(value(Volume, question=st.just(question), axis=st.just(axis), series=series))
    return made


def top_questions() -> Strategy:
    """Questions after ranks, ranks with series, and changes."""
    nothing: Strategy = st.none()
    always = {"filter": value(RowFilter, bailiwick=nothing)}
    no_changes = {
        "baseline": nothing,
        "movement": st.just(Movement.ALL),
        "ratio_min_count": nothing,
        **always,
    }
    return st.one_of(
        value(TopQuestion, limit=st.integers(1, MAX_RANKS), series_granularity=nothing, **no_changes),
        value(
            TopQuestion,
            limit=st.integers(1, MAX_RANKS_WITH_SERIES),
            series_granularity=of(Granularity),
            **no_changes,
        ),
        value(
            TopQuestion,
            limit=st.integers(1, MAX_RANKS),
            span=spans(bounded=True),
            series_granularity=nothing,
            baseline=spans(bounded=True),
            ratio_min_count=st.none() | st.integers(1, MAX_COUNT),
            **always,
        ),
    )


@st.composite
def tops(draw: st.DrawFn) -> Top:
    """Answers whose ranks have a series each where there is an axis, and whose changes are of its spans."""
    axis = draw(st.none() | axes())
    series = st.none() if axis is None else arrays(COUNTS, len(axis), "uint64")
    ranks = st.lists(value(Rank, series=series), max_size=3).map(tuple)
    summary = draw(of(TopSummary))
    changes: Strategy = st.just(())
    if summary.baseline_coverage is not None:
        before = max(summary.baseline_coverage.covered_seconds, 1)
        after = max(summary.coverage.covered_seconds, 1)
        change = value(Change, before_seconds=st.just(before), after_seconds=st.just(after))
        changes = st.lists(change, max_size=3).map(tuple)
    made: Top = draw(
        value(Top, axis=st.just(axis), ranks=ranks, summary=st.just(summary), rises=changes, falls=changes)
    )
    return made


@st.composite
def span_coverages(draw: st.DrawFn) -> SpanCoverage:
    """Coverages of none to five stretches."""
    edges = tuple(sorted(draw(st.sets(st.integers(0, MAX_TIME), max_size=6))))
    edges = edges if len(edges) > 1 else ()
    size = max(len(edges) - 1, 0)
    marks = st.lists(st.sampled_from(list(Coverage)), min_size=size, max_size=size).map(tuple)
    made: SpanCoverage = draw(value(SpanCoverage, edges=st.just(edges), marks=marks))
    return made


def analysis_questions() -> Strategy:
    """Questions with some of the settings that their analysis has, or all of them."""
    whole = {"shortest": NUMBERS, "window": NUMBERS}
    forms = []
    for analysis, names in SETTINGS_OF.items():
        each = {name: whole.get(name, st.floats(allow_nan=False)) for name in names}
        settings = st.fixed_dictionaries(each) | st.fixed_dictionaries({}, optional=each)
        forms.append(value(AnalysisQuestion, analysis=st.just(analysis), settings=settings))
    return st.one_of(forms)


def profiles(longest: int) -> Strategy:
    """Profiles of a shape: None where no bucket begins."""
    return st.lists(st.none() | st.floats(allow_nan=False), max_size=longest).map(tuple)


LEAVES: dict[Any, Strategy] = {
    str: TEXTS,
    bool: st.booleans(),
    float: st.floats(),
    np.datetime64: st.integers(0, MAX_TIME).map(lambda second: np.datetime64(second, "s")),
    datetime: st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),
}

MAKERS: dict[Any, Callable[[], Strategy]] = {
    Span: spans,
    Smoothing: smoothings,
    Axis: axes,
    Volume: volumes,
    TopQuestion: top_questions,
    Top: tops,
    SpanCoverage: span_coverages,
    AnalysisQuestion: analysis_questions,
}

FIELDS: dict[tuple[type, str], Strategy] = {
    (VolumeQuestion, "names"): st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    (VolumeQuestion, "dataset"): st.sampled_from(DATASETS),
    (TopQuestion, "dataset"): st.sampled_from(DATASETS),
    (Shape, "weekdays"): profiles(7),
    (Shape, "hours"): profiles(24),
    (ServerInfo, "started"): LEAVES[datetime],
}


def difference(first: Any, second: Any, path: str = "") -> str | None:
    """Where two values differ, as a path of fields and what stands there; None where they are equal.

    Values are equal where all their fields are, with the same types; NaN is equal to NaN.
    """
    told = f"{path or 'the value'}: {first!r} is not {second!r}"
    if type(first) is not type(second):
        return told
    pairs: list[tuple[str, Any, Any]] = []
    if dataclasses.is_dataclass(first):
        names = [field.name for field in dataclasses.fields(first)]
        pairs = [(f"{path}.{name}", getattr(first, name), getattr(second, name)) for name in names]
    elif isinstance(first, np.ndarray):
        floats = first.dtype.kind == "f"
        equal = first.dtype == second.dtype and np.array_equal(first, second, equal_nan=floats)
        return None if equal else told
    elif isinstance(first, dict):
        if first.keys() != second.keys():
            return told
        pairs = [(f"{path}[{key!r}]", first[key], second[key]) for key in first]
    elif isinstance(first, tuple | list):
        if len(first) != len(second):
            return told
        pairs = [(f"{path}[{place}]", *both) for place, both in enumerate(zip(first, second, strict=True))]
    elif not (first == second or (first != first and second != second)):
        return told
    return next((found for name, one, two in pairs if (found := difference(one, two, name))), None)
