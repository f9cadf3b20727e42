"""Names of files and of the command line: which are asked, and what is said of those that are wrong."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest
from dnstide.gateway.testing import running_gateway
from dnstide.mtbl.entries import encode_entry
from dnstide.mtbl.writer import write_entries

from tests.conftest import FIRST_DAY, row

SPAN = ("--start", "20240101", "--stop", "20240101")


@pytest.fixture(params=["in process", "server"])
def where(request, small_dir, gateway):
    """Both who may answer."""
    return ("--mtbl-dir", small_dir) if request.param == "in process" else ("--server", gateway)


def test_a_hash_within_a_name_is_no_remark(dnstide, small_dir, tmp_path) -> None:
    """A remark begins where the line does or after white space; a name that is cut would be another name."""
    (tmp_path / "names").write_text("test#domain.com\n  # indented\nwww.example.com\t# tab\n#all\n")
    done = dnstide("vot", "-f", tmp_path / "names", *SPAN, "--mtbl-dir", small_dir, "--format", "json")
    assert '"name":"test#domain.com."' in done.out
    assert done.out.count('"name"') == 2
    (tmp_path / "out").write_text("example#.com\nwww.example.com#\n")
    top = dnstide(
        "top", "1", "--exclude-file", tmp_path / "out", "--date", "20240101", "--mtbl-dir", small_dir
    )
    assert top.out.split()[-1] == "www.example.com."


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfwww.example.com\r\nmail.example.com\r\n", b"www.example.com\rmail.example.com"]
)
def test_files_of_other_systems(dnstide, small_dir, tmp_path, data) -> None:
    """A byte order mark and other ends of lines are no parts of names."""
    (tmp_path / "names").write_bytes(data)
    done = dnstide("vot", "-f", tmp_path / "names", *SPAN, "--mtbl-dir", small_dir)
    assert done.out == "www.example.com. 20240101 11\nmail.example.com. 20240101 5\n"


def test_several_files_add_up(dnstide, small_dir, tmp_path) -> None:
    """Each -f and each --exclude-file counts, and a name in two of them counts once."""
    (tmp_path / "a").write_text("www.example.com\n")
    (tmp_path / "b").write_text("mail.example.com\nWWW.example.com.\n")
    files = ("-f", tmp_path / "a", "-f", tmp_path / "b")
    done = dnstide("vot", *files, *SPAN, "--mtbl-dir", small_dir)
    assert done.out == "www.example.com. 20240101 11\nmail.example.com. 20240101 5\n"
    files = ("--exclude-file", tmp_path / "a", "--exclude-file", tmp_path / "b")
    done = dnstide("top", *files, "--date", "20240101", "--mtbl-dir", small_dir)
    assert done.out == "1  1  100.00%  once-0.example.org.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vot", "www.example.com", "-b", ""), "--bailiwick: the name is empty"),
        (("vot", "www.example.com", "-t", ""), "--rrtype"),
        (("top", "--under", " "), "--under: the name is empty"),
    ],
)
def test_empty_names_are_refused(dnstide, small_dir, arguments, said) -> None:
    """An empty value is most often a variable that was not set, and would ask for everything."""
    done = dnstide(*arguments, "--mtbl-dir", small_dir)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.fixture
def many(tmp_path):
    """A file in which every fifth line of 200 is wrong."""
    path = tmp_path / "many"
    path.write_text(
        "".join(f"a..b{line % 150}\n" if line % 5 == 0 else f"n{line}.com\n" for line in range(1, 201))
    )
    return path


def test_every_wrong_line_is_told(dnstide, where, many) -> None:
    """With its file, its number and its text, however many there are; and nothing is answered."""
    done = dnstide("vot", "-f", many, *SPAN, *where)
    assert (done.code, done.out) == (2, "")
    *told, last = done.err.splitlines()
    assert sorted(int(line.split(", line ")[1].split(":")[0]) for line in told) == [*range(5, 201, 5)]
    assert (
        f"dnstide: {many}, line 160: a label is empty: two dots in a row, or one in front (got 'a..b10')"
        in told
    )
    assert "--skip-bad" in last


def test_wrong_names_are_left_out_where_asked(dnstide, where, tmp_path) -> None:
    """The others are answered, and the exit code says that it is not all."""
    (tmp_path / "names").write_text("a..b\nwww.example.com\n" + "x" * 64 + "\n")
    done = dnstide("vot", "mail.*", "-f", tmp_path / "names", *SPAN, *where, "--skip-bad")
    assert (done.code, done.out) == (3, "20240101 11\n")
    assert "left out: NAME 1: an asterisk" in done.err
    assert "names, line 1: a label is empty" in done.err
    assert "names, line 3: a label is longer than 63 octets" in done.err
    shape = dnstide("analyze", "shape", "-f", tmp_path / "names", *SPAN, *where, "--skip-bad")
    assert shape.code == 3
    assert "www.example.com." in shape.out
    none = dnstide("vot", "a..b", *SPAN, *where, "--skip-bad")
    assert (none.code, none.out) == (2, "")


def test_wrong_exclusions_are_told_by_line(dnstide, where, tmp_path) -> None:
    """All of a list, not the first one alone."""
    (tmp_path / "out").write_text("# remark\na..b\nfine.com\nx*.com\n")
    done = dnstide("top", "--exclude-file", tmp_path / "out", "--date", "20240101", *where)
    assert (done.code, done.out) == (2, "")
    assert "out, line 2: a label is empty" in done.err
    assert "out, line 4: an asterisk" in done.err


def test_a_wrong_option_beside_a_wrong_line(dnstide, where, tmp_path) -> None:
    """Both are told, the name by its line."""
    (tmp_path / "names").write_text("www.example.com\na..b\n")
    done = dnstide("vot", "-f", tmp_path / "names", "-t", "NOPE", *where)
    assert done.code == 2
    assert "--rrtype: no such record type" in done.err
    assert "names, line 2: a label is empty" in done.err


def test_types_of_names_tell_series_apart(dnstide, where) -> None:
    """Each series says what came with its name, in every format; a name alone is written as ever."""
    names = ("www.example.com/A", "WWW.example.com/aaaa,a/Example.com", "www.example.com")
    ask = ("vot", *names, *SPAN, *where, "--format")
    assert dnstide(*ask, "text").out == (
        "www.example.com./A 20240101 10\n"
        "www.example.com./A,AAAA/example.com. 20240101 11\n"
        "www.example.com. 20240101 11\n"
    )
    assert dnstide(*ask, "csv").out == (
        "name,rrtypes,bailiwick,date,count,smoothed,coverage\n"
        "www.example.com.,A,,2024-01-01,10,,complete\n"
        'www.example.com.,"A,AAAA",example.com.,2024-01-01,11,,complete\n'
        "www.example.com.,,,2024-01-01,11,,complete\n"
    )
    lines = dnstide(*ask, "jsonl").out.splitlines()
    assert lines[0].startswith('{"name":"www.example.com.","rrtypes":"A","bailiwick":null,"date":')
    document = json.loads(dnstide(*ask, "json").out)
    heads = [{key: series[key] for key in series if key != "points"} for series in document["series"]]
    assert heads == [
        {"name": "www.example.com.", "rrtypes": "A", "bailiwick": None},
        {"name": "www.example.com.", "rrtypes": "A,AAAA", "bailiwick": "example.com."},
        {"name": "www.example.com.", "rrtypes": None, "bailiwick": None},
    ]
    assert set(document["series"][0]["points"][0]) == {"date", "count", "smoothed", "coverage"}
    both = dnstide("vot", *names[:1], "www.example.com//example.com", *SPAN, *where)
    assert both.out.splitlines()[1] == "www.example.com.//example.com. 20240101 11"


def test_a_filter_of_the_whole_question_is_not_repeated(dnstide, where) -> None:
    """It is the same for all series, and their output as ever."""
    options = ("-t", "A", "-b", "example.com", *SPAN, *where, "--format", "csv")
    done = dnstide("vot", "www.example.com", "mail.example.com", *options)
    assert done.out == "name,date,count,smoothed,coverage\nwww.example.com.,2024-01-01,10,,complete\n"


def test_what_was_asked_is_asked_again(dnstide, small_dir, tmp_path) -> None:
    """The names that lead lines of text are names as -f takes them."""
    names = ("www.example.com/A", "www.example.com//example.com", "*.example.com/MX,A/example.com", "*.")
    done = dnstide("vot", *names, *SPAN, "--mtbl-dir", small_dir)
    (tmp_path / "names").write_text("".join(line.split()[0] + "\n" for line in done.out.splitlines()))
    assert dnstide("vot", "-f", tmp_path / "names", *SPAN, "--mtbl-dir", small_dir).out == done.out


def test_findings_are_told_apart_by_what_came_with_the_name(dnstide, where) -> None:
    """As the series are; and a name alone has no further column."""
    ask = (*SPAN, *where, "--format", "csv")
    shape = dnstide("analyze", "shape", "www.example.com/A", "www.example.com//example.com", *ask).out
    assert shape.splitlines()[0] == "name,rrtypes,bailiwick,figure,value,coverage"
    assert [line for line in shape.splitlines() if ",total," in line] == [
        "www.example.com.,A,,total,10,complete",
        "www.example.com.,,example.com.,total,11,complete",
    ]
    parts = dnstide("analyze", "breakdown", "www.example.com/A", "www.example.com/AAAA", *ask).out
    assert parts == (
        "name,rrtypes,rrtype,total,share,coverage\n"
        "www.example.com.,A,A,10,1.0,complete\nwww.example.com.,AAAA,AAAA,1,1.0,complete\n"
    )
    alone = dnstide("analyze", "breakdown", "www.example.com", *ask).out
    assert alone.splitlines()[0] == "name,rrtype,total,share,coverage"


@pytest.fixture
def two_spellings(tmp_path):
    """A table that keeps case, as dnstable makes them where asked: www 5 times, WWW 3 times, Mail 2 times."""
    directory = tmp_path / "mtbl"
    directory.mkdir()
    entries = []
    for label, count in ((b"www", 5), (b"WWW", 3), (b"Mail", 2)):
        lower = row(f"{label.decode()}.example.com.", 1, bytes(4), FIRST_DAY + 60, count)
        key, value = encode_entry(lower)
        entries.append((key.replace(label.lower(), label), value))
    write_entries(directory / "dns.20240101.D.mtbl", sorted(entries))
    return directory


@pytest.mark.parametrize("served", [False, True], ids=["in process", "server"])
def test_names_are_asked_as_written(dnstide, two_spellings, tmp_path, served) -> None:
    """Every name of a ranking has its own count, and none is answered with that of another spelling."""
    with ExitStack() as stack:
        where = ("--mtbl-dir", two_spellings)
        if served:
            running = stack.enter_context(running_gateway(two_spellings, cache_dir=tmp_path / "cache"))
            where = ("--server", running.address)
        ranks = [line.split() for line in dnstide("top", *where).out.splitlines()]
        assert [(rank[1], rank[-1]) for rank in ranks] == [
            ("5", "www.example.com."),
            ("3", "WWW.example.com."),
            ("2", "Mail.example.com."),
        ]
        (tmp_path / "names").write_text("".join(f"{rank[-1]}\n" for rank in ranks))
        exact = dnstide("vot", "-f", tmp_path / "names", "--case-sensitive", *where)
        assert exact.out.splitlines() == [f"{rank[-1]} 20240101 {rank[1]}" for rank in ranks]
        lower = dnstide("vot", "-f", tmp_path / "names", *where)
        assert lower.out == "www.example.com. 20240101 5\n"
        assert "nothing found for mail.example.com." in lower.err
        nothing = dnstide("vot", "mail.example.com", "WwW.example.com", "--case-sensitive", *where)
        assert (nothing.code, nothing.out) == (4, "")
        under = dnstide("vot", "*.example.com", "*.Example.com", "--case-sensitive", *where)
        assert under.out == "*.example.com. 20240101 10\n"
        for only, left in (
            (("--under", "WWW.example.com"), ["WWW.example.com."]),
            (("--exclude", "WWW.example.com"), ["www.example.com.", "Mail.example.com."]),
            (
                ("--exclude", "mail.example.com", "--exclude", "*.www.example.com"),
                ["WWW.example.com.", "Mail.example.com."],
            ),
        ):
            exact = dnstide("top", *only, "--case-sensitive", *where).out
            assert [line.split()[-1] for line in exact.splitlines()] == left
        lower = dnstide("top", "--exclude", "WWW.example.com", *where).out
        assert [line.split()[-1] for line in lower.splitlines()] == ["WWW.example.com.", "Mail.example.com."]
        within = ("--case-sensitive", "-b", "Example.com", *where)
        assert dnstide("vot", "WWW.example.com", *within).code == 4


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["www.example.com/MX"], "www.example.com./MX: it has A, AAAA in this span"),
        (["mail.example.com", "-t", "A,AAAA"], "mail.example.com.: it has MX in this span"),
        (
            ["www.example.com", "-b", "example.org"],
            "www.example.com.: it has A, AAAA in this span, in other bailiwicks",
        ),
        (["once-3.example.org"], "once-3.example.org.: it has A outside this span, in 2024"),
        (["once-3.example.org/MX"], "once-3.example.org./MX: it has A outside this span, in 2024"),
    ],
)
def test_where_a_name_is_that_was_not_found(dnstide, where, asked: list[str], told: str) -> None:
    """A name of another type, bailiwick or time is told apart from one that is nowhere."""
    done = dnstide("vot", *asked, "--start", "2024-01-01", "--stop", "2024-01-01", *where)
    assert (done.code, done.out) == (4, "")
    assert done.err == f"dnstide: nothing found for {told}\n"


def test_a_name_that_is_nowhere(dnstide, where) -> None:
    """No table has it, of no type and at no time."""
    done = dnstide("vot", "nowhere.example.com/A", "--start", "2024-01-01", "--stop", "2024-01-01", *where)
    assert done.err == "dnstide: nothing found: is the name spelt right, the record type, the bailiwick?\n"
    both = dnstide("vot", "nowhere.example.com", "www.example.com", *SPAN, *where)
    assert "nothing found for nowhere.example.com.\n" in both.err
