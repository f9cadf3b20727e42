"""What the scope of a ranking means for the tables: which lists bound it, and which rows belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from dnstide.mtbl import Table, TableError
from dnstide.mtbl.keys import Grouping
from dnstide.mtbl.psl import suffix_list
from dnstide.mtbl.scan import KeyRange, subtree
from dnstide.shard.ranking.requests import RankScope
from dnstide.shard.summaries.format import classes_of

_FEW_ROWS = 2_000
"""A suffix with fewer rows in the largest table is read rather than summarized."""


SMALL_TABLE = 1_000_000
"""Entries of a table that is read in less than a tenth of a second."""


def stays_whole(grouping: Grouping, under: bytes | None) -> bool:
    """Whether the names under a suffix are whole groups, so that lists over all names bound them as well."""
    if under is None or grouping is Grouping.FQDN:
        return True
    if grouping is Grouping.DOMAIN:
        return suffix_list().registered_domain(under) == under
    return grouping is Grouping.TLD and len(under) <= 2 + under[0]


def suits(scope: RankScope) -> bool:
    """Whether summaries say anything about such a scope."""
    return stays_whole(scope.grouping, scope.under) and classes_of(scope.rrtypes) is not None


def worth_summaries(scope: RankScope, tables: Sequence[Table]) -> bool:
    """Whether it pays to make summaries for such a ranking.

    A single small table is scanned for the request alone, and so are the rows under a suffix where they are
    few: that is faster. A large one is not to be read in full for every ranking.
    """
    if not tables or not suits(scope):
        return False
    if len(tables) == 1 and tables[0].entries_count < SMALL_TABLE:
        return False
    if scope.under is None:
        return True
    rows = subtree(scope.under)
    largest = max(tables, key=lambda table: table.size)
    try:
        entries = largest.entries(b"\0" + rows.start, b"\1" if rows.stop is None else b"\0" + rows.stop)
        return sum(1 for _ in islice(entries, _FEW_ROWS)) == _FEW_ROWS
    except TableError:
        return True


def key_ranges(under: bytes | None, excluded: Sequence[bytes]) -> list[KeyRange]:
    """The owner names under a suffix without those under the excluded ones, in ascending order."""
    whole = KeyRange() if under is None else subtree(under)
    ranges: list[KeyRange] = []
    start: bytes | None = whole.start
    for hole in sorted((subtree(name) for name in excluded), key=lambda r: r.start):
        if start is None or (whole.stop is not None and hole.start >= whole.stop):
            break
        if hole.stop is not None and hole.stop <= start:
            continue
        if hole.start > start:
            ranges.append(KeyRange(start, hole.start))
        start = hole.stop
    if start is not None and (whole.stop is None or start < whole.stop):
        ranges.append(KeyRange(start, whole.stop))
    return ranges
