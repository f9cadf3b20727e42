"""Columns: what each kind of column holds, its unknown values, and its way into data frames."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from dnstide.model.catalog import ServerInfo, ServerLimits, ShardInfo
from dnstide.model.columns import (
    NOTEBOOK_ROWS,
    Column,
    Columns,
    Kind,
    coded_column,
    count_column,
    figure_column,
    flag_column,
    number_column,
    text_column,
    time_column,
)
from dnstide.model.errors import MissingExtra
from dnstide.model.granularity import Granularity
from dnstide.model.missing import Period, missing_tables
from dnstide.model.question import Span, TopQuestion
from dnstide.model.top import Change, Top, TopSummary
from dnstide.model.vocabulary import MAX_COUNT
from hypothesis import given
from hypothesis import strategies as st

MOMENT = np.datetime64("2018-10-31T06:00:00", "s")


def sample() -> Columns:
    """One column of each kind, each with an unknown value where its kind can have one."""
    return Columns(
        (
            text_column("name", ["a", None, "a"]),
            count_column("count", [MAX_COUNT, None, 0]),
            number_column("number", [0.5, None, -1.0]),
            time_column("time", [MOMENT, None, MOMENT], label="date"),
            flag_column("flag", [True, False, True]),
            figure_column("figure", [MAX_COUNT, None, 0.25]),
        )
    )


ROWS = [
    ("a", MAX_COUNT, 0.5, MOMENT, True, MAX_COUNT),
    (None, None, None, None, False, None),
    ("a", 0, -1.0, MOMENT, True, 0.25),
]


def test_rows() -> None:
    """Values come back exactly, counts above 2^53 too, and unknown ones as None."""
    columns = sample()
    assert list(columns.rows()) == ROWS
    assert len(columns) == 3
    assert [type(value) for value in ROWS[0]] == [type(value) for value in next(columns.rows())]


def test_names_and_titles() -> None:
    """Frames know a column by its name, texts by its label."""
    columns = sample()
    assert columns.names == ("name", "count", "number", "time", "flag", "figure")
    assert [column.title for column in columns] == ["name", "count", "number", "date", "flag", "figure"]
    assert columns["time"].title == "date"
    with pytest.raises(KeyError, match="date"):
        columns["date"]


def test_kinds_and_types() -> None:
    """Each kind has one type of array, whatever it was made of."""
    types = {column.kind: str(column.values.dtype) for column in sample()}
    assert types == {
        Kind.TEXT: "int64",
        Kind.COUNT: "uint64",
        Kind.NUMBER: "float64",
        Kind.TIME: "datetime64[s]",
        Kind.FLAG: "bool",
        Kind.FIGURE: "object",
    }
    assert str(time_column("t", np.array(["2018-10-31"], "datetime64[D]")).values.dtype) == "datetime64[s]"


def test_masks() -> None:
    """True where there is no value; a column without unknown values has none."""
    assert [column.mask.tolist() for column in sample()] == [
        [False, True, False] if column.name != "flag" else [False] * 3 for column in sample()
    ]
    assert number_column("n", [1.0, 2.0]).known is None
    known = np.array([True, False])
    assert count_column("c", np.array([1, 2]), known).tolist() == [1, None]


def test_nothing() -> None:
    """Empty columns have no rows, and no columns at all no length."""
    empty = Columns(
        (text_column("a", []), count_column("b", []), time_column("c", []), figure_column("d", []))
    )
    assert len(empty) == 0
    assert list(empty.rows()) == []
    assert len(Columns(())) == 0
    assert len(empty.to_pandas()) == len(empty.to_polars()) == empty.to_arrow().num_rows == 0


def test_columns_of_one_length() -> None:
    """Columns that do not fit together are no rows."""
    with pytest.raises(ValueError, match="shorter"):
        list(Columns((flag_column("a", [True]), flag_column("b", []))).rows())


@given(st.lists(st.none() | st.text(max_size=3), max_size=8))
def test_texts(texts: list[str | None]) -> None:
    """Texts come back in order, each distinct one kept once."""
    column = text_column("name", texts)
    assert column.tolist() == texts
    assert len(set(column.words)) == len(column.words)
    assert set(column.words) >= {text for text in texts if text is not None}


def test_codes() -> None:
    """Codes may be of any whole type."""
    column = coded_column("c", np.array([1, 0, 1], np.uint8), ["x", "y"], np.array([True, True, False]))
    assert column.tolist() == ["y", "x", None]


def test_pandas() -> None:
    """Counts stay exact, texts are categories, times are times, unknown values are unknown."""
    frame = sample().to_pandas()
    assert list(frame.columns) == ["name", "count", "number", "time", "flag", "figure"]
    assert str(frame["count"].dtype) == "UInt64"
    assert int(frame["count"][0]) == MAX_COUNT
    assert str(frame["name"].dtype) == "category"
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame.isna().iloc[1].tolist() == [True, True, True, True, False, True]
    assert not frame.isna().iloc[[0, 2]].any(axis=None)


def test_polars() -> None:
    """The same for polars."""
    frame = sample().to_polars()
    assert [str(kind) for kind in frame.dtypes[:3]] == ["String", "UInt64", "Float64"]
    assert frame["count"].to_list() == [MAX_COUNT, None, 0]
    assert frame["name"].to_list() == ["a", None, "a"]
    assert [value is None for value in frame.row(1)] == [True, True, True, True, False, True]
    assert str(frame["time"].dtype) == "Datetime(time_unit='us', time_zone='UTC')"
    assert frame["time"][0].isoformat() == "2018-10-31T06:00:00+00:00"


def test_arrow() -> None:
    """The same for Arrow; NaN is unknown there, too."""
    table = sample().to_arrow()
    assert [str(field.type) for field in table.schema][:4] == [
        "dictionary<values=string, indices=int32, ordered=0>",
        "uint64",
        "double",
        "timestamp[us, tz=UTC]",
    ]
    assert table["count"].to_pylist() == [MAX_COUNT, None, 0]
    assert [row is None for row in table.to_pylist()[1].values()] == [True, True, True, True, False, True]
    nan = Columns((number_column("n", [float("nan"), 1.0]),)).to_arrow()
    assert nan["n"].to_pylist() == [None, 1.0]


@given(st.integers(0, 253_402_300_799))
def test_a_moment_is_one_moment(second: int) -> None:
    """The same moment, and the same type, in every library, from 1970 to the end of 9999."""
    columns = Columns((time_column("time", np.array([second], "datetime64[s]")),))
    moments = (
        columns.to_pandas()["time"][0].to_pydatetime(),
        columns.to_polars()["time"][0],
        columns.to_arrow()["time"][0].as_py(),
    )
    assert [(moment.timestamp(), moment.utcoffset()) for moment in moments] == [(second, timedelta())] * 3


@pytest.mark.parametrize(
    ("method", "library", "extra"),
    [
        ("to_pandas", "pandas", "pandas"),
        ("to_polars", "polars", "polars"),
        ("to_arrow", "pyarrow", "parquet"),
    ],
)
def test_without_the_library(monkeypatch: pytest.MonkeyPatch, method: str, library: str, extra: str) -> None:
    """The part to install is named."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf"^{method}\(\) needs .*dnstide\[{extra}\]") as caught:
        getattr(sample(), method)()
    assert caught.value.extra == extra


def test_notebooks() -> None:
    """The first rows as a table; what would be markup is escaped, what is left out is counted."""
    rows = NOTEBOOK_ROWS + 1_234
    page = Columns((text_column("<name>", ["<b>"] * rows), count_column("n", [1234567] * rows)))._repr_html_()
    assert page.count("<tr>") == NOTEBOOK_ROWS + 1
    assert "<th>&lt;name&gt;</th>" in page
    assert "<td>&lt;b&gt;</td><td>1,234,567</td>" in page
    assert "and 1,234 more rows" in page
    short = sample()._repr_html_()
    assert "more rows" not in short
    assert "<td></td>" in short
    assert "<td>True</td>" in short


def test_masked_values_do_not_leak() -> None:
    """What stands behind an unknown value is never shown."""
    column = Column("n", Kind.NUMBER, np.array([7.0, 8.0]), np.array([True, False]))
    everything: Any = Columns((column,))
    assert everything.to_pandas()["n"].tolist()[0] == 7.0
    assert "8" not in str(everything.to_pandas()["n"].tolist())
    assert everything.to_polars()["n"].to_list() == [7.0, None]
    assert everything.to_arrow()["n"].to_pylist() == [7.0, None]


@pytest.mark.parametrize("rows", [0, 1, 5_000])
def test_every_answer_is_short_in_a_notebook(rows: int) -> None:
    """What a server, a report, missing tables and changes show is a table of a screen or two at most."""
    limits = ServerLimits(1, 1, 1, 1.0, 1.0)
    shards = tuple(ShardInfo(f"s{i}", "<b>", True, 1, 1, 0, 1) for i in range(rows))
    server = ServerInfo("1.0.0", True, False, datetime(2024, 1, 1, tzinfo=UTC), shards, 9, 0, "v", limits)
    days = [
        Period("dns", Granularity.DAY, 2 * i * 86_400, (2 * i + 1) * 86_400, None) for i in range(rows + 1)
    ]
    changes = tuple(Change(i + 1, f"<b>{i}.", None, 1, 2) for i in range(rows))
    question = TopQuestion(span=Span(0, 9), baseline=Span(9, 18))
    top = Top(question, (), changes, (), TopSummary(True, 1, 1))
    for answer in (server, missing_tables(days), top):
        page = answer._repr_html_()
        assert page.startswith("<table")
        assert "<b>" not in page
        assert page.count("<tr>") == 1 + min(rows, NOTEBOOK_ROWS)
