import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Granularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRANULARITY_UNSPECIFIED: _ClassVar[Granularity]
    GRANULARITY_MINUTE: _ClassVar[Granularity]
    GRANULARITY_TEN_MINUTES: _ClassVar[Granularity]
    GRANULARITY_HOUR: _ClassVar[Granularity]
    GRANULARITY_DAY: _ClassVar[Granularity]
    GRANULARITY_WEEK: _ClassVar[Granularity]
    GRANULARITY_MONTH: _ClassVar[Granularity]
    GRANULARITY_QUARTER: _ClassVar[Granularity]
    GRANULARITY_YEAR: _ClassVar[Granularity]
    GRANULARITY_ISO_WEEK: _ClassVar[Granularity]

class Coverage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COVERAGE_UNSPECIFIED: _ClassVar[Coverage]
    COVERAGE_COMPLETE: _ClassVar[Coverage]
    COVERAGE_PARTIAL: _ClassVar[Coverage]
    COVERAGE_NONE: _ClassVar[Coverage]
    COVERAGE_DAMAGED: _ClassVar[Coverage]
    COVERAGE_UNREACHABLE: _ClassVar[Coverage]

class FailurePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAILURE_POLICY_UNSPECIFIED: _ClassVar[FailurePolicy]
    FAILURE_POLICY_FAIL: _ClassVar[FailurePolicy]
    FAILURE_POLICY_PARTIAL: _ClassVar[FailurePolicy]
GRANULARITY_UNSPECIFIED: Granularity
GRANULARITY_MINUTE: Granularity
GRANULARITY_TEN_MINUTES: Granularity
GRANULARITY_HOUR: Granularity
GRANULARITY_DAY: Granularity
GRANULARITY_WEEK: Granularity
GRANULARITY_MONTH: Granularity
GRANULARITY_QUARTER: Granularity
GRANULARITY_YEAR: Granularity
GRANULARITY_ISO_WEEK: Granularity
COVERAGE_UNSPECIFIED: Coverage
COVERAGE_COMPLETE: Coverage
COVERAGE_PARTIAL: Coverage
COVERAGE_NONE: Coverage
COVERAGE_DAMAGED: Coverage
COVERAGE_UNREACHABLE: Coverage
FAILURE_POLICY_UNSPECIFIED: FailurePolicy
FAILURE_POLICY_FAIL: FailurePolicy
FAILURE_POLICY_PARTIAL: FailurePolicy

class Span(_message.Message):
    __slots__ = ("start", "stop")
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    stop: _timestamp_pb2.Timestamp
    def __init__(self, start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stop: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RowFilter(_message.Message):
    __slots__ = ("rrtypes", "bailiwick")
    RRTYPES_FIELD_NUMBER: _ClassVar[int]
    BAILIWICK_FIELD_NUMBER: _ClassVar[int]
    rrtypes: _containers.RepeatedScalarFieldContainer[str]
    bailiwick: str
    def __init__(self, rrtypes: _Optional[_Iterable[str]] = ..., bailiwick: _Optional[str] = ...) -> None: ...

class SkippedRows(_message.Message):
    __slots__ = ("table", "rows", "offset", "reason")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    table: str
    rows: int
    offset: int
    reason: str
    def __init__(self, table: _Optional[str] = ..., rows: _Optional[int] = ..., offset: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("table", "code", "reason", "offset", "retryable")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    table: str
    code: str
    reason: str
    offset: int
    retryable: bool
    def __init__(self, table: _Optional[str] = ..., code: _Optional[str] = ..., reason: _Optional[str] = ..., offset: _Optional[int] = ..., retryable: _Optional[bool] = ...) -> None: ...

class PlanEntry(_message.Message):
    __slots__ = ("table", "used", "reason")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    table: str
    used: bool
    reason: str
    def __init__(self, table: _Optional[str] = ..., used: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class SpanCoverage(_message.Message):
    __slots__ = ("edges", "marks", "covered_seconds")
    EDGES_FIELD_NUMBER: _ClassVar[int]
    MARKS_FIELD_NUMBER: _ClassVar[int]
    COVERED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    edges: _containers.RepeatedScalarFieldContainer[int]
    marks: _containers.RepeatedScalarFieldContainer[Coverage]
    covered_seconds: int
    def __init__(self, edges: _Optional[_Iterable[int]] = ..., marks: _Optional[_Iterable[_Union[Coverage, str]]] = ..., covered_seconds: _Optional[int] = ...) -> None: ...

class Axis(_message.Message):
    __slots__ = ("granularity", "starts", "stop", "coverage")
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    STARTS_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    granularity: Granularity
    starts: _containers.RepeatedScalarFieldContainer[int]
    stop: int
    coverage: _containers.RepeatedScalarFieldContainer[Coverage]
    def __init__(self, granularity: _Optional[_Union[Granularity, str]] = ..., starts: _Optional[_Iterable[int]] = ..., stop: _Optional[int] = ..., coverage: _Optional[_Iterable[_Union[Coverage, str]]] = ...) -> None: ...
