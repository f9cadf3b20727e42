from dnstide.api.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BucketBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUCKET_BY_UNSPECIFIED: _ClassVar[BucketBy]
    BUCKET_BY_FIRST_SEEN: _ClassVar[BucketBy]
    BUCKET_BY_FILE: _ClassVar[BucketBy]
    BUCKET_BY_AUTO: _ClassVar[BucketBy]

class SmoothingMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SMOOTHING_METHOD_UNSPECIFIED: _ClassVar[SmoothingMethod]
    SMOOTHING_METHOD_TRAILING_MEAN: _ClassVar[SmoothingMethod]
    SMOOTHING_METHOD_CENTRED_MEAN: _ClassVar[SmoothingMethod]
    SMOOTHING_METHOD_EXPONENTIAL: _ClassVar[SmoothingMethod]
    SMOOTHING_METHOD_MEDIAN: _ClassVar[SmoothingMethod]
    SMOOTHING_METHOD_SAVITZKY_GOLAY: _ClassVar[SmoothingMethod]
BUCKET_BY_UNSPECIFIED: BucketBy
BUCKET_BY_FIRST_SEEN: BucketBy
BUCKET_BY_FILE: BucketBy
BUCKET_BY_AUTO: BucketBy
SMOOTHING_METHOD_UNSPECIFIED: SmoothingMethod
SMOOTHING_METHOD_TRAILING_MEAN: SmoothingMethod
SMOOTHING_METHOD_CENTRED_MEAN: SmoothingMethod
SMOOTHING_METHOD_EXPONENTIAL: SmoothingMethod
SMOOTHING_METHOD_MEDIAN: SmoothingMethod
SMOOTHING_METHOD_SAVITZKY_GOLAY: SmoothingMethod

class Smoothing(_message.Message):
    __slots__ = ("method", "period")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    method: SmoothingMethod
    period: int
    def __init__(self, method: _Optional[_Union[SmoothingMethod, str]] = ..., period: _Optional[int] = ...) -> None: ...

class QueryVolumeRequest(_message.Message):
    __slots__ = ("names", "filter", "span", "granularity", "bucket_by", "split_by_rrtype", "smoothing", "fill", "failure_policy", "dataset", "explain", "case_sensitive", "strict")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    BUCKET_BY_FIELD_NUMBER: _ClassVar[int]
    SPLIT_BY_RRTYPE_FIELD_NUMBER: _ClassVar[int]
    SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    FAILURE_POLICY_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    CASE_SENSITIVE_FIELD_NUMBER: _ClassVar[int]
    STRICT_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    filter: _common_pb2.RowFilter
    span: _common_pb2.Span
    granularity: _common_pb2.Granularity
    bucket_by: BucketBy
    split_by_rrtype: bool
    smoothing: Smoothing
    fill: bool
    failure_policy: _common_pb2.FailurePolicy
    dataset: str
    explain: bool
    case_sensitive: bool
    strict: bool
    def __init__(self, names: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[_common_pb2.RowFilter, _Mapping]] = ..., span: _Optional[_Union[_common_pb2.Span, _Mapping]] = ..., granularity: _Optional[_Union[_common_pb2.Granularity, str]] = ..., bucket_by: _Optional[_Union[BucketBy, str]] = ..., split_by_rrtype: _Optional[bool] = ..., smoothing: _Optional[_Union[Smoothing, _Mapping]] = ..., fill: _Optional[bool] = ..., failure_policy: _Optional[_Union[_common_pb2.FailurePolicy, str]] = ..., dataset: _Optional[str] = ..., explain: _Optional[bool] = ..., case_sensitive: _Optional[bool] = ..., strict: _Optional[bool] = ...) -> None: ...

class QueryVolumeResponse(_message.Message):
    __slots__ = ("progress", "axis", "series", "summary")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    axis: _common_pb2.Axis
    series: _containers.RepeatedCompositeFieldContainer[SeriesChunk]
    summary: Summary
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., axis: _Optional[_Union[_common_pb2.Axis, _Mapping]] = ..., series: _Optional[_Iterable[_Union[SeriesChunk, _Mapping]]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("tables_asked", "tables_answered", "tables_failed", "shards_pending")
    TABLES_ASKED_FIELD_NUMBER: _ClassVar[int]
    TABLES_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    TABLES_FAILED_FIELD_NUMBER: _ClassVar[int]
    SHARDS_PENDING_FIELD_NUMBER: _ClassVar[int]
    tables_asked: int
    tables_answered: int
    tables_failed: int
    shards_pending: int
    def __init__(self, tables_asked: _Optional[int] = ..., tables_answered: _Optional[int] = ..., tables_failed: _Optional[int] = ..., shards_pending: _Optional[int] = ...) -> None: ...

class SeriesChunk(_message.Message):
    __slots__ = ("name", "rrtype", "name_index", "buckets", "counts", "smoothed", "last", "filter")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RRTYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_INDEX_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SMOOTHED_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    rrtype: str
    name_index: int
    buckets: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    smoothed: _containers.RepeatedScalarFieldContainer[float]
    last: bool
    filter: _common_pb2.RowFilter
    def __init__(self, name: _Optional[str] = ..., rrtype: _Optional[str] = ..., name_index: _Optional[int] = ..., buckets: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[int]] = ..., smoothed: _Optional[_Iterable[float]] = ..., last: _Optional[bool] = ..., filter: _Optional[_Union[_common_pb2.RowFilter, _Mapping]] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("plan", "ask", "merge", "slowest_shard")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    MERGE_FIELD_NUMBER: _ClassVar[int]
    SLOWEST_SHARD_FIELD_NUMBER: _ClassVar[int]
    plan: float
    ask: float
    merge: float
    slowest_shard: float
    def __init__(self, plan: _Optional[float] = ..., ask: _Optional[float] = ..., merge: _Optional[float] = ..., slowest_shard: _Optional[float] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("complete", "tables_asked", "tables_answered", "tables_summarized", "failures", "failures_total", "plan", "rows_read", "blocks_read", "total_count", "timings", "catalog_version", "coverage", "bucket_by", "skipped", "rows_skipped")
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    TABLES_ASKED_FIELD_NUMBER: _ClassVar[int]
    TABLES_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    TABLES_SUMMARIZED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    FAILURES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ROWS_READ_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_READ_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_VERSION_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_BY_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    ROWS_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    complete: bool
    tables_asked: int
    tables_answered: int
    tables_summarized: int
    failures: _containers.RepeatedCompositeFieldContainer[_common_pb2.Failure]
    failures_total: int
    plan: _containers.RepeatedCompositeFieldContainer[_common_pb2.PlanEntry]
    rows_read: int
    blocks_read: int
    total_count: int
    timings: Timings
    catalog_version: str
    coverage: _common_pb2.SpanCoverage
    bucket_by: BucketBy
    skipped: _containers.RepeatedCompositeFieldContainer[_common_pb2.SkippedRows]
    rows_skipped: int
    def __init__(self, complete: _Optional[bool] = ..., tables_asked: _Optional[int] = ..., tables_answered: _Optional[int] = ..., tables_summarized: _Optional[int] = ..., failures: _Optional[_Iterable[_Union[_common_pb2.Failure, _Mapping]]] = ..., failures_total: _Optional[int] = ..., plan: _Optional[_Iterable[_Union[_common_pb2.PlanEntry, _Mapping]]] = ..., rows_read: _Optional[int] = ..., blocks_read: _Optional[int] = ..., total_count: _Optional[int] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., catalog_version: _Optional[str] = ..., coverage: _Optional[_Union[_common_pb2.SpanCoverage, _Mapping]] = ..., bucket_by: _Optional[_Union[BucketBy, str]] = ..., skipped: _Optional[_Iterable[_Union[_common_pb2.SkippedRows, _Mapping]]] = ..., rows_skipped: _Optional[int] = ...) -> None: ...
