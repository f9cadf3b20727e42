"""Who is asked for a table, and what a report of a death changes."""

from __future__ import annotations

from typing import Any

import pytest
from dnstide.gateway.member import Member, ShardSpec, State
from dnstide.gateway.pool import Pool, divide
from dnstide.shard.client import ShardClient, ShardPlace
from dnstide.shard.directory import TableStatus

TABLES = tuple(f"dns.202401{day:02}.D.mtbl" for day in range(1, 11))


class Nowhere:
    """A transport that nobody calls here."""

    async def call(self, method: str, *arguments: Any) -> Any:
        raise AssertionError

    async def close(self) -> None:
        pass


def client(name: str) -> ShardClient:
    return ShardClient(ShardPlace(name, "n", 1, 7), Nowhere())


@pytest.fixture
def pool() -> Pool:
    """Two nodes with two shards each, all alive, all of which see every table."""
    pool = Pool()
    statuses = tuple(TableStatus(name, 1, 1, i) for i, name in enumerate(TABLES))
    for name in ("a/0", "a/1", "b/0", "b/1"):
        spec = ShardSpec(name, name[0], name[0], 1)
        pool.members[name] = Member(spec, State.ALIVE, client(name), inventory=statuses)
    assert pool.rebuild()
    return pool


def test_every_table_has_one_owner(pool: Pool) -> None:
    """What the shards own together is what there is, and it is what they are asked for."""
    owned = {name: pool.owned(name) for name in pool.members}
    assert sorted(table for tables in owned.values() for table in tables) == sorted(TABLES)
    division = pool.divide(TABLES)
    assert {shard: list(tables) for shard, tables in division.parts} == {s: t for s, t in owned.items() if t}
    assert division.unassigned == ()


def test_a_division_is_kept_until_a_shard_changes(pool: Pool) -> None:
    """For the very same tuple of tables; a death divides it anew."""
    division = pool.divide(TABLES)
    assert pool.divide(TABLES) is division
    assert pool.divide((*TABLES[:1], *TABLES[1:])) == division
    pool.set_state("a/0", State.DEAD)
    assert "a/0" not in dict(pool.divide(TABLES).parts)


def test_the_choice_leaves_out_what_was_tried(pool: Pool) -> None:
    """Shards by name, and all shards of a node; a silent shard only where none is alive."""
    for table in TABLES:
        order = pool.placement[table]
        assert pool.choose(table) == order[0]
        assert pool.choose(table, order[:1]) == order[1]
        elsewhere = pool.choose(table, order[:1], [order[0][0]])
        assert elsewhere is not None
        assert elsewhere[0] != order[0][0]
        assert pool.choose(table, order) is None
        assert pool.choose(table, nodes=["a", "b"]) is None
        pool.set_state(order[0], State.SILENT)
        assert pool.choose(table) == order[1]
        assert pool.choose(table, order[1:]) == order[0]
        assert pool.choose(table, order[1:], states=(State.ALIVE,)) is None
        pool.set_state(order[0], State.ALIVE)


def test_a_late_report_of_an_old_client_changes_nothing(pool: Pool) -> None:
    """A shard that was made anew is not taken for the one that died."""
    wakes: list[int] = []
    pool.on_change(lambda: wakes.append(1))
    member = pool.members["a/0"]
    old, member.client = member.client, client("a/0")
    pool.mark_dead("a/0", old)
    assert (member.state, wakes) == (State.ALIVE, [])
    pool.mark_dead("a/0", member.client)
    assert (member.state, wakes) == (State.DEAD, [1])
    pool.mark_dead("a/0", member.client)
    assert wakes == [1]
    pool.mark_dead("no-such-shard", member.client)


def test_what_nobody_can_read_is_unassigned() -> None:
    """The parts keep the order of the tables."""
    division = divide(["c", "a", "b"], {"a": "s1", "c": "s1"}.get)
    assert division.parts == (("s1", ("c", "a")),)
    assert division.unassigned == ("b",)


def test_a_rebuild_without_news_keeps_the_catalog(pool: Pool) -> None:
    """And with it the plans made for it."""
    catalog = pool.catalog
    assert not pool.rebuild()
    assert pool.catalog is catalog
