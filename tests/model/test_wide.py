"""Answers with a column for each name, and the series of rankings in frames."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from dnstide.model import wide
from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import Granularity
from dnstide.model.question import RowFilter, Smoothing, Span, TopQuestion, VolumeQuestion
from dnstide.model.top import Change, Rank, Top, TopSummary
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis, Series, Summary, Volume

DAY = 86_400
AXIS = Axis.of(
    Granularity.DAY, [0, DAY, 2 * DAY, 3 * DAY], [Coverage.COMPLETE, Coverage.NONE, Coverage.PARTIAL]
)


def series(name: str, counts: dict[int, int], **fields: Any) -> Series:
    buckets, values = np.array(list(counts), np.uint32), np.array(list(counts.values()), np.uint64)
    return Series(name, fields.pop("rrtype", None), 0, AXIS, buckets, values, **fields)


def volume(*parts: Series, **fields: Any) -> Volume:
    return Volume(VolumeQuestion(("a.",), **fields), AXIS, parts, Summary(True, 1, 1))


def top(*counts: list[int]) -> Top:
    ranks = [
        Rank(rank, f"{'ab'[rank - 1]}.", None, sum(c), 0.5, np.array(c, np.uint64))
        for rank, c in enumerate(counts, 1)
    ]
    return Top(TopQuestion(), tuple(ranks), (), (), TopSummary(True, 1, 1), AXIS)


def test_a_column_for_each_name() -> None:
    """Every bucket has a row: 0 where tables had nothing, unknown where there are none."""
    columns = volume(series("a.", {0: 5}), series("b.", {0: 1, 1: 2})).wide_columns()
    assert columns.names == ("time", "a.", "b.", "coverage")
    assert [row[1:] for row in columns.rows()] == [
        (5, 1, "complete"),
        (None, 2, "none"),
        (0, 0, "partial"),
    ]
    assert columns["time"].values.tolist() == AXIS.starts.tolist()
    assert columns["time"].title == "date"


def test_names_as_they_were_asked() -> None:
    """What came with a name, and the type where split, tell its columns apart."""
    types = [series("a.", {}, filter=RowFilter((rrtype,))) for rrtype in ("A", "MX")]
    assert volume(*types).wide_columns().names == ("time", "a./A", "a./MX", "coverage")
    split = [series("a.", {}, rrtype=rrtype) for rrtype in ("A", "MX")]
    assert volume(*split, split_by_rrtype=True).wide_columns().names == ("time", "a. A", "a. MX", "coverage")


def test_averages_stand_beside() -> None:
    """An average where it is defined."""
    part = series("a.", {0: 5, 2: 7}, smoothed=np.array([np.nan, 6.0]))
    columns = volume(part, smoothing=Smoothing(2)).wide_columns()
    assert columns.names == ("time", "a.", "a. smoothed", "coverage")
    assert columns["a. smoothed"].tolist() == [None, None, 6.0]
    bare = volume(series("a.", {0: 5}), smoothing=Smoothing(2)).wide_columns()
    assert bare["a. smoothed"].tolist() == [None] * 3


def test_wide_frames() -> None:
    """The same in every library, and by the same word for rankings."""
    for answer in (volume(series("a.", {0: 5, 2: 7})), top([5, 0, 7])):
        assert answer.to_pandas(wide=True)["a."].isna().tolist() == [False, True, False]
        assert answer.to_polars(wide=True)["a."].to_list() == [5, None, 7]
        assert answer.to_arrow(wide=True)["a."].to_pylist() == [5, None, 7]
        assert answer.to_polars(wide=True).columns == ["time", "a.", "coverage"]


def test_too_much_to_be_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name has every bucket, which may be far more than what was found."""
    monkeypatch.setattr(wide, "MAX_CELLS", 5)
    assert len(volume(series("a.", {0: 5})).wide_columns()) == 3
    with pytest.raises(InvalidQuestion, match="wide: 2 names by 3 buckets are more than 5 counts"):
        volume(series("a.", {}), series("b.", {})).wide_columns()


def test_frames_keep_the_series_of_a_ranking() -> None:
    """A row for each bucket of each rank, with the rank's total; the ranks alone are at hand too."""
    answer = top([5, 0, 7], [1, 0, 0])
    columns = answer.columns()
    assert columns.names == ("rank", "name", "total", "share", "time", "count", "coverage")
    assert [(row[0], row[1], row[2], row[5], row[6]) for row in columns.rows()] == [
        (1, "a.", 12, 5, "complete"),
        (1, "a.", 12, None, "none"),
        (1, "a.", 12, 7, "partial"),
        (2, "b.", 1, 1, "complete"),
        (2, "b.", 1, None, "none"),
        (2, "b.", 1, 0, "partial"),
    ]
    assert columns["time"].values.tolist() == [*AXIS.starts.tolist(), *AXIS.starts.tolist()]
    assert answer.rank_columns()["count"].tolist() == [12, 1]
    nothing = dataclasses.replace(answer, ranks=())
    assert len(nothing.to_pandas()) == len(nothing.columns()) == 0
    assert nothing.columns().names == columns.names
    assert repr(answer) == "<Top: 2 ranks over 3 day buckets, complete>"


def test_what_cannot_be_wide() -> None:
    """Without series there is no axis."""
    ranked = dataclasses.replace(top([5, 0, 7]), axis=None)
    assert ranked.columns().names == ("rank", "name", "count", "share", "coverage")
    question = TopQuestion(span=Span(DAY, 2 * DAY), baseline=Span(0, DAY))
    changed = Top(question, (), (Change(1, "a.", None, 0, 1),), (), TopSummary(True, 1, 1))
    for answer in (ranked, changed):
        with pytest.raises(InvalidQuestion, match="asked with series"):
            answer.to_pandas(wide=True)
    assert repr(changed) == "<Top: 1 change, complete>"
