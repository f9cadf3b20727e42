from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dnstide.engine import LocalEngine, build_catalog, parse_table_name, scan_directory
from dnstide.engine.catalog import available, unix_seconds, with_problems
from dnstide.model.errors import DirectoryUnreadable, Failure
from dnstide.model.granularity import Granularity
from dnstide.shard import TableStatus


@pytest.mark.parametrize(
    ("name", "dataset", "granularity", "start", "stop"),
    [
        ("dns.2014.Y.mtbl", "dns", Granularity.YEAR, "2014-01-01", "2015-01-01"),
        ("dns.201504.Q.mtbl", "dns", Granularity.QUARTER, "2015-04-01", "2015-07-01"),
        ("dns.201512.M.mtbl", "dns", Granularity.MONTH, "2015-12-01", "2016-01-01"),
        ("dns.20150208.W.mtbl", "dns", Granularity.WEEK, "2015-02-08", "2015-02-15"),
        ("dns.20160229.W.mtbl", "dns", Granularity.WEEK, "2016-02-29", "2016-03-01"),
        ("dnssec.20150208.D.mtbl", "dnssec", Granularity.DAY, "2015-02-08", "2015-02-09"),
        ("dns.20150209.0100.H.mtbl", "dns", Granularity.HOUR, "2015-02-09T01:00", "2015-02-09T02:00"),
        ("dns.20150209.0110.X.mtbl", "dns", Granularity.TEN_MINUTES, "2015-02-09T01:10", "2015-02-09T01:20"),
        ("dns.20150209.0111.m.mtbl", "dns", Granularity.MINUTE, "2015-02-09T01:11", "2015-02-09T01:12"),
    ],
)
def test_names_of_tables(name: str, dataset: str, granularity: Granularity, start: str, stop: str) -> None:
    """Each form of DNSDB Export's file names gives a period in UTC."""
    table = parse_table_name(name)
    assert not isinstance(table, str)
    period = tuple(datetime.fromtimestamp(unix_seconds(t), UTC) for t in (table.start, table.stop))
    assert period == tuple(datetime.fromisoformat(t).replace(tzinfo=UTC) for t in (start, stop))
    assert (table.dataset, table.granularity) == (dataset, granularity)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".dns.20150208.D.mtbl", "still being written"),
        ("README.txt", "not a table"),
        ("dns.20150208.D.mtbl.gz", "not a table"),
        ("dns.20150208.d.mtbl", "not a table"),
        ("DNS.20150208.D.mtbl", "not a table"),
        ("sie.20150208.D.mtbl", "not a table"),
        ("dns.20150208.M.mtbl", "6 characters goes with M"),
        ("dns.20150230.D.mtbl", "no such date"),
        ("dns.201513.M.mtbl", "no such date"),
        ("dns.20150209.2400.H.mtbl", "no such date"),
        ("dns.201502.Q.mtbl", "no quarter begins"),
        ("dns.20150209.W.mtbl", "no week begins"),
        ("dns.20150209.0130.H.mtbl", "no hour begins"),
        ("dns.20150209.0111.X.mtbl", "no ten-minutes begins"),
        ("dns.1969.Y.mtbl", "no year begins"),
        ("dns.20150208.D.mtbl\n", "not a table"),
    ],
)
def test_foreign_files_have_a_reason(name: str, reason: str) -> None:
    """Whatever is not a table says why."""
    found = parse_table_name(name)
    assert isinstance(found, str)
    assert reason in found


def test_scan_of_a_directory(tmp_path: Path) -> None:
    """Tables by start, coarsest first; files that are none are told apart; folders do not count."""
    for name in (
        "dns.20150208.D.mtbl",
        "dns.20150201.D.mtbl",
        "dns.201502.M.mtbl",
        ".dns.20150209.D.mtbl",
        "notes",
    ):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    catalog = scan_directory(str(tmp_path))
    assert [t.name for t in catalog.tables] == [
        "dns.201502.M.mtbl",
        "dns.20150201.D.mtbl",
        "dns.20150208.D.mtbl",
    ]
    assert [name for name, _ in catalog.ignored] == [".dns.20150209.D.mtbl", "notes"]
    assert available(catalog, "dns") == (
        "1 month table from 2015-02-01 to 2015-03-01",
        "2 day tables from 2015-02-01 to 2015-02-09",
    )


def test_version_follows_what_is_there(tmp_path: Path) -> None:
    """The version changes when a table changes, comes or breaks, and only then."""
    path = tmp_path / "dns.20150208.D.mtbl"
    path.write_bytes(b"x")
    first = scan_directory(str(tmp_path))
    assert scan_directory(str(tmp_path)).version == first.version
    broken = with_problems(first, [Failure(path.name, "BAD_MAGIC", "not an MTBL file")])
    assert broken.version != first.version
    os.utime(path, ns=(1, 1))
    assert scan_directory(str(tmp_path)).version != first.version


def test_shards_that_differ_about_a_table() -> None:
    """A table is sound if one shard can read it, in whatever order they report."""
    good = TableStatus("dns.20150208.D.mtbl", 5, 5, 5)
    bad = replace(good, problem=Failure(good.name, "TABLE_UNREADABLE", "permission denied", retryable=True))
    for statuses in ([good, bad], [bad, good]):
        assert [table.problem for table in build_catalog(statuses).tables] == [None]
    assert build_catalog([bad, bad]).tables[0].problem is not None


def test_damage_met_by_one_shard() -> None:
    """It holds for another one that sees the same file and has not met it, not for one with a copy."""
    name = "dns.20150208.D.mtbl"
    good, copy = TableStatus(name, 5, 5, 5), TableStatus(name, 5, 5, 6)
    bad = replace(good, problem=Failure(name, "BAD_CHECKSUM", "block does not match its checksum", 7))
    for statuses in ([good, bad], [bad, good]):
        assert [table.problem for table in build_catalog(statuses).tables] == [bad.problem]
    for statuses in ([good, bad, copy], [copy, bad, good]):
        assert [table.problem for table in build_catalog(statuses).tables] == [None]


def test_wrong_directories(tmp_path: Path) -> None:
    """A missing directory and a file in its place are told apart."""
    with pytest.raises(DirectoryUnreadable, match="no such directory"):
        scan_directory(str(tmp_path / "nowhere"))
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryUnreadable, match="not a directory"):
        scan_directory(str(tmp_path / "file"))


def test_what_bears_the_name_of_a_table_and_is_none(tmp_path: Path) -> None:
    """A directory, a link that leads nowhere: listed with what is wrong, never absent."""
    (tmp_path / "dns.20150208.D.mtbl").mkdir()
    (tmp_path / "dns.20150209.D.mtbl").symlink_to(tmp_path / "gone")
    (tmp_path / "other").mkdir()
    with LocalEngine(tmp_path) as engine:
        found = {t.name: t.problem and t.problem.reason for t in engine.tables(check=True).tables}
    assert found == {
        "dns.20150208.D.mtbl": "is a directory",
        "dns.20150209.D.mtbl": "is a link that leads nowhere",
    }
