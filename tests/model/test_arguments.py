"""The keyword arguments of the clients, to questions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from dnstide.model.arguments import (
    TopOptions,
    VolumeOptions,
    analysis_question,
    plain_text,
    record_types,
    top_question,
    volume_question,
)
from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import Granularity
from dnstide.model.question import (
    AnalysisQuestion,
    RowFilter,
    Smoothing,
    Span,
    TopQuestion,
    VolumeQuestion,
)
from dnstide.model.vocabulary import Analysis, BucketBy, FailurePolicy, Grouping, Movement, SmoothingMethod

NOON = datetime(1970, 1, 3, 12, tzinfo=UTC)


def test_no_arguments_ask_the_default() -> None:
    """The client's defaults are those of the questions."""
    assert volume_question("a.", {}) == VolumeQuestion(("a.",))
    assert top_question(10, {}) == TopQuestion()
    assert analysis_question("gaps", "a.", {}, None) == AnalysisQuestion(
        VolumeQuestion(("a.",)), Analysis.GAPS
    )


VOLUME: dict[str, tuple[Any, dict[str, Any]]] = {
    "rrtypes": ("A, mx", {"filter": RowFilter(("A", "mx"))}),
    "bailiwick": (" example. ", {"filter": RowFilter((), "example.")}),
    "start": ("1970-01-02", {"span": Span(86400, None)}),
    "stop": ("1970-01-02", {"span": Span(None, 172800)}),
    "days_back": (2, {"span": Span(86400, 259200)}),
    "granularity": ("M", {"granularity": Granularity.MONTH}),
    "bucket_by": ("file", {"bucket_by": BucketBy.FILE}),
    "split_by_rrtype": (True, {"split_by_rrtype": True}),
    "smooth": (7, {"smoothing": Smoothing(7)}),
    "fill": (True, {"fill": True}),
    "partial": (True, {"failure_policy": FailurePolicy.PARTIAL}),
    "dataset": ("dnssec", {"dataset": "dnssec"}),
    "explain": (True, {"explain": True}),
    "case_sensitive": (True, {"case_sensitive": True}),
    "strict": (True, {"strict": True}),
}

TOP: dict[str, tuple[Any, dict[str, Any]]] = {
    "by": ("tld", {"group_by": Grouping.TLD}),
    "rrtypes": (["A", "MX"], {"filter": RowFilter(("A", "MX"))}),
    "under": (" example. ", {"under": "example."}),
    "exclude": ("a.", {"exclude": ("a.",)}),
    "start": ("1970-01-02", {"span": Span(86400, None)}),
    "stop": ("1970-01-02", {"span": Span(None, 172800)}),
    "days_back": (2, {"span": Span(86400, 259200)}),
    "series": ("day", {"series_granularity": Granularity.DAY}),
    "against": (("1970-01-01", "1970-01-01"), {"baseline": Span(0, 86400)}),
    "only": ("new", {"movement": Movement.NEW}),
    "ratio_from": (5, {"ratio_min_count": 5}),
    "partial": (True, {"failure_policy": FailurePolicy.PARTIAL}),
    "dataset": ("dnssec", {"dataset": "dnssec"}),
    "explain": (True, {"explain": True}),
    "strict": (True, {"strict": True}),
    "case_sensitive": (True, {"case_sensitive": True}),
}


def test_every_argument_is_tried() -> None:
    """A new argument needs a case here."""
    assert set(VOLUME) == set(VolumeOptions.__annotations__)
    assert set(TOP) == set(TopOptions.__annotations__)


@pytest.mark.parametrize("name", VOLUME)
def test_arguments_of_volume(name: str) -> None:
    """Each argument makes its field, and touches no other."""
    given, fields = VOLUME[name]
    options: Any = {name: given}
    assert volume_question("a.", options, now=NOON) == VolumeQuestion(("a.",), **fields)


@pytest.mark.parametrize("name", TOP)
def test_arguments_of_top(name: str) -> None:
    """The same for rankings; a ratio and a baseline need what goes with them."""
    given, fields = TOP[name]
    options: Any = {name: given}
    if name in ("against", "only", "ratio_from"):
        beside = {"start": "1970-01-02", "stop": "1970-01-02", "against": TOP["against"][0]}
        options = {**beside, **options}
        fields = {"span": Span(86400, 172800), "baseline": Span(0, 86400), **fields}
    assert top_question(10, options, now=NOON) == TopQuestion(**fields)


def test_lists_of_names() -> None:
    """One name, or any iterable of them, read once."""
    assert volume_question(["a.", "b."], {}).names == ("a.", "b.")
    assert volume_question((name for name in ("a.", "b.")), {}).names == ("a.", "b.")
    assert top_question(1, {"exclude": ["a.", "b."]}).exclude == ("a.", "b.")


def test_nothing_is_nothing() -> None:
    """None leaves nothing out."""
    assert volume_question("a.", {"bailiwick": None}).filter == RowFilter()
    assert top_question(1, {"under": None}).under is None
    assert volume_question("a.", {"smooth": None}).smoothing is None


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_empty_name_is_refused(nothing: str) -> None:
    """It may be a variable that was not set, and all rows would be an answer to another question."""
    with pytest.raises(InvalidQuestion, match="bailiwick: the name is empty"):
        volume_question("a.", {"bailiwick": nothing})
    with pytest.raises(InvalidQuestion, match="under: the name is empty"):
        top_question(1, {"under": nothing})


def test_smoothing_as_it_is() -> None:
    """A method is given by a Smoothing."""
    smoothing = Smoothing(3, SmoothingMethod.MEDIAN)
    assert volume_question("a.", {"smooth": smoothing}).smoothing is smoothing


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), ()),
        ("A", ("A",)),
        ("A,MX", ("A", "MX")),
        (["A, MX", "TXT"], ("A", "MX", "TXT")),
        (iter(["A"]), ("A",)),
    ],
)
def test_record_types(given: Any, words: tuple[str, ...]) -> None:
    """Words, with commas or in lists or both."""
    assert record_types(given) == words


@pytest.mark.parametrize("given", ["", ",", "A,", "A,,MX", ["A", " "]])
def test_empty_record_types(given: Any) -> None:
    """A hole in a list is a mistake, and not all types."""
    with pytest.raises(InvalidQuestion, match=r"^rrtypes: .* holds an empty record type"):
        record_types(given)


@pytest.mark.parametrize("value", [b"a", 5, None, "a\udcff"])
def test_texts_that_cannot_travel(value: Any) -> None:
    """What is no text, or no UTF-8, is refused where it comes in, with the name of its field."""
    with pytest.raises(InvalidQuestion) as caught:
        plain_text("under", value)
    assert caught.value.problems[0][0] == "under"
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: volume_question([b"a"], {}), "names"),  # type: ignore[list-item]
        (lambda: volume_question("a.", {"rrtypes": [5]}), "rrtypes"),  # type: ignore[list-item]
        (lambda: volume_question("a.", {"bailiwick": "\udcff"}), "bailiwick"),
        (lambda: volume_question("a.", {"granularity": "fortnight"}), "granularity"),  # type: ignore[typeddict-item]
        (lambda: volume_question("a.", {"bucket_by": "x"}), "bucket_by"),  # type: ignore[typeddict-item]
        (lambda: volume_question("a.", {"smooth": 0}), "smooth"),
        (lambda: volume_question([], {}), "names"),
        (lambda: top_question(1, {"by": "x"}), "by"),  # type: ignore[typeddict-item]
        (lambda: top_question(1, {"series": "eon"}), "series"),  # type: ignore[typeddict-item]
        (lambda: top_question(1, {"exclude": ["\udcff"]}), "exclude"),
        (lambda: top_question(1, {"under": "\udcff"}), "under"),
        (lambda: top_question(1, {"against": ("1970-01-02", "1970-01-01")}), "against"),
        (lambda: top_question(1, {"against": ("1970-01-02", None)}), "against"),  # type: ignore[typeddict-item]
        (lambda: top_question(1, {"against": ("x", "1970-01-02")}), "against"),
        (lambda: analysis_question("x", "a.", {}, None), "analysis"),
        (lambda: analysis_question("gaps", "a.", {}, {"window": 5}), "window"),
    ],
)
def test_wrong_arguments(make: Any, field: str) -> None:
    """The argument is named as the caller wrote it."""
    with pytest.raises(InvalidQuestion) as caught:
        make()
    assert [name for name, _ in caught.value.problems] == [field]


def test_settings_of_none_are_left_out() -> None:
    """A setting that is None is the engine's to choose."""
    settings: Any = {"window": None, "threshold": 5.0}
    assert analysis_question("spikes", "a.", {}, settings).settings == {"threshold": 5.0}
