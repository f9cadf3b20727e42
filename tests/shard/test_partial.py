import dataclasses
import pickle
from collections import Counter

import numpy as np
import pytest
from dnstide.model.errors import Failure
from dnstide.model.skipped import SkippedRows
from dnstide.mtbl import CountOverflow
from dnstide.shard import Partial, sum_partials
from hypothesis import given
from hypothesis import strategies as st

Key = tuple[int, int, int]
BIG = 2**64 - 1


def partial(counts: dict[Key, int], **more: object) -> Partial:
    keys = sorted(counts)
    columns = [
        np.array([key[i] for key in keys], kind) for i, kind in enumerate((np.int32, np.uint16, np.int32))
    ]
    return Partial(*columns, np.array([counts[key] for key in keys], np.uint64), **more)  # type: ignore[call-arg, arg-type]


def counts(summed: Partial) -> dict[Key, int]:
    keys = zip(summed.query.tolist(), summed.rrtype.tolist(), summed.bucket.tolist(), strict=True)
    return dict(zip(keys, summed.count.tolist(), strict=True))


FAILURES = [
    Failure("b", "BAD_MAGIC", "bad"),
    Failure("a", "BAD_BLOCK", "bad", 5),
    Failure("a", "BAD_BLOCK", "bad"),
]
KEYS = st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 28]), st.integers(0, 4))
PARTIALS = st.builds(
    partial,
    st.dictionaries(KEYS, st.integers(1, 2**60)),
    rows=st.integers(0, 9),
    blocks=st.integers(0, 9),
    answered=st.integers(0, 9),
    summarized=st.integers(0, 9),
    failures=st.sampled_from([(), (FAILURES[1],), (FAILURES[1], FAILURES[0])]),
    seconds=st.sampled_from([0.0, 0.5, 1.5]),
)


@given(st.lists(PARTIALS, max_size=6))
def test_sums_are_those_of_a_dictionary(partials: list[Partial]) -> None:
    """Counts are added by key, and come out unique and sorted."""
    expected: Counter[Key] = Counter()
    for single in partials:
        expected.update(counts(single))
    summed = counts(sum_partials(partials))
    assert summed == dict(expected)
    assert list(summed) == sorted(summed)


@given(PARTIALS, PARTIALS, PARTIALS)
def test_order_and_grouping_do_not_matter(a: Partial, b: Partial, c: Partial) -> None:
    """The sum is associative and commutative, and the empty partial is its identity."""
    assert (a + b) + c == a + (b + c) == sum_partials((c, a, b))
    assert a + b == b + a
    assert a + Partial.empty() == Partial.empty() + a == a


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Partial)])
def test_every_field_takes_part_in_the_sum(name: str) -> None:
    """A field that is added to Partial without a law of its own makes this test fail."""
    a = partial(
        {(0, 0, 0): 3}, rows=1, blocks=2, answered=3, summarized=2, failures=(FAILURES[0],), seconds=0.5,
        skipped=(SkippedRows("a", 2, 900, "late"), SkippedRows("c", 1, 0, "odd")), outside=(5, 9),
    )  # fmt: skip
    b = partial(
        {(1, 28, 2): 4}, rows=10, blocks=20, answered=30, summarized=5, failures=(FAILURES[1],), seconds=0.25,
        skipped=(SkippedRows("a", 3, 100, "first"), SkippedRows("b", 4, 5, "odd")), outside=(2, 7),
    )  # fmt: skip
    expected = {
        "query": [0, 1],
        "rrtype": [0, 28],
        "bucket": [0, 2],
        "count": [3, 4],
        "rows": 11,
        "blocks": 22,
        "answered": 33,
        "summarized": 7,
        "failures": (FAILURES[1], FAILURES[0]),
        "seconds": 0.5,
        "skipped": (
            SkippedRows("a", 5, 100, "first"),
            SkippedRows("b", 4, 5, "odd"),
            SkippedRows("c", 1, 0, "odd"),
        ),
        "outside": (2, 9),
    }
    summed = getattr(a + b, name)
    assert (summed.tolist() if isinstance(summed, np.ndarray) else summed) == expected[name]


def test_types_of_the_columns_stay() -> None:
    """What goes over the wire keeps its width."""
    for each in (Partial.empty(), partial({(0, 0, 0): 1}) + partial({(0, 0, 0): 1})):
        types = [c.dtype for c in (each.query, each.rrtype, each.bucket, each.count)]
        assert types == ["i4", "u2", "i4", "u8"]


def test_sums_reach_the_largest_count_exactly() -> None:
    """2**64-1 is a sum like any other, one more is an error and never a wrap."""
    top = partial({(0, 0, 0): BIG - 1, (0, 0, 1): BIG})
    single = partial({(0, 0, 0): 1})
    assert counts(top + single) == {(0, 0, 0): BIG, (0, 0, 1): BIG}
    with pytest.raises(CountOverflow):
        top + single + single
    with pytest.raises(CountOverflow):
        sum_partials([partial({(0, 0, 7): 2**62})] * 4)
    assert counts(sum_partials([partial({(0, 0, 7): 2**62})] * 3)) == {(0, 0, 7): 3 * 2**62}


@given(st.lists(st.integers(1, BIG), min_size=1, max_size=5))
def test_overflow_is_found_exactly(values: list[int]) -> None:
    """For any counts, the sum is right or an error, as Python's integers say."""
    partials = [partial({(0, 0, 0): value}) for value in values]
    if sum(values) > BIG:
        with pytest.raises(CountOverflow):
            sum_partials(partials)
    else:
        assert counts(sum_partials(partials)) == {(0, 0, 0): sum(values)}


def test_keys_too_wide_for_one_number() -> None:
    """Indexes at the ends of their types are told apart and sorted, too."""
    wide = {
        (2**31 - 1, 65535, 2**31 - 1): 1,
        (2**31 - 1, 65535, 0): 2,
        (0, 65535, 2**31 - 1): 3,
        (0, 0, 0): 4,
    }
    assert counts(partial(wide) + partial(wide)) == {key: 2 * wide[key] for key in sorted(wide)}


def test_failures_are_a_union() -> None:
    """The same failure from two sides is one, and the order is by table."""
    a = partial({}, failures=(FAILURES[0], FAILURES[1]))
    b = partial({}, failures=(FAILURES[2], FAILURES[0]))
    assert (a + b).failures == (FAILURES[2], FAILURES[1], FAILURES[0])
    assert str(FAILURES[1]) == "a: bad (at byte 5)"


def test_partials_cross_processes() -> None:
    """A pickled partial is the same partial."""
    single = partial({(0, 1, 2): BIG}, rows=4, failures=(FAILURES[1],), seconds=0.25)
    assert pickle.loads(pickle.dumps(single, protocol=5)) == single
