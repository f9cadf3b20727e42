"""The catalog and a server about itself, as values and as columns."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from dnstide.model.catalog import Catalog, ServerInfo, ShardInfo, TableInfo
from dnstide.model.errors import Failure
from dnstide.model.granularity import Granularity

START, STOP = np.datetime64("2018-10-31", "s"), np.datetime64("2018-11-01", "s")
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
    shard = ShardInfo("shard-0", "10.0.0.1", True, 12, 4, 1, 4711)
    info = ServerInfo("0.1.0", True, False, datetime(2024, 1, 1, tzinfo=UTC), (shard,), 12, 0, "7")
    columns = info.columns()
    assert columns.names == ("name", "node", "alive", "tables_owned", "threads", "restarts", "pid")
    assert list(columns.rows()) == [("shard-0", "10.0.0.1", True, 12, 4, 1, 4711)]
