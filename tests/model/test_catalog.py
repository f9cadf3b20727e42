"""The catalog and a server about itself, as values and as columns."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from dnstide.model.catalog import Catalog, ServerInfo, ShardInfo, TableInfo
from dnstide.model.errors import Failure
from dnstide.model.granularity import Granularity

START, STOP = np.datetime64("2018-10-31", "s"), np.datetime64("2018-11-01", "s")
DAY = np.timedelta64(1, "D")
SOUND = TableInfo("dns.20181031.D.mtbl", "dns", Granularity.DAY, START, STOP, size=2**63)
BROKEN = TableInfo(
    "dnssec.20181031.D.mtbl",
    "dnssec",
    Granularity.DAY,
    START,
    STOP,
    problem=Failure("dnssec.20181031.D.mtbl", "BAD_MAGIC", "is no table"),
)
CATALOG = Catalog((SOUND, BROKEN), (("notes.txt", "is no table by its name"),), "7")


def test_tables_by_name() -> None:
    """It iterates over its tables, and finds each by the name of its file."""
    assert list(CATALOG) == [SOUND, BROKEN]
    assert len(CATALOG) == 2
    assert CATALOG.by_name[BROKEN.name] is BROKEN
    assert CATALOG.by_name is CATALOG.by_name
    assert len(Catalog()) == 0
    assert CATALOG[SOUND.name] is SOUND


def test_a_catalog_as_text() -> None:
    """What there is, for which days, and what cannot be used."""
    assert str(CATALOG).splitlines() == [
        "dns: 1 day table, 2018-10-31",
        "dnssec: 1 day table, 2018-10-31",
        "1 not usable",
        "1 other file ignored",
    ]
    assert repr(CATALOG) == "<Catalog: 2 tables, 1 not usable, 1 other file ignored>"
    hour = TableInfo("dns.20181031.18.H.mtbl", "dns", Granularity.HOUR, STOP - 7200, STOP - 3600)
    later = TableInfo("dns.20181101.D.mtbl", "dns", Granularity.DAY, STOP, STOP + DAY)
    assert str(Catalog((SOUND, later, hour))).splitlines() == [
        "dns: 2 day tables, 2018-10-31 to 2018-11-01",
        "dns: 1 hour table, 2018-10-31T22:00:00Z to 2018-10-31T23:00:00Z",
    ]
    assert (str(Catalog()), repr(Catalog())) == ("no tables", "<Catalog: 0 tables>")


def test_columns_of_tables() -> None:
    """Tables come before ignored files, of which nothing is known but why they are ignored."""
    columns = CATALOG.columns()
    assert columns.names == ("name", "dataset", "granularity", "start", "stop", "size", "health", "reason")
    assert list(columns.rows()) == [
        (SOUND.name, "dns", "day", START, STOP, 2**63, "sound", None),
        (BROKEN.name, "dnssec", "day", START, STOP, 0, "BAD_MAGIC", "is no table"),
        ("notes.txt", None, None, None, None, None, "ignored", "is no table by its name"),
    ]
    assert len(Catalog().columns()) == 0


def test_frames_are_the_columns() -> None:
    """Whatever the library, a row is a row."""
    assert len(CATALOG.to_pandas()) == len(CATALOG.to_polars()) == CATALOG.to_arrow().num_rows == 3
    assert CATALOG.to_polars()["size"].to_list() == [2**63, 0, None]
    assert "<td>BAD_MAGIC</td>" in CATALOG._repr_html_()


def test_columns_of_shards() -> None:
    """A row for each shard, with every field of it."""
    shard = ShardInfo("shard-0", "10.0.0.1", True, 12, 4, 1, 4711, "it hangs")
    info = ServerInfo("0.1.0", True, False, datetime(2024, 1, 1, tzinfo=UTC), (shard,), 12, 0, "7")
    columns = info.columns()
    assert columns.names == ("name", "node", "alive", "tables_owned", "threads", "restarts", "pid", "problem")
    assert list(columns.rows()) == [("shard-0", "10.0.0.1", True, 12, 4, 1, 4711, "it hangs")]
    assert info.to_polars()["pid"].to_list() == [4711]
