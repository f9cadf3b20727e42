"""Values on the direct channel, as msgpack: questions and answers, and nothing that could run code.

Values of the kinds in `KINDS` travel with their name, arrays with their type and shape; sequences within a
value arrive as tuples. What a busy gateway sends most, questions about volume and their answers, goes without
names: both ends know by the method what comes. A plan travels as bytes that are made once and read once: both
ends keep the last ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec
import numpy as np
from dnstide.model.errors import Failure
from dnstide.model.skipped import SkippedRows
from dnstide.mtbl import LookupQuery, RowFilter, TableError
from dnstide.mtbl.errors import Cancelled, CountOverflow, DeadlineExceeded
from dnstide.mtbl.keys import Grouping, Keys
from dnstide.shard.directory import TableStatus
from dnstide.shard.load import ProcessLoad, ShardLoad, SummaryLoad
from dnstide.shard.partial import Partial, ShardError
from dnstide.shard.question import ShardPlan, ShardQuestion
from dnstide.shard.ranking import requests
from dnstide.shard.ranking.bounds import Bounds

ANSWER = "answer"
"""The method whose arguments and result travel without names."""

Bytes: TypeAlias = bytes | bytearray | memoryview

KEPT_PLANS = 128
"""Plans that each end keeps."""

_RANKING = [
    kind
    for kind in vars(requests).values()
    if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == requests.__name__
]

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Failure,
        SkippedRows,
        ShardError,
        ShardLoad,
        SummaryLoad,
        ProcessLoad,
        TableStatus,
        Bounds,
        Keys,
        Grouping,
        *_RANKING,
    )
}
"""Dataclasses and enumerations that may travel, by their names."""

ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (*TableError.__subclasses__(), Cancelled, CountOverflow, DeadlineExceeded, OSError)
}
"""Exceptions that arrive as themselves; others are told in words."""

_VALUE, _ARRAY, _INTEGER, _ERROR = range(1, 5)
_FIELDS = {name: [field.name for field in fields(kind)] for name, kind in KINDS.items() if is_dataclass(kind)}
_COLUMN_COUNT = 4
_columns = attrgetter(*[field.name for field in fields(Partial)][:_COLUMN_COUNT])
_figures = attrgetter(*[field.name for field in fields(Partial)][_COLUMN_COUNT:])
_NUMBERS = (int, float)
_PLAIN = (str, bytes, float, bool, type(None))
_filter_fields = attrgetter(*[field.name for field in fields(RowFilter)])
_encode = msgspec.msgpack.Encoder().encode


class Wire:
    """Turns calls and replies to bytes and back. `encode_call` is for one thread; all else for several."""

    def __init__(self) -> None:
        # By identity, since comparing long plans costs what packing them costs; the plan is kept with
        # its bytes so that its identity is not given to another one.
        self._packed: OrderedDict[int, tuple[ShardPlan, bytes]] = OrderedDict()
        self._plans: dict[bytes, ShardPlan] = {}
        self._decode = msgspec.msgpack.Decoder(ext_hook=self._read).decode
        self._readers: dict[int, Callable[[Any], Any]] = {
            _VALUE: _read_value,
            _ARRAY: _read_array,
            _INTEGER: _read_integer,
            _ERROR: _read_error,
        }

    def encode_call(self, method: str, arguments: Sequence[Any]) -> bytes:
        """A call as bytes. Raises TypeError for an argument of a kind that does not travel."""
        if method == ANSWER:
            (questions,) = arguments
            return _encode((method, [self._question(question) for question in questions]))
        return _encode((method, self._plain(arguments)))

    def decode_call(self, data: Bytes) -> tuple[str, Sequence[Any]]:
        """The method and the arguments of a call. Raises msgspec.DecodeError, or ValueError for what is no
        call.
        """
        method, arguments = self._decode(data)
        if method == ANSWER:
            return method, ([self._read_question(*question) for question in arguments],)
        return method, arguments

    def encode_reply(self, method: str, succeeded: bool, value: object) -> bytes:
        """What a method returned, or the exception that it raised, as bytes."""
        if succeeded and method == ANSWER:
            answers: Any = value
            return _encode((True, [self._answer(answer) for answer in answers]))
        return _encode((succeeded, self._plain(value)))

    def decode_reply(self, method: str, data: Bytes) -> tuple[bool, Any]:
        """Whether a call succeeded, and what was returned or raised. Raises as `decode_call`."""
        succeeded, value = self._decode(data)
        if succeeded and method == ANSWER:
            return True, [_read_partial(*item) if type(item) is list else item for item in value]
        return succeeded, value

    def _plain(self, value: Any) -> Any:
        """The same value, of kinds that msgpack has."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**64 else _extension(_INTEGER, str(value))
        if kind is list or kind is tuple:
            return [self._plain(item) for item in value]
        if kind is dict:
            return {key: self._plain(item) for key, item in value.items()}
        if KINDS.get(kind.__name__) is kind:
            if isinstance(value, Enum):
                return _extension(_VALUE, [kind.__name__, value.value])
            items = [self._plain(getattr(value, name)) for name in _FIELDS[kind.__name__]]
            return _extension(_VALUE, [kind.__name__, *items])
        if isinstance(value, np.ndarray):
            return _extension(_ARRAY, [value.dtype.str, value.shape, value.tobytes()])
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Exception):
            return _extension(_ERROR, _error(value))
        raise TypeError(f"{kind.__name__} does not travel")

    def _question(self, question: ShardQuestion) -> tuple[Any, ...]:
        queries = [
            (query.prefix, query.wildcard, *_filter_fields(query.filter)) for query in question.queries
        ]
        plan = self._plan(question.plan)
        return question.id, plan, queries, question.split_by_rrtype, question.seconds_left

    def _answer(self, answer: Partial | ShardError) -> Any:
        if isinstance(answer, ShardError):
            return self._plain(answer)
        columns = [column.tobytes() for column in _columns(answer)]
        return columns + [f if type(f) in _NUMBERS else self._plain(f) for f in _figures(answer)]

    def _plan(self, plan: ShardPlan) -> bytes:
        known = self._packed.get(id(plan))
        if known is not None:
            return known[1]
        packed = _encode((plan.tables, plan.table_buckets, plan.edges))
        self._packed[id(plan)] = plan, packed
        while len(self._packed) > KEPT_PLANS:
            self._packed.popitem(last=False)
        return packed

    def _read(self, code: int, data: memoryview) -> Any:
        reader = self._readers.get(code)
        if reader is None:
            raise ValueError(f"unknown kind of value: {code}")
        return reader(self._decode(data))

    def _read_question(
        self, question_id: str, plan: bytes, queries: Sequence[Any], split: bool, seconds_left: float | None
    ) -> ShardQuestion:
        read = tuple([_query(*query) for query in queries])
        return ShardQuestion(question_id, self._read_plan(plan), read, split, seconds_left)

    def _read_plan(self, packed: bytes) -> ShardPlan:
        # At worst two threads read a plan at the same time, and both readings are right.
        plan = self._plans.get(packed)
        if plan is None:
            tables, table_buckets, edges = self._decode(packed)
            plan = ShardPlan(tuple(tables), table_buckets, edges)
            if len(self._plans) >= KEPT_PLANS:
                self._plans = {}
            self._plans[packed] = plan
        return plan


def _extension(code: int, content: object) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, _encode(content))


def _read_value(content: Sequence[Any]) -> Any:
    name, *items = content
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"unknown kind of value: {name}")
    return kind(*map(_frozen, items))


def _read_array(content: Sequence[Any]) -> Any:
    dtype, shape, data = content
    return np.frombuffer(data, dtype).reshape(shape).copy()  # a copy can be written to


def _read_integer(content: str) -> int:
    return int(content)


def _query(prefix: bytes, wildcard: bool, *fields_of_filter: Any) -> LookupQuery:
    return LookupQuery(prefix, wildcard, RowFilter(*map(_frozen, fields_of_filter)))


def _read_partial(query: bytes, rrtype: bytes, bucket: bytes, count: bytes, *figures: Any) -> Partial:
    """Columns are read-only."""
    rest: list[Any] = [tuple(item) if type(item) is list else item for item in figures]
    return Partial(
        np.frombuffer(query, np.int32),
        np.frombuffer(rrtype, np.uint16),
        np.frombuffer(bucket, np.int32),
        np.frombuffer(count, np.uint64),
        *rest,
    )


def _error(error: Exception) -> list[Any]:
    """The name of an exception and its arguments."""
    if isinstance(error, OSError) and type(error).__name__ not in ERRORS:
        return ["OSError", error.errno, error.strerror, error.filename]
    if ERRORS.get(type(error).__name__) is type(error):
        return [type(error).__name__, *error.args]
    return ["", f"{type(error).__name__}: {error}"]


def _read_error(content: Sequence[Any]) -> Exception:
    name, *arguments = content
    return ERRORS.get(name, RuntimeError)(*arguments)


def _frozen(value: Any) -> Any:
    """Lists as tuples, within dictionaries too: the values of a shard are immutable."""
    if isinstance(value, list):
        return tuple([_frozen(item) for item in value])
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value
