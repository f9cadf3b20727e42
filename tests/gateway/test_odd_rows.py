"""A row that is none under a sound checksum costs only the questions that meet it, however they are asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dnstide.client import Client, LocalClient, TablesDamaged
from dnstide.gateway.testing import running_gateway
from dnstide.mtbl import Table, write_entries
from dnstide.mtbl.entries import encode_entry

from tests.conftest import FIRST_DAY, row

NAME = "dns.20240105.D.mtbl"


@pytest.fixture
def odd(small_dir: Path, tmp_path: Path) -> Path:
    """small_dir, with one row in one table whose value has no count."""
    folder = Path(shutil.copytree(small_dir, tmp_path / "odd"))
    with Table(folder / NAME) as table:
        entries = list(table.entries())
    key, value = encode_entry(row("odd.example.com.", 1, b"\xc0\x00\x02\x01", FIRST_DAY + 60, 1))
    (folder / NAME).unlink()
    write_entries(folder / NAME, sorted([*entries, (key, value[:-1])]))
    return folder


def told(ask: Callable[[], object]) -> object:
    """An answer, or how it was refused."""
    try:
        return ask()
    except TablesDamaged as error:
        return [(failure.table, failure.code) for failure in error.failures]


def test_it_fails_what_meets_it_and_nothing_else(odd: Path, tmp_path: Path) -> None:
    """Names beside it answer, before and after a ranking and a sum of everything; both ways agree."""
    refused = [(NAME, "NOT_DNSTABLE")]
    with (
        LocalClient(odd, cache_dir=tmp_path / "local") as local,
        running_gateway(odd, cache_dir=tmp_path / "server", rescan_seconds=0.2) as running,
        Client(running.address) as client,
    ):
        for one in (local, client):
            for _ in range(2):
                assert (
                    one.volume("www.example.com", start="2024-01-05", stop="2024-01-05").series[0].total == 15
                )
                assert told(lambda one=one: one.volume("odd.example.com")) == refused
                assert told(lambda one=one: one.volume("*.example.com")) == refused
                assert told(lambda one=one: one.top(3)) == refused
                assert one.top(1, start="2024-01-06", stop="2024-01-07")[0].count == 15 + 16 + 2
            partial = one.volume("*.example.com", partial=True, start="2024-01-05", stop="2024-01-06")
            assert not partial.complete
            assert [failure.table for failure in partial.summary.failures] == [NAME]
            assert all(table.problem is None for table in one.tables().tables)
