"""Findings: their texts, their figures and their columns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dnstide.model.analysis import (
    Breakdown,
    Correlation,
    Findings,
    Gap,
    Part,
    SeriesFindings,
    Shape,
    Shift,
    Spike,
)
from dnstide.model.granularity import Granularity
from dnstide.model.question import AnalysisQuestion, RowFilter, VolumeQuestion
from dnstide.model.vocabulary import Analysis, GapKind
from dnstide.model.volume import Axis, Series, Summary, Volume

TIME = np.datetime64("2017-09-15", "s")
LATER = np.datetime64("2017-09-20", "s")
SHIFT = Shift(TIME, 1454.0, 2114710.0, 1454.41, 6.46)
SHAPE = Shape(10, 9, 90, 9.0, 8.0, 0, 20, None, (1.0, None, 0.5, 1.0, 1.0, 1.0, 1.5), (0.25,) * 24)
SILENT = Gap(TIME, LATER, GapKind.SILENT, 0.001, True)

STEPPED = Correlation("a.", "b.", 1.5, 2.0, 0.9, 0.81, 0.1, 30, 2, 0.02, None, True)


def findings(analysis: Analysis, *series: SeriesFindings, complete: bool = True, **parts: Any) -> Findings:
    question = AnalysisQuestion(VolumeQuestion(("a.",)), analysis)
    return Findings(question, Summary(complete, 1, 1), series, **parts)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.5, "×1.5"),
        (1 / 1.5, "÷1.5"),
        (3.2, "×3.2"),
        (1.0, "×1.0"),
        (1 / 3, "÷3.0"),
        (99.94, "×99.9"),
        (100.0, "×100"),
        (1454.41, "×1,454"),
        (0.0001, "÷10,000"),
        (math.inf, "×∞"),
        (0.0, "→0"),
    ],
)
def test_shifts_as_text(ratio: float, text: str) -> None:
    """The factor from one level to the other, up or down."""
    assert str(Shift(TIME, 1.0, 1.0, ratio, 5.0)) == text


def test_figures_of_a_shape() -> None:
    """Every figure with its name; days by their names, hours by the clock."""
    figures = SHAPE.figures()
    assert figures[:2] == [("buckets", 10), ("seen", 9)]
    assert [name for name, _ in figures[2:8]] == ["total", "mean", "median", "low", "high", "variation"]
    assert figures[8:10] == [("monday", 1.0), ("tuesday", None)]
    assert [name for name, _ in figures[14:16]] == ["sunday", "00:00"]
    assert figures[-1] == ("23:00", 0.25)
    coarse = Shape(1, 1, 1, 1.0, 1.0, 1, 1, None, (), ())
    assert len(coarse.figures()) == 8


CASES: dict[Analysis, tuple[Findings, tuple[str, ...], tuple[Any, ...]]] = {
    Analysis.SHIFTS: (
        findings(Analysis.SHIFTS, SeriesFindings("a.", None, shifts=(SHIFT,))),
        ("name", "date", "before", "after", "ratio", "score"),
        ("a.", TIME, 1454.0, 2114710.0, 1454.41, 6.46),
    ),
    Analysis.SPIKES: (
        findings(Analysis.SPIKES, SeriesFindings("a.", None, spikes=(Spike(TIME, 2**63, 4.5, -7.0),))),
        ("name", "date", "count", "expected", "score"),
        ("a.", TIME, 2**63, 4.5, -7.0),
    ),
    Analysis.GAPS: (
        findings(Analysis.GAPS, SeriesFindings("a.", None, gaps=(SILENT,))),
        ("name", "start", "end", "kind", "expected", "open"),
        ("a.", TIME, LATER, "silent", 0.001, True),
    ),
    Analysis.CORRELATION: (
        findings(Analysis.CORRELATION, correlations=(STEPPED,)),
        (
            *("x", "y", "slope", "intercept", "r", "r_squared", "slope_error", "n"),
            *("levels", "within_r", "difference_r", "level_driven"),
        ),
        ("a.", "b.", 1.5, 2.0, 0.9, 0.81, 0.1, 30, 2, 0.02, None, True),
    ),
    Analysis.SHAPE: (
        findings(Analysis.SHAPE, SeriesFindings("a.", None, shape=SHAPE)),
        ("name", "figure", "value"),
        ("a.", "buckets", 10),
    ),
    Analysis.BREAKDOWN: (
        findings(
            Analysis.BREAKDOWN,
            breakdowns=(Breakdown("a.", 4, (Part("A", 3, 0.75), Part("MX", 1, 0.25))),),
        ),
        ("name", "rrtype", "total", "share"),
        ("a.", "A", 3, 0.75),
    ),
}


@pytest.mark.parametrize("analysis", Analysis)
def test_columns(analysis: Analysis) -> None:
    """One row for each thing found, under the titles that texts and JSON have."""
    found, titles, first = CASES[analysis]
    columns = found.columns()
    assert tuple(column.title for column in columns) == (*titles, "coverage")
    assert next(columns.rows()) == (*first, "complete")
    assert found.found
    assert found.analysis is analysis
    assert list(found) == [*found.series, *found.correlations, *found.breakdowns]
    assert (len(found), found[0]) == (1, next(iter(found)))
    assert repr(found).startswith(f"<Findings: {analysis}, ")
    assert len(found.to_pandas()) == len(found.to_polars()) == found.to_arrow().num_rows == len(columns)
    assert found._repr_html_() == columns._repr_html_()


@pytest.mark.parametrize("analysis", Analysis)
def test_nothing_found(analysis: Analysis) -> None:
    """The columns are there without rows, and the findings say that there are none."""
    empty = findings(analysis, SeriesFindings("a.", None), complete=False)
    assert not empty.found
    assert not empty.complete
    assert tuple(column.title for column in empty.columns()) == (*CASES[analysis][1], "coverage")
    assert len(empty.to_pandas()) == 0


@pytest.mark.parametrize(
    ("analysis", "parts"),
    [
        (Analysis.SHIFTS, {"shifts": (SHIFT, SHIFT)}),
        (Analysis.GAPS, {"gaps": (SILENT, SILENT)}),
        (Analysis.SHAPE, {"shape": SHAPE}),
    ],
)
def test_types_have_a_column_where_any_series_has_one(analysis: Analysis, parts: dict[str, Any]) -> None:
    """Where split, a name without rows has no type, but the others keep theirs."""
    columns = findings(
        analysis, SeriesFindings("a.", "MX", **parts), SeriesFindings("b.", None, **parts)
    ).columns()
    assert columns.names[:2] == ("name", "rrtype")
    pairs = set(zip(columns["name"].tolist(), columns["rrtype"].tolist(), strict=True))
    assert pairs == {("a.", "MX"), ("b.", None)}


def test_a_ratio_from_zero_has_no_value() -> None:
    """Infinity is no number that every format can write."""
    shift = Shift(TIME, 0.0, 5.0, math.inf, 5.0)
    columns = findings(Analysis.SHIFTS, SeriesFindings("a.", None, shifts=(shift,))).columns()
    assert columns["ratio"].tolist() == [None]


def test_figures_keep_their_kind() -> None:
    """Whole figures stay whole and exact, missing ones are missing."""
    columns = CASES[Analysis.SHAPE][0].columns()
    values = dict(zip(columns["figure"].tolist(), columns["value"].tolist(), strict=True))
    assert values["total"] == 90
    assert isinstance(values["total"], int)
    assert isinstance(values["mean"], float)
    assert values["variation"] is None
    assert values["tuesday"] is None


def test_marks_stand_on_the_series_that_was_asked() -> None:
    """Series of one name are told apart by what came with it."""
    axis = Axis.of(Granularity.DAY, [0, 86400], [1])
    none = np.array([], np.uint32), np.array([], np.uint64)
    filters = [RowFilter(("A",)), RowFilter(("AAAA",))]
    lines = tuple(Series("a.", None, i, axis, *none, filter=one) for i, one in enumerate(filters))
    volume = Volume(VolumeQuestion(("a./A", "a./AAAA")), axis, lines, Summary(True, 1, 1))
    found = [SeriesFindings("a.", None, shifts=(SHIFT,), filter=one) for one in reversed(filters)]
    assert [mark.line for mark in findings(Analysis.SHIFTS, *found).marks(volume)] == [1, 0]


def test_a_correlation_that_rests_on_levels_says_so() -> None:
    """In words, wherever it is read; one that holds within them says nothing."""
    found = findings(Analysis.CORRELATION, correlations=(STEPPED, replace(STEPPED, level_driven=False)))
    said = "b. on a.: R² 0.81 rests on changes of level; within the 2 levels it is 0.0004"
    assert found.remarks == (said,)
    assert said in str(found)
    flat = replace(STEPPED, within_r=None)
    assert str(flat.remark).endswith("within the 2 levels there is nothing to correlate")


def test_spikes_and_silent_spans_are_marks_too() -> None:
    """By the factor of what was expected, and by their length; spans without tables are shaded anyway."""
    axis = Axis.of(Granularity.DAY, [0, 86400], [1])
    none = np.array([], np.uint32), np.array([], np.uint64)
    volume = Volume(VolumeQuestion(("a.",)), axis, (Series("a.", None, 0, axis, *none),), Summary(True, 1, 1))
    spikes = (Spike(TIME, 30, 10.0, 9.0), Spike(TIME, 0, 10.0, -9.0), Spike(TIME, 5, 0.0, 9.0))
    found = findings(Analysis.SPIKES, SeriesFindings("a.", None, spikes=spikes))
    assert [mark.text for mark in found.marks(volume)] == ["×3.0", "→0", "×∞"]
    gaps = (
        SILENT,
        replace(SILENT, kind=GapKind.NO_DATA),
        replace(SILENT, stop=TIME + np.timedelta64(7200, "s")),
    )
    found = findings(Analysis.GAPS, SeriesFindings("a.", None, gaps=gaps))
    assert [mark.text for mark in found.marks(volume)] == ["silent for 5 days", "silent for 2 hours"]
