"""Questions: what can be asked, and that every wrong field is told."""

from __future__ import annotations

from typing import Any

import pytest
from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import MAX_TIME, Granularity
from dnstide.model.question import (
    EVERYTHING,
    AnalysisQuestion,
    RowFilter,
    Smoothing,
    Span,
    TopQuestion,
    VolumeQuestion,
    choice,
)
from dnstide.model.vocabulary import (
    MAX_COUNT,
    MAX_PERIOD,
    MAX_RANKS,
    MAX_RANKS_WITH_SERIES,
    SETTINGS_OF,
    Analysis,
    Grouping,
    SmoothingMethod,
)

DAY = Span(0, 86400)
NEXT = Span(86400, 172800)


def wrong_fields(make: Any, *arguments: Any, **fields: Any) -> list[str]:
    with pytest.raises(InvalidQuestion) as caught:
        make(*arguments, **fields)
    return [name for name, _ in caught.value.problems]


@pytest.mark.parametrize("span", [EVERYTHING, DAY, Span(0), Span(None, 1), Span(0, MAX_TIME), Span(5, 6)])
def test_spans(span: Span) -> None:
    """Open at either end, from the first second of 1970 to the last of 9999."""
    assert VolumeQuestion(("a.",), span=span).span == span


@pytest.mark.parametrize(
    ("span", "wrong"),
    [
        (Span(-1), ["start"]),
        (Span(None, -1), ["stop"]),
        (Span(0, MAX_TIME + 1), ["stop"]),
        (Span(5, 5), ["stop"]),
        (Span(6, 5), ["stop"]),
        (Span(MAX_TIME + 1, -1), ["start", "stop", "stop"]),
    ],
)
def test_wrong_spans(span: Span, wrong: list[str]) -> None:
    """Both ends are judged, and that one comes after the other."""
    assert wrong_fields(VolumeQuestion, ("a.",), span=span) == wrong


def test_wrong_questions_about_volume() -> None:
    """All wrong fields at once; one text is no list of names."""
    assert wrong_fields(VolumeQuestion, ()) == ["names"]
    assert wrong_fields(VolumeQuestion, "a.") == ["names"]
    assert wrong_fields(VolumeQuestion, (), span=Span(-1), dataset="x") == ["names", "start", "dataset"]


@pytest.mark.parametrize("period", [1, 2, MAX_PERIOD])
@pytest.mark.parametrize("method", SmoothingMethod)
def test_smoothing(period: int, method: SmoothingMethod) -> None:
    """Every method over every period; a word does for the method."""
    assert Smoothing(period, method) == Smoothing(period, str(method))  # type: ignore[arg-type]
    assert str(Smoothing(period, method)) == f"{method} {period}"
    assert Smoothing(period).method is SmoothingMethod.TRAILING_MEAN
    assert type(Smoothing(period, str(method)).method) is SmoothingMethod  # type: ignore[arg-type]


@pytest.mark.parametrize("period", [0, -1, MAX_PERIOD + 1, True, 2.0, "7", None])
def test_wrong_periods(period: Any) -> None:
    """Only whole numbers of buckets."""
    assert wrong_fields(Smoothing, period) == ["smooth"]


def test_wrong_methods() -> None:
    """The words there are, are told."""
    with pytest.raises(InvalidQuestion, match=r'^smooth: "mean" is not one of trailing-mean, centred-mean'):
        Smoothing(3, "mean")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row_filter", "anything"),
    [(RowFilter(), False), (RowFilter(("A",)), True), (RowFilter((), "a."), True)],
)
def test_filters(row_filter: RowFilter, anything: bool) -> None:
    """A filter is true where it leaves something out."""
    assert bool(row_filter) is anything


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"limit": MAX_RANKS},
        {"limit": MAX_RANKS_WITH_SERIES, "series_granularity": Granularity.DAY},
        {"span": NEXT, "baseline": DAY},
        {"span": DAY, "baseline": NEXT, "ratio_min_count": 1, "limit": 1},
        {"span": NEXT, "baseline": DAY, "ratio_min_count": MAX_COUNT},
        {"filter": RowFilter(("A",)), "under": "a.", "exclude": ("b.",), "dataset": "dnssec"},
    ],
)
def test_rankings(fields: dict[str, Any]) -> None:
    """What may be asked, to the largest numbers of each."""
    question = TopQuestion(**fields)
    assert all(getattr(question, name) == value for name, value in fields.items())


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"limit": 0}, ["limit"]),
        ({"limit": MAX_RANKS + 1}, ["limit"]),
        ({"limit": True}, ["limit"]),
        ({"limit": 2.0}, ["limit"]),
        ({"limit": MAX_RANKS_WITH_SERIES + 1, "series_granularity": Granularity.DAY}, ["series"]),
        ({"span": NEXT, "baseline": DAY, "series_granularity": Granularity.DAY}, ["series"]),
        ({"ratio_min_count": 5}, ["ratio_min_count"]),
        ({"span": NEXT, "baseline": DAY, "ratio_min_count": 0}, ["ratio_min_count"]),
        ({"span": NEXT, "baseline": DAY, "ratio_min_count": MAX_COUNT + 1}, ["ratio_min_count"]),
        ({"filter": RowFilter((), "a.")}, ["bailiwick"]),
        ({"baseline": DAY}, ["baseline"]),
        ({"span": NEXT, "baseline": Span(0)}, ["baseline"]),
        ({"span": Span(0), "baseline": DAY}, ["baseline"]),
        ({"span": NEXT, "baseline": Span(5, 5)}, ["baseline.stop"]),
        ({"span": NEXT, "baseline": Span(-5, 5)}, ["baseline.start"]),
        ({"dataset": "", "limit": 0, "span": Span(-1)}, ["limit", "start", "dataset"]),
    ],
)
def test_wrong_rankings(fields: dict[str, Any], wrong: list[str]) -> None:
    """Every wrong field is told at once, as the question calls it."""
    assert wrong_fields(TopQuestion, **fields) == wrong


@pytest.mark.parametrize("analysis", Analysis)
def test_settings(analysis: Analysis) -> None:
    """Each analysis takes its own settings, and none of another's."""
    volume = VolumeQuestion(("a.",))
    for name in ("shortest", "min_ratio", "window", "threshold", "alpha"):
        settings: Any = {name: 2}
        if name in SETTINGS_OF[analysis]:
            assert AnalysisQuestion(volume, analysis, settings).settings == {name: 2}
        else:
            assert wrong_fields(AnalysisQuestion, volume, analysis, settings) == [name]
    assert AnalysisQuestion(volume, analysis).settings == {}


def test_every_analysis_has_its_settings() -> None:
    """A new analysis needs a line, if an empty one."""
    assert set(SETTINGS_OF) == set(Analysis)


@pytest.mark.parametrize(
    ("analysis", "name", "value"),
    [
        (Analysis.SHIFTS, "shortest", 2.5),
        (Analysis.SHIFTS, "shortest", -1),
        (Analysis.SHIFTS, "shortest", 2**32),
        (Analysis.SHIFTS, "shortest", True),
        (Analysis.SPIKES, "window", "7"),
        (Analysis.SPIKES, "threshold", "7"),
        (Analysis.SPIKES, "threshold", True),
        (Analysis.GAPS, "alpha", None),
        (Analysis.GAPS, "alpha", 10**400),
        (Analysis.SHIFTS, "min_ratio", -(10**400)),
    ],
    ids=lambda value: str(value)[:12],
)
def test_wrong_settings(analysis: Analysis, name: str, value: Any) -> None:
    """Numbers of buckets are whole and fit into 32 bits; others are numbers that a float holds."""
    assert wrong_fields(AnalysisQuestion, VolumeQuestion(("a.",)), analysis, {name: value}) == [name]


def test_settings_at_the_edge() -> None:
    """The largest number of buckets; a whole number where a fraction may stand."""
    volume = VolumeQuestion(("a.",))
    assert AnalysisQuestion(volume, Analysis.SHIFTS, {"shortest": 2**32 - 1, "min_ratio": 2})
    assert AnalysisQuestion(volume, Analysis.SPIKES, {"window": 0, "threshold": 0.5})


def test_words() -> None:
    """A word of an enumeration, or a text that names all there are."""
    assert choice(Grouping, "by", "tld") is Grouping.TLD
    assert choice(Grouping, "by", Grouping.TLD) is Grouping.TLD
    with pytest.raises(InvalidQuestion, match=r'^by: "x" is not one of fqdn, domain, tld, rrtype, rdata$'):
        choice(Grouping, "by", "x")
