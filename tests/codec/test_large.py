"""Large answers: several messages, none of them large, that are read as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dnstide.api.v1 import analysis_pb2, common_pb2, top_pb2, volume_pb2
from dnstide.codec.analysis import findings
from dnstide.codec.common import AXIS_UNITS, MESSAGE_UNITS
from dnstide.codec.top import TopReader
from dnstide.codec.volume import VolumeReader
from dnstide.model.catalog import Catalog, TableInfo
from dnstide.model.coverage import SpanCoverage
from dnstide.model.errors import Failure, ServerDefect
from dnstide.model.granularity import Granularity
from dnstide.model.question import AnalysisQuestion, Smoothing, TopQuestion, VolumeQuestion
from dnstide.model.top import Change, Rank, Top, TopSummary
from dnstide.model.vocabulary import MAX_COUNT, Analysis
from dnstide.model.volume import Axis, PlanEntry, Series, Summary, Volume

from tests.codec.trips import TRIPS
from tests.codec.values import difference

MIB = 1 << 20
DONE = Summary(True, 1, 1)
LONG_NAME = "n" * 250 + "."


def minutes(buckets: int) -> Axis:
    return Axis.of(Granularity.MINUTE, np.arange(0, 60 * (buckets + 1), 60), np.ones(buckets, np.uint8))


def volume_of(axis: Axis, points: list[int], smooth: bool = False, summary: Summary = DONE) -> Volume:
    """An answer whose series have so many points, of the largest counts."""
    series = tuple(
        Series(
            f"{number}-{LONG_NAME}",
            "A",
            number,
            axis,
            np.arange(length, dtype=np.uint32) + np.uint32(len(axis) - length),
            np.full(length, MAX_COUNT, np.uint64),
            np.full(length, 0.5) if smooth else None,
        )
        for number, length in enumerate(points)
    )
    question = VolumeQuestion(("a.",), smoothing=Smoothing(2) if smooth else None)
    return Volume(question, axis, series, summary)


def sent(value: Any) -> list[Any]:
    """The messages of an answer, none of them too large, which have to be read as the same answer."""
    trip = TRIPS[type(value)]
    messages = trip.messages(value)
    assert max(message.ByteSize() for message in messages) < MIB
    assert all(message.ByteSize() for message in messages)
    ends = [message.HasField("summary") for message in messages]
    assert ends == [False] * (len(messages) - 1) + [True]
    assert difference(value, trip.back(value, messages)) is None
    return messages


@pytest.mark.parametrize("smooth", [False, True])
def test_many_and_long_series(smooth: bool) -> None:
    """Many series, long series, long names and the largest counts."""
    points = [0, 1, 100_000, 70_000, 3, *([5] * 800), 39_999]
    messages = sent(volume_of(minutes(100_000), points, smooth))
    assert len(messages) >= 8


def test_a_small_answer_is_one_message() -> None:
    """Axis, series and summary go together where they fit, so that most answers are one message."""
    (message,) = sent(volume_of(minutes(400), [399]))
    assert [chunk.last for chunk in message.series] == [True]


@pytest.mark.parametrize("buckets", [0, 1, AXIS_UNITS, AXIS_UNITS + 1, 1_000_000])
def test_long_axes_come_in_parts_before_the_series(buckets: int) -> None:
    """Every part of an axis names its end, and none comes after the first series."""
    messages = sent(volume_of(minutes(buckets), [min(buckets, 10)]))
    parts = [message.axis for message in messages if message.HasField("axis")]
    assert len(parts) == max(1, -(-buckets // AXIS_UNITS))
    assert {part.stop for part in parts} == {60 * buckets}
    first = next(number for number, message in enumerate(messages) if message.series)
    assert not any(message.HasField("axis") for message in messages[first + 1 :])


@pytest.mark.parametrize("over", [-17, -16, -15, -1, 0, 1, 255, 256, 257])
def test_series_around_the_size_of_a_message(over: int) -> None:
    """A point more or less than fits loses no point and doubles none."""
    sent(volume_of(minutes(MESSAGE_UNITS + 300), [MESSAGE_UNITS + over, 1, MESSAGE_UNITS + over]))


def test_a_part_of_a_series_is_worth_its_message() -> None:
    """Where few points more have room, a series begins a message of its own; but a short one fills it."""
    axis = minutes(MESSAGE_UNITS)
    points = MESSAGE_UNITS // 2 - 100
    first, second, *_ = sent(volume_of(axis, [points, points, 1000]))
    assert [len(chunk.buckets) for chunk in first.series] == []
    assert [len(chunk.buckets) for chunk in second.series] == [points, points]


def test_many_ranks_with_series() -> None:
    """The most ranks that can have a series, and their names as long as names get."""
    axis = minutes(1_000)
    ranks = tuple(
        Rank(number, f"{number}-{LONG_NAME}", None, 9, 0.5, np.full(1_000, MAX_COUNT, np.uint64))
        for number in range(1, 501)
    )
    question = TopQuestion(limit=500, series_granularity=Granularity.MINUTE)
    messages = sent(Top(question, ranks, (), (), TopSummary(True, 1, 1), axis))
    assert len(messages) > 10


def test_ranks_fill_their_messages() -> None:
    """Messages are as full as they may be: 400 ranks of 100 units each, and one less beside the axis."""
    axis = minutes(80)
    series = np.zeros(80, np.uint64)
    ranks = tuple(Rank(number, "a.", None, 0, 0.0, series) for number in range(1, 901))
    messages = sent(Top(TopQuestion(), ranks, (), (), TopSummary(True, 1, 1), axis))
    assert [len(message.ranks) for message in messages] == [399, 400, 101]


def test_a_long_axis_of_ranks_comes_in_parts() -> None:
    """As for volume."""
    axis = minutes(2 * AXIS_UNITS + 1)
    messages = sent(Top(TopQuestion(), (), (), (), TopSummary(True, 1, 1), axis))
    assert [len(message.axis.starts) for message in messages] == [AXIS_UNITS, AXIS_UNITS, 1]


@pytest.mark.parametrize(("listed", "messages"), [(5_000, 1), (5_001, 2)])
def test_a_summary_goes_with_the_ranks_where_it_fits(listed: int, messages: int) -> None:
    """Entries of the plan and failures take room alike."""
    ranks = tuple(Rank(number, "a.", None, 0, 0.0) for number in range(1, 1_001))
    plan = tuple(PlanEntry(str(number), True) for number in range(listed - 900))
    failures = tuple(Failure(str(number), "BAD_BLOCK", "broken") for number in range(900))
    summary = TopSummary(False, 1, 1, failures, 900, plan)
    assert len(sent(Top(TopQuestion(), ranks, (), (), summary))) == messages


def test_many_changes() -> None:
    """Changes have no series, but there may be a hundred thousand of them."""
    changes = tuple(
        Change(number, LONG_NAME, "TXT", MAX_COUNT, MAX_COUNT, 1, 1) for number in range(1, 5_001)
    )
    summary = TopSummary(True, 1, 1, baseline_coverage=SpanCoverage())
    messages = sent(Top(TopQuestion(), (), changes, changes, summary))
    assert len(messages) > 4


def test_a_rank_longer_than_a_message() -> None:
    """A series is not parted: it travels with its rank, alone in its message."""
    axis = minutes(MESSAGE_UNITS + 10)
    series = np.ones(len(axis), np.uint64)
    ranks = tuple(Rank(number, "a.", None, 9, 0.5, series) for number in (1, 2, 3))
    messages = sent(Top(TopQuestion(), ranks, (), (), TopSummary(True, 1, 1), axis))
    assert [len(message.ranks) for message in messages] == [0, 1, 1, 1, 0]


def test_a_long_summary_has_a_message_of_its_own() -> None:
    """The plan and the failures of an answer go behind full messages."""
    plan = tuple(PlanEntry(f"dns.{number:08}.D.mtbl", True) for number in range(9_000))
    failures = tuple(Failure(f"dns.{number:08}.D.mtbl", "BAD_BLOCK", "broken") for number in range(900))
    summary = Summary(False, 1, 1, failures, 900, plan)
    assert len(sent(volume_of(minutes(30_000), [5_000], summary=summary))) == 2
    top = Top(
        TopQuestion(), (Rank(1, "a.", None, 1, 1.0),), (), (), TopSummary(False, 1, 1, failures, 900, plan)
    )
    assert len(sent(top)) == 1


def test_lists_of_a_summary_end() -> None:
    """Of more failures and tables than an answer lists the first are told, and failures are counted."""
    plan = tuple(PlanEntry(str(number), True) for number in range(10_001))
    failures = tuple(Failure(str(number), "BAD_BLOCK", "r" * 2_000) for number in range(1_001))
    volume = volume_of(minutes(1), [1], summary=Summary(False, 1, 1, failures, 1_001, plan))
    trip = TRIPS[Volume]
    told = trip.back(volume, trip.messages(volume)).summary
    assert (len(told.failures), told.failures_total, len(told.plan)) == (1_000, 1_001, 10_000)
    assert {len(failure.reason) for failure in told.failures} == {1_000}
    top = Top(TopQuestion(), (), (), (), TopSummary(False, 1, 1, failures, 1_001, plan))
    ranked = TRIPS[Top].back(top, TRIPS[Top].messages(top)).summary
    assert (len(ranked.failures), ranked.failures_total, len(ranked.plan)) == (1_000, 1_001, 10_000)


def test_a_total_past_the_largest_count_is_told_as_that() -> None:
    """Sums of series are exact in process; the contract says 2^64-1 where one is larger."""
    volume = volume_of(minutes(1), [1], summary=Summary(True, 1, 1, total_count=MAX_COUNT + 1))
    trip = TRIPS[Volume]
    assert trip.back(volume, trip.messages(volume)).summary.total_count == MAX_COUNT


def test_a_catalog_of_many_pages() -> None:
    """Pages are joined in order; ignored files come with the first one."""
    day = np.timedelta64(1, "D")
    start = np.datetime64("2024-01-01", "s")
    tables = tuple(
        TableInfo(f"{n}.mtbl", "dns", Granularity.DAY, start + n * day, start + (n + 1) * day)
        for n in range(9)
    )
    catalog = Catalog(tables, (("notes.txt", "no table"), ("b\udcff", "no table")), "7")
    trip = TRIPS[Catalog]
    read = trip.back(catalog, trip.messages(catalog))
    assert read.tables == tables
    assert read.ignored == (("notes.txt", "no table"), ("b?", "no table"))
    assert [page.next_page_token for page in trip.messages(catalog)] == ["2", "4", "6", "8", ""]


AXIS = common_pb2.Axis(
    granularity=common_pb2.GRANULARITY_DAY,
    starts=[0, 86400],
    stop=172800,
    coverage=[common_pb2.COVERAGE_COMPLETE, common_pb2.COVERAGE_COMPLETE],
)
END = volume_pb2.Summary(complete=True, bucket_by=volume_pb2.BUCKET_BY_FILE)


def chunk(**fields: Any) -> volume_pb2.SeriesChunk:
    return volume_pb2.SeriesChunk(**{"name": "a.", "last": True, **fields})


def read(reader: Any, messages: list[Any]) -> Any:
    for message in messages:
        reader.feed(message)
    return reader.finish()


def axis_but(**fields: Any) -> common_pb2.Axis:
    axis = common_pb2.Axis()
    axis.CopyFrom(AXIS)
    for name, numbers in fields.items():
        axis.ClearField(name)
        if isinstance(numbers, list):
            getattr(axis, name).extend(numbers)
        else:
            setattr(axis, name, numbers)
    return axis


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "^the answer ended before its summary: ask again, and see the server's log$"),
        ([{"axis": AXIS}], "ended before its summary"),
        ([{"summary": END}], "ended before its summary"),
        ([{"axis": AXIS, "series": [chunk(last=False)]}, {"summary": END}], "ended before its summary"),
        ([{"series": [chunk()]}], "a series before its axis"),
        ([{"axis": AXIS, "series": [chunk(last=False), chunk(name_index=1)]}], "a. before a. is whole"),
        ([{"axis": AXIS, "series": [chunk(last=False), chunk(rrtype="A")]}], "a. before a. is whole"),
        ([{"axis": AXIS, "series": [chunk(buckets=[0])]}], "columns of a. do not fit"),
        ([{"axis": AXIS, "series": [chunk(buckets=[2], counts=[1])]}], "columns of a. do not fit"),
        ([{"axis": axis_but(coverage=[1]), "summary": END}], "do not fit together"),
        ([{"axis": axis_but(coverage=[1, 0]), "summary": END}], "a coverage that this client"),
        ([{"axis": axis_but(coverage=[1, 6]), "summary": END}], "a coverage that this client"),
        ([{"axis": axis_but(granularity=99), "summary": END}], "a Granularity that this client"),
        ([{"axis": axis_but(granularity=0), "summary": END}], "a Granularity that this client"),
    ],
)
def test_a_broken_stream_is_a_defect_of_the_server(messages: list[dict[str, Any]], told: str) -> None:
    """No half of an answer is ever handed out as a whole one, whatever a server sends."""
    reader = VolumeReader(VolumeQuestion(("a.",)))
    with pytest.raises(ServerDefect, match=told):
        read(reader, [volume_pb2.QueryVolumeResponse(**fields) for fields in messages])


def test_smoothed_values_that_are_missing_are_a_defect() -> None:
    """Where smoothing was asked each point has a smoothed value."""
    reader = VolumeReader(VolumeQuestion(("a.",), smoothing=Smoothing(2)))
    with pytest.raises(ServerDefect, match="columns of a"):
        reader.feed(volume_pb2.QueryVolumeResponse(axis=AXIS, series=[chunk(buckets=[0], counts=[1])]))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "^the answer ended before its summary: ask again, and see the server's log$"),
        ({"axis": AXIS, "ranks": [top_pb2.Rank(rank=1, name="a.", series=[1])]}, "series of a. does not fit"),
        ({"summary": top_pb2.RankSummary()}, "a RankMethod that this client"),
    ],
)
def test_a_broken_ranking_is_a_defect_of_the_server(fields: dict[str, Any], told: str) -> None:
    """The same for rankings."""
    reader = TopReader(TopQuestion())
    with pytest.raises(ServerDefect, match=told):
        read(reader, [top_pb2.RankNamesResponse(**fields)])


def test_progress_is_heard_only_where_it_is_wanted() -> None:
    """A reader without a listener takes progress in its stride; an answer in process names no call."""
    reader = VolumeReader(VolumeQuestion(("a.",)))
    reader.feed(volume_pb2.QueryVolumeResponse(progress=volume_pb2.Progress(tables_asked=2)))
    reader.feed(volume_pb2.QueryVolumeResponse(axis=AXIS, summary=END))
    assert reader.finish("id").summary.request_id == "id"
    assert reader.finish().summary.request_id == ""
    ranks = TopReader(TopQuestion())
    ranks.feed(top_pb2.RankNamesResponse(progress=top_pb2.RankProgress(summaries_wanted=2)))
    ranks.feed(top_pb2.RankNamesResponse(summary={"method": top_pb2.RANK_METHOD_SCAN}))
    assert ranks.finish("id").summary.request_id == "id"
    assert ranks.finish().summary.request_id == ""
    question = AnalysisQuestion(VolumeQuestion(("a.",)), Analysis.GAPS)
    assert findings(question, analysis_pb2.AnalyzeVolumeResponse(summary=END)).summary.request_id == ""
