"""Names in Unicode on request, and in no format that programs read."""

from __future__ import annotations

import dns.name
import pytest
from dnstide.cli.unicode import unicode_name
from dnstide.engine.parse import OwnerTarget
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import FIRST_DAY, row, write_table


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("xn--bcher-kva.example.", "bücher.example."),
        ("*.xn--bcher-kva.example.", "*.bücher.example."),
        ("www.xn--r8jz45g.xn--zckzah.", "www.例え.テスト."),
        ("axn--bcher-kva.example.", "axn--bcher-kva.example."),
        ("xn--a.example.", "xn--a.example."),
        ("xn--n3h.net.", "xn--n3h.net."),
        (r"a\.xn--bcher-kva.example.", r"a\.xn--bcher-kva.example."),
        (".", "."),
    ],
)
def test_a_labels_that_are_valid_are_shown(name: str, shown: str) -> None:
    """Others stay as they are: a label of IDNA 2003 alone, one that is no punycode, one with escapes."""
    assert unicode_name(name) == shown


@given(st.lists(st.text("abßä例\u0430-1", min_size=1, max_size=8), min_size=1, max_size=3))
@example(["faß", "de"])
def test_what_is_shown_is_asked_as_the_same_name(labels: list[str]) -> None:
    """The name in Unicode is read as the name that it stands for."""
    punycode = [b"xn--" + label.encode("punycode") for label in labels]
    name = OwnerTarget(dns.name.Name([*punycode, b""]))
    assert OwnerTarget.parse(unicode_name(str(name))) == name


def test_text_and_pictures_show_unicode(dnstide, tmp_path) -> None:
    """CSV keeps the A-labels, with or without."""
    directory = tmp_path / "mtbl"
    directory.mkdir()
    rows = [
        row(f"{name}.", 1, bytes(4), FIRST_DAY + 60, 5) for name in ("xn--bcher-kva.example", "a.example")
    ]
    write_table(directory / "dns.20240101.D.mtbl", rows)
    ask = ("vot", "bücher.example", "a.example", "--mtbl-dir", directory)
    assert dnstide(*ask, "--unicode").out == "bücher.example. 20240101 5\na.example. 20240101 5\n"
    assert dnstide(*ask).out.startswith("xn--bcher-kva.example. ")
    csv = dnstide(*ask, "--format", "csv")
    assert dnstide(*ask, "--format", "csv", "--unicode").out == csv.out
    assert "xn--bcher-kva.example." in csv.out
    dnstide(*ask, "--unicode", "--plot", tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text(encoding="utf-8")
    assert "xn--" not in page
    top = ("top", "--mtbl-dir", directory)
    assert dnstide(*top, "--unicode").out.splitlines()[1].endswith(" bücher.example.")
    assert dnstide(*top).out.splitlines()[1].endswith(" xn--bcher-kva.example.")


@pytest.mark.parametrize("analysis", ["gaps", "shape", "breakdown", "correlation"])
def test_findings_show_unicode(analysis: str, dnstide, tmp_path) -> None:
    """The same for what is found, and for its picture."""
    directory = tmp_path / "mtbl"
    directory.mkdir()
    for day in range(12):
        rows = [
            row(name, 1, bytes(4), FIRST_DAY + day * 86400 + 60, count + day % 3)
            for name, count in (("xn--bcher-kva.example.", 5), ("a.example.", 900))
            if name == "a.example." or not 4 <= day <= 8
        ]
        write_table(directory / f"dns.202401{day + 1:02}.D.mtbl", rows)
    names = ("bücher.example/A", "a.example")
    ask = ("analyze", analysis, *names, "--mtbl-dir", directory)
    assert "bücher.example" in dnstide(*ask, "--unicode").out
    assert "xn--" not in dnstide(*ask, "--unicode").out
    assert "xn--bcher-kva.example" in dnstide(*ask).out
    assert "xn--" in dnstide(*ask, "--unicode", "--format", "csv").out
    dnstide(*ask, "--unicode", "--plot", tmp_path / "plot.html")
    assert "xn--" not in (tmp_path / "plot.html").read_text(encoding="utf-8")
