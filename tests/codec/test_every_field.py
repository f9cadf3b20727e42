"""Nothing is left out: not a field of the model, not one of the contract, in either direction."""

from __future__ import annotations

import dataclasses
import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from dnstide.api.v1 import service_pb2
from dnstide.codec import catalog as catalog_codec
from dnstide.model import analysis, catalog, coverage, errors, question, skipped, top, volume
from dnstide.model.errors import DnstideError
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings

from tests.codec.trips import TRIPS
from tests.codec.values import difference, of

MODULES = (analysis, catalog, coverage, errors, question, skipped, top, volume)
"""The modules of the model whose values travel."""

STAY = {"TableReport", "Mark"}
"""Values that never travel: tables are verified where they lie, pictures are drawn where they are seen."""

NOT_OF_THE_VALUE = {
    "dnstide.api.v1.ListTablesResponse.next_page_token",
    "dnstide.api.v1.ListTablesResponse.total_count",
    "dnstide.api.v1.ListTablesRequest.page_size",
    "dnstide.api.v1.ListTablesRequest.page_token",
    "dnstide.api.v1.ListTablesRequest.dataset",
}
"""Fields that the caller and the server use themselves to go from page to page."""

EXAMPLES, EXAMPLES_OF_QUESTIONS = 80, 200
"""Of each kind; questions are small, and some of their fields go with few others."""


QUESTIONS = (question.VolumeQuestion, question.TopQuestion, question.AnalysisQuestion)


def dataclasses_of(module: ModuleType) -> set[type]:
    """The dataclasses that a module defines."""
    return {
        kind
        for _, kind in inspect.getmembers(module, dataclasses.is_dataclass)
        if isinstance(kind, type) and kind.__module__ == module.__name__
    }


def examples(kind: type) -> list[Any]:
    """The same values of a kind each time, small and large."""
    found: list[Any] = []

    @given(of(kind))
    @settings(
        max_examples=EXAMPLES_OF_QUESTIONS if kind in QUESTIONS else EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def parts(value: Any) -> Iterator[Any]:
    """The value itself, and every dataclass in it."""
    if dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from parts(item)


@pytest.fixture(scope="module")
def values() -> dict[type, list[Any]]:
    """Examples of each kind that travels."""
    return {kind: examples(kind) for kind in TRIPS}


def messages_in(message: Message) -> Iterator[Message]:
    """The message itself, and every message in it."""
    yield message
    for field, content in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for item in content if field.is_repeated else [content]:
                yield from messages_in(item)


def contract() -> set[str]:
    """The full name of every field that a call can bring, those of google's messages left out."""
    seen: set[str] = set()
    pending: list[Descriptor] = []
    for method in service_pb2.DESCRIPTOR.services_by_name["Dnstide"].methods:
        pending += [method.input_type, method.output_type]
    while pending:
        for field in pending.pop().fields:
            if field.full_name.startswith("dnstide.") and field.full_name not in seen:
                seen.add(field.full_name)
                if field.message_type is not None:
                    pending.append(field.message_type)
    return seen


def test_every_value_travels_or_stays_on_purpose(values: dict[type, list[Any]]) -> None:
    """A class that the model gets is either part of something that travels, or named here."""
    travel = {type(part) for found in values.values() for value in found for part in parts(value)}
    known = set().union(*map(dataclasses_of, MODULES))
    assert travel == {kind for kind in known if kind.__name__ not in STAY}


def test_every_field_of_the_model_is_varied(values: dict[type, list[Any]]) -> None:
    """A round trip shows nothing of a field that is always the same: each has two values at least, and where
    it has a default one that differs from it.
    """
    seen: dict[tuple[type, str], list[Any]] = defaultdict(list)
    for value in (value for found in values.values() for value in found):
        for part in parts(value):
            for field in dataclasses.fields(part):
                known = seen[type(part), field.name]
                content = getattr(part, field.name)
                if len(known) < 2 and all(difference(content, other) for other in known):
                    known.append(content)
    constant = {f"{kind.__name__}.{name}" for (kind, name), known in seen.items() if len(known) < 2}
    assert not constant


def test_every_field_of_the_contract_is_set(values: dict[type, list[Any]]) -> None:
    """A field of a message that no value fills is one that the codec forgot, or one too many."""
    sent: list[Message] = [catalog_codec.tables_request("dns", "token")]
    for kind, found in values.items():
        sent += [message for value in found for message in TRIPS[kind].messages(value)]
    assert contract() - filled(sent) == set()


def test_every_field_of_the_contract_is_read(values: dict[type, list[Any]]) -> None:
    """Where a field is taken out of a message, the value that arrives is another one, or none."""
    unread = contract() - NOT_OF_THE_VALUE
    for kind, found in values.items():
        for value in found:
            for name in unread & filled(TRIPS[kind].messages(value)):
                if changed(kind, value, without(TRIPS[kind].messages(value), name)):
                    unread.discard(name)
    assert unread == set()


def filled(messages: Iterable[Message]) -> set[str]:
    """The full names of the fields that are set in the messages, and in those in them."""
    return {
        field.full_name
        for message in messages
        for each in messages_in(message)
        for field, _ in each.ListFields()
    }


def without(messages: list[Message], name: str) -> list[Message]:
    """The messages, the field of that full name taken out of them."""
    for message in messages:
        for each in list(messages_in(message)):
            for field, _ in each.ListFields():
                if field.full_name == name:
                    each.ClearField(field.name)
    return messages


def changed(kind: type, value: Any, messages: list[Message]) -> bool:
    """Whether the messages are read as another value, or refused."""
    try:
        return difference(value, TRIPS[kind].back(value, messages)) is not None
    except (DnstideError, IndexError):
        return True


def test_a_forgotten_field_is_seen() -> None:
    """The walk over a class notices a field that is new in it: the comparison goes into it, too."""

    @dataclasses.dataclass(frozen=True)
    class Grown(volume.Timings):
        disk: float = 0.0

    found = examples(Grown)
    assert len({made.disk for made in found}) > 2
    lost = dataclasses.replace(found[0], disk=0.25)
    told = difference(lost, dataclasses.replace(lost, disk=0.0))
    assert told == ".disk: 0.25 is not 0.0"


def test_arrays_of_answers_are_read_only(values: dict[type, list[Any]]) -> None:
    """Answers are values: nobody who holds one may change what another sees."""
    for kind in (volume.Volume, top.Top):
        for value in values[kind]:
            read = TRIPS[kind].back(value, TRIPS[kind].messages(value))
            arrays = [
                content
                for part in parts(read)
                for field in dataclasses.fields(part)
                if isinstance(content := getattr(part, field.name), np.ndarray)
            ]
            assert not any(array.flags.writeable for array in arrays)
