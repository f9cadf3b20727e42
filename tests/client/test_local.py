"""The client without a server: as the one over gRPC, and how it fails."""

from __future__ import annotations

import asyncio
import builtins
import importlib
import os
import sys
import threading
from shutil import copytree

import numpy as np
import pytest
from dnstide.client import (
    AsyncClient,
    Client,
    Coverage,
    DeadlineExceeded,
    DirectoryUnreadable,
    InvalidQuestion,
    LocalClient,
    MissingExtra,
    NoTables,
    Progress,
    Smoothing,
    TablesDamaged,
)
from dnstide.client import local as local_module

from tests.conftest import row, write_table

WWW = "www.example.com"
DAY_2 = "dns.20240102.D.mtbl"
SPAN = {"start": "2024-01-01", "stop": "2024-01-03"}


@pytest.fixture
def own(small_dir, tmp_path):
    """A copy of small_dir that a test may damage."""
    return copytree(small_dir, tmp_path / "mtbl")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"smooth": 7, "fill": True, "start": "2023-12-20", "stop": "2024-01-10"},
        {"smooth": Smoothing(3, "exponential"), "split_by_rrtype": True},
        {"granularity": "quarter", "explain": True},
        {"bucket_by": "file", "rrtypes": ["A", "MX"], "bailiwick": "example.com"},
    ],
    ids=str,
)
def test_same_as_over_grpc(options, small_dir, gateway) -> None:
    """Every array and every field that does not tell times is equal."""
    names = [WWW, "mail.example.com", "*.example.org", "absent.example"]
    with LocalClient(small_dir) as here, Client(gateway) as there:
        ours, theirs = here.volume(names, **options), there.volume(names, **options)
        assert here.tables().tables == tuple(
            type(table)(**{name: getattr(table, name) for name in table.__slots__} | {"shards": ()})
            for table in there.tables().tables
        )
    assert [(one.name, one.rrtype) for one in ours] == [(one.name, one.rrtype) for one in theirs]
    for a, b in zip(ours, theirs, strict=True):
        for field in ("times", "counts", "coverage", "buckets"):
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
            assert getattr(a, field).dtype == getattr(b, field).dtype
        assert (a.smoothed is None) == (b.smoothed is None) == ("smooth" not in options)
        if a.smoothed is not None:
            np.testing.assert_array_equal(a.smoothed, b.smoothed)
    np.testing.assert_array_equal(ours.axis.starts, theirs.axis.starts)
    np.testing.assert_array_equal(ours.axis.coverage, theirs.axis.coverage)
    assert (ours.axis.stop, ours.axis.granularity) == (theirs.axis.stop, theirs.axis.granularity)
    for field in (
        "complete",
        "tables_asked",
        "tables_answered",
        "failures",
        "plan",
        "rows_read",
        "total_count",
    ):
        assert getattr(ours.summary, field) == getattr(theirs.summary, field)
    assert bool(ours.summary.plan) == bool(options.get("explain"))
    assert ours.found


def test_progress(small_dir) -> None:
    """Progress ends with every table of the plan."""
    told = []
    with LocalClient(small_dir) as client:
        client.volume(WWW, progress=told.append)
    assert told[-1] == Progress(60, 60)


def test_errors_have_the_same_classes(small_dir, tmp_path) -> None:
    """What the engine raises comes out as this package's."""
    with LocalClient(small_dir) as client:
        with pytest.raises(InvalidQuestion) as caught:
            client.volume(["a", "b..c"])
        assert caught.value.problems[0][0] == "names[1]"
        assert "b..c" in caught.value.problems[0][1]
        with pytest.raises(NoTables, match="there are 2 month tables"):
            client.volume(WWW, stop="2001-01-01")
        with pytest.raises(DeadlineExceeded, match="longer timeout"):
            client.volume("*.", timeout=1e-9)
        client.summarize()
        with pytest.raises(DeadlineExceeded, match="longer timeout"):  # summaries tell it without reading
            client.volume("*.", timeout=1e-9)
        with pytest.raises(InvalidQuestion, match="timeout"):
            client.volume(WWW, timeout=0)
    with pytest.raises(DirectoryUnreadable, match="no such directory"):
        LocalClient(tmp_path / "absent")


def test_from_other_threads(small_dir) -> None:
    """One client serves many threads."""
    found = []
    with LocalClient(small_dir) as client:
        threads = [threading.Thread(target=lambda: found.append(client.volume(WWW).found)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 8


def test_file_that_vanishes(own) -> None:
    """A table that goes away between two questions is a gap, not a zero."""
    with LocalClient(own) as client:
        assert len(client.volume(WWW, **SPAN)[0]) == 3
        (own / DAY_2).unlink()
        volume = client.volume(WWW, **SPAN)
    assert volume[0].counts.tolist() == [11, 13]
    assert [Coverage(mark) for mark in volume.axis.coverage] == [
        Coverage.COMPLETE,
        Coverage.NONE,
        Coverage.COMPLETE,
    ]


@pytest.mark.parametrize("length", [0, 40])
def test_file_that_shrinks(own, length) -> None:
    """A table that is cut while it is open is an error that names it, or a marked answer."""
    with LocalClient(own) as client:
        assert client.volume(WWW, **SPAN).complete
        os.truncate(own / DAY_2, length)
        with pytest.raises(TablesDamaged, match=DAY_2) as caught:
            client.volume(WWW, **SPAN)
        assert [failure.table for failure in caught.value.failures] == [DAY_2]
        volume = client.volume(WWW, partial=True, fill=True, **SPAN)
    assert not volume.complete
    assert volume[0].counts.tolist() == [11, 0, 13]
    assert volume[0].known.tolist() == [True, False, True]
    assert volume.summary.failures[0].table == DAY_2


def test_without_the_extra(monkeypatch) -> None:
    """Without the engine the message says what to install."""
    real = builtins.__import__

    def refuse(name, globals=None, locals=None, fromlist=(), level=0):
        if name == "dnstide.engine":
            raise ModuleNotFoundError("No module named 'dnstide.engine'", name="dnstide.engine")
        return real(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, local_module.__name__)
    with pytest.raises(MissingExtra, match=r"pip install 'dnstide\[local\]'"):
        importlib.import_module(local_module.__name__)
    monkeypatch.undo()


def test_names_of_one_label_more(tmp_path) -> None:
    """`+.example.com` is dnstable's: neither the name itself nor what lies deeper."""
    names = {
        "example.com.": 1,
        "www.example.com.": 10,
        "a.example.com.": 100,
        "b.a.example.com.": 1000,
        "com.": 10_000,
    }
    rows = [row(name, 1, b"\xc0\x00\x02\x01", 1704067200 + 60, count) for name, count in names.items()]
    write_table(tmp_path / "dns.20240101.D.mtbl", rows)
    with LocalClient(tmp_path) as client:
        volume = client.volume(
            ["+.example.com", "+.com/A", "+", "+.a.example.com", "*.example.com", "+.example.com/AAAA"]
        )
    assert {series.name: int(series.counts.sum()) for series in volume.series[:5]} == {
        "+.example.com.": 110,
        "+.com.": 1,
        "+.": 10_000,
        "+.a.example.com.": 1000,
        "*.example.com.": 1111,
    }
    assert len(volume.series[5].counts) == 0


def test_datasets_that_are_none(small_dir, gateway) -> None:
    """All clients refuse a word for tables that is no dataset, and tell the one it is like."""
    words = r'dataset: "dnsec" is not one of dns, dnssec\. Did you mean "dnssec"'
    with LocalClient(small_dir) as here, Client(gateway) as there:
        for client in (here, there):
            assert len(client.tables("dns")) == 62
            assert len(client.tables("dnssec")) == 0
            with pytest.raises(InvalidQuestion, match=words):
                client.tables("dnsec")

    async def wait() -> None:
        async with AsyncClient(gateway) as client:
            await client.tables("dnsec")

    with pytest.raises(InvalidQuestion, match=words):
        asyncio.run(wait())
