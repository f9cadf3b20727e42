"""Pictures, batches, Parquet and analyses on the command line."""

from __future__ import annotations

import html
import io
import json
import os
import re
import shlex

import pytest
from dnstide.model.vocabulary import Analysis
from PIL import Image
from pyarrow import parquet

SPAN = ("--start", "2024-01-01", "--stop", "2024-02-29")


@pytest.mark.parametrize(
    ("name", "magic"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.html", b"<!doctype")]
)
def test_a_picture_is_drawn_beside_the_table(dnstide, small_dir, tmp_path, name, magic) -> None:
    """The table stays as it is; the file holds the format of its name, and is not replaced unasked."""
    question = ("vot", "www.example.com", "--mtbl-dir", small_dir, *SPAN)
    plain = dnstide(*question)
    drawn = dnstide(*question, "--plot", tmp_path / name, "--log", "--plot-type", "step")
    assert (drawn.code, drawn.out) == (0, plain.out)
    assert (tmp_path / name).read_bytes().startswith(magic)
    again = dnstide(*question, "--plot", tmp_path / name)
    assert again.code == 2
    assert "--force replaces it" in again.err
    assert dnstide(*question, "--plot", tmp_path / name, "--force").code == 0


def test_a_chart_in_the_terminal_takes_the_place_of_the_table(dnstide, small_dir, tmp_path) -> None:
    """With --output the table goes to the file and the chart to standard output."""
    question = ("vot", "www.example.com", "--mtbl-dir", small_dir, *SPAN, "--plot", "-")
    alone = dnstide(*question)
    assert alone.code == 0
    assert "www.example.com: count by day" in alone.out
    assert "20240101 11" not in alone.out
    both = dnstide(*question, "--output", tmp_path / "t.txt")
    assert both.out == alone.out
    assert (tmp_path / "t.txt").read_text().startswith("20240101 11\n")


def test_shifts_are_marked(dnstide, sample_dir) -> None:
    """Where the level changes, the chart says so, and only there."""
    question = ("--mtbl-dir", sample_dir, "--start", "2017-06-01", "--stop", "2017-12-31", "--plot", "-")
    marked = dnstide("vot", "gesd.k12.az.us", "www.yahoo.com", *question, "--log", "--mark-shifts")
    assert marked.code == 0
    assert "2017-09-15: gesd.k12.az.us ×" in marked.out
    assert "www.yahoo.com ×" not in marked.out
    assert "×" not in dnstide("vot", "gesd.k12.az.us", *question).out


def test_a_title_says_what_was_counted(dnstide, small_dir) -> None:
    """Types and bailiwick, whichever way they were asked."""
    question = ("vot", "--mtbl-dir", small_dir, *SPAN, "--plot", "-")
    asked = dnstide(*question, "www.example.com", "-t", "a,aaaa", "-b", "example.com").out
    assert "www.example.com (A, AAAA in example.com): count by day" in asked
    assert "www.example.com/A: count by day" in dnstide(*question, "www.example.com/A").out
    two = dnstide(*question, "www.example.com/A", "www.example.com/AAAA").out
    assert "www.example.com/A, www.example.com/AAAA: count by day" in two


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--plot", "x.gif"], r'"x.gif" must end with one of .png, .svg, .pdf, .ps, .eps, .html'),
        (["--plot", "missing/x.png"], "there is no directory missing"),
        (["--plot", "x.png", "--output", "x.png"], "name the same file"),
        (["--plot", "x.png", "--plot-type", "pie"], "'pie' is not one of 'line'"),
        (["--format", "parquet"], "name it with --output"),
        (["-f", "nosuch.txt"], "cannot read the names in nosuch.txt"),
    ],
)
def test_what_cannot_be_drawn_or_read_is_refused(
    dnstide, small_dir, tmp_path, monkeypatch, options, said
) -> None:
    """Before the work, with code 2, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    done = dnstide("vot", "www.example.com", "--mtbl-dir", small_dir, *options)
    assert done.code == 2
    assert said in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_names_in_one_request(dnstide, small_dir, tmp_path, monkeypatch) -> None:
    """From a file with remarks and blanks, or from standard input; sixty names, one picture."""
    names = [f"once-{day}.example.org" for day in range(60)]
    listed = tmp_path / "names.txt"
    listed.write_text("# sixty\n\n" + "".join(f"{name}  # of one day\n" for name in [*names, names[0]]))
    question = ("--mtbl-dir", small_dir, *SPAN)
    done = dnstide("vot", "-f", listed, *question, "--plot", tmp_path / "all.html")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == [f"{name}." for name in names]
    page = (tmp_path / "all.html").read_text()
    assert all(f'"{name}"' in page for name in names)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(listed.read_bytes())))
    assert dnstide("vot", "-f", "-", *question).out == done.out
    listed.write_text("# nothing\n")
    assert "holds no name" in dnstide("vot", "-f", listed, *question).err


def test_parquet_keeps_counts_and_coverage(dnstide, small_dir, tmp_path) -> None:
    """What the JSON lines say, with unknown counts as null."""
    question = ("vot", "www.example.com", "mail.example.com", "--mtbl-dir", small_dir)
    question += ("--start", "2023-12-30", "--stop", "2024-01-03", "--fill", "--smooth", 2)
    path = tmp_path / "a.parquet"
    assert dnstide(*question, "--format", "parquet", "--output", path).code == 0
    table = parquet.read_table(path)
    assert str(table.schema.field("count").type) == "uint64"
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    rows = table.to_pylist()
    for row in rows:
        row["date"] = f"{row.pop('time'):%Y-%m-%d}"
    lines = [json.loads(line) for line in dnstide(*question, "--format", "jsonl").out.splitlines()]
    assert rows == lines
    assert rows[0]["count"] is None
    assert rows[2] == {
        "name": "www.example.com.",
        "date": "2024-01-01",
        "count": 11,
        "smoothed": None,
        "coverage": "complete",
    }


def test_analyses_in_every_format(dnstide, small_dir) -> None:
    """The same rows as text with a line of column names, as CSV, as JSON and as JSON lines."""
    question = ("analyze", "breakdown", "www.example.com", "--mtbl-dir", small_dir, *SPAN)
    total = sum(10 + day for day in range(60))
    share = total / (total + 60)
    text = dnstide(*question).out.splitlines()
    assert text[0].split() == ["name", "rrtype", "total", "share"]
    assert text[1].split() == ["www.example.com.", "A", str(total), f"{share:.6g}"]
    lines = [json.loads(line) for line in dnstide(*question, "--format", "jsonl").out.splitlines()]
    assert lines[1]["rrtype"] == "AAAA"
    assert lines[0]["share"] == share  # in full
    document = json.loads(dnstide(*question, "--format", "json").out)
    assert document["findings"] == lines
    assert document["summary"]["complete"]
    head, first = dnstide(*question, "--format", "csv").out.splitlines()[:2]
    assert head == "name,rrtype,total,share,coverage"
    assert first == f"www.example.com.,A,{total},{share!r},complete"


def test_gaps_tell_missing_tables_apart(dnstide, small_dir) -> None:
    """Before 2024 there are months only: days without data, not silence."""
    question = ("--mtbl-dir", small_dir, "--start", "2023-12-25", "--stop", "2024-01-31", "--format", "jsonl")
    (gap,) = [
        json.loads(line) for line in dnstide("analyze", "gaps", "www.example.com", *question).out.splitlines()
    ]
    assert (gap["start"], gap["end"], gap["kind"], gap["open"]) == (
        "2023-12-25",
        "2024-01-01",
        "no-data",
        True,
    )


def test_a_scatter_plot_of_two_types(dnstide, small_dir, tmp_path) -> None:
    """Correlation draws; AAAA does not vary, which is refused in words."""
    question = ("--mtbl-dir", small_dir, *SPAN)
    done = dnstide("analyze", "correlation", "www.example.com/A", "www.example.com/AAAA", *question)
    assert done.code == 2
    assert "second series does not vary: 1 in all 60 shared buckets" in done.err
    pair = ("www.example.com/A", "*.example.com")
    done = dnstide("analyze", "correlation", *pair, *question, "--plot", tmp_path / "s.svg")
    assert done.code == 0
    assert done.out.splitlines()[1].split()[3:6] == ["1", "6", "1"]
    assert (tmp_path / "s.svg").read_bytes().startswith(b"<?xml")


def test_a_correlation_over_a_joint_step_warns(dnstide, sample_dir) -> None:
    """Both districts jump on one day: R² 0.96 overall and 0.0005 within the levels, in every format."""
    question = ("analyze", "correlation", "laveeneld.k12.az.us", "gesd.k12.az.us")
    question += ("--start", "2016-09-01", "--mtbl-dir", sample_dir)
    text = dnstide(*question)
    said = "gesd.k12.az.us. on laveeneld.k12.az.us.: R² 0.964 rests on changes of level; within the"
    assert said in text.err
    assert text.out.splitlines()[0].split()[-4:] == ["levels", "within_r", "difference_r", "level_driven"]
    assert text.out.splitlines()[1].split()[-1] == "yes"
    document = json.loads(dnstide(*question, "--format", "json").out)
    (line,) = document["findings"]
    assert line["r_squared"] == pytest.approx(0.964, abs=0.001)
    assert line["within_r"] ** 2 == pytest.approx(0.0005, abs=0.0001)
    assert line["level_driven"] is True
    assert document["summary"]["remarks"][0].startswith(said)
    table = dnstide(*question, "--format", "csv").out.splitlines()
    assert table[0].endswith("n,levels,within_r,difference_r,level_driven,coverage")
    assert table[1].endswith(f",{line['within_r']!r},{line['difference_r']!r},true,partial")


PICTURES = {
    "shifts": ["gesd.k12.az.us"],
    "spikes": ["laveeneld.k12.az.us"],
    "gaps": ["gesd.k12.az.us"],
    "correlation": ["laveeneld.k12.az.us", "gesd.k12.az.us"],
    "shape": ["laveeneld.k12.az.us", "gesd.k12.az.us"],
    "breakdown": ["www.yahoo.com"],
}


@pytest.mark.parametrize("analysis", Analysis)
def test_every_analysis_is_drawn(dnstide, sample_dir, tmp_path, analysis) -> None:
    """Into a picture, a page and the terminal, beside the same table; for weeks too."""
    question = ("analyze", analysis, *PICTURES[analysis], "--mtbl-dir", sample_dir)
    question += ("--start", "2016-09-01", "--stop", "2017-12-31")
    plain = dnstide(*question)
    for name, magic in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.html", b"<!doctype")):
        drawn = dnstide(*question, "--plot", tmp_path / name)
        assert (drawn.code, drawn.out) == (0, plain.out), drawn.err
        assert (tmp_path / name).read_bytes().startswith(magic)
    assert dnstide(*question, "--plot", tmp_path / "w.svg", "--granularity", "iso-week").code == 0
    chart = dnstide(*question, "--plot", "-")
    assert chart.code == 0
    assert chart.out != plain.out
    assert PICTURES[analysis][0] in chart.out
    assert all(len(line) <= 110 for line in chart.out.splitlines())


def test_what_was_found_stands_in_the_picture(dnstide, sample_dir, small_dir, tmp_path) -> None:
    """Spikes by their factor, totals with their shares, the levels' R²."""
    question = ("--mtbl-dir", sample_dir, "--start", "2016-09-01", "--stop", "2017-09-10", "--plot", "-")
    assert (
        "2017-03-27: laveeneld.k12.az.us ×1.9"
        in dnstide("analyze", "spikes", PICTURES["spikes"][0], *question).out
    )
    small = ("--mtbl-dir", small_dir, *SPAN, "--plot")
    assert "A    " in dnstide("analyze", "breakdown", "www.example.com", *small, "-").out
    dnstide("analyze", "breakdown", "www.example.com", *small, tmp_path / "b.html")
    page = (tmp_path / "b.html").read_text()
    assert "<td>AAAA</td>" in page
    assert "60 (2.5%)" in page
    pair = (
        "analyze",
        "correlation",
        *PICTURES["correlation"],
        "--mtbl-dir",
        sample_dir,
        "--start",
        "2016-09-01",
    )
    dnstide(*pair, "--plot", tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text()
    assert page.count("<circle") == 897
    assert "R² within the 5 levels: 0.0005" in page


def test_flags_are_true_and_false_in_csv(dnstide, small_dir) -> None:
    """As in JSON, and not as Python writes them."""
    question = ("--mtbl-dir", small_dir, "--start", "2023-12-25", "--stop", "2024-01-31", "--format", "csv")
    head, gap = dnstide("analyze", "gaps", "www.example.com", *question).out.splitlines()
    assert dict(zip(head.split(","), gap.split(","), strict=True))["open"] == "true"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["correlation", "www.example.com"], 2, "two series"),
        (["shifts", "www.example.com", "--alpha", "0.1"], 2, "No such option '--alpha'"),
        (["shifts", "www.example.com", "--shortest", "1"], 2, "2 buckets or more"),
        (["gaps", "nosuch.example"], 4, "nothing found"),
        (["tides", "www.example.com"], 2, "is not one of the analyses"),
    ],
)
def test_analyses_that_make_no_sense(dnstide, small_dir, arguments, code, said) -> None:
    """Each with its words and its code."""
    done = dnstide("analyze", *arguments, "--mtbl-dir", small_dir)
    assert done.code == code
    assert said in done.err


def test_the_demo_s_jump_and_trough_are_found(dnstide, sample_dir) -> None:
    """Both school districts jump on 15 September 2017; the trough of February and March 2017 is there."""
    question = ("--mtbl-dir", sample_dir, "--start", "2016-09-01", "--format", "jsonl")
    done = dnstide("analyze", "shifts", "laveeneld.k12.az.us", "gesd.k12.az.us", *question)
    rows = [json.loads(line) for line in done.out.splitlines()]
    jumps = [(row["name"], row["date"]) for row in rows if row["ratio"] > 100]
    assert jumps == [("laveeneld.k12.az.us.", "2017-09-15"), ("gesd.k12.az.us.", "2017-09-15")]
    down, up = [row for row in rows if row["name"].startswith("laveen")][:2]
    assert down["date"][:7] == "2017-02"
    assert up["date"][:7] in ("2017-03", "2017-04")
    assert 400 < down["after"] < 700
    assert up["after"] / down["before"] == pytest.approx(2, rel=0.15)


def test_series_of_one_name_are_called_as_asked(dnstide, small_dir) -> None:
    """Two types of one name would otherwise look the same in the key."""
    pair = ("www.example.com/A", "www.example.com/AAAA")
    done = dnstide("vot", *pair, "--mtbl-dir", small_dir, *SPAN, "--plot", "-")
    assert all(name in done.out for name in pair)


def test_rankings_draw_too(dnstide, small_dir, tmp_path) -> None:
    """Bars for ranks, lines with --series, a chart in the terminal; a page needs series."""
    question = (
        "top",
        "3",
        "--date",
        "2024-01-31",
        "--mtbl-dir",
        small_dir,
        "--cache-dir",
        tmp_path / "cache",
    )
    plain = dnstide(*question)
    assert plain.code == 0, plain.err
    assert dnstide(*question, "--plot", tmp_path / "a.svg").out == plain.out
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    refused = dnstide(*question, "--log", "--plot", tmp_path / "a.html")
    assert refused.code == 2
    assert "ask for series" in refused.err
    assert dnstide(*question, "--plot", tmp_path / "a.html").out == plain.out
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count('class="bar"') == 3
    assert "<td>www.example.com</td>" in page
    made = dnstide(*question, "--no-table", "--title", "mine", "--size", "4x3", "--dpi", "50", "--ylim",
        ":9000", "--plot", tmp_path / "a.png")  # fmt: skip
    assert (made.code, made.out) == (0, "")
    assert Image.open(tmp_path / "a.png").size == (200, 150)
    assert dnstide(*question, "--series", "--plot", tmp_path / "b.html").code == 0
    chart = dnstide(*question, "--plot", "-")
    assert chart.out.startswith("the 3 largest by fqdn: 2024-01-31\n")
    assert "█" in chart.out


def test_the_users_style_has_no_say(process, small_dir, tmp_path) -> None:
    """A matplotlibrc and a backend of the user's leave every picture as it is."""
    (tmp_path / "matplotlibrc").write_text(
        "figure.facecolor: red\naxes.grid: True\nfont.size: 30\nlines.linewidth: 9\nsavefig.dpi: 30\n"
        "savefig.transparent: True\naxes.prop_cycle: cycler('color', ['y'])\n"
    )
    users = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": "TkAgg"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DNSTIDE_")}
    for name, arguments in {
        "series": ["vot", "www.example.com"],
        "ranks": ["top", "3"],
        "scatter": ["analyze", "correlation", "www.example.com/A", "*.example.com"],
    }.items():
        pictures = []
        for number, environment in enumerate((clean, clean | users)):
            path = tmp_path / f"{name}{number}.png"
            asked = [*arguments, *SPAN, "--mtbl-dir", small_dir, "--plot", path]
            done = process(*asked, env=environment | {"XDG_CACHE_HOME": str(tmp_path)})
            assert done.communicate(timeout=60)[1] == ""
            assert done.returncode == 0
            pictures.append(path.read_bytes())
        assert pictures[0] == pictures[1], name


def test_a_picture_as_it_is_wanted(dnstide, small_dir, tmp_path) -> None:
    """Title, size, dots, limits of the counts, and no table beside it."""
    question = ("vot", "www.example.com", "--mtbl-dir", small_dir, *SPAN, "--no-table")
    how = ("--title", "$ mine", "--size", "4x3", "--ylim", "0:777")
    made = dnstide(*question, *how, "--dpi", "50", "--plot", tmp_path / "a.png")
    assert (made.code, made.out) == (0, "")
    assert Image.open(tmp_path / "a.png").size == (200, 150)
    assert dnstide(*question, *how, "--plot", tmp_path / "a.svg").code == 0
    text = (tmp_path / "a.svg").read_text()
    assert ">$ mine</text>" in text
    assert ">600</text>" in text
    page = dnstide(*question, "--title", "mine", "--ylim", "0:777", "--plot", tmp_path / "a.html")
    assert page.code == 0
    assert '"ylim":[0.0,777.0]' in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--no-table",), "--no-table goes with --plot"),
        (("--plot", "a.png", "--size", "4"), "two numbers with x"),
        (("--plot", "a.png", "--size", "0x900"), "between 1 and 100 inches"),
        (("--plot", "a.png", "--ylim", "9:1"), "a smaller and a larger count"),
        (("--plot", "a.png", "--ylim", "one:2"), "two numbers with :"),
        (("--plot", "a.png", "--dpi", "9"), "--dpi"),
        (("--title", "mine"), "--title goes with --plot FILE"),
        (("--plot", "a.svg", "--dpi", "90"), "only a .png has dots"),
        (("--plot", "a.html", "--size", "9x9"), "a page takes the room that its window has"),
        (("--plot", "-", "--size", "9x9"), "--size: a chart takes the room that the terminal has"),
        (("--plot", "-", "--dpi", "90"), "--dpi: a chart takes the room"),
    ],
)
def test_wrong_wishes_are_refused(dnstide, small_dir, options, said) -> None:
    """Before any work is done, with what is right."""
    refused = dnstide("vot", "www.example.com", "--mtbl-dir", small_dir, *SPAN, *options)
    assert refused.code == 2
    assert said in refused.err


def test_nothing_found_draws_nothing(dnstide, small_dir, tmp_path) -> None:
    """An empty frame would look like a name that fell silent."""
    answer = dnstide("vot", "no.such.example", "--mtbl-dir", small_dir, *SPAN, "--plot", tmp_path / "a.png")
    assert answer.code == dnstide("vot", "no.such.example", "--mtbl-dir", small_dir, *SPAN).code
    assert "no picture is drawn" in answer.err
    assert not (tmp_path / "a.png").exists()


def test_a_chart_without_utf_8_is_ascii(process, small_dir) -> None:
    """Where standard output cannot carry the frame, it is drawn with dashes."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    asked = ("vot", "www.example.com", "--mtbl-dir", small_dir, *SPAN, "--plot", "-")
    made = process(*asked, env=environment)
    text = made.communicate(timeout=60)[0]
    assert made.returncode == 0
    assert "+---" in text
    assert text.isascii()


@pytest.mark.parametrize("analysis", ["shifts", "shape", "breakdown", "correlation"])
def test_findings_are_drawn_as_they_are_wanted(dnstide, small_dir, tmp_path, analysis) -> None:
    """Title, size, dots and no table for every analysis; limits of the counts where time is the axis."""
    names = ("www.example.com/A", "*.example.com")
    question = ("analyze", analysis, *names, "--mtbl-dir", small_dir, *SPAN, "--no-table", "--title", "mine")
    made = dnstide(*question, "--size", "4x3", "--dpi", "50", "--plot", tmp_path / "a.png")
    assert (made.code, made.out) == (0, ""), made.err
    assert Image.open(tmp_path / "a.png").size == (200, 150)
    assert dnstide(*question, "--plot", tmp_path / "a.html").code == 0
    page = (tmp_path / "a.html").read_text()
    assert "<title>mine</title>" in page
    assert "tables answered" in page
    limited = dnstide(*question, "--ylim", "0:777", "--plot", tmp_path / "b.html")
    assert limited.code == (0 if analysis == "shifts" else 2)
    assert analysis == "shifts" or "No such option" in limited.err


@pytest.mark.parametrize(
    "command",
    [
        ("vot", "www.example.com/A"),
        ("top", "3"),
        ("top", "3", "--series"),
        ("analyze", "breakdown", "www.example.com"),
        ("analyze", "correlation", "www.example.com/A", "*.example.com"),
    ],
)
def test_a_page_tells_the_command_without_the_directories(process, small_dir, tmp_path, command) -> None:
    """Whoever is sent a page learns what was asked, and nothing of the machine where it was asked."""
    page = tmp_path / "pages" / "a.html"
    page.parent.mkdir()
    asked = (*command, *SPAN, f"--mtbl-dir={small_dir}", "--plot", page)
    made = process(*asked, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert made.communicate(timeout=60)[1] == ""
    (told,) = re.findall(r'<p id="source"><code>(.*)</code>', page.read_text())
    words = shlex.join(["dnstide", *command, *SPAN, f"--mtbl-dir={small_dir.name}", "--plot", "a.html"])
    assert html.unescape(told) == words
    assert str(tmp_path) not in page.read_text()
