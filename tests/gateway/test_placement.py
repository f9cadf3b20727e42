"""Tables to shards: balanced, stable, and the same wherever it is computed."""

from collections import Counter

from dnstide.gateway.placement import LOAD_BOUND, place, preference
from hypothesis import given
from hypothesis import strategies as st

TABLES = [f"dns.2024{month:02}{day:02}.D.mtbl" for month in range(1, 13) for day in range(1, 29)]
NAMES = st.lists(st.text("abcdef0123456789", min_size=1, max_size=6), unique=True, max_size=40)


def seen(tables: list[str], shards: list[str]) -> dict[str, list[str]]:
    """Every table is seen by every shard."""
    return dict.fromkeys(tables, shards)


def owners(placed: dict[str, tuple[str, ...]]) -> Counter[str]:
    return Counter(shards[0] for shards in placed.values())


@given(NAMES, NAMES)
def test_every_table_ranks_all_its_shards_whatever_their_order(tables: list[str], shards: list[str]) -> None:
    """A table is placed exactly where somebody sees it, and the ranking is a permutation of those who do."""
    placed = place(seen(tables, shards))
    assert placed == place(seen(tables[::-1], shards[::-1]))
    assert set(placed) == (set(tables) if shards else set())
    assert all(sorted(ranking) == sorted(shards) for ranking in placed.values())


def test_no_shard_owns_more_than_its_bounded_share() -> None:
    """With two to nine shards the largest load stays under the bound."""
    for count in range(2, 10):
        load = owners(place(seen(TABLES, [f"shard-{i}" for i in range(count)])))
        assert max(load.values()) <= -(-LOAD_BOUND * len(TABLES) // count)
        assert len(load) == count


def test_one_shard_more_moves_about_its_share_only() -> None:
    """From 8 to 9 shards about one table in nine finds a new owner, not all of them."""
    before = place(seen(TABLES, [f"shard-{i}" for i in range(8)]))
    after = place(seen(TABLES, [f"shard-{i}" for i in range(9)]))
    moved = sum(before[table][0] != after[table][0] for table in TABLES)
    assert len(TABLES) / 18 < moved < len(TABLES) / 4


def test_tables_stay_with_those_who_see_them() -> None:
    """Nodes with different directories do not own each other's tables."""
    placed = place({"a": ["left"], "b": ["left"], "c": ["right"], "d": ["left", "right"]})
    assert placed["a"] == placed["b"] == ("left",)
    assert placed["c"] == ("right",)
    assert sorted(placed["d"]) == ["left", "right"]


def test_the_hash_is_the_same_in_every_process() -> None:
    """The ranking is part of what two gateways agree on without talking, so it is written down here."""
    assert preference("dns.20240101.D.mtbl", ["a", "b", "c"]) == preference(
        "dns.20240101.D.mtbl", ["c", "a", "b"]
    )
    assert [preference(f"t{i}", ["a", "b"])[0] for i in range(8)] == list("babaabbb")
