"""Every value of the model is, after its way through messages and bytes, what it was."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from dnstide.model.errors import Failure
from dnstide.model.question import Smoothing
from dnstide.model.top import Rank
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codec.trips import TRIPS
from tests.codec.values import difference, of

KINDS = pytest.mark.parametrize("kind", TRIPS, ids=lambda kind: kind.__name__)


@KINDS
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_values_come_back(kind: type, data: st.DataObject) -> None:
    """Each field of a value, and of the values in it, arrives as it was sent."""
    value = data.draw(of(kind))
    trip = TRIPS[kind]
    assert difference(value, trip.back(value, trip.messages(value))) is None


@KINDS
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_messages_come_back(kind: type, data: st.DataObject) -> None:
    """What is read from messages is sent by the same messages again: nothing is said in two ways."""
    value = data.draw(of(kind))
    trip = TRIPS[kind]
    messages = trip.messages(value)
    assert trip.messages(trip.back(value, messages)) == messages


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Failure("a", "b", "c"), Failure("a", "b", "c", offset=0)),
        (Failure("a", "b", "c"), Failure("a", "b", "c", retryable=True)),
        (Rank(1, "a", None, 2, 0.5), Rank(1, "a", None, 2, 0.25)),
        (Rank(1, "a", None, 2, 0.5), Rank(1, "a", "A", 2, 0.5)),
        (Rank(1, "a", None, 2, 0.5, np.array([1], "uint64")), Rank(1, "a", None, 2, 0.5, None)),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0])),
        (np.array([1], "uint64"), np.array([1], "int64")),
        ((1, 2), (1, 2, 3)),
        ({"a": 1}, {"b": 1}),
        (1, 1.0),
        (Smoothing(2), Smoothing(3)),
    ],
    ids=repr,
)
def test_the_judge_sees_a_difference(first: Any, second: Any) -> None:
    """The comparison misses no kind of difference, and finds none between equal values."""
    assert difference(first, second)
    assert difference(first, first) is None
    assert difference(second, second) is None


def test_the_judge_names_the_place() -> None:
    """A failing test has to say which field was lost."""
    entry = Failure("a", "b", "c")
    told = difference((entry, entry), (entry, dataclasses.replace(entry, offset=3)))
    assert told == "[1].offset: None is not 3"
