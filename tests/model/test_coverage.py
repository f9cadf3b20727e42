"""What an answer could look at: stretches, sums, and the sentence that tells them."""

from __future__ import annotations

import pytest
from dnstide.model.coverage import NOT_TOLD, SpanCoverage, length
from dnstide.model.granularity import DAY
from dnstide.model.vocabulary import MAX_LISTED_STRETCHES, Coverage

OK, NONE, PART, BAD = Coverage.COMPLETE, Coverage.NONE, Coverage.PARTIAL, Coverage.DAMAGED


@pytest.mark.parametrize(
    ("covered", "whole", "said"),
    [
        (2 * DAY, 5 * DAY, "2 of 5 days"),
        (5 * DAY, 5 * DAY, "all of 5 days"),
        (0, DAY, "0 of 1 day"),
        (DAY * 3 // 4, DAY, "18 of 24 hours"),
        (1800, 3600, "30 of 60 minutes"),
        (59, 60, "59 of 60 seconds"),
        (114_865 * 60, 5_832_000 * 60, "79.7 of 4,050 days"),
        (4050 * DAY - 1, 4050 * DAY, "4,049.9 of 4,050 days"),
        (7201, 10_800, "2.0 of 3 hours"),
    ],
)
def test_lengths(covered: int, whole: int, said: str) -> None:
    """In a unit that a person counts in, and never "all" where something lacks."""
    assert length(covered, whole) == said


def test_stretches_are_joined_and_told() -> None:
    """Equal neighbours are one stretch; an empty one is none; each kind is named with its stretches."""
    coverage = SpanCoverage.of(
        [
            (0, DAY, OK),
            (DAY, 2 * DAY, OK),
            (2 * DAY, 2 * DAY, BAD),
            (2 * DAY, 3 * DAY, NONE),
            (3 * DAY, 3 * DAY + 3600, PART),
            (3 * DAY + 3600, 4 * DAY, BAD),
        ]
    )
    assert coverage.edges == (0, 2 * DAY, 3 * DAY, 3 * DAY + 3600, 4 * DAY)
    assert coverage.marks == (OK, NONE, PART, BAD)
    assert (coverage.seconds, coverage.covered_seconds, coverage.complete) == (4 * DAY, 2 * DAY, False)
    assert [str(stretch) for stretch in coverage.lacking(NONE)] == ["1970-01-03"]
    assert len(coverage.lacking()) == 3
    assert str(coverage) == (
        "covers 2 of 4 days: no table for 1970-01-03; "
        "covered in part 1970-01-04T00:00:00Z to 1970-01-04T01:00:00Z; "
        "damaged 1970-01-04T01:00:00Z to 1970-01-05T00:00:00Z"
    )


def test_many_stretches() -> None:
    """A sentence names the first ones; past the limit the last one stands for all that follow."""
    pieces = [(i * DAY, (i + 1) * DAY, (OK, NONE)[i % 2]) for i in range(2 * MAX_LISTED_STRETCHES)]
    coverage = SpanCoverage.of(pieces)
    assert len(coverage.marks) == MAX_LISTED_STRETCHES
    assert coverage.marks[-1] is PART
    assert coverage.edges[-1] == pieces[-1][1]
    assert coverage.covered_seconds == MAX_LISTED_STRETCHES * DAY
    assert not coverage.complete
    assert str(coverage).count("1970") == 8
    assert "more stretches" in str(coverage)


def test_an_empty_span_lacks_nothing() -> None:
    """Of nothing there is all."""
    assert NOT_TOLD.complete
    assert NOT_TOLD.stretches == ()
    assert NOT_TOLD.seconds == 0
