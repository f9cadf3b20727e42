from dnstide.api.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GroupBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_BY_UNSPECIFIED: _ClassVar[GroupBy]
    GROUP_BY_FQDN: _ClassVar[GroupBy]
    GROUP_BY_DOMAIN: _ClassVar[GroupBy]
    GROUP_BY_TLD: _ClassVar[GroupBy]
    GROUP_BY_RRTYPE: _ClassVar[GroupBy]
    GROUP_BY_RDATA: _ClassVar[GroupBy]

class Movement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MOVEMENT_UNSPECIFIED: _ClassVar[Movement]
    MOVEMENT_ALL: _ClassVar[Movement]
    MOVEMENT_RISES: _ClassVar[Movement]
    MOVEMENT_FALLS: _ClassVar[Movement]
    MOVEMENT_NEW: _ClassVar[Movement]
    MOVEMENT_GONE: _ClassVar[Movement]

class RankMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANK_METHOD_UNSPECIFIED: _ClassVar[RankMethod]
    RANK_METHOD_SUMMARY: _ClassVar[RankMethod]
    RANK_METHOD_SCAN: _ClassVar[RankMethod]
    RANK_METHOD_RANGE: _ClassVar[RankMethod]
GROUP_BY_UNSPECIFIED: GroupBy
GROUP_BY_FQDN: GroupBy
GROUP_BY_DOMAIN: GroupBy
GROUP_BY_TLD: GroupBy
GROUP_BY_RRTYPE: GroupBy
GROUP_BY_RDATA: GroupBy
MOVEMENT_UNSPECIFIED: Movement
MOVEMENT_ALL: Movement
MOVEMENT_RISES: Movement
MOVEMENT_FALLS: Movement
MOVEMENT_NEW: Movement
MOVEMENT_GONE: Movement
RANK_METHOD_UNSPECIFIED: RankMethod
RANK_METHOD_SUMMARY: RankMethod
RANK_METHOD_SCAN: RankMethod
RANK_METHOD_RANGE: RankMethod

class RankNamesRequest(_message.Message):
    __slots__ = ("limit", "group_by", "filter", "under", "exclude", "span", "series_granularity", "baseline", "ratio_min_count", "failure_policy", "dataset", "explain", "movement", "strict", "case_sensitive")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    UNDER_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    SERIES_GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    RATIO_MIN_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_POLICY_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_FIELD_NUMBER: _ClassVar[int]
    STRICT_FIELD_NUMBER: _ClassVar[int]
    CASE_SENSITIVE_FIELD_NUMBER: _ClassVar[int]
    limit: int
    group_by: GroupBy
    filter: _common_pb2.RowFilter
    under: str
    exclude: _containers.RepeatedScalarFieldContainer[str]
    span: _common_pb2.Span
    series_granularity: _common_pb2.Granularity
    baseline: _common_pb2.Span
    ratio_min_count: int
    failure_policy: _common_pb2.FailurePolicy
    dataset: str
    explain: bool
    movement: Movement
    strict: bool
    case_sensitive: bool
    def __init__(self, limit: _Optional[int] = ..., group_by: _Optional[_Union[GroupBy, str]] = ..., filter: _Optional[_Union[_common_pb2.RowFilter, _Mapping]] = ..., under: _Optional[str] = ..., exclude: _Optional[_Iterable[str]] = ..., span: _Optional[_Union[_common_pb2.Span, _Mapping]] = ..., series_granularity: _Optional[_Union[_common_pb2.Granularity, str]] = ..., baseline: _Optional[_Union[_common_pb2.Span, _Mapping]] = ..., ratio_min_count: _Optional[int] = ..., failure_policy: _Optional[_Union[_common_pb2.FailurePolicy, str]] = ..., dataset: _Optional[str] = ..., explain: _Optional[bool] = ..., movement: _Optional[_Union[Movement, str]] = ..., strict: _Optional[bool] = ..., case_sensitive: _Optional[bool] = ...) -> None: ...

class RankNamesResponse(_message.Message):
    __slots__ = ("progress", "axis", "ranks", "rises", "falls", "summary")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    RISES_FIELD_NUMBER: _ClassVar[int]
    FALLS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    progress: RankProgress
    axis: _common_pb2.Axis
    ranks: _containers.RepeatedCompositeFieldContainer[Rank]
    rises: _containers.RepeatedCompositeFieldContainer[Change]
    falls: _containers.RepeatedCompositeFieldContainer[Change]
    summary: RankSummary
    def __init__(self, progress: _Optional[_Union[RankProgress, _Mapping]] = ..., axis: _Optional[_Union[_common_pb2.Axis, _Mapping]] = ..., ranks: _Optional[_Iterable[_Union[Rank, _Mapping]]] = ..., rises: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., falls: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., summary: _Optional[_Union[RankSummary, _Mapping]] = ...) -> None: ...

class RankProgress(_message.Message):
    __slots__ = ("summaries_wanted", "summaries_made")
    SUMMARIES_WANTED_FIELD_NUMBER: _ClassVar[int]
    SUMMARIES_MADE_FIELD_NUMBER: _ClassVar[int]
    summaries_wanted: int
    summaries_made: int
    def __init__(self, summaries_wanted: _Optional[int] = ..., summaries_made: _Optional[int] = ...) -> None: ...

class Rank(_message.Message):
    __slots__ = ("rank", "name", "rrtype", "count", "share", "series")
    RANK_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RRTYPE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    rank: int
    name: str
    rrtype: str
    count: int
    share: float
    series: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, rank: _Optional[int] = ..., name: _Optional[str] = ..., rrtype: _Optional[str] = ..., count: _Optional[int] = ..., share: _Optional[float] = ..., series: _Optional[_Iterable[int]] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("rank", "name", "rrtype", "before", "after")
    RANK_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RRTYPE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    rank: int
    name: str
    rrtype: str
    before: int
    after: int
    def __init__(self, rank: _Optional[int] = ..., name: _Optional[str] = ..., rrtype: _Optional[str] = ..., before: _Optional[int] = ..., after: _Optional[int] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("theta", "threshold", "lists", "depth", "candidates", "lookups", "scanned", "rounds")
    THETA_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    LOOKUPS_FIELD_NUMBER: _ClassVar[int]
    SCANNED_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    theta: int
    threshold: int
    lists: int
    depth: int
    candidates: int
    lookups: int
    scanned: int
    rounds: int
    def __init__(self, theta: _Optional[int] = ..., threshold: _Optional[int] = ..., lists: _Optional[int] = ..., depth: _Optional[int] = ..., candidates: _Optional[int] = ..., lookups: _Optional[int] = ..., scanned: _Optional[int] = ..., rounds: _Optional[int] = ...) -> None: ...

class RankSummary(_message.Message):
    __slots__ = ("complete", "tables_asked", "tables_answered", "failures", "failures_total", "plan", "total_count", "excluded_count", "certificates", "method", "keep", "suffix_list_version", "rows", "seconds", "catalog_version", "coverage", "baseline_coverage", "skipped", "rows_skipped")
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    TABLES_ASKED_FIELD_NUMBER: _ClassVar[int]
    TABLES_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    FAILURES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    SUFFIX_LIST_VERSION_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_VERSION_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    ROWS_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    complete: bool
    tables_asked: int
    tables_answered: int
    failures: _containers.RepeatedCompositeFieldContainer[_common_pb2.Failure]
    failures_total: int
    plan: _containers.RepeatedCompositeFieldContainer[_common_pb2.PlanEntry]
    total_count: int
    excluded_count: int
    certificates: _containers.RepeatedCompositeFieldContainer[Certificate]
    method: RankMethod
    keep: int
    suffix_list_version: str
    rows: int
    seconds: float
    catalog_version: str
    coverage: _common_pb2.SpanCoverage
    baseline_coverage: _common_pb2.SpanCoverage
    skipped: _containers.RepeatedCompositeFieldContainer[_common_pb2.SkippedRows]
    rows_skipped: int
    def __init__(self, complete: _Optional[bool] = ..., tables_asked: _Optional[int] = ..., tables_answered: _Optional[int] = ..., failures: _Optional[_Iterable[_Union[_common_pb2.Failure, _Mapping]]] = ..., failures_total: _Optional[int] = ..., plan: _Optional[_Iterable[_Union[_common_pb2.PlanEntry, _Mapping]]] = ..., total_count: _Optional[int] = ..., excluded_count: _Optional[int] = ..., certificates: _Optional[_Iterable[_Union[Certificate, _Mapping]]] = ..., method: _Optional[_Union[RankMethod, str]] = ..., keep: _Optional[int] = ..., suffix_list_version: _Optional[str] = ..., rows: _Optional[int] = ..., seconds: _Optional[float] = ..., catalog_version: _Optional[str] = ..., coverage: _Optional[_Union[_common_pb2.SpanCoverage, _Mapping]] = ..., baseline_coverage: _Optional[_Union[_common_pb2.SpanCoverage, _Mapping]] = ..., skipped: _Optional[_Iterable[_Union[_common_pb2.SkippedRows, _Mapping]]] = ..., rows_skipped: _Optional[int] = ...) -> None: ...
