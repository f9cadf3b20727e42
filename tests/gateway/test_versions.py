"""Nodes that hold different files under the name of one table: an answer does not depend on who is alive."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.gateway.versions import elected
from dnstide.shard.directory import TableStatus

from tests.conftest import FIRST_DAY, row, write_table
from tests.gateway.conftest import Refused
from tests.gateway.test_fanout import asked, told, two_nodes

NAME = "dns.20240105.D.mtbl"
OLD, NEW = 10**18, 2 * 10**18


@pytest.fixture
def older(small_dir: Path, tmp_path: Path) -> Path:
    """A copy of small_dir in which one day is an older file with other counts."""
    folder = Path(shutil.copytree(small_dir, tmp_path / "older"))
    (folder / NAME).unlink()
    write_table(folder / NAME, [row("www.example.com.", 1, b"\xc0\x00\x02\x01", FIRST_DAY + 4 * 86_400, 999)])
    os.utime(folder / NAME, ns=(OLD, OLD))
    return folder


@pytest.mark.parametrize("kind", ["volume", "top"])
@pytest.mark.parametrize("newer_is", ["A", "B"])
def test_the_newer_file_is_the_table(
    kind: str, newer_is: str, small_dir: Path, older: Path, tmp_path: Path
) -> None:
    """Both nodes alive or not, the same numbers; without the node that has it, an error that says so."""
    nodes = (small_dir, older) if newer_is == "A" else (older, small_dir)
    with two_nodes(small_dir, small_dir, tmp_path / "alone") as running:
        truth = told(kind, asked(kind, running.address))
    with two_nodes(*nodes, tmp_path / "cache") as running:
        assert told(kind, asked(kind, running.address)) == truth
        ignored = dict(running.gateway.pool.catalog.ignored)
        assert f"on node {'B' if newer_is == 'A' else 'A'} another file" in ignored[NAME]
        loser = running.gateway.pool.members["B/0" if newer_is == "A" else "A/0"]
        running.call(loser.client.close)
        assert told(kind, asked(kind, running.address)) == truth
    with two_nodes(*nodes, tmp_path / "cache") as running:
        running.call(running.gateway.pool.members[f"{newer_is}/0"].client.close)
        refused = asked(kind, running.address)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "SHARD_UNREACHABLE")
        assert NAME in refused.text


def test_a_copy_with_another_time_is_the_same_table(small_dir: Path, tmp_path: Path) -> None:
    """Its bytes are compared; each node answers when the other one is lost."""
    copy = Path(shutil.copytree(small_dir, tmp_path / "copy"))
    for path in copy.glob("*.mtbl"):
        os.utime(path, ns=(NEW, NEW))
    with two_nodes(small_dir, copy, tmp_path / "cache") as running:
        truth = told("volume", asked("volume", running.address))
        assert running.gateway.pool.catalog.ignored == ()
        assert all(len(shards) == 2 for shards in running.gateway.pool.placement.values())
        running.call(running.gateway.pool.members["A/0"].client.close)
        assert told("volume", asked("volume", running.address)) == truth


def test_an_older_file_stands_in_for_a_damaged_one(small_dir: Path, tmp_path: Path, damage: Any) -> None:
    """Damage is written later than the sound copy, and yet the sound copy answers."""
    damaged = Path(shutil.copytree(small_dir, tmp_path / "damaged"))
    damage(damaged / NAME)
    with two_nodes(damaged, small_dir, tmp_path / "cache") as running:
        answer = asked("volume", running.address)
        assert not isinstance(answer, Refused), answer.text
        again = asked("volume", running.address)
        assert told("volume", again) == told("volume", answer)


def test_elections() -> None:
    """The latest time, then the larger size, then the name of the node; copies of the winner stand beside
    it.
    """
    one, two = TableStatus("t", 5, 1, 1), TableStatus("t", 5, 2, 2)
    assert elected({"a": one, "b": two}, {}) == {"b"}
    same = {("a", "t", one.identity): 7, ("b", "t", two.identity): 7}
    assert elected({"a": one, "b": two}, same) == {"a", "b"}
    assert elected({"a": one, "b": two}, {**same, ("a", "t", one.identity): 8}) == {"b"}
    unreadable: dict[Any, int | None] = {("a", "t", one.identity): None, ("b", "t", two.identity): None}
    assert elected({"a": one, "b": two}, unreadable) == {"b"}
    assert elected({"a": TableStatus("t", 6, 2, 1), "b": two, "c": TableStatus("t", 6, 2, 3)}, {}) == {
        "a",
        "c",
    }
