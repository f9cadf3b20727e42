"""The answer to a question about volume: what its axis, series and summary say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dnstide.model.coverage import SpanCoverage
from dnstide.model.errors import MissingExtra
from dnstide.model.granularity import Granularity
from dnstide.model.question import RowFilter, Smoothing, VolumeQuestion
from dnstide.model.vocabulary import MAX_COUNT, Coverage
from dnstide.model.volume import Axis, Series, Summary, Volume, frozen, series_columns

DAY = 86400
EDGES = [100, DAY, 2 * DAY, 3 * DAY, 3 * DAY + 7]
MARKS = [Coverage.COMPLETE, Coverage.NONE, Coverage.NONE, Coverage.DAMAGED]


WHOLE = Summary(True, 4, 4)


def axis(granularity: Granularity = Granularity.DAY) -> Axis:
    return Axis.of(granularity, EDGES, MARKS)


def series(name: str = "a.", buckets: Any = (0, 1, 3), counts: Any = (5, 0, 7), **fields: Any) -> Series:
    on = fields.pop("axis", None) or axis()
    made = {"rrtype": None, "name_index": 0, **fields}
    return Series(
        name=name, axis=on, buckets=np.array(buckets, np.uint32), counts=np.array(counts, np.uint64), **made
    )


def volume(*parts: Series, summary: Summary = WHOLE, **fields: Any) -> Volume:
    return Volume(VolumeQuestion(("a.",), **fields), axis(), parts, summary)


def test_the_axis_has_its_borders() -> None:
    """The span asked cuts the first and the last bucket; the borders come back as they were given."""
    days = axis()
    assert len(days) == 4
    assert days.edges.tolist() == EDGES
    assert days.starts[0] == np.datetime64("1970-01-01T00:01:40", "s")
    assert days.stop == np.datetime64("1970-01-04T00:00:07", "s")
    assert not days.starts.flags.writeable
    assert not days.coverage.flags.writeable


def test_stretches() -> None:
    """Equal neighbours are one stretch; both ends of each are buckets of it."""
    assert axis().stretches() == [
        (0, 0, Coverage.COMPLETE),
        (1, 2, Coverage.NONE),
        (3, 3, Coverage.DAMAGED),
    ]
    assert Axis.of(Granularity.DAY, [7], []).stretches() == []


@pytest.mark.parametrize("mark", Coverage)
def test_zeros_that_say_nothing(mark: Coverage) -> None:
    """A zero is known only where there was something to look at; a count is known everywhere."""
    one = Axis.of(Granularity.DAY, [0, DAY], [mark])
    unknown = mark in (Coverage.NONE, Coverage.DAMAGED, Coverage.UNREACHABLE)
    assert one.known(np.array([0], np.uint64)).tolist() == [not unknown]
    assert one.known(np.array([1], np.uint64)).tolist() == [True]


def test_series_refer_to_the_axis() -> None:
    """Times, marks and what is known are those of the series' own buckets."""
    part = series()
    assert part.times.astype("datetime64[D]").astype(str).tolist() == [
        "1970-01-01",
        "1970-01-02",
        "1970-01-04",
    ]
    assert part.coverage.tolist() == [Coverage.COMPLETE, Coverage.NONE, Coverage.DAMAGED]
    assert part.known.tolist() == [True, False, True]
    assert part.dense().tolist() == [5, 0, 0, 7]
    assert part.dense().dtype == np.uint64
    assert (len(part), part.total) == (3, 12)


def test_totals_are_exact() -> None:
    """A total may pass what an array holds."""
    assert series(counts=(MAX_COUNT, MAX_COUNT, 2)).total == 2 * MAX_COUNT + 2


def test_series_as_text() -> None:
    """One line: what, how much, when; the same in a Python shell."""
    assert str(series()) == "a.: 12 in 3 buckets from 1970-01-01T00:01:40 to 1970-01-04T00:00:00"
    assert str(series(rrtype="MX", buckets=(), counts=())) == "a. MX: nothing found"
    assert repr(series(counts=(1_000_000, 0, 0))).startswith("a.: 1,000,000 in 3 buckets")


def test_volume_as_text() -> None:
    """Incomplete answers say so."""
    whole = volume(series())
    assert str(whole) == str(series())
    assert repr(whole) == "<Volume: 1 series over 4 day buckets, complete>"
    lacking = SpanCoverage.of([(0, 172_800, Coverage.COMPLETE), (172_800, 345_600, Coverage.DAMAGED)])
    part = volume(series(), series("b."), summary=Summary(False, 4, 2, failures_total=2, coverage=lacking))
    assert str(part).splitlines()[2] == "incomplete: it covers 2 of 4 days: damaged 1970-01-03 to 1970-01-04"
    assert repr(part) == "<Volume: 2 series over 4 day buckets, incomplete>"


def test_series_by_name_and_place() -> None:
    """A name in any case, with or without its dot; two series of one name are not guessed between."""
    answer = volume(series("a."), series("b.", rrtype="A"), series("b.", rrtype="MX"))
    assert answer["A"] is answer[0]
    assert answer["a."] is answer[0]
    assert [part.rrtype for part in answer] == [None, "A", "MX"]
    assert len(answer) == 3
    with pytest.raises(KeyError, match=r"b: 2 series have this name"):
        answer["b"]
    with pytest.raises(KeyError, match=r"c: 0 series"):
        answer["c"]
    with pytest.raises(IndexError):
        answer[3]


def test_found() -> None:
    """Filled zeros are not findings."""
    assert volume(series()).found
    assert not volume(series(counts=(0, 0, 0)), series(buckets=(), counts=())).found
    assert not volume().found


def test_columns() -> None:
    """A row for each bucket that is listed, in the order of the series; unknown counts have no value."""
    columns = volume(series(), series("b.", (2,), (9,))).columns()
    assert columns.names == ("name", "time", "count", "coverage")
    assert [column.title for column in columns] == ["name", "date", "count", "coverage"]
    rows = list(columns.rows())
    assert [row[0] for row in rows] == ["a.", "a.", "a.", "b."]
    assert [row[2] for row in rows] == [5, None, 7, 9]
    assert [row[3] for row in rows] == ["complete", "none", "damaged", "none"]


def test_columns_that_were_asked_for() -> None:
    """The type where split, the smoothed count where smoothed; what is not defined has no value."""
    smoothed = np.array([np.nan, 2.5, 0.0])
    parts = series(rrtype="MX", smoothed=smoothed), series(rrtype=None, buckets=(), counts=(), smoothed=None)
    columns = volume(*parts, split_by_rrtype=True, smoothing=Smoothing(2)).columns()
    assert columns.names == ("name", "rrtype", "time", "count", "smoothed", "coverage")
    assert columns["smoothed"].tolist() == [None, 2.5, 0.0]
    assert columns["rrtype"].tolist() == ["MX"] * 3
    untyped = volume(series(rrtype=None, smoothed=None), split_by_rrtype=True, smoothing=Smoothing(2))
    assert untyped.columns()["rrtype"].tolist() == [None] * 3
    assert untyped.columns()["smoothed"].tolist() == [None] * 3


def test_columns_of_nothing() -> None:
    """An answer without rows has its columns all the same."""
    for answer in (volume(), volume(series(buckets=(), counts=()))):
        assert answer.columns().names == ("name", "time", "count", "coverage")
        assert len(answer.columns()) == 0
        assert len(answer.to_pandas()) == 0


@pytest.mark.parametrize("granularity", Granularity)
def test_the_title_of_the_time(granularity: Granularity) -> None:
    """Texts tell days by a date, finer buckets by a time."""
    on = axis(granularity)
    title = series_columns([series(axis=on)], on, False, False)["time"].title
    assert title == ("time" if granularity in ("minute", "ten-minutes", "hour") else "date")


def test_frames_are_the_columns() -> None:
    """Whatever the library, a row is a row."""
    answer = volume(series())
    assert answer.to_pandas()["count"].tolist()[0] == 5
    assert answer.to_polars()["count"].to_list() == [5, None, 7]
    assert answer.to_arrow()["count"].to_pylist() == [5, None, 7]
    assert "<td>a.</td>" in answer._repr_html_()


def test_what_was_asked_is_at_hand() -> None:
    """An answer knows how it was smoothed and split, and whether it is whole."""
    asked = volume(series(), split_by_rrtype=True, smoothing=Smoothing(3), summary=Summary(False, 2, 1))
    assert (asked.smoothing, asked.split_by_rrtype, asked.complete) == (Smoothing(3), True, False)


def test_plots_need_their_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no package draws, the part to install is named; where one does, it is given all."""
    monkeypatch.setattr("dnstide.model.volume.metadata.entry_points", lambda group: [])
    with pytest.raises(MissingExtra, match=r"dnstide\[plot\]"):
        volume().plot()

    class Entry:
        def load(self) -> Any:
            return lambda *given, **options: (given, options)

    monkeypatch.setattr(
        "dnstide.model.volume.metadata.entry_points",
        lambda group: [Entry()] if group == "dnstide.plot" else [],
    )
    answer = volume()
    assert answer.plot("a.png", log=True) == ((answer, "a.png"), {"log": True})


def test_frozen() -> None:
    """The array itself is made read-only, not a copy."""
    array = np.zeros(2)
    assert frozen(array) is array
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_a_series_is_found_as_it_was_asked() -> None:
    """By NAME/TYPE/BAILIWICK in any case, dots or not; by the name alone where that is enough."""
    a, both = RowFilter(("A",)), RowFilter(("A", "AAAA"), "b.c.")
    answer = volume(
        series("a.b."), series("a.b.", filter=a), series("a.b.", filter=both), series("0/1.b.", filter=a)
    )
    assert answer["a.b"] is answer.series[0]
    assert answer["A.b./a"] is answer.series[1]
    assert answer["a.b/A,aaaa/B.C"] is answer.series[2]
    assert answer["0/1.b"] is answer["0/1.b/A"] is answer.series[3]
    assert str(answer.series[2]).startswith("a.b./A,AAAA/b.c.: 12 in")
    with pytest.raises(KeyError, match="0 series"):
        answer["a.b/MX"]
    with pytest.raises(KeyError, match=r"2 series have this name: a\.b\./A, a\.b\./A,AAAA/b\.c\."):
        volume(*answer.series[1:])["a.b"]


def test_columns_say_what_came_with_a_name() -> None:
    """Only where something did, and it is unknown for the names that came alone."""
    alone = volume(series("a.")).columns()
    assert alone.names == ("name", "time", "count", "coverage")
    typed = volume(series("a.", (0,), (5,)), series("a.", (0,), (7,), filter=RowFilter(("A",)))).columns()
    assert typed.names == ("name", "rrtypes", "time", "count", "coverage")
    assert typed["rrtypes"].tolist() == [None, "A"]
    within = volume(series("a.", (0,), (5,), filter=RowFilter((), "b."))).columns()
    assert within.names == ("name", "bailiwick", "time", "count", "coverage")
