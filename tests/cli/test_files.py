"""What a file of --output holds: by its name, in wide columns, and as a workbook."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import datetime

import numpy as np
import openpyxl
import pytest
from dnstide.cli.write import xlsx
from dnstide.cli.write.xlsx import xlsx_bytes
from dnstide.model.columns import (
    Columns,
    count_column,
    figure_column,
    flag_column,
    number_column,
    text_column,
    time_column,
)
from dnstide.model.errors import InvalidQuestion
from pyarrow import feather, parquet

WWW = "www.example.com"
SPAN = ("--start", "2023-12-30", "--stop", "2024-01-03")


def sheet(content: bytes) -> list[tuple]:
    """The rows of the only sheet."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return list(book.active.iter_rows(values_only=True))


COMMANDS = {
    "vot": ("vot", WWW, "mail.example.com", *SPAN),
    "top": ("top", "2", "--date", "2024-01-03"),
    "analyze": ("analyze", "breakdown", WWW, *SPAN),
    "tables": ("tables",),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.ndjson", "a.CSV", "a.txt", "a", "a.tsv"])
def test_the_name_tells_the_format(dnstide, small_dir, tmp_path, command, name) -> None:
    """What is written is what --format would have written; a name that tells nothing holds text."""
    form = {"csv": "csv", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl"}.get(name.lower()[2:], "text")
    asked = (*COMMANDS[command], "--mtbl-dir", small_dir)
    done = dnstide(*asked, "-o", tmp_path / name)
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / name).read_text() == dnstide(*asked, "--format", form).out


@pytest.mark.parametrize("command", COMMANDS)
def test_binary_files_by_their_names(dnstide, small_dir, tmp_path, command) -> None:
    """The same rows in all of them."""
    for name in ("a.parquet", "a.arrow", "a.feather", "a.xlsx"):
        assert dnstide(*COMMANDS[command], "--mtbl-dir", small_dir, "-o", tmp_path / name).code == 0
    table = parquet.read_table(tmp_path / "a.parquet")
    assert feather.read_table(tmp_path / "a.arrow").equals(table)
    assert feather.read_table(tmp_path / "a.feather").equals(table)
    assert len(sheet((tmp_path / "a.xlsx").read_bytes())) == table.num_rows + 1 > 1


@pytest.mark.parametrize(("form", "name"), [("csv", "a.json"), ("text", "a.csv"), ("jsonl", "a.parquet")])
def test_names_that_tell_another_format(dnstide, small_dir, tmp_path, form, name) -> None:
    """Nothing is asked, nothing is written."""
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "--format", form, "-o", tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert f"--format {form} is not what {tmp_path / name} is called after" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.txt", "a.dat", "-"])
def test_other_names_hold_any_format(dnstide, small_dir, tmp_path, name, monkeypatch) -> None:
    """Where the name tells nothing, --format is what counts."""
    monkeypatch.chdir(tmp_path)
    asked = ("vot", WWW, *SPAN, "--mtbl-dir", small_dir, "--format", "csv")
    done = dnstide(*asked, "-o", name)
    written = done.out if name == "-" else (tmp_path / name).read_text()
    assert written.startswith("name,date,count")


def test_the_same_for_a_server(dnstide, gateway, tmp_path) -> None:
    """`status` writes files too, text and JSON about the server, rows about its shards."""
    for name in ("a.json", "a.csv", "a.txt"):
        assert dnstide("status", "--server", gateway, "-o", tmp_path / name).code == 0
    assert json.loads((tmp_path / "a.json").read_text())["ready"]
    assert (tmp_path / "a.txt").read_text().startswith("dnstide ")
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert [row["alive"] for row in rows] == ["true", "true"]


def test_wide_columns(dnstide, small_dir) -> None:
    """A line for each bucket of the span, whether it has rows or not; a column for each name."""
    asked = ("vot", WWW, "mail.example.com", *SPAN, "--mtbl-dir", small_dir, "--wide")
    assert dnstide(*asked, "--format", "csv").out.splitlines() == [
        "date,www.example.com.,mail.example.com.,coverage",
        "2023-12-30,,,none",
        "2023-12-31,,,none",
        "2024-01-01,11,5,complete",
        "2024-01-02,12,5,complete",
        "2024-01-03,13,5,complete",
    ]
    assert dnstide(*asked).out.splitlines()[:3:2] == [
        "date        www.example.com.  mail.example.com.  coverage",
        "2023-12-31  -                 -                  none",
    ]
    last = json.loads(dnstide(*asked, "--format", "json", "--smooth", 2).out)[-1]
    assert last == {
        "date": "2024-01-03",
        "www.example.com.": 13,
        "www.example.com. smoothed": 12.5,
        "mail.example.com.": 5,
        "mail.example.com. smoothed": 5.0,
        "coverage": "complete",
    }


def test_a_workbook(dnstide, small_dir, tmp_path) -> None:
    """Dates are dates, counts numbers, what is unknown is empty."""
    path = tmp_path / "a.xlsx"
    assert dnstide("vot", WWW, *SPAN, "--wide", "--mtbl-dir", small_dir, "-o", path).code == 0
    titles, *rows = sheet(path.read_bytes())
    assert titles == ("date", "www.example.com.", "coverage")
    assert rows[0] == (datetime(2023, 12, 30), None, "none")
    assert rows[-1] == (datetime(2024, 1, 3), 13, "complete")


def test_every_kind_of_value_in_a_workbook() -> None:
    """Figures that a sheet would round are texts, texts are never formulas, times say that they are UTC."""
    moment = np.datetime64("2018-10-31T06:00:00", "s")
    columns = Columns(
        (
            text_column("name", ["=1+1", None, "a\x01\udcff"]),
            count_column("count", [2**64 - 1, None, 10**15 - 1]),
            number_column("number", [0.5, None, float("nan")]),
            time_column("time", [moment, None, moment]),
            flag_column("flag", [True, False, True]),
            figure_column("figure", [2**60, None, 0.25]),
        )
    )
    content = xlsx_bytes(columns, dates=False)
    assert sheet(content) == [
        ("name", "count", "number", "time (UTC)", "flag", "figure"),
        ("=1+1", str(2**64 - 1), 0.5, datetime(2018, 10, 31, 6), True, str(2**60)),
        (None, None, None, None, False, None),
        ("a\\x01\\udcff", 10**15 - 1, None, datetime(2018, 10, 31, 6), True, 0.25),
    ]
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.active["A2"].data_type == "s"
    assert xlsx_bytes(Columns((text_column("a", []),)), dates=True)


def test_more_than_a_sheet_holds(monkeypatch) -> None:
    """It is refused, and not cut off."""
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    assert xlsx_bytes(Columns((text_column("a", ["x"] * 2),)), dates=True)
    with pytest.raises(
        InvalidQuestion, match="format: a sheet takes 2 and 16,384, this is 3 rows and 1 columns"
    ):
        xlsx_bytes(Columns((text_column("a", ["x"] * 3),)), dates=True)
    with pytest.raises(InvalidQuestion, match="a cell takes 32,767 characters"):
        xlsx_bytes(Columns((text_column("a", ["x" * 32_768]),)), dates=True)


def test_without_the_library(dnstide, small_dir, tmp_path, monkeypatch) -> None:
    """The part to install is named before anything is asked."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    done = dnstide("vot", WWW, "--mtbl-dir", small_dir, "-o", tmp_path / "a.xlsx")
    assert (done.code, done.out) == (1, "")
    assert "--format xlsx needs a part that is not installed: pip install 'dnstide[xlsx]'" in done.err
