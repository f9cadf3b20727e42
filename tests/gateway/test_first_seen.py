"""Rows first seen long before or after the tables that hold them: none is lost where the span is open, in
this process and by a server alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from dnstide.client import Client, InvalidQuestion, LocalClient
from dnstide.gateway.testing import running_gateway
from dnstide.mtbl import DnstableWriter
from numpy.testing import assert_array_equal

from tests.conftest import row

SEEN = {
    "1970-01-01T00:00:00": 7,
    "2018-10-29T23:59:59": 100,
    "2018-11-01T12:00:00": 1,
    "2018-11-03T00:00:00": 20,
    "2025-02-28T01:00:00": 3000,
}
"""When the rows of one table of 2018-11-01 were first seen, and how often."""


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("early")
    for name, seen in (
        ("dns.20181101.D.mtbl", SEEN),
        ("dns.20181102.D.mtbl", {"2018-11-02T05:00:00": 50000}),
    ):
        with DnstableWriter(folder / name) as writer:
            for number, (when, count) in enumerate(seen.items()):
                writer.add(row("example.com.", 1, bytes([192, 0, 2, number]), seconds(when), count))
            writer.add(row("usual.org.", 1, b"\xc0\0\2\1", seconds("2018-11-01T10:00:00"), 5))
    return folder


@pytest.fixture(scope="module", params=["in process", "server"])
def client(request: pytest.FixtureRequest, folder: Path) -> Iterator[Client | LocalClient]:
    with ExitStack() as stack:
        if request.param == "server":
            gateway = stack.enter_context(running_gateway(folder))
            yield stack.enter_context(Client(gateway.address))
        else:
            yield stack.enter_context(LocalClient(folder))


@pytest.mark.parametrize("granularity", ["day", "week", "iso-week", "month", "quarter", "year"])
def test_every_row_counts_where_the_span_is_open(client: Client, granularity: str) -> None:
    """Each in the bucket of its time, and the axis goes as far as the rows do."""
    volume = client.volume("example.com", granularity=granularity, bucket_by="first-seen")
    starts = volume.axis.starts
    wanted = np.zeros(len(starts), np.uint64)
    for when, count in [*SEEN.items(), ("2018-11-02T05:00:00", 50000)]:
        wanted[np.searchsorted(starts, np.datetime64(when), side="right") - 1] += np.uint64(count)
    assert_array_equal(volume.series[0].dense(), wanted)
    assert volume.series[0].total == 53128
    assert wanted[0]
    assert wanted[-1]
    assert volume.complete is (granularity == "day")


def test_a_name_beside_one_of_them_is_asked_as_ever(client: Client) -> None:
    """Alone its axis is that of the tables, without the buckets that have no row of it."""
    volume = client.volume("usual.org", bucket_by="first-seen")
    assert [str(start)[:10] for start in volume.axis.starts] == ["2018-11-01", "2018-11-02"]
    assert volume.series[0].total == 10
    both = client.volume(["usual.org", "example.com"], bucket_by="first-seen", fill=True)
    assert [series.total for series in both] == [10, 53128]


@pytest.mark.parametrize(
    ("span", "total"),
    [
        ({"start": "2018-11-01"}, 53021),
        ({"stop": "2018-11-02"}, 50108),
        ({"start": "2018-10-29", "stop": "2018-11-03"}, 50121),
        ({"start": "2018-11-01", "stop": "2018-11-02"}, 50001),
    ],
)
def test_an_end_that_is_asked_for_cuts(client: Client, span: dict[str, str], total: int) -> None:
    """Rows first seen outside belong to another span; an end that is open does not cut."""
    assert client.volume("example.com", bucket_by="first-seen", **span).series[0].total == total  # type: ignore[arg-type]


def test_an_axis_that_would_be_too_long_is_refused(tmp_path: Path) -> None:
    """With the times for which it would be needed, and what to do; never an answer that lacks rows."""
    with DnstableWriter(tmp_path / "dns.20181101.1000.m.mtbl") as writer:
        writer.add(row("example.com.", 1, b"\xc0\0\2\1", seconds("1970-01-01T00:00:00"), 4))
        writer.add(row("example.com.", 1, b"\xc0\0\2\2", seconds("2018-11-01T10:00:30"), 5))
    told = "rows were first seen 1970-01-01T00:00:00Z: give a start and a stop, or count by file"
    with LocalClient(tmp_path) as client:
        with pytest.raises(InvalidQuestion, match=told):
            client.volume("example.com", granularity="minute", bucket_by="first-seen")
        since = client.volume("example.com", granularity="minute", bucket_by="first-seen", start="2018-11-01")
        assert since.series[0].total == 5
        assert client.volume("example.com", granularity="minute").series[0].total == 9


def test_a_time_past_all_dates_is_told(tmp_path: Path) -> None:
    """A table may hold any 64 bits as a time."""
    with DnstableWriter(tmp_path / "dns.20181101.D.mtbl") as writer:
        writer.add(row("example.com.", 1, b"\xc0\0\2\1", 2**64 - 10, 4))
        writer.add(row("example.com.", 1, b"\xc0\0\2\2", seconds("2018-11-01T10:00:00"), 5))
    with LocalClient(tmp_path) as client:
        with pytest.raises(InvalidQuestion, match="first seen 9999-12-31T23:59:59Z: give a start"):
            client.volume("example.com", bucket_by="first-seen")
        assert client.volume("example.com", bucket_by="first-seen", stop="2018-11-01").series[0].total == 5
        assert client.volume("example.com").series[0].total == 9
