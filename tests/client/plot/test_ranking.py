"""Pictures of rankings."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from dnstide.client.plot.bars import bars_page
from dnstide.client.plot.files import figure_bytes
from dnstide.client.plot.ranking import ranking_bars, ranking_chart, ranking_figure, ranking_picture
from dnstide.model.errors import InvalidQuestion
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


def test_ranks_are_dots_on_a_logarithmic_axis(ranks) -> None:
    """A bar would fill half of the picture before it says anything."""
    axes = ranking_figure(ranks, "the largest", log=True).axes[0]
    assert len(axes.patches) == 0
    assert list(axes.lines[0].get_xdata()) == [1_000, 500, 333, 250]
    assert [text.get_text() for text in axes.texts] == ["1,000", "500", "333", "250"]


def test_pages_of_rankings(ranks) -> None:
    """Bars by the largest, with counts and shares; what is a name of markup is shown as it is."""
    markup = Rank(5, "<b>&.example.", None, 125, 0.1)
    page = bars_page(ranking_bars(replace(ranks, ranks=(*ranks.ranks, markup)), "the <largest>"))
    assert [float(width) for width in re.findall(r"width:([0-9.]+)%", page)] == [100, 50, 33.3, 25, 12.5]
    assert "1,000 (10.00%)" in page
    assert "&lt;b&gt;&amp;.example" in page
    assert "<h1>the &lt;largest&gt;</h1>" in page
    assert "<script" not in page
    answer = Top(QUESTION, (), (Change(1, "a.", None, 10, 90),), (Change(1, "b.", None, 45, 0),), SUMMARY)
    page = bars_page(ranking_bars(answer, "changes"))
    assert [float(width) for width in re.findall(r"width:([0-9.]+)%", page)] == [100, 50]
    assert re.findall(r"<h2>(\w+), per covered day</h2>", page) == ["rises", "falls"]
    assert ("10 → 90 (×9.0)" in page, "45 → 0 (gone)" in page) == (True, True)


def test_small_rates_are_not_told_as_nothing() -> None:
    """One in ten days is a rate, in the page and in the terminal."""
    week = 7 * 86400
    answer = Top(QUESTION, (), (Change(1, "a.", None, 1, 3, week, week),), (), SUMMARY)
    said = "0.143 → 0.429 (×3.0)"
    assert said in bars_page(ranking_bars(answer, "changes"))
    assert said in ranking_chart(answer, "changes")
    assert "0.143 → 0.429 a day (×3.0)" in str(answer.rises[0])


def test_changes_are_pairs_of_points() -> None:
    """Hollow before, full after; rises, then falls."""
    answer = Top(QUESTION, (), (Change(1, "a.", None, 10, 90),), (Change(1, "b.", None, 70, 0),), SUMMARY)
    axes = ranking_figure(answer, "changes", log=True).axes[0]
    before, after = axes.lines
    assert list(before.get_xdata()) == [10, 70]
    assert list(after.get_xdata()) == [90, 0]
    assert axes.get_xscale() == "symlog"
    assert [text.get_text() for text in axes.texts] == ["×9.0", "gone"]


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


def test_a_ranking_draws_itself(ranks, tmp_path) -> None:
    """top.plot() gives a figure: lines where it has series, else bars; top.plot(path) a file."""
    bars = replace(ranks, axis=None, ranks=tuple(replace(rank, series=None) for rank in ranks.ranks))
    assert len(ranks.plot().axes[0].lines) >= 4
    axes = bars.plot(ylim=(0, 2_000), size=(4, 3)).axes[0]
    assert len(axes.patches) == 4
    assert axes.get_xlim() == (0, 2_000)
    assert axes.figure.get_size_inches().tolist() == [4, 3]
    assert axes.figure.get_suptitle() == "the 4 largest by fqdn"
    for answer in (ranks, bars):
        answer.plot(tmp_path / "a.png", dpi=50, title="mine")
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
        answer.plot(tmp_path / "a.html", title="mine")
        page = (tmp_path / "a.html").read_text()
        assert "<title>mine</title>" in page
        assert "1 table answered" in page
    assert 'id="data"' in page or 'class="bar"' in page


@pytest.mark.parametrize(
    ("suffix", "options", "said"),
    [
        ("html", {"log": True}, "log: bars begin at zero there"),
        ("html", {"ylim": (0, 5)}, "ylim: bars begin at zero there"),
        ("html", {"size": (4, 3)}, "size: a page takes the room"),
        ("svg", {"dpi": 50}, "dpi: only a .png has dots"),
        ("svg", {"ylim": (5, 1)}, "ylim: .* a smaller and a larger count"),
    ],
)
def test_what_a_picture_has_not_is_refused(ranks, tmp_path, suffix, options, said) -> None:
    """An option that would do nothing is told."""
    bars = replace(ranks, axis=None)
    with pytest.raises(InvalidQuestion, match=said):
        bars.plot(tmp_path / f"a.{suffix}", **options)
    assert not [*tmp_path.iterdir()]
