"""Help that shows what can be asked, and suggestions for what was mistyped."""

from __future__ import annotations

import re

import pytest
from dnstide.model.vocabulary import SETTINGS_OF, Analysis, SmoothingMethod

WWW = "www.example.com"


@pytest.mark.parametrize("analysis", Analysis)
def test_each_analysis_has_its_own_help(dnstide, analysis) -> None:
    """It shows what it finds and its own settings, and none of another analysis."""
    done = dnstide("analyze", analysis, "--help")
    assert done.code == 0
    assert f"dnstide analyze {analysis} " in done.out
    shown = set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", done.out, re.MULTILINE))
    own = {name.replace("_", "-") for name in SETTINGS_OF[analysis]}
    foreign = {name.replace("_", "-") for names in SETTINGS_OF.values() for name in names} - own
    assert own <= shown
    assert not foreign & shown
    assert {"granularity", "start", "server", "format"} <= shown
    assert ("plot" in shown) == (analysis in (Analysis.SHIFTS, Analysis.CORRELATION))


def test_the_analyses_are_listed(dnstide) -> None:
    """In their order, each with what it finds."""
    out = dnstide("analyze", "--help").out
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", out[out.index("Commands:") :], re.MULTILINE)
    assert listed == list(map(str, Analysis))


def test_options_before_the_analysis(dnstide) -> None:
    """They say where they belong."""
    done = dnstide("analyze", "--start", "2018", "gaps", WWW)
    assert (done.code, done.out) == (2, "")
    assert "the analysis comes first, options such as --start after it" in done.err


def test_options_before_the_command(dnstide) -> None:
    """The same."""
    done = dnstide("--server", "s:1", "vot", WWW)
    assert (done.code, done.out) == (2, "")
    assert "No such option '--server': options stand after the command" in done.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["vto", WWW], "vot"),
        (["cache", "prnue"], "prune"),
        (["analyze", "spike", WWW], "spikes"),
        (["analyze", "correlations", WWW], "correlation"),
        (["vot", WWW, "--granularty", "D"], "--granularity"),
        (["vot", WWW, "--granularity", "dya"], "day"),
        (["vot", WWW, "--granularity", "quater"], "quarter"),
        (["vot", WWW, "--bucket-by", "files"], "file"),
        (["vot", WWW, "--format", "cvs"], "csv"),
        (["vot", WWW, "--dataset", "dnsec"], "dnssec"),
        (["vot", WWW, "--smooth", "3", "--smooth-by", "medain"], "median"),
        (["vot", WWW, "--plot", "a.png", "--plot-type", "lien"], "line"),
        (["top", "--by", "domian"], "domain"),
        (["top", "--series", "Mnth"], "month"),
        (["top", "--only", "risen"], "rises"),
        (["status", "--format", "jsno"], "json"),
        (["tables", "--dataset", "dsn"], "dns"),
    ],
)
def test_suggestions(dnstide, small_dir, arguments, meant) -> None:
    """What was mistyped is answered with what it is like, and ends with 2."""
    where = [] if arguments[0] in ("vto", "cache", "status") else ["--mtbl-dir", small_dir]
    done = dnstide(*arguments, *where)
    assert (done.code, done.out) == (2, "")
    assert re.search(rf"""Did you mean (one of: )?.*["']{re.escape(meant)}["']""", done.err), done.err


def test_nothing_is_suggested_for_what_is_like_nothing(dnstide, small_dir) -> None:
    """A guess would lead away."""
    for arguments in (["--granularity", "eon"], ["--format", "zzz"]):
        done = dnstide("vot", WWW, *arguments, "--mtbl-dir", small_dir)
        assert done.code == 2
        assert "Did you mean" not in done.err
        assert not done.err.rstrip().endswith("..")


def test_ways_to_smooth(dnstide, small_dir, tmp_path) -> None:
    """Each is told by the help, asked for by its word, and makes no sense without a period."""
    out = " ".join(dnstide("vot", "--help").out.split())
    assert all(method in out.replace("| ", "|") for method in SmoothingMethod)
    seen = set()
    for method in SmoothingMethod:
        asked = ("vot", WWW, "--start", "2024-01-01", "--stop", "2024-01-10", "--mtbl-dir", small_dir)
        done = dnstide(*asked, "--smooth", "3", "--smooth-by", method)
        assert done.code == 0
        seen.add(done.out)
    assert len(seen) == 3  # on a straight line both trailing ones agree, and both that look around
    done = dnstide("vot", WWW, "--smooth-by", "median", "--mtbl-dir", small_dir)
    assert (done.code, done.out) == (2, "")
    assert "--smooth-by goes with --smooth N" in done.err
