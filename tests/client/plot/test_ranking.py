"""Pictures of rankings."""

from __future__ import annotations

import numpy as np
import pytest
from dnstide.client.plot.files import figure_bytes
from dnstide.client.plot.ranking import ranking_chart, ranking_figure, ranking_picture
from dnstide.model.granularity import Granularity
from dnstide.model.question import TopQuestion
from dnstide.model.top import Change, Rank, Top, TopSummary
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis

SUMMARY = TopSummary(True, 1, 1, total_count=100, keep=10, rows=1)
QUESTION = TopQuestion()
NAMES = ["com.", "_ldap._tcp.$a$.example.", "x" * 60 + ".example.", "."]


@pytest.fixture
def ranks():
    counts = np.array([5, 0, 7], dtype=np.uint64)
    axis = Axis.of(Granularity.DAY, [0, 86_400, 172_800, 259_200], [1, Coverage.NONE, 1])
    rows = tuple(Rank(i + 1, name, None, 1_000 // (i + 1), 0.1, counts) for i, name in enumerate(NAMES))
    return Top(QUESTION, rows, (), (), SUMMARY, axis)


def test_ranks_are_bars_with_their_names_and_counts(ranks) -> None:
    """One bar each from the top down; names as they are, long ones cut."""
    figure = ranking_figure(ranks, "the largest")
    axes = figure.axes[0]
    figure.canvas.draw()
    assert [bar.get_width() for bar in axes.patches] == [1_000, 500, 333, 250]
    assert [text.get_text() for text in axes.texts] == ["1,000", "500", "333", "250"]
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert shown == ["com", "_ldap._tcp.$a$.example", "x" * 59 + "…", "."]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert figure_bytes(figure, "svg").startswith(b"<?xml")


def test_changes_are_pairs_of_points() -> None:
    """Hollow before, full after; rises, then falls."""
    answer = Top(QUESTION, (), (Change(1, "a.", None, 10, 90),), (Change(1, "b.", None, 70, 0),), SUMMARY)
    axes = ranking_figure(answer, "changes", log=True).axes[0]
    before, after = axes.lines
    assert list(before.get_xdata()) == [10, 70]
    assert list(after.get_xdata()) == [90, 0]
    assert axes.get_xscale() == "symlog"


def test_series_of_ranks_are_lines_with_gaps(ranks) -> None:
    """A bucket without tables is a gap for every rank."""
    picture = ranking_picture(ranks, "the largest")
    assert [line.label for line in picture.lines][:2] == ["com", "_ldap._tcp.$a$.example"]
    assert np.isnan(picture.lines[0].raw()).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="without series"):
        ranking_picture(Top(QUESTION, ranks.ranks, (), (), SUMMARY), "the largest")


@pytest.mark.parametrize("width", [40, 80])
def test_bars_of_text_fit(ranks, width) -> None:
    """No line is wider than asked; the largest count has the longest bar."""
    lines = ranking_chart(ranks, "the largest", width).splitlines()
    assert lines[0] == "the largest"
    assert max(map(len, lines)) <= width
    bars = [line.count("█") for line in lines[1:]]
    assert bars == sorted(bars, reverse=True)
    assert bars[0] > bars[1] > 0
    assert lines[1].endswith("1,000")
