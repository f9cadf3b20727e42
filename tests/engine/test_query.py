"""Questions about volume whose texts are parsed: targets, filters, and every wrong field by its name."""

from __future__ import annotations

from typing import Any

import pytest
from dnstide.model.errors import InvalidQuestion
from dnstide.mtbl import RowFilter

from tests.engine.questions import volume_query


def test_texts_become_targets() -> None:
    """The filter of the question is that of each of its names."""
    query = volume_query(["a.com", "*.b.com"], rrtypes=["AAAA", "a"], bailiwick="COM")
    assert [target.filter for target in query.targets] == [RowFilter((1, 28), b"\x03com\x00")] * 2


def test_names_that_are_the_same_are_looked_for_once() -> None:
    """Each name asked has a target; equal ones share a query."""
    query = volume_query(["b.com", "a.com.", "B.com", "a.com", "*.a.com", "a.com/A"])
    assert len(query.targets) == 6
    assert [str(target) for target in query.distinct] == ["b.com.", "a.com.", "*.a.com.", "a.com."]
    assert len(query.queries()) == 4


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("names", 10001, {"names": ["a"] * 10001}),
        ("names[1]", "a..b", {"names": ["a", "a..b"]}),
        ("names[1]", "b/A", {"names": ["a", "b/A"], "rrtypes": ["AAAA"]}),
        ("names[0]", "b//c", {"names": ["b//c"], "bailiwick": "d"}),
        ("rrtypes", "nope", {"rrtypes": ["A", "nope"]}),
        ("rrtypes", 65, {"rrtypes": [f"TYPE{n}" for n in range(1000, 1065)]}),
        ("bailiwick", "a..b", {"bailiwick": "a..b"}),
    ],
)
def test_wrong_questions_name_the_field(field: str, value: object, words: dict[str, Any]) -> None:
    """Each refusal names the field as the API does, and the value given."""
    with pytest.raises(InvalidQuestion) as caught:
        volume_query(**({"names": ["a.com"]} | words))
    ((wrong, text),) = caught.value.problems
    assert wrong == field
    assert text.endswith(f"(got {value!r})")


def test_every_wrong_field_is_named() -> None:
    """One error names all that is wrong, twenty fields at most."""
    with pytest.raises(InvalidQuestion) as caught:
        volume_query(["a", "b..c", "d/NOPE"], bailiwick="..", rrtypes=["moon"])
    fields = [field for field, _ in caught.value.problems]
    assert fields == ["rrtypes", "bailiwick", "names[1]", "names[2]"]
    with pytest.raises(InvalidQuestion) as caught:
        volume_query(["a..b"] * 100)
    assert [field for field, _ in caught.value.problems] == [f"names[{i}]" for i in range(20)]


def test_fewer_names_may_be_allowed() -> None:
    """A server takes as many names as it was told to."""
    from dnstide.engine import VolumeQuery

    from tests.engine.questions import volume_question

    question = volume_question(["a", "b", "c"])
    assert len(VolumeQuery.parse(question, max_names=3).targets) == 3
    with pytest.raises(InvalidQuestion, match="at most 2 names"):
        VolumeQuery.parse(question, max_names=2)


def test_long_values_are_cut_in_errors() -> None:
    """A name of a megabyte does not become a message of a megabyte."""
    with pytest.raises(InvalidQuestion) as caught:
        volume_query(["a" * 1_000_000])
    assert len(str(caught.value)) < 200
