"""What vot writes, where, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import dns.name
import pytest
from dnstide.cli.vot_pl.dates import plain_date
from dnstide.cli.vot_pl.options import HELP, OPTIONS, read
from dnstide.mtbl import DnstableWriter, Row

NAME = dns.name.from_text("a.example.")
YAHOO = [
    30779, 24464, 29553, 20790, 31577, 26500, 30638, 29298, 30591, 21037, 28302, 28388, 27235, 28350, 26326,
    24542, 31130, 26718, 23614, 31338, 24308, 27419, 28067, 22076, 23211, 29751, 22494, 30519,
]  # fmt: skip
MAGIC = {
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "pdf": b"%PDF",
    "postscript": b"%!PS",
    "ps": b"%!PS",
    "eps": b"%!PS-Adobe-3.0 EPSF",
}


def write_row(path, begin, count):
    """A table of one row for a.example, seen at the first second of its period."""
    first = int(begin.timestamp())
    with DnstableWriter(path) as writer:
        writer.add(Row(NAME, 1, NAME, (b"\xc0\x00\x02\x01",), first, first, count))


def test_generated_names_are_told_and_never_collide(vot, small_dir) -> None:
    """FQDN.<stamp>.txt in the current folder; two runs within a second have two files."""
    told = [vot("--fqdn", "www.example.com", "--mtbldir", small_dir).out.splitlines()[-1] for _ in range(3)]
    paths = [line.removeprefix("Table output file: ") for line in told]
    assert len(set(paths)) == 3
    assert all(re.fullmatch(r"\./www\.example\.com\.\d{14}\.txt", path) for path in paths)
    assert all(os.path.getsize(path) for path in paths)


def test_a_name_cannot_leave_the_folder_or_run_a_command(vot, small_dir) -> None:
    """Slashes of a name do not make folders, and no shell sees it."""
    done = vot("--fqdn", "..\\047..\\047x;touch ran", "--mtbldir", small_dir)
    assert done.code in (2, 4)
    done = vot("--fqdn", "www.example.com/A", "--mtbldir", small_dir)
    assert done.code == 0
    assert [name[:17] for name in os.listdir(".")] == ["www.example.com_A"]


def test_json_lines_are_json(vot, small_dir) -> None:
    """The file holds an object a line with vot.pl's keys; standard output stays text."""
    fence = ("--start", "20240101", "--stop", "20240103")
    done = vot("-r", "www.example.com", "-t", "A", *fence, "--ma", 2, "-j", "--mtbl", small_dir)
    path = done.out.splitlines()[-1].removeprefix("Table output file: ")
    assert path.endswith(".jsonl")
    with open(path, encoding="ascii") as file:
        assert [json.loads(line) for line in file] == [
            {"date": "20240101", "count": 10, "ma": None},
            {"date": "20240102", "count": 11, "ma": 10.5},
            {"date": "20240103", "count": 12, "ma": 11.5},
        ]
    assert done.out.splitlines()[:-1] == ["20240101 10 NaN", "20240102 11 10.5", "20240103 12 11.5"]


@pytest.mark.parametrize(
    ("letter", "lines"),
    [
        ("M", ["20231101 300", "20231201 300", "20240101 806", "20240201 1624"]),
        ("Q", ["20231001 600", "20240101 2430"]),
        ("Y", ["20230101 600", "20240101 2430"]),
    ],
)
def test_coarser_granularities_add_days_up(vot, small_dir, letter, lines) -> None:
    """10 + day for A and 1 for AAAA a day, 300 for each month of 2023."""
    done = vot("--fqdn", "www.example.com", "-b", "example.com", "--u", letter, "--mtbl", small_dir)
    assert done.code == 0, done.err
    assert done.out.splitlines()[:-1] == lines


@pytest.mark.parametrize(
    ("letter", "stamps", "lines"),
    [
        ("W", ("20240101", "20240108"), ["20240101 1", "20240108 2"]),
        ("H", ("20240101.0300", "20240101.0400"), ["2024-01-01T03:00:00Z 1", "2024-01-01T04:00:00Z 2"]),
        ("X", ("20240101.0310", "20240101.0320"), ["2024-01-01T03:10:00Z 1", "2024-01-01T03:20:00Z 2"]),
        ("m", ("20240101.0311", "20240101.0312"), ["2024-01-01T03:11:00Z 1", "2024-01-01T03:12:00Z 2"]),
    ],
)
def test_finer_granularities_read_finer_files(vot, tmp_path, letter, stamps, lines) -> None:
    """Each kind of file by its own letter; buckets of less than a day have a time."""
    for count, stamp in enumerate(stamps, 1):
        begin = datetime.strptime(stamp if "." in stamp else f"{stamp}.0000", "%Y%m%d.%H%M")
        write_row(tmp_path / f"dns.{stamp}.{letter}.mtbl", begin.replace(tzinfo=UTC), count)
    done = vot("--fqdn", "a.example", "--granularity", letter, "--mtbl", tmp_path)
    assert done.code == 0, done.err
    assert done.out.splitlines()[:-1] == lines


def test_days_back_are_exactly_so_many_dates(vot, tmp_path) -> None:
    """Today counts: --daysback 2 is today and yesterday."""
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(6):
        day = now - timedelta(days=back)
        write_row(tmp_path / f"dns.{day:%Y%m%d}.D.mtbl", day, 1)
    done = vot("--fqdn", "a.example", "--daysback", 2, "--mtbl", tmp_path)
    dates = [line.split()[0] for line in done.out.splitlines()[:-1]]
    expected = [f"{now - timedelta(days=1):%Y%m%d}", f"{now:%Y%m%d}"]
    assert dates == expected or datetime.now(UTC).date() != now.date()


@pytest.mark.parametrize("device", list(MAGIC))
def test_each_device_draws(vot, small_dir, device) -> None:
    """Its file ends with the device's name and holds its format; both closing lines are vot.pl's."""
    done = vot(
        "--fqdn", "www.example.com", "--ma", 7, "--plot", "--plotma", "--device", device, "--mtbl", small_dir
    )
    table, plot = done.out.splitlines()[-2:]
    assert table.startswith("Table output file: ./www.example.com.")
    path = plot.removeprefix("Plot output file:  ")
    assert path.endswith(f".{device}")
    with open(path, "rb") as file:
        assert file.read(40).startswith(MAGIC[device])


def test_the_default_device_is_postscript_unless_the_file_says_otherwise(vot, small_dir) -> None:
    """Without --plotdev the ending of --plotout decides where it is known."""
    vot("--fqdn", "www.example.com", "-q", "-p", "--plotout", "a.svg", "--mtbl", small_dir)
    vot("--fqdn", "www.example.com", "-q", "-p", "--plotout", "b", "--mtbl", small_dir)
    vot(
        "--fqdn", "www.example.com", "-q", "-p", "--plotout", "c.svg", "--plotdev", "png", "--mtbl", small_dir
    )
    heads = {}
    for name in ("a.svg", "b", "c.svg"):
        with open(name, "rb") as file:
            heads[name] = file.read(4)
    assert heads == {"a.svg": b"<?xm", "b": b"%!PS", "c.svg": b"\x89PNG"}
    assert sorted(os.listdir(".")) == ["a.svg", "b", "c.svg"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "specify a fully qualified domain name with --fqdn"),
        (["--fqdn", ""], 2, "requires an argument|specify"),
        (["--fqdn", "a", "--days", "3", "--start", "20240101"], 2, "--daysback AND --start or --stop"),
        (["--fqdn", "a", "--days", "3", "--stop", "20240101"], 2, "--daysback AND --start or --stop"),
        (["--fqdn", "a", "--notable"], 2, "nothing to do!"),
        (["--fqdn", "a", "stray"], 2, 'unexpected argument "stray"'),
        (["--fqdn", "a", "--nonsense"], 2, "unknown option: nonsense"),
        (["--fqdn", "a", "--u", "d"], 2, 'granularity "d" is none of Y, Q, M, W, D, H, X, m'),
        (["--fqdn", "a", "--smooth", "0"], 2, 'smooth "0" is not a whole number from 1 on'),
        (["--fqdn", "a", "--smooth", "-3"], 2, 'smooth "-3" is not a whole number'),
        (["--fqdn", "a", "--daysback", "x"], 2, 'daysback "x" is not a whole number'),
        (["--fqdn", "a", "--plotdev", "gif"], 2, "none of png, svg, pdf, postscript, ps, eps"),
        (["--fqdn", "a", "--plottype", "pie"], 2, 'plottype "pie" is none of line, point, step, vbar'),
        (["--fqdn", "a", "--plot", "--plotma"], 2, "with --smooth"),
        (["--fqdn", "a", "--server", "b", "--mtbldir", "c"], 2, "exclude each other"),
        (["--fqdn", "a..b"], 2, "fqdn: "),
        (["--fqdn", "a", "--rectype", "NOSUCH"], 2, "rectype: "),
        (["--fqdn", "a", "--bailiwick", "b..c"], 2, "bailiwick: "),
        (["--fqdn", "a", "--start", "soon"], 2, 'start: "soon" is not a date'),
        (["--fqdn", "a", "--start", "20240201", "--stop", "20240101"], 2, "stop: "),
        (["--fqdn", "www.example.com", "--smooth", "9999"], 2, "smooth: "),
        (["--fqdn", "nosuch.example.com"], 4, "no results found -- typo in FQDN"),
        (["--fqdn", "www.example.com", "--rectype", "MX"], 4, "wrong rectype or bailiwick"),
        (["--fqdn", "www.example.com", "--start", "20300101"], 1, "no files of requested granularity"),
        (["--fqdn", "a", "--mtbldir", "/no/such/folder"], 1, "/no/such/folder: no such directory"),
        (["--fqdn", "a", "--tabledir", "missing"], 1, "there is no directory missing"),
        (["--fqdn", "a", "--tableout", "."], 1, "it is a directory"),
        (["--fqdn", "a", "--plot", "--plotdir", "missing"], 1, "there is no directory missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_code(vot, small_dir, arguments, code, said) -> None:
    """Each of vot.pl's errors keeps its sense; none ends with 255, and none leaves a file behind."""
    if "--mtbldir" not in arguments and "--server" not in arguments:
        arguments = [*arguments, "--mtbldir", small_dir]
    done = vot(*arguments)
    assert done.code == code
    assert re.search(said, done.err), done.err
    assert "Table output file" not in done.out
    assert os.listdir(".") == []


def test_an_existing_file_is_replaced_and_told(vot, small_dir) -> None:
    """As vot.pl does, but not in silence; only when the answer is there."""
    with open("t.txt", "w", encoding="ascii") as file:
        file.write("old\n")
    done = vot("--fqdn", "nosuch.example", "--tableout", "t.txt", "--mtbl", small_dir)
    assert done.code == 4
    with open("t.txt", encoding="ascii") as file:
        assert file.read() == "old\n"
    done = vot("--fqdn", "www.example.com", "--tableout", "t.txt", "--mtbl", small_dir)
    assert "vot: t.txt exists and is replaced" in done.err
    with open("t.txt", encoding="ascii") as file:
        assert file.read().startswith("20240101 11\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission_is_refused_before_the_work(vot, small_dir) -> None:
    """The folder is named."""
    os.mkdir("locked", 0o500)
    done = vot("--fqdn", "www.example.com", "--tabledir", "locked", "--mtbl", small_dir)
    assert done.code == 1
    assert "the directory locked is not writable" in done.err


def test_a_server_answers_the_same(vot, small_dir, gateway) -> None:
    """The table from a gateway is the table from the directory."""
    question = ("--fqdn", "www.example.com", "--ma", 7)
    here = vot(*question, "--mtbldir", small_dir, "--tableout", "a.txt")
    there = vot(*question, "--server", gateway, "--tableout", "b.txt")
    assert there.code == here.code == 0
    with open("a.txt", "rb") as a, open("b.txt", "rb") as b:
        assert a.read() == b.read() != b""


def test_the_environment_stands_in_for_the_source(vot, small_dir, monkeypatch) -> None:
    """DNSTIDE_MTBL_DIR holds where no option is given; vot.pl's own default otherwise."""
    monkeypatch.setenv("DNSTIDE_MTBL_DIR", str(small_dir))
    assert vot("--fqdn", "www.example.com").code == 0
    assert read(["--fqdn", "a"], {}).mtbl_dir == "/export/dnsdb/mtbl/"
    assert read(["--fqdn", "a"], {"DNSTIDE_SERVER": "host:1"}).server == "host:1"


def test_help_and_version_need_nothing_heavy() -> None:
    """Both end with 0 and load neither numpy nor gRPC; the help names every option."""
    code = """
import sys
from dnstide.cli.vot_pl.command import run
assert run([sys.argv[1]]) == 0
assert not {"numpy", "grpc", "matplotlib", "click"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout == HELP
    assert all(name in HELP for option in OPTIONS for name in option.names)
    done = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True
    )
    assert re.match(r"vot \(dnstide \d", done.stdout)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("10/31/2018", "2018-10-31"),
        ("1/2/2018", "2018-01-02"),
        ("Now", "today"),
        ("Yesterday", "Yesterday"),
        ("20181031", "20181031"),
        ("13/31/2018", "13/31/2018"),
        ("soon", "soon"),
    ],
)
def test_dates_as_date_manip_reads_them(text, plain) -> None:
    """What is clear to vot.pl alone becomes a date; the rest is left for the client to judge."""
    assert plain_date(text) == plain


@pytest.mark.parametrize(
    "text", ["2018/10/31", "10/31/2018", "Oct 31 2018", "31-Oct-2018", "October 31st, 2018"]
)
def test_dates_of_vot_pl(vot, sample_dir, text) -> None:
    """All of them ask for the same day."""
    fences = ["--start", text, "--stop", text]
    done = vot("--mtbldir", sample_dir, "--fqdn", "laveeneld.k12.az.us", *fences)
    assert [line.split()[0] for line in done.out.splitlines()[:-1]] == ["20181031"]


def test_the_published_tables_come_out(vot, sample_dir) -> None:
    """The article's 28 days of www.yahoo.com, with their 7-day averages, and its lines of
    laveeneld.k12.az.us.
    """
    fence = ("--start", "20181031", "--stop", "20181127")
    done = vot("--fqdn", "www.yahoo.com", "-t", "cname", "-b", "yahoo.com", *fence, "--mtbl", sample_dir)
    counts = [int(line.split()[1]) for line in done.out.splitlines()[:-1]]
    assert counts == YAHOO
    again = (
        "--fqdn",
        "www.yahoo.com",
        "-t",
        "cname",
        "-b",
        "yahoo.com",
        *fence,
        "--ma",
        7,
        "--mtbl",
        sample_dir,
    )
    averages = [line.split()[2] for line in vot(*again).out.splitlines()[:-1]]
    assert averages == ["NaN"] * 6 + [f"{sum(YAHOO[i - 6 : i + 1]) / 7:.15g}" for i in range(6, 28)]
    fence = ("--start", "20160901", "--stop", "20170831")
    lines = vot("--fqdn", "laveeneld.k12.az.us", "--ma", 14, *fence, "--mtbl", sample_dir).out.splitlines()
    assert len(lines) == 366
    assert lines[0] == "20160901 1094 NaN"
    assert lines[13] == "20160914 1189 1401.78571428571"
    assert lines[364] == "20170831 1424 1426.85714285714"
