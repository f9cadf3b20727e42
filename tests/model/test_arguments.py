"""Arguments of `volume`, checked."""

from __future__ import annotations

from typing import Any

import pytest
from dnstide.model.arguments import volume_question
from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import Granularity
from dnstide.model.question import RowFilter, Smoothing, Span
from dnstide.model.vocabulary import FailurePolicy, SmoothingMethod


def test_defaults() -> None:
    """One name alone: days, first seen, all types, strict."""
    question = volume_question("www.example.com", {})
    assert question.names == ("www.example.com",)
    assert (question.granularity, question.bucket_by, question.dataset) == ("day", "first-seen", "dns")
    assert (question.filter, question.span) == (RowFilter(), Span(None, None))
    assert not any((question.split_by_rrtype, question.fill, question.explain))
    assert question.failure_policy is FailurePolicy.FAIL
    assert question.smoothing is None


def test_rrtypes() -> None:
    """One text with commas, several texts, and spaces around are alike."""
    for given in ("A, AAAA", ["A,AAAA"], ["A", "AAAA"], iter(("A", "AAAA"))):
        assert volume_question("x", {"rrtypes": given}).filter.rrtypes == ("A", "AAAA")


@pytest.mark.parametrize("given", ["", "A,,B", ["A", ""], ","])
def test_empty_rrtypes(given: Any) -> None:
    """An empty record type is a slip of the pen, not all types."""
    with pytest.raises(InvalidQuestion, match=r"rrtypes: .* holds an empty record type"):
        volume_question("x", {"rrtypes": given})


@pytest.mark.parametrize("name", Granularity)
def test_granularities(name: Granularity) -> None:
    """Names in any case, and letters, of which m and M differ."""
    for text in (name, name.upper(), name.letter):
        assert volume_question("x", {"granularity": text}).granularity is name


@pytest.mark.parametrize("text", ["", "fortnight", "DD"])
def test_bad_granularity(text: str) -> None:
    """The message lists what there is."""
    with pytest.raises(
        InvalidQuestion, match=r"granularity: .* choose one of minute, ten-minutes, hour, day"
    ):
        volume_question("x", {"granularity": text})


def test_smoothing() -> None:
    """A number is vot.pl's moving average."""
    assert volume_question("x", {"smooth": 14}).smoothing == Smoothing(14, SmoothingMethod.TRAILING_MEAN)
    assert [str(Smoothing(3, method)) for method in SmoothingMethod][-1] == "savitzky-golay 3"


@pytest.mark.parametrize("smooth", [0, -1, 100_001, True, 2.5])
def test_bad_smoothing(smooth: Any) -> None:
    """Periods are whole numbers from 1 to 100,000."""
    with pytest.raises(InvalidQuestion, match="smooth: "):
        volume_question("x", {"smooth": smooth})


@pytest.mark.parametrize(
    ("names", "options", "field"),
    [
        ([], {}, "names"),
        ([b"www.example.com"], {}, "names"),
        (["bad\udce9name"], {}, "names"),
        ("x", {"bailiwick": "bad\udce9"}, "bailiwick"),
        ("x", {"dataset": "dnsec"}, "dataset"),
        ("x", {"bucket_by": "last-seen"}, "bucket_by"),
        ("x", {"smooth": 3, "granularity": "D", "dataset": "DNS"}, "dataset"),
    ],
    ids=repr,
)
def test_refused(names: Any, options: Any, field: str) -> None:
    """The field that is wrong is named."""
    with pytest.raises(InvalidQuestion) as caught:
        volume_question(names, options)
    assert [problem[0] for problem in caught.value.problems] == [field]


def test_unknown_argument() -> None:
    """A misspelt keyword is a TypeError, as with any function."""
    with pytest.raises(TypeError, match="rrtype"):
        volume_question("x", {"rrtype": "A"})  # type: ignore[typeddict-unknown-key]
