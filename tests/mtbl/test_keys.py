"""Groupings and their keys: the table in `keys` is whole, and native code has the same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dnstide.mtbl.keys import KEY_FACTS, Grouping, Keys, NativeGrouping, native_grouping, tie_order
from dnstide.mtbl.scan import TypeClasses, scan, sum_groups

HEADER = Path(__file__).parents[2] / "workers" / "native" / "grouping.h"


def test_native_code_has_the_same_numbers() -> None:
    """The enumeration of `grouping.h` is `NativeGrouping`, and its count is right."""
    text = HEADER.read_text()
    numbers = {name.upper(): int(number) for name, number in re.findall(r"^    (\w+) = (\d+),", text, re.M)}
    assert numbers == {member.name: member.value for member in NativeGrouping}
    assert re.findall(r"kGroupings = (\d+);", text) == [str(len(NativeGrouping))]


def test_every_grouping_has_its_facts() -> None:
    """No grouping is forgotten; numbers are not given twice; those by name are told as such."""
    assert set(KEY_FACTS) == set(Grouping)
    natives = [facts.native for facts in KEY_FACTS.values() if facts.native is not None]
    assert sorted(natives) == sorted(set(natives))
    for grouping, facts in KEY_FACTS.items():
        assert facts.names == grouping.by_name
        if facts.native is not None:
            assert facts.native.name.lower() == grouping


def test_a_grouping_that_is_not_scanned_is_refused() -> None:
    """Record types are counted beside every scan, so a scan by them is a mistake of the caller."""
    with pytest.raises(ValueError, match="rrtype"):
        native_grouping(Grouping.RRTYPE)
    with pytest.raises(ValueError, match="rrtype"):
        scan([], [Grouping.RRTYPE], TypeClasses(all=True))
    with pytest.raises(ValueError, match="rrtype"):
        sum_groups([], Grouping.RRTYPE, [], [])


def test_ties_are_ordered_canonically() -> None:
    """Names by their labels, so that a parent precedes its children; the rest as octets."""
    parent, child, sibling = b"\x03com\x01a\x00", b"\x03com\x01a\x01b\x00", b"\x03com\x03a-b\x00"
    assert sorted([sibling, child, parent], key=tie_order(Grouping.FQDN)) == [parent, child, sibling]
    assert sorted([b"\x00\x02a", b"\x00\x01b"], key=tie_order(Grouping.RDATA)) == [b"\x00\x01b", b"\x00\x02a"]


def test_keys_are_a_sequence() -> None:
    """Length, places, iteration, search and choice agree with the list they were made of."""
    items = [b"\x01a\x00", b"\x01b\x00", b"\x02ab\x00"]
    keys = Keys.of(items)
    assert (len(keys), list(keys), keys[1]) == (3, items, items[1])
    assert [keys.find(item) for item in [*items, b"b\x00\x02"]] == [0, 1, 2, None]
    assert list(keys.take(keys.offsets[[2, 0]] * 0 + [2, 0])) == [items[2], items[0]]
