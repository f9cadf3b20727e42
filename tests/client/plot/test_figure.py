"""What is drawn: gaps, dates, legends, marks and shades of matplotlib's figures."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from dnstide.client.plot import Mark, draw, kind_name, picture_of, styles
from dnstide.client.plot.kinds import KINDS
from dnstide.model.errors import InvalidQuestion
from dnstide.model.vocabulary import Coverage


def curves(figure):
    """The lines through values, without marks and legends."""
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]


def test_a_missing_table_is_a_gap_and_a_silent_day_a_zero(two_years) -> None:
    """Where no table was, the line is broken; where tables had no rows it goes to zero."""
    raw, _ = curves(draw(picture_of(two_years)))
    y = np.asarray(raw.get_ydata(), dtype=float)
    assert np.isnan(y[300:330]).all()
    assert (y[540:552] == 0).all()
    assert np.isnan(y).sum() == 30


def test_raw_is_dashed_and_smoothed_solid(two_years) -> None:
    """As vot.pl draws them; and either can be left out."""
    raw, smooth = curves(draw(picture_of(two_years)))
    assert raw.get_linestyle() == "--"
    assert smooth.get_linestyle() == "-"
    assert [line.get_linestyle() for line in curves(draw(picture_of(two_years, raw=False)))] == ["-"]
    assert len(curves(draw(picture_of(two_years, smooth=False)))) == 1


def test_zeros_show_on_a_logarithmic_axis(two_years) -> None:
    """The axis has a linear foot where the series has zeros, and none where it has not."""
    axes = draw(picture_of(two_years, log=True)).axes[0]
    assert axes.get_yscale() == "symlog"
    assert axes.get_ylim()[0] == 0
    assert axes.get_yticks()[0] == 0


def test_a_series_without_zeros_has_a_plain_logarithmic_axis(yahoo) -> None:
    """No foot is drawn for zeros that are not there."""
    assert draw(picture_of(yahoo, log=True)).axes[0].get_yscale() == "log"


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize(
    ("step", "length"),
    [
        ("day", 1),
        ("day", 2),
        ("day", 28),
        ("day", 730),
        ("day", 7_300),
        ("hour", 24),
        ("hour", 170),
        ("minute", 90),
    ],
)
def test_dates_do_not_collide(volume, step, length, classic) -> None:
    """Neighbouring tick labels never overlap, from an hour and a half to twenty years."""
    figure = draw(picture_of(volume({"a.example": np.full(length, 7)}, step=step), classic=classic))
    figure.canvas.draw()
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    shown = [
        label.get_window_extent()
        for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if low <= place <= high and label.get_text()
    ]
    assert shown
    assert not any(a.overlaps(b) for a, b in pairwise(shown))


def test_every_kind_draws_every_bucket(yahoo) -> None:
    """28 bars, 28 points, 28 steps, 28 places of a line."""
    bars = draw(picture_of(yahoo, kind="bar")).axes[0].patches
    assert len([bar for bar in bars if bar.get_height() > 1]) == 28
    assert len(curves(draw(picture_of(yahoo, kind="point")))[0].get_xdata()) == 28
    assert len(curves(draw(picture_of(yahoo, kind="step")))[0].get_xdata()) == 29
    assert len(curves(draw(picture_of(yahoo, kind="line")))[0].get_xdata()) == 28


def test_a_single_bucket_is_seen(volume) -> None:
    """A line of one value is a dot."""
    figure = draw(picture_of(volume({"a.example": [5]})))
    assert any(line.get_marker() == "o" and list(line.get_ydata()) == [5] for line in figure.axes[0].lines)


def test_a_value_between_two_gaps_is_seen(volume) -> None:
    """It has no neighbour to be joined to."""
    marks = [Coverage.COMPLETE, Coverage.NONE, Coverage.COMPLETE, Coverage.NONE, Coverage.COMPLETE]
    figure = draw(picture_of(volume({"a.example": [5, 0, 6, 0, 7]}, coverage=marks)))
    dots = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert [list(dot.get_ydata()) for dot in dots] == [[5, 6, 7]]


def test_twelve_lines_stay_apart_without_colour() -> None:
    """No two of twelve looks share marker and dashes, in colour or in the classic black."""
    for classic in (False, True):
        looks = {
            (str(look.marker), str(look.dash))
            for look in (styles.look(i, 12, classic=classic) for i in range(12))
        }
        assert len(looks) == 12


def test_the_legend_lists_every_name_as_it_is(twelve) -> None:
    """Also names that begin with an underscore, which matplotlib leaves out."""
    figure = draw(picture_of(twelve))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [series.name.rstrip(".") for series in twelve]


def test_shades_are_told_in_the_legend(two_years) -> None:
    """Missing tables, lower bounds and partly covered buckets each have their entry."""
    figure = draw(picture_of(two_years))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["raw", "smoothed: trailing mean, 14 days", "no table", "lower bound", "covered in part"]


def test_many_names_have_panels_of_their_own(volume) -> None:
    """From thirteen on, one small picture for each name, with its name above."""
    figure = draw(picture_of(volume({f"n{i}.example": np.arange(1, 9) for i in range(13)})))
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == [f"n{i}.example" for i in range(13)]


def test_marks_stand_on_their_day(two_years) -> None:
    """A mark is a vertical line with its text, at the first second of its bucket."""
    mark = Mark(0, two_years.axis.starts[378], "×893")
    axes = draw(picture_of(two_years, marks=[mark])).axes[0]
    assert "×893" in [text.get_text() for text in axes.texts]
    day = two_years.axis.starts[378].astype("datetime64[D]").astype(int)
    assert day in [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]


def test_marks_hide_no_data(two_years) -> None:
    """Their texts stand in rows of their own, above all that is drawn, on either scale."""
    marks = [Mark(0, two_years.axis.starts[i], "×893") for i in (376, 377, 378)]
    for log in (False, True):
        figure = draw(picture_of(two_years, log=log, marks=marks))
        figure.canvas.draw()
        axes = figure.axes[0]
        highest = max(np.nanmax(line.get_ydata()) for line in curves(figure))
        above = axes.transData.transform((0, highest))[1]
        texts = [text.get_window_extent() for text in axes.texts]
        assert len(texts) == 3
        assert all(text.y0 >= above for text in texts)
        assert not any(a.overlaps(b) for a, b in pairwise(texts))


def test_each_of_few_buckets_has_its_date(volume) -> None:
    """A day is no row of hours, and five days are not Monday and Thursday."""
    for length in (1, 5):
        axes = draw(picture_of(volume({"a.example": np.full(length, 7)}))).axes[0]
        assert [label.get_text() for label in axes.get_xticklabels()] == [
            f"2016-09-0{day}" for day in range(1, length + 1)
        ]


def test_more_bars_than_can_be_seen_are_steps(twelve) -> None:
    """Twelve names over a year would be 4,380 bars; a single name keeps its bars."""
    axes = draw(picture_of(twelve, kind="bar", smooth=False)).axes[0]
    assert not [patch for patch in axes.patches if patch.get_height() > 1]
    assert len([line for line in axes.lines if line.get_drawstyle() == "steps-post"]) == 12


def test_a_logarithmic_axis_within_a_decade_has_ticks(yahoo) -> None:
    """Powers of ten alone would leave it bare."""
    axes = draw(picture_of(yahoo, log=True)).axes[0]
    low, high = axes.get_ylim()
    assert sum(low <= tick <= high for tick in axes.get_yticks()) >= 4


def test_a_dollar_in_the_title_is_no_mathematics(yahoo) -> None:
    """The title quotes a shell prompt; two dollars would otherwise be set as a formula."""
    title = "$ vot --fqdn www.yahoo.com $x_1$"
    figure = draw(picture_of(yahoo, title=title))
    figure.canvas.draw()
    assert figure.get_suptitle() == title
    assert not figure._suptitle.get_parse_math()


def test_kinds_are_known_by_the_words_of_gnuplot() -> None:
    """LINES, dots, steps, impulses and VBAR are understood; others are refused with the list."""
    words = {
        "LINES": "line",
        "dots": "point",
        "POINT": "point",
        "steps": "step",
        "impulses": "bar",
        "vbar": "bar",
    }
    assert {word: kind_name(word) for word in words} == words
    with pytest.raises(ValueError, match=", ".join(KINDS)):
        kind_name("pie")


def test_pyplot_is_never_loaded() -> None:
    """Its global figures would leak, and its backend is the user's business."""
    code = """
import sys, numpy as np
from dnstide.client.plot import picture_of, render
from dnstide.model.granularity import Granularity
from dnstide.model.question import VolumeQuestion
from dnstide.model.volume import Axis, Series, Summary, Volume
axis = Axis.of(Granularity.DAY, [0, 86400, 172800], [1, 1])
columns = np.array([0, 1], np.uint32), np.array([1, 2], np.uint64)
series = Series("a.", None, 0, axis, *columns)
volume = Volume(VolumeQuestion(("a",)), axis, (series,), Summary(True, 1, 1))
assert "matplotlib" not in sys.modules
render(picture_of(volume), "html")
assert "matplotlib" not in sys.modules
render(picture_of(volume), "png")
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_twelve_bars_have_twelve_fills() -> None:
    """Colour, hatch and the colour on a dark ground each differ, and the colours well apart."""
    looks = [styles.look(i, 12) for i in range(12)]
    for part in ("colour", "dark", "hatch"):
        assert len({getattr(look, part) for look in looks}) == 12
    for part in ("colour", "dark"):
        seen = [np.array([int(getattr(look, part)[i : i + 2], 16) for i in (1, 3, 5)]) for look in looks]
        apart = [np.abs(a - b).sum() for i, a in enumerate(seen) for b in seen[:i]]
        assert min(apart) >= 80


def test_bars_on_a_logarithmic_axis_are_dots(yahoo) -> None:
    """There is no zero for their feet to stand on."""
    axes = draw(picture_of(yahoo, kind="bar", log=True)).axes[0]
    assert not [patch for patch in axes.patches if patch.get_height() > 1]
    assert len(curves(draw(picture_of(yahoo, kind="bar", log=True)))[0].get_xdata()) == 28


@pytest.mark.parametrize("start", ["9999-12-01", "290000-01-01"])
@pytest.mark.parametrize("panels", [False, True])
def test_years_past_9999_have_dates(volume, start, panels) -> None:
    """Python's own dates end there; the axis does not."""
    answer = volume({"a.example": np.arange(1, 80), "b.example": np.arange(1, 80)}, start)
    figure = draw(picture_of(answer, panels=panels))
    figure.canvas.draw()
    texts = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    later = "10000-" if start.startswith("9999") else "290000-"
    assert any(text.startswith(later) for text in texts)


@pytest.mark.parametrize("log", [False, True])
def test_the_axis_of_counts_has_the_limits_asked(yahoo, log) -> None:
    """Either or both; wrong ones are refused."""
    assert draw(picture_of(yahoo, log=log, ylim=(10_000, 50_000))).axes[0].get_ylim() == (10_000, 50_000)
    assert draw(picture_of(yahoo, log=log, ylim=(None, 50_000))).axes[0].get_ylim()[1] == 50_000
    for wrong in ((5, 5), (9, 1), (-1, 5), (None, 0), (float("nan"), None), (0, float("inf"))):
        with pytest.raises(InvalidQuestion, match="ylim"):
            picture_of(yahoo, log=log, ylim=wrong)


@pytest.mark.parametrize("backend", ["TkAgg", "no-such-backend"])
def test_the_users_matplotlib_has_no_part_in_it(tmp_path, backend) -> None:
    """Neither a broken matplotlibrc nor a backend that is not there."""
    (tmp_path / "matplotlibrc").write_text("figure.facecolor: red\nsvg.fonttype: path\nbackend: TkAgg\n")
    code = """
import sys, numpy as np
from dnstide.client.plot import picture_of, render
from dnstide.model.granularity import Granularity
from dnstide.model.question import VolumeQuestion
from dnstide.model.volume import Axis, Series, Summary, Volume
axis = Axis.of(Granularity.DAY, [0, 86400, 172800], [1, 1])
columns = np.array([0, 1], np.uint32), np.array([1, 2], np.uint64)
series = Series("a.", None, 0, axis, *columns)
volume = Volume(VolumeQuestion(("a",)), axis, (series,), Summary(True, 1, 1))
sys.stdout.buffer.write(render(picture_of(volume), "svg"))
"""
    made = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=env).stdout
        for env in (
            {**os.environ, "MATPLOTLIBRC": str(tmp_path), "MPLBACKEND": backend},
            {name: value for name, value in os.environ.items() if name != "MPLBACKEND"},
        )
    ]
    assert made[0] == made[1]
    assert b">count</text>" in made[0]
