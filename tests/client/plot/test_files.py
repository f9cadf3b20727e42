"""Pictures as files: formats, reference images, the page for the browser."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from dnstide.client import InvalidQuestion
from dnstide.client.plot import FORMATS, Mark, figure_bytes, format_of, picture_of, render, scatter
from PIL import Image

REFERENCE = Path(__file__).parent / "reference"
TOLERANCE = 0.02
"""Mean difference of grey levels, 0 to 1: fonts and line joins may differ a little from version to version.
"""


def reference_cases(yahoo, two_years, twelve):
    starts = two_years.axis.starts
    marks = [Mark(0, starts[i], text) for i, text in ((150, "÷3.0"), (190, "×5.6"), (378, "×893"))]
    title = "$ vot --fqdn www.yahoo.com --ma 7"
    return {
        "two_years_log": picture_of(two_years, log=True, marks=marks),
        "yahoo_classic": picture_of(yahoo, classic=True, title=title),
        "yahoo_bars": picture_of(yahoo, kind="bar"),
        "twelve": picture_of(twelve),
    }


@pytest.mark.parametrize("name", ["two_years_log", "yahoo_classic", "yahoo_bars", "twelve"])
def test_pictures_look_as_they_were_approved(name, yahoo, two_years, twelve, tmp_path) -> None:
    """The picture differs from the image kept in the tree by less than the tolerance, all over and in each
    part.
    """
    drawn = render(reference_cases(yahoo, two_years, twelve)[name], "png", size=(8, 5.6), dpi=50)
    (tmp_path / f"{name}.png").write_bytes(drawn)
    kept = np.asarray(Image.open(REFERENCE / f"{name}.png").convert("L"), dtype=float) / 255
    now = np.asarray(Image.open(io.BytesIO(drawn)).convert("L"), dtype=float) / 255
    assert now.shape == kept.shape
    away = np.abs(now - kept)
    assert away.mean() < TOLERANCE, f"compare {tmp_path}/{name}.png with {REFERENCE}/{name}.png"
    tiles = away[:280, :400].reshape(7, 40, 10, 40).mean(axis=(1, 3))
    assert tiles.max() < 10 * TOLERANCE, f"compare {tmp_path}/{name}.png with {REFERENCE}/{name}.png"


@pytest.mark.parametrize(
    ("form", "magic"),
    [
        ("png", b"\x89PNG"),
        ("svg", b"<?xml"),
        ("pdf", b"%PDF"),
        ("ps", b"%!PS-Adobe-3.0\n"),
        ("eps", b"%!PS-Adobe-3.0 EPSF"),
        ("html", b"<!doctype html>"),
    ],
)
def test_each_format_is_what_it_says(form, magic, yahoo) -> None:
    """The bytes begin as the format's do; all formats are in the list."""
    assert render(picture_of(yahoo), form, dpi=40).startswith(magic)
    assert form in FORMATS


@pytest.mark.parametrize("form", ["png", "svg", "pdf", "html"])
def test_the_same_answer_gives_the_same_file(form, yahoo) -> None:
    """No date of making, no random ids."""
    assert render(picture_of(yahoo), form, dpi=40) == render(picture_of(yahoo), form, dpi=40)


def test_the_file_name_tells_the_format() -> None:
    """Upper case counts too; an unknown ending is refused with the list."""
    assert format_of("a/b.c/NAME.PNG") == "png"
    for name in ("picture", "picture.jpeg", ".png"):
        with pytest.raises(InvalidQuestion, match=r"\.png, \.svg, \.pdf, \.ps, \.eps, \.html"):
            format_of(name)


def data_of(page):
    (text,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_the_page_needs_no_network(two_years) -> None:
    """No address is loaded, and the policy of the page forbids it."""
    page = render(picture_of(two_years), "html").decode()
    assert not re.search(r"(src|href)\s*=|@import|url\(|fetch\(|https?://(?!www\.w3\.org/2000/svg)", page)
    assert "default-src 'none'" in page


def test_no_text_can_break_out_of_the_page(volume) -> None:
    """Titles, names and marks with markup stay text; the data come back as they went in."""
    hostile = "</script><script>alert(1)</script><!--\u2028&amp;'\"{title}"
    answer = volume({hostile: [1, 2]})
    marks = [Mark(0, answer.axis.starts[0], hostile)]
    page = render(picture_of(answer, title=hostile, marks=marks), "html").decode()
    assert page.count("<script") == page.count("</script>") == 2
    assert "alert(1)</" not in page
    data = data_of(page)
    assert data["lines"][0]["label"] == hostile
    assert data["marks"][0][2] == hostile


def test_the_page_keeps_counts_exact_and_gaps_apart(two_years, volume) -> None:
    """Counts a script cannot hold travel as text; unknown buckets are null, silent ones 0."""
    data = data_of(render(picture_of(volume({"a.example": [2**64 - 1, 2**53, 3]})), "html").decode())
    assert data["lines"][0]["counts"] == [str(2**64 - 1), 2**53, 3]
    counts = data_of(render(picture_of(two_years), "html").decode())["lines"][0]["counts"]
    assert counts[300:330] == [None] * 30
    assert counts[540:552] == [0] * 12


def test_a_scatter_plot_has_a_point_a_bucket_and_the_line(rng) -> None:
    """Both series' points, the fitted line through its two ends, and its figures in words."""
    x = rng.integers(0, 1_000, 50).astype(np.uint64)
    figure = scatter(
        x, 2 * x + 5, labels=("$x", "y"), slope=2, intercept=5, words="R² = 1", title="A on AAAA"
    )
    axes = figure.axes[0]
    assert axes.collections[0].get_offsets().shape == (50, 2)
    assert list(axes.lines[0].get_ydata()) == [2 * x.min() + 5, 2 * x.max() + 5]
    assert axes.texts[0].get_text() == "R² = 1"
    assert figure_bytes(figure, "png", 40).startswith(b"\x89PNG")


def test_an_answer_draws_itself(yahoo, tmp_path) -> None:
    """volume.plot() gives a figure, volume.plot(path) a file of the format its name tells."""
    assert len(yahoo.plot(kind="bar", log=True).axes) == 1
    assert yahoo.plot(tmp_path / "yahoo.svg") is None
    assert (tmp_path / "yahoo.svg").read_bytes().startswith(b"<?xml")
    with pytest.raises(InvalidQuestion):
        yahoo.plot(tmp_path / "yahoo.bmp")
