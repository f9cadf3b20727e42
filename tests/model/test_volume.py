"""Results: printable, and as data frames."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest
from dnstide.model.errors import Failure, MissingExtra
from dnstide.model.granularity import Granularity
from dnstide.model.question import Smoothing, VolumeQuestion
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis, Series, Summary, Volume

DAYS = [1540944000, 1541030400, 1541116800, 1541203200]
BIG = 2**64 - 1


def series(
    axis: Axis,
    name: str,
    rrtype: str | None,
    buckets: list[int],
    counts: list[int],
    smoothed: list[float] | None,
) -> Series:
    """One series of plain lists."""
    means = None if smoothed is None else np.array(smoothed, float)
    columns = np.array(buckets, np.uint32), np.array(counts, np.uint64)
    return Series(name, rrtype, 0, axis, *columns, means)


def volume(smoothing: Smoothing | None = None, split: bool = False, complete: bool = True) -> Volume:
    """Two series over four days, the third without tables, the fourth damaged."""
    marks = [Coverage.COMPLETE, Coverage.COMPLETE, Coverage.NONE, Coverage.DAMAGED]
    axis = Axis.of(Granularity.DAY, [*DAYS, 1541289600], marks)
    names = ("a.example", "b.example")
    question = VolumeQuestion(names, smoothing=smoothing, split_by_rrtype=split)
    means = [np.nan, 1.5, np.nan, np.nan] if smoothing else None
    first = series(axis, "a.example.", "A" if split else None, [0, 1, 2, 3], [BIG, 0, 0, 5], means)
    second = series(axis, "b.example.", None, [], [], [] if smoothing else None)
    summary = Summary(complete, 4, 4 if complete else 3, (), 0 if complete else 1)
    return Volume(question, axis, (first, second), summary)


def test_printing() -> None:
    """str() is for people, repr() for a debugger."""
    assert str(volume()) == (
        f"a.example.: {BIG + 5:,} in 4 buckets from 2018-10-31T00:00:00 to 2018-11-03T00:00:00\n"
        "b.example.: nothing found"
    )
    assert "incomplete: 1 tables did not answer" in str(volume(complete=False))
    assert repr(volume()) == "<Volume: 2 series over 4 day buckets, complete>"
    assert str(volume(split=True)[0]).startswith("a.example. A: ")
    assert str(Failure("t", "BAD_MAGIC", "no table")) == "t: no table"


def test_access() -> None:
    """By number, by name in any case with or without the dot; names that are not there are KeyErrors."""
    one = volume()
    assert one["A.example"] is one[0]
    assert list(one) == [one[0], one[1]]
    assert one.found
    with pytest.raises(KeyError, match=r"c\.example: 0 series"):
        one["c.example"]


def test_known() -> None:
    """A zero is known where tables answered; a count is known everywhere."""
    assert volume()[0].known.tolist() == [True, True, False, True]


@pytest.mark.parametrize("smoothing", [None, Smoothing(2)])
@pytest.mark.parametrize("split", [False, True])
def test_frames(smoothing: Smoothing | None, split: bool) -> None:
    """Both libraries get the same rows, exact counts, and nothing where nothing is known."""
    one = volume(smoothing, split)
    pandas, polars = one.to_pandas(), one.to_polars()
    columns = ["name", *(["rrtype"] if split else []), "time", "count"]
    columns += [*(["smoothed"] if smoothing else []), "coverage"]
    assert list(pandas.columns) == polars.columns == columns
    assert pandas["count"].tolist()[:2] == [BIG, 0]
    assert pandas["count"].isna().tolist() == [False, False, True, False]
    assert str(pandas["count"].dtype) == "UInt64"
    assert polars["count"].to_list() == [BIG, 0, None, 5]
    assert polars["count"].dtype == pl.UInt64
    assert pandas["time"].astype("int64").tolist() == polars["time"].dt.epoch("s").to_list() == DAYS
    assert pandas["coverage"].tolist() == polars["coverage"].to_list()
    assert polars["coverage"].to_list() == ["complete", "complete", "none", "damaged"]
    assert set(pandas["name"]) == set(polars["name"]) == {"a.example."}


def test_empty_frames() -> None:
    """No series at all still gives the columns."""
    nothing = Volume(volume().question, volume().axis, (), Summary(True, 0, 0))
    assert nothing.to_pandas().shape == (0, 4)
    assert nothing.to_polars().shape == (0, 4)
    assert not nothing.found


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_missing_libraries(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, the message says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf"to_{library}\(\) needs .*pip install 'dnstide\[{library}\]'"):
        getattr(volume(), f"to_{library}")()


def test_stretches() -> None:
    """Stretches join equal neighbours only."""
    none, partial = Coverage.NONE, Coverage.PARTIAL
    axis = Axis.of(Granularity.DAY, [*DAYS, 1541289600], [none, none, partial, none])
    assert axis.stretches() == [(0, 1, none), (2, 2, partial), (3, 3, none)]
    assert Axis.of(Granularity.DAY, [0], []).stretches() == []
