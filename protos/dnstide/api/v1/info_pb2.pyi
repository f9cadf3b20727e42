import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "ready", "draining", "started", "shards", "tables_total", "tables_damaged", "catalog_version", "limits", "tables_unreachable", "problem")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    SHARDS_FIELD_NUMBER: _ClassVar[int]
    TABLES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    TABLES_DAMAGED_FIELD_NUMBER: _ClassVar[int]
    CATALOG_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    TABLES_UNREACHABLE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    version: str
    ready: bool
    draining: bool
    started: _timestamp_pb2.Timestamp
    shards: _containers.RepeatedCompositeFieldContainer[ShardInfo]
    tables_total: int
    tables_damaged: int
    catalog_version: str
    limits: ServerLimits
    tables_unreachable: int
    problem: str
    def __init__(self, version: _Optional[str] = ..., ready: _Optional[bool] = ..., draining: _Optional[bool] = ..., started: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shards: _Optional[_Iterable[_Union[ShardInfo, _Mapping]]] = ..., tables_total: _Optional[int] = ..., tables_damaged: _Optional[int] = ..., catalog_version: _Optional[str] = ..., limits: _Optional[_Union[ServerLimits, _Mapping]] = ..., tables_unreachable: _Optional[int] = ..., problem: _Optional[str] = ...) -> None: ...

class ShardInfo(_message.Message):
    __slots__ = ("name", "node", "alive", "tables_owned", "threads", "restarts", "pid", "problem")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    ALIVE_FIELD_NUMBER: _ClassVar[int]
    TABLES_OWNED_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    name: str
    node: str
    alive: bool
    tables_owned: int
    threads: int
    restarts: int
    pid: int
    problem: str
    def __init__(self, name: _Optional[str] = ..., node: _Optional[str] = ..., alive: _Optional[bool] = ..., tables_owned: _Optional[int] = ..., threads: _Optional[int] = ..., restarts: _Optional[int] = ..., pid: _Optional[int] = ..., problem: _Optional[str] = ...) -> None: ...

class ServerLimits(_message.Message):
    __slots__ = ("max_names", "max_buckets", "max_inflight", "default_deadline", "max_deadline")
    MAX_NAMES_FIELD_NUMBER: _ClassVar[int]
    MAX_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    MAX_INFLIGHT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    MAX_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    max_names: int
    max_buckets: int
    max_inflight: int
    default_deadline: float
    max_deadline: float
    def __init__(self, max_names: _Optional[int] = ..., max_buckets: _Optional[int] = ..., max_inflight: _Optional[int] = ..., default_deadline: _Optional[float] = ..., max_deadline: _Optional[float] = ...) -> None: ...
