"""The rankings against brute force over plain dictionaries, for any data, any depth of lists and any split
into shards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import dns.name
import numpy as np
import pytest
from dnstide.engine.top.changes import AFTER, BEFORE, Direction, Movers, move
from dnstide.engine.top.threshold import Ranking, rank
from dnstide.mtbl.dnstable import reversed_name
from dnstide.mtbl.errors import CountOverflow
from dnstide.mtbl.keys import Grouping, Keys, labels, tie_order
from dnstide.shard.counts import LARGEST_COUNT, add_counts, total
from dnstide.shard.ranking.bounds import Bounds
from dnstide.shard.ranking.requests import AboveRequest, ExactRequest, TopRequest
from hypothesis import example, given
from hypothesis import strategies as st

ORDER = tie_order(Grouping.FQDN)


def key(name: str) -> bytes:
    return reversed_name(dns.name.from_text(name))


class Lists:
    """One shard in plain Python: tables as dictionaries, of which only the ``kept`` largest are cheap to
    see.
    """

    def __init__(self, tables: Sequence[dict[bytes, int]], kept: int, loose: int = 0) -> None:
        self.ranked = [sorted(t.items(), key=lambda item: (-item[1], ORDER(item[0]))) for t in tables]
        self.tables, self.kept, self.loose = tables, kept, loose
        self.asked: list[Any] = []

    def answer(self, request: TopRequest | AboveRequest | ExactRequest) -> Any:
        self.asked.append(request)
        if isinstance(request, ExactRequest):
            sums = [sum(t.get(k, 0) for t in self.tables) for k in request.keys]
            if any(s > LARGEST_COUNT for s in sums):
                raise CountOverflow("too large")
            return np.array(sums, np.uint64)
        if isinstance(request, AboveRequest):
            cuts = [sum(count >= request.threshold for _, count in r) for r in self.ranked]
            return self._bounds(cuts, None, len(self.tables) * (request.threshold - 1), exhaustible=False)
        depth = request.depth if request.scan else min(request.depth, self.kept)
        return self._bounds(
            [depth] * len(self.tables),
            request.send,
            0,
            exhaustible=not request.scan and request.depth < self.kept,
        )

    def _bounds(self, cuts: list[int], send: int | None, cut: int, *, exhaustible: bool) -> Bounds:
        listed = [dict(r[:c]) for r, c in zip(self.ranked, cuts, strict=True)]
        floors = [
            r[c][1] + self.loose * (len(self.tables) > 1) if c < len(r) else 0
            for r, c in zip(self.ranked, cuts, strict=True)
        ]
        rows = []
        for k in {k for listing in listed for k in listing}:
            low = sum(listing.get(k, 0) for listing in listed)
            absent = [f for listing, f in zip(listed, floors, strict=True) if k not in listing and f]
            if low > LARGEST_COUNT:
                raise CountOverflow("too large")
            rows.append((k, low, min(low + sum(absent), LARGEST_COUNT), len(absent)))
        rows.sort(key=lambda row: (-row[2], -row[1], ORDER(row[0])))
        sent = rows[:send] if send is not None else [row for row in rows if row[2] > cut]
        left = rows[len(sent) :]
        return Bounds(
            Keys.of(row[0] for row in sent),
            np.array([row[1] for row in sent], np.uint64),
            np.array([row[2] for row in sent], np.uint64),
            np.array([row[3] for row in sent], np.uint32),
            max([sum(floors), *(row[2] for row in left)]),
            len(self.tables),
            exhaustible or (send is not None and bool(left)),
            max(cuts, default=0),
        )


def drive(steps: Any, spans: Sequence[Sequence[Lists]]) -> Any:
    """Put every question to all shards of its span, as an engine would; the shards' order is reversed each
    time.
    """
    answers = None
    shuffled = 1
    while True:
        try:
            request = steps.send(answers)
        except StopIteration as done:
            return done.value
        shuffled = -shuffled
        answers = [shard.answer(request) for shard in spans[request.span]][::shuffled]


def dealt(tables: list[dict[bytes, int]], shards: int, kept: int, loose: int = 0) -> list[Lists]:
    return [Lists(tables[i::shards], kept, loose) for i in range(shards)]


def brute(n: int, tables: Sequence[dict[bytes, int]]) -> list[tuple[bytes, int]]:
    sums: Counter[bytes] = Counter()
    for table in tables:
        sums.update(table)
    return sorted(sums.items(), key=lambda item: (-item[1], ORDER(item[0])))[:n]


NAMES = [
    key(name)
    for name in (".", "a.", "b.", "a.b.", "aa.", "b.a.", "c.a.", "com.", "a.com.", "*.com.", "-.com.")
]
FEW = st.sampled_from(NAMES)
MANY = st.integers(0, 60).map(lambda i: key(f"h{i}.example."))
COUNTS = st.one_of(st.integers(1, 3), st.integers(1, 1000), st.just(2**63), st.integers(2**31, 2**34))
TABLES = st.lists(st.dictionaries(st.one_of(FEW, MANY), COUNTS, max_size=25), max_size=9)


@given(TABLES, st.integers(1, 40), st.integers(1, 4), st.integers(0, 12), st.integers(0, 5))
@example([{}, {}], 3, 2, 1, 0)
@example([{NAMES[1]: 10, NAMES[2]: 9}, {NAMES[3]: 10, NAMES[2]: 9}], 1, 2, 1, 0)
@example([dict.fromkeys(NAMES, 1)] * 3, 4, 3, 2, 0)
@example([{NAMES[5]: 2, NAMES[1]: 1}, {NAMES[6]: 2, NAMES[1]: 1}], 1, 1, 1, 0)
def test_rank_is_brute_force(
    tables: list[dict[bytes, int]], n: int, shards: int, kept: int, loose: int
) -> None:
    """Whatever the data, how little the lists keep, how loose the floors and how many shards: the same, exact
    answer.
    """
    expected = brute(n, tables)
    if any(count > LARGEST_COUNT for _, count in brute(len(NAMES) + 61, tables)):
        with pytest.raises(CountOverflow):
            drive(rank(10**5, ORDER), [dealt(tables, shards, 10**5)])
        return
    ranking: Ranking = drive(rank(n, ORDER), [dealt(tables, shards, kept, loose)])
    assert list(zip(ranking.keys, ranking.counts, strict=True)) == expected
    assert ranking.certificate.proved
    assert ranking.certificate.lists == len(tables)


@given(
    TABLES,
    TABLES,
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(0, 8),
    st.sampled_from(Direction),
    st.data(),
)
def test_movers_are_brute_force(
    after: list[dict[bytes, int]],
    before: list[dict[bytes, int]],
    n: int,
    shards: int,
    kept: int,
    direction: Direction,
    data: st.DataObject,
) -> None:
    """Differences and ratios equal those of plain dictionaries, in both directions."""
    ratio_min_count = data.draw(st.one_of(st.none(), st.integers(1, 2000)))
    sums = [dict(brute(10**5, tables)) for tables in (after, before)]
    if any(count > LARGEST_COUNT for side in sums for count in side.values()):
        return
    up, down = sums if direction is Direction.RISE else sums[::-1]
    moved = [
        (k, c, down.get(k, 0)) for k, c in up.items() if c > down.get(k, 0) and c >= (ratio_min_count or 0)
    ]
    if ratio_min_count is None:
        moved.sort(key=lambda m: (m[2] - m[1], ORDER(m[0])))
    else:
        moved.sort(key=lambda m: (m[2] > 0, -Fraction(m[1], m[2] or 1), -m[1], ORDER(m[0])))
    spans = {AFTER: dealt(after, shards, kept), BEFORE: dealt(before, shards, kept)}
    movers: Movers = drive(
        move(n, direction, ORDER, ratio_min_count=ratio_min_count), [spans[AFTER], spans[BEFORE]]
    )
    assert [m.key for m in movers.movements] == [k for k, _, _ in moved[:n]]
    for found, (_, larger, smaller) in zip(movers.movements, moved, strict=False):
        expected = (smaller, larger) if direction is Direction.RISE else (larger, smaller)
        assert (found.before, found.after) == expected


def test_a_name_that_wins_nowhere_wins_overall() -> None:
    """The case local winners lose: the second of every table is the first of all."""
    tables = [{key(f"only{i}."): 10, key("everywhere."): 9} for i in range(50)]
    ranking = drive(rank(1, ORDER), [dealt(tables, 5, 1)])
    assert ranking.keys == (key("everywhere."),)
    assert ranking.counts == (450,)


def test_lists_that_suffice_are_not_read_further() -> None:
    """On skewed data one round and no scan prove the answer."""
    tables = [{key(f"h{i}."): 10_000 // (i + 1) for i in range(2_000)} for _ in range(30)]
    shard = Lists(tables, 1_500)
    certificate = drive(rank(10, ORDER), [[shard]]).certificate
    assert certificate.rounds == 1
    assert certificate.theta == 30 * (10_000 // 501)
    assert all(isinstance(request, TopRequest) and not request.scan for request in shard.asked)


def test_flat_data_is_read_until_it_is_proved() -> None:
    """No list shorter than the whole proves flat counts; the ranking says that it read them."""
    tables = [{key(f"t{t}-{i}."): 1 for i in range(20)} for t in range(4)]
    shard = Lists(tables, 2)
    ranking = drive(rank(30, ORDER), [[shard]])
    assert list(zip(ranking.keys, ranking.counts, strict=True)) == brute(30, tables)
    assert isinstance(shard.asked[-1], AboveRequest) or shard.asked[-1].scan


def test_tie_order_is_dnssec_canonical() -> None:
    """The example of RFC 4034 §6.1, in its order."""
    text = [
        "example.",
        "a.example.",
        "yljkjljk.a.example.",
        "Z.a.example.".lower(),
        "zABC.a.EXAMPLE.".lower(),
    ]
    text += ["z.example.", "\\001.z.example.", "*.z.example.", "\\200.z.example."]
    keys = [key(name) for name in text]
    assert sorted(keys, key=ORDER) == keys
    assert labels(key(".")) == ()


def test_sums_are_exact_in_64_bits() -> None:
    """Sums that floats cannot hold come out whole, and one more than fits is refused."""
    at = np.array([0, 0, 1], np.intp)
    counts = np.array([2**63, 2**63 - 1, 3], np.uint64)
    assert add_counts(at, counts, 2).tolist() == [2**64 - 1, 3]
    assert total(counts) == 2**64 + 2
    with pytest.raises(CountOverflow):
        add_counts(at, counts + np.array([0, 1, 0], np.uint64), 2)
