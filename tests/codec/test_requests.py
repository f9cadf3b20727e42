"""Requests that another client may send: what is left out, and that every wrong field is named."""

from __future__ import annotations

from typing import Any

import pytest
from dnstide.api.v1 import analysis_pb2, common_pb2, top_pb2, volume_pb2
from dnstide.codec.analysis import analysis_question
from dnstide.codec.top import top_question
from dnstide.codec.volume import volume_question
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import AnalysisQuestion, Smoothing, Span, TopQuestion, VolumeQuestion
from dnstide.model.vocabulary import MAX_PROBLEMS, Analysis, SmoothingMethod


def volume(**fields: Any) -> VolumeQuestion:
    return volume_question(volume_pb2.QueryVolumeRequest(**{"names": ["a."], **fields}))


def top(**fields: Any) -> TopQuestion:
    return top_question(top_pb2.RankNamesRequest(**{"limit": 10, **fields}))


def test_what_is_left_out_has_its_default() -> None:
    """A request with a name alone, or a limit alone, asks what the model asks by default."""
    assert volume() == VolumeQuestion(("a.",))
    assert top() == TopQuestion()
    request = analysis_pb2.AnalyzeVolumeRequest(question={"names": ["a."]}, gaps={})
    assert analysis_question(request) == AnalysisQuestion(VolumeQuestion(("a.",)), Analysis.GAPS)


def test_parts_that_are_there_but_empty() -> None:
    """An empty span, filter or smoothing says no more than none."""
    assert volume(span={}, filter={}, smoothing={}) == VolumeQuestion(("a.",))
    assert top(span={}, filter={}) == TopQuestion()
    assert volume(smoothing={"period": 3}).smoothing == Smoothing(3, SmoothingMethod.TRAILING_MEAN)


UNKNOWN: Any = 99
"""A number that no enumeration has."""

DAY = {"start": {"seconds": 0}, "stop": {"seconds": 86400}}
NEXT = {"start": {"seconds": 86400}, "stop": {"seconds": 172800}}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"names": []}, ["names"]),
        ({"span": {"start": {"seconds": 5, "nanos": 1}}}, ["start"]),
        ({"span": {"stop": {"seconds": 5, "nanos": 1}}}, ["stop"]),
        ({"span": {"start": {"seconds": 9, "nanos": 1}, "stop": {"seconds": 9}}}, ["start"]),
        ({"span": {"start": {"seconds": -5}}}, ["start"]),
        ({"span": {"stop": {"seconds": 2**40}}}, ["stop"]),
        ({"span": {"start": {"seconds": 9}, "stop": {"seconds": 9}}}, ["stop"]),
        ({"granularity": UNKNOWN}, ["granularity"]),
        ({"bucket_by": UNKNOWN}, ["bucket_by"]),
        ({"smoothing": {"method": UNKNOWN, "period": 2}}, ["smoothing.method"]),
        ({"smoothing": {"method": UNKNOWN}}, ["smoothing.method", "smoothing.period"]),
        ({"smoothing": {"method": volume_pb2.SMOOTHING_METHOD_MEDIAN}}, ["smoothing.period"]),
        ({"smoothing": {"period": 100_001}}, ["smoothing.period"]),
        ({"failure_policy": UNKNOWN}, ["failure_policy"]),
        ({"dataset": "dnsx"}, ["dataset"]),
        (
            {"names": [], "granularity": UNKNOWN, "dataset": "dnsx", "span": {"stop": {"seconds": -1}}},
            ["dataset", "granularity", "names", "stop"],
        ),
    ],
)
def test_wrong_fields_of_volume(fields: dict[str, Any], wrong: list[str]) -> None:
    """Every wrong field is named at once, as the model calls it: a request is mended in one go."""
    with pytest.raises(InvalidQuestion) as caught:
        volume(**fields)
    assert sorted(name for name, _ in caught.value.problems) == wrong


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"limit": 0}, ["limit"]),
        ({"limit": 100_001}, ["limit"]),
        ({"limit": 1_001, "series_granularity": common_pb2.GRANULARITY_DAY}, ["series"]),
        ({"group_by": UNKNOWN}, ["group_by"]),
        ({"series_granularity": UNKNOWN}, ["series"]),
        ({"filter": {"bailiwick": "a."}}, ["bailiwick"]),
        ({"baseline": DAY}, ["baseline"]),
        ({"baseline": {}, "span": NEXT}, ["baseline"]),
        ({"baseline": {"start": {"seconds": 9}, "stop": {"seconds": 9}}, "span": NEXT}, ["baseline.stop"]),
        ({"baseline": {"start": {"seconds": 0, "nanos": 7}}, "ratio_min_count": 5}, ["baseline.start"]),
        ({"span": {"start": {"seconds": 5, "nanos": 1}}}, ["start"]),
        ({"ratio_min_count": 5}, ["ratio_min_count"]),
        ({"baseline": DAY, "span": NEXT, "ratio_min_count": 0}, ["ratio_min_count"]),
        ({"failure_policy": UNKNOWN}, ["failure_policy"]),
        ({"dataset": "dnsx", "limit": 0, "group_by": UNKNOWN}, ["dataset", "group_by", "limit"]),
    ],
)
def test_wrong_fields_of_top(fields: dict[str, Any], wrong: list[str]) -> None:
    """The same for rankings; a wrong baseline does not make a ratio wrong that goes with it."""
    with pytest.raises(InvalidQuestion) as caught:
        top(**fields)
    assert sorted(name for name, _ in caught.value.problems) == wrong


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"question": {"names": ["a."]}}, ["analysis"]),
        ({"question": {"names": []}}, ["analysis", "names"]),
        ({}, ["analysis", "names"]),
        ({"question": {"names": ["a."], "granularity": UNKNOWN}, "gaps": {}}, ["granularity"]),
    ],
)
def test_wrong_fields_of_analyses(fields: dict[str, Any], wrong: list[str]) -> None:
    """The same for analyses."""
    with pytest.raises(InvalidQuestion) as caught:
        analysis_question(analysis_pb2.AnalyzeVolumeRequest(**fields))
    assert sorted(name for name, _ in caught.value.problems) == wrong


def refuse(*problems: tuple[str, str]) -> Any:
    """What the engine adds: its judgement of names and types, which is asked for beside."""

    def also(question: Any) -> None:
        raise InvalidQuestion(problems)

    return also


def test_what_else_is_wrong_is_named_beside() -> None:
    """Wrong names are told together with wrong fields, once each, and only where a field is wrong."""
    request = volume_pb2.QueryVolumeRequest(names=["a..b"], granularity=UNKNOWN, dataset="dnsx")
    with pytest.raises(InvalidQuestion) as caught:
        volume_question(request, refuse(("names[0]", "is no name"), ("names[0]", "is no name")))
    assert [name for name, _ in caught.value.problems] == ["granularity", "dataset", "names[0]"]
    sound = volume_pb2.QueryVolumeRequest(names=["a..b"])
    assert volume_question(sound, refuse(("names[0]", "is no name"))).names == ("a..b",)


def test_what_else_is_wrong_with_a_ranking() -> None:
    """The same for rankings."""
    with pytest.raises(InvalidQuestion) as caught:
        top_question(top_pb2.RankNamesRequest(limit=0), refuse(("under", "is no name")))
    assert [name for name, _ in caught.value.problems] == ["limit", "under"]


def test_the_analyses_are_named() -> None:
    """A request without an analysis is told which there are."""
    with pytest.raises(
        InvalidQuestion, match=r"^analysis: choose one of shifts, spikes, gaps, correlation, "
    ):
        analysis_question(analysis_pb2.AnalyzeVolumeRequest(question={"names": ["a."]}))


def test_the_judgement_beside_sees_all_that_is_sound() -> None:
    """The wrong field alone is left out of the question that is judged."""
    asked: list[VolumeQuestion] = []
    request = volume_pb2.QueryVolumeRequest(
        names=["a.", "b."], granularity=UNKNOWN, span=DAY, filter={"rrtypes": ["A"]}, fill=True
    )
    with pytest.raises(InvalidQuestion):
        volume_question(request, asked.append)
    assert [(question.names, question.span, question.fill) for question in asked] == [
        (("a.", "b."), Span(0, 86400), True)
    ]
    assert asked[0].filter.rrtypes == ("A",)


def test_the_judgement_beside_has_a_name() -> None:
    """A question without names is none: the root stands in for them, so that all else is judged."""
    asked: list[VolumeQuestion] = []
    with pytest.raises(InvalidQuestion) as caught:
        volume_question(volume_pb2.QueryVolumeRequest(dataset="dnssec"), asked.append)
    assert [name for name, _ in caught.value.problems] == ["names"]
    assert [(question.names, question.dataset) for question in asked] == [((".",), "dnssec")]


def test_the_list_of_problems_is_bounded() -> None:
    """A thousand wrong names do not make trailers of a megabyte."""
    problems = [(f"names[{number}]", "is no name") for number in range(1000)]
    request = volume_pb2.QueryVolumeRequest(names=["a."], granularity=UNKNOWN)
    with pytest.raises(InvalidQuestion) as caught:
        volume_question(request, refuse(*problems))
    assert len(caught.value.problems) == MAX_PROBLEMS
    assert caught.value.problems[0][0] == "granularity"
    with pytest.raises(InvalidQuestion) as again:
        analysis_question(analysis_pb2.AnalyzeVolumeRequest(question=request), refuse(*problems))
    assert len(again.value.problems) == MAX_PROBLEMS
