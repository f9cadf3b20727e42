"""Questions to messages, and messages to results, without any wire."""

import numpy as np
import pytest
from dnstide.api.v1 import common_pb2, info_pb2, tables_pb2, volume_pb2
from dnstide.client import Coverage, Failure, Progress, ServerDefect, Smoothing
from dnstide.client.calls import VolumeReader, catalog, server_info, volume_request
from dnstide.client.question import GRANULARITIES, SMOOTHINGS, make_question

DAYS = [1540944000, 1541030400, 1541116800, 1541203200]


def axis_part(first=0, last=4, granularity=common_pb2.GRANULARITY_DAY):
    """A part of an axis of four complete days."""
    return volume_pb2.QueryVolumeResponse(
        axis=volume_pb2.Axis(
            granularity=granularity,
            bucket_starts=DAYS[first:last],
            end=1541289600,
            coverage=[common_pb2.COVERAGE_COMPLETE] * (last - first),
        )
    )


def chunk(name="a.", buckets=(0,), counts=(1,), smoothed=(), last=True, rrtype=""):
    """A message with one piece of one series."""
    piece = volume_pb2.SeriesChunk(
        name=name, rrtype=rrtype, buckets=buckets, counts=counts, smoothed=smoothed, last=last
    )
    return volume_pb2.QueryVolumeResponse(series=[piece])


def summary(**fields):
    """A closing message."""
    return volume_pb2.QueryVolumeResponse(summary=volume_pb2.Summary(complete=True, **fields))


def read(*messages, progress=None, **options):
    """The volume that these messages make up."""
    reader = VolumeReader(make_question("a", options), progress)
    for message in messages:
        reader.feed(message)
    return reader.finish()


def test_request_carries_everything():
    """Each argument has its field; the span is half-open."""
    request = volume_request(
        make_question(
            ["a", "*.b"],
            {
                "rrtypes": "A,TYPE65280", "bailiwick": "com", "start": "2018-10-31", "stop": "2018-11-03",
                "granularity": "M", "bucket_by": "file", "split_by_rrtype": True,
                "smooth": Smoothing(7, "median"),
                "fill": True, "partial": True, "dataset": "dnssec", "explain": True,
            },
        )
    )  # fmt: skip
    assert list(request.names) == ["a", "*.b"]
    assert list(request.rrtypes) == ["A", "TYPE65280"]
    assert request.bailiwick == "com"
    assert (request.start_time.seconds, request.end_time.seconds) == (DAYS[0], DAYS[3] + 86400)
    assert request.granularity == common_pb2.GRANULARITY_MONTH
    assert request.bucket_by == volume_pb2.BUCKET_BY_FILE
    assert request.smoothing == volume_pb2.Smoothing(method=volume_pb2.SMOOTHING_METHOD_MEDIAN, period=7)
    assert request.failure_policy == common_pb2.FAILURE_POLICY_PARTIAL
    assert request.split_by_rrtype
    assert request.fill
    assert request.explain
    assert request.dataset == "dnssec"


def test_request_leaves_open_what_is_open():
    """No dates, no smoothing: the fields are absent, not zero."""
    request = volume_request(make_question("a", {}))
    assert not any(request.HasField(name) for name in ("start_time", "end_time", "smoothing"))
    assert request.failure_policy == common_pb2.FAILURE_POLICY_FAIL


@pytest.mark.parametrize("name", GRANULARITIES)
def test_granularities_travel(name):
    """Each step goes out and comes back as itself."""
    number = volume_request(make_question("a", {"granularity": name})).granularity
    assert number
    assert read(axis_part(granularity=number), summary()).axis.granularity == name


@pytest.mark.parametrize("method", SMOOTHINGS)
def test_smoothings_travel(method):
    """Each method has a number of its own in the contract."""
    request = volume_request(make_question("a", {"smooth": Smoothing(3, method)}))
    assert volume_pb2.SmoothingMethod.Name(request.smoothing.method).endswith(
        method.upper().replace("-", "_")
    )


def test_counts_stay_exact():
    """The largest count, and neighbours that a float cannot tell apart."""
    counts = [2**64 - 1, 2**53, 2**53 + 1]
    volume = read(axis_part(), chunk(buckets=[0, 1, 3], counts=counts), summary())
    (series,) = volume
    assert series.counts.dtype == np.uint64
    assert series.counts.tolist() == counts
    assert series.total == sum(counts) > 2**64
    assert series.times.tolist() == [np.datetime64(DAYS[i], "s").item() for i in (0, 1, 3)]


def test_chunks_are_joined():
    """A series in pieces, an axis in pieces, and several names in order."""
    volume = read(
        axis_part(0, 3),
        axis_part(3, 4),
        chunk(buckets=[0, 1], counts=[1, 2], smoothed=[float("nan"), 1.5], last=False),
        chunk(buckets=[3], counts=[3], smoothed=[2.5]),
        chunk("b.", buckets=[], counts=[]),
        summary(),
        smooth=2,
    )
    assert [series.name for series in volume] == ["a.", "b."]
    assert volume["A"].buckets.tolist() == [0, 1, 3]
    assert volume["a."].smoothed.tolist()[1:] == [1.5, 2.5]
    assert len(volume["b"]) == 0
    assert len(volume.axis) == 4
    assert str(volume.axis.stop) == "2018-11-04T00:00:00"


def test_splitting():
    """A type where split; a name without rows, or a question that does not split, has none."""
    split = read(axis_part(), chunk(rrtype="A"), chunk(rrtype="TYPE65280"), summary(), split_by_rrtype=True)
    assert [series.rrtype for series in split] == ["A", "TYPE65280"]
    assert read(axis_part(), chunk(), summary())[0].rrtype is None
    assert read(axis_part(), chunk(), summary(), split_by_rrtype=True)[0].rrtype is None


def test_coverage_follows_the_buckets():
    """Each point has the coverage of its bucket."""
    message = axis_part()
    message.axis.coverage[1] = common_pb2.COVERAGE_DAMAGED
    message.axis.coverage[3] = common_pb2.COVERAGE_NONE
    volume = read(message, chunk(buckets=[0, 1, 3], counts=[0, 5, 0]), summary())
    assert [Coverage(mark) for mark in volume[0].coverage] == [
        Coverage.COMPLETE,
        Coverage.DAMAGED,
        Coverage.NONE,
    ]
    assert volume[0].known.tolist() == [True, True, False]


def test_results_cannot_be_changed():
    """Frozen means the arrays too."""
    volume = read(axis_part(), chunk(smoothed=[1.0]), summary(), smooth=1)
    for array in (volume[0].counts, volume[0].times, volume[0].smoothed, volume.axis.coverage):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_summary():
    """Failures, plan and times come through."""
    message = summary(tables_asked=5, tables_answered=3, failures_total=2, rows_read=9, blocks_read=4)
    message.summary.complete = False
    message.summary.failures.add(table="t", code="BAD_CHECKSUM", reason="r", offset=0)
    message.summary.failures.add(table="u", code="SHARD_TIMEOUT", reason="s", retryable=True)
    message.summary.plan.add(table="t", used=True)
    message.summary.timings.ask.FromMilliseconds(1500)
    found = read(axis_part(), message).summary
    assert found.failures == (
        Failure("t", "BAD_CHECKSUM", "r", 0, False),
        Failure("u", "SHARD_TIMEOUT", "s", None, True),
    )
    assert (found.complete, found.tables_asked, found.tables_answered, found.failures_total) == (
        False,
        5,
        3,
        2,
    )
    assert found.plan[0].used
    assert found.timings.ask == 1.5


def test_progress_reaches_the_hook():
    """Progress is told as it comes, and is no part of the answer."""
    told = []
    step = volume_pb2.QueryVolumeResponse(
        progress=volume_pb2.Progress(tables_asked=9, tables_answered=4, tables_failed=1, shards_pending=2)
    )
    read(step, axis_part(), summary(), progress=told.append)
    assert told == [Progress(9, 4, 1, 2)]


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (axis_part(),),
        (summary(),),
        (axis_part(), chunk(last=False), summary()),
        (chunk(), axis_part(), summary()),
        (axis_part(), chunk(last=False), chunk("b."), summary()),
        (axis_part(), chunk(buckets=[0, 1], counts=[1]), summary()),
        (axis_part(), chunk(buckets=[4]), summary()),
    ],
    ids=[
        "nothing",
        "no summary",
        "no axis",
        "open series",
        "series first",
        "mixed",
        "uneven",
        "beyond the axis",
    ],
)
def test_broken_streams(messages):
    """A stream that breaks off or does not fit is never taken for an answer."""
    with pytest.raises(ServerDefect):
        read(*messages)


def test_missing_averages():
    """An answer that lacks the smoothing asked for is no answer."""
    with pytest.raises(ServerDefect, match="do not fit together"):
        read(axis_part(), chunk(), summary(), smooth=3)


def test_catalog_joins_pages():
    """Tables of all pages, ignored files of the first."""
    table = tables_pb2.Table(name="dns.20181031.D.mtbl", dataset="dns", granularity=4, size_bytes=2**40)
    table.start_time.seconds, table.end_time.seconds = DAYS[0], DAYS[1]
    bad = tables_pb2.Table(name="dns.20181101.D.mtbl", dataset="dns", granularity=4)
    bad.problem.code = "BAD_MAGIC"
    ignored = tables_pb2.IgnoredFile(name=".x", reason="being written")
    found = catalog(
        [
            tables_pb2.ListTablesResponse(tables=[table], ignored=[ignored], catalog_version="1"),
            tables_pb2.ListTablesResponse(tables=[bad], catalog_version="2"),
        ]
    )
    assert [one.name for one in found.tables] == [table.name, bad.name]
    assert (found.tables[0].size, str(found.tables[0].stop)) == (2**40, "2018-11-01T00:00:00")
    assert found.tables[0].problem is None
    assert found.tables[1].problem.code == "BAD_MAGIC"
    assert found.ignored == ((".x", "being written"),)
    assert found.version == "2"


def test_server_info():
    """Readiness and shards."""
    message = info_pb2.GetServerInfoResponse(version="1.2.3", ready=True, tables_total=7)
    message.shards.add(name="s0", node="127.0.0.1", alive=True, tables_owned=7, threads=2)
    found = server_info(message)
    assert (found.version, found.ready, found.tables_total) == ("1.2.3", True, 7)
    assert (found.shards[0].name, found.shards[0].alive, found.shards[0].tables_owned) == ("s0", True, 7)
