"""The answer to a question about the largest: ranks, changes and the certificate."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from dnstide.model.coverage import SpanCoverage
from dnstide.model.granularity import Granularity
from dnstide.model.question import Span, TopQuestion
from dnstide.model.texts import many
from dnstide.model.top import Certificate, Change, Rank, Top, TopSummary, capped
from dnstide.model.vocabulary import MAX_COUNT, Coverage
from dnstide.model.volume import Axis

RANKS = (Rank(1, "a.", None, 1_234_567, 0.75), Rank(2, "b.", None, 3, 0.25))
DATA = (Rank(1, "192.0.2.1", "A", 5, 1.0), Rank(2, "b.", None, 3, 0.25))
RISES = (Change(1, "a.", None, 10, 1_010), Change(2, "b.", None, 0, 1))
FALLS = (Change(1, "c.", None, 9, 2),)


def top(ranks: Any = (), rises: Any = (), falls: Any = (), axis: Axis | None = None) -> Top:
    question = (
        TopQuestion(span=Span(86_400, 172_800), baseline=Span(0, 86_400)) if rises or falls else TopQuestion()
    )
    return Top(question, ranks, rises, falls, TopSummary(True, 1, 1), axis)


def certificate(**fields: int) -> Certificate:
    usual = Certificate(
        theta=5, threshold=9, lists=3, depth=100, candidates=1, lookups=0, scanned=2, rounds=1
    )
    return dataclasses.replace(usual, **fields)


def test_ranks_as_text() -> None:
    """The type stands before data."""
    assert str(RANKS[0]) == "1. a.: 1,234,567"
    assert str(DATA[0]) == "1. A 192.0.2.1: 5"
    assert DATA[0].title == "A 192.0.2.1"


def test_changes_as_text() -> None:
    """Both rates; a fall has a negative difference."""
    assert str(RISES[0]) == "1. a.: 10 → 1,010 a day (×101)"
    assert [change.difference_per_day for change in (*RISES, *FALLS)] == [1_000, 1, -7]
    assert [change.factor for change in (*RISES, *FALLS)] == ["×101", "new", "÷4.5"]
    assert (Change(1, "c.", None, 9, 0).factor, Change(1, "c.", None, 9, 0).ratio) == ("gone", 0)
    assert Change(1, "x", "TXT", 0, 0).title == "TXT x"


def test_a_ranking_as_text() -> None:
    """A line for each, or that there is none."""
    assert str(top(RANKS)) == "1. a.: 1,234,567\n2. b.: 3"
    assert str(top((), RISES, FALLS)).splitlines()[2] == "1. c.: 9 → 2 a day (÷4.5)"
    assert str(top()) == "nothing found"


def test_a_ranking_as_a_sequence() -> None:
    """It iterates over its ranks, or over its changes; those come with the word for each too."""
    ranked = top(RANKS)
    assert (list(ranked), len(ranked), ranked[1]) == (list(RANKS), 2, RANKS[1])
    assert ranked.found
    assert ranked.complete
    changed = top((), RISES, FALLS)
    assert (list(changed), len(changed), changed[2]) == ([*RISES, *FALLS], 3, FALLS[0])
    assert [word for word, _ in changed.changes] == ["rise", "rise", "fall"]
    assert changed.found
    assert top((), (), FALLS).found
    assert not top().found


def test_columns_of_ranks() -> None:
    """A type has a column only where there is one."""
    assert top(RANKS).columns().names == ("rank", "name", "count", "share", "coverage")
    assert next(top(RANKS).columns().rows()) == (1, "a.", 1_234_567, 0.75, "complete")
    columns = top(DATA).columns()
    assert columns.names == ("rank", "name", "rrtype", "count", "share", "coverage")
    assert columns["rrtype"].tolist() == ["A", None]
    assert top().columns().names == ("rank", "name", "count", "share", "coverage")


def test_columns_of_changes() -> None:
    """Rises come before falls, each with its own ranks."""
    columns = top((), RISES, FALLS).columns()
    assert columns.names == (
        "change", "rank", "name", "before", "after", "before_per_day", "after_per_day", "ratio", "coverage",
    )  # fmt: skip
    assert list(columns.rows())[1:] == [
        ("rise", 2, "b.", 0, 1, 0.0, 1.0, None, "complete"),
        ("fall", 1, "c.", 9, 2, 9.0, 2.0, 2 / 9, "complete"),
    ]
    assert top((), (), FALLS).columns().names[0] == "change"


def test_rates_of_spans_that_differ() -> None:
    """Ten of 30 days against one of one: per day it is the same; the sums stand beside."""
    change = Change(1, "a.", None, 300, 10, 30 * 86_400, 86_400)
    assert (change.before_per_day, change.after_per_day, change.difference_per_day) == (10, 10, 0)
    assert (change.ratio, change.factor, change.before, change.after) == (1, "×1.0", 300, 10)


def test_what_lacks_is_told() -> None:
    """A sentence for each span; the words say which."""
    lacking = SpanCoverage.of([(0, 86_400, Coverage.COMPLETE), (86_400, 172_800, Coverage.NONE)])
    summary = TopSummary(False, 1, 1, coverage=lacking, baseline_coverage=lacking)
    answer = Top(TopQuestion(), RANKS, (), (), summary)
    assert answer.lacks == [
        "covers 1 of 2 days: no table for 1970-01-02",
        "covers 1 of 2 days: no table for 1970-01-02 in the span held against",
    ]
    assert str(answer).splitlines()[2] == "incomplete: it covers 1 of 2 days: no table for 1970-01-02"
    assert answer.columns()["coverage"].tolist() == ["partial", "partial"]


def test_frames_are_the_columns() -> None:
    """Whatever the library, a row is a row."""
    largest = top((Rank(1, "a.", None, MAX_COUNT, 1.0),))
    assert int(largest.to_pandas()["count"][0]) == MAX_COUNT
    assert largest.to_polars()["count"].to_list() == [MAX_COUNT]
    assert largest.to_arrow()["count"].to_pylist() == [MAX_COUNT]
    assert "<td>a.</td>" in largest._repr_html_()


def test_series_of_ranks() -> None:
    """Zeros without tables are told from zeros; without series the question makes no sense."""
    axis = Axis.of(Granularity.DAY, [0, 86400, 172800], [Coverage.COMPLETE, Coverage.NONE])
    rank = Rank(1, "a.", None, 0, 0.0, np.zeros(2, np.uint64))
    assert top((rank,), axis=axis).known(rank).tolist() == [True, False]
    for ranked, other in ((top(RANKS, axis=axis), RANKS[0]), (top((rank,)), rank)):
        with pytest.raises(ValueError, match="without series"):
            ranked.known(other)


@pytest.mark.parametrize(
    ("theta", "threshold", "lists", "proved"),
    [
        (0, 0, 5, True),
        (8, 9, 5, True),
        (9, 9, 5, False),
        (9, 9, 1, True),
        (10, 9, 1, False),
        (10, 9, 5, False),
        (1, 0, 0, False),
    ],
)
def test_proofs(theta: int, threshold: int, lists: int, proved: bool) -> None:
    """Below is proved; equal only for one list, which is in rank order; nothing unlisted is proved always."""
    assert certificate(theta=theta, threshold=threshold, lists=lists).proved is proved


def test_certificates_as_text() -> None:
    """The proof in numbers, with the sign that holds, and what it took."""
    assert str(certificate()) == (
        "floors of 5 in all < the 9 that it takes to rank; 3 lists read 100 deep, 1 candidate, 0 lookups, "
        "2 tables scanned"
    )
    assert "floors of 9 in all <= the 9" in str(certificate(theta=9, lists=1))
    assert str(certificate(theta=0, lists=1, scanned=1)) == (
        "everything was listed; 1 list read 100 deep, 1 candidate, 0 lookups, 1 table scanned"
    )


def test_bounds_are_capped() -> None:
    """A sum of floors may pass the largest count; a certificate holds no more than that."""
    assert [capped(theta) for theta in (0, MAX_COUNT, MAX_COUNT + 1)] == [0, MAX_COUNT, MAX_COUNT]


def test_numbers_of_things() -> None:
    """One is singular."""
    assert [many(n, "table") for n in (0, 1, 2, 1000)] == ["0 tables", "1 table", "2 tables", "1,000 tables"]
