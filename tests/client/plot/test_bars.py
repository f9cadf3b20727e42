"""Bars of findings: what is drawn is what was found."""

from __future__ import annotations

import pytest
from dnstide.client.plot import figure_bytes
from dnstide.client.plot.bars import MOST, bars_chart, bars_figure, bars_of, bars_page
from dnstide.model.analysis import Breakdown, Findings, Part, SeriesFindings, Shape
from dnstide.model.question import AnalysisQuestion, RowFilter, VolumeQuestion
from dnstide.model.vocabulary import Analysis
from dnstide.model.volume import Summary

WEEK = (1.2, None, 1.1, 1.0, 1.0, 0.5, 0.25)
HOSTILE = "<b>$x.example."


def found(analysis, **parts):
    return Findings(AnalysisQuestion(VolumeQuestion(("a.",)), analysis), Summary(True, 1, 1), **parts)


def shape(**given):
    figures = {"buckets": 9, "seen": 9, "total": 90, "mean": 10.0, "median": 9.0, "low": 1.0, "high": 2e6}
    return Shape(**figures | {"variation": 0.5, "weekdays": (), "hours": ()} | given)


def test_a_week_and_a_day_are_bars_over_the_mean() -> None:
    """In groups; a day without data has no bar and says so; the mean is a line."""
    one = SeriesFindings("a.", "MX", shape=shape(weekdays=WEEK, hours=(1.0,) * 24))
    bars = bars_of(found(Analysis.SHAPE, series=(one,)))
    assert [(name, len(members)) for name, members in bars.groups] == [
        ("a MX, weekdays", 7),
        ("a MX, hours", 24),
    ]
    axes = bars_figure(bars).axes[0]
    assert [patch.get_width() for patch in axes.patches][:7] == [1.2, 0, 1.1, 1, 1, 0.5, 0.25]
    assert axes.lines[0].get_xdata()[0] == 1
    assert "  tuesday    no data\n" in bars_chart(bars)


def test_long_steps_have_their_rates() -> None:
    """Without a week or a day: the smallest, the middle and the largest count per day."""
    bars = bars_of(found(Analysis.SHAPE, series=(SeriesFindings("a.", None, shape=shape()),)))
    assert [(bar.label, bar.words) for bar in bars.bars] == [
        ("low", "1"), ("median", "9"), ("mean", "10"), ("high", "2 million"),
    ]  # fmt: skip


def test_totals_are_exact_and_names_are_text() -> None:
    """Counts beyond a float's precision are told in full; nothing of a name is markup or mathematics."""
    parts = (Part("A", 2**64 - 1, 0.75), Part("TXT", 1, 0.25))
    one = Breakdown(HOSTILE, 2**64, parts, RowFilter(("A", "TXT"), "b."))
    bars = bars_of(found(Analysis.BREAKDOWN, breakdowns=(one, Breakdown("none.", 0, ()))))
    assert [name for name, _ in bars.groups] == ["<b>$x.example/A,TXT/b.", "none"]
    page = bars_page(bars)
    assert "<b>" not in page
    assert "18,446,744,073,709,551,615 (75.0%)" in page
    assert figure_bytes(bars_figure(bars), "png", 40).startswith(b"\x89PNG")
    chart = bars_chart(bars, 60)
    assert "nothing found" in chart
    assert max(map(len, chart.splitlines())) <= 60


@pytest.mark.parametrize("names", [1, 300])
def test_of_many_names_the_first_are_drawn(names) -> None:
    """The title says of how many."""
    parts = (Part("A", 3, 0.75), Part("MX", 1, 0.25))
    many = tuple(Breakdown(f"n{i}.", 4, parts) for i in range(names))
    bars = bars_of(found(Analysis.BREAKDOWN, breakdowns=many))
    assert len(bars.bars) == min(2 * names, MOST)
    assert bars.title.endswith("the first 400 of 600") is (names == 300)
