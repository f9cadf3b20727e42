from dnstide.api.v1 import common_pb2 as _common_pb2
from dnstide.api.v1 import volume_pb2 as _volume_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GapKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAP_KIND_UNSPECIFIED: _ClassVar[GapKind]
    GAP_KIND_SILENT: _ClassVar[GapKind]
    GAP_KIND_NO_DATA: _ClassVar[GapKind]
GAP_KIND_UNSPECIFIED: GapKind
GAP_KIND_SILENT: GapKind
GAP_KIND_NO_DATA: GapKind

class AnalyzeVolumeRequest(_message.Message):
    __slots__ = ("question", "shifts", "spikes", "gaps", "correlation", "shape", "breakdown")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    SPIKES_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    BREAKDOWN_FIELD_NUMBER: _ClassVar[int]
    question: _volume_pb2.QueryVolumeRequest
    shifts: ShiftSettings
    spikes: SpikeSettings
    gaps: GapSettings
    correlation: CorrelationSettings
    shape: ShapeSettings
    breakdown: BreakdownSettings
    def __init__(self, question: _Optional[_Union[_volume_pb2.QueryVolumeRequest, _Mapping]] = ..., shifts: _Optional[_Union[ShiftSettings, _Mapping]] = ..., spikes: _Optional[_Union[SpikeSettings, _Mapping]] = ..., gaps: _Optional[_Union[GapSettings, _Mapping]] = ..., correlation: _Optional[_Union[CorrelationSettings, _Mapping]] = ..., shape: _Optional[_Union[ShapeSettings, _Mapping]] = ..., breakdown: _Optional[_Union[BreakdownSettings, _Mapping]] = ...) -> None: ...

class ShiftSettings(_message.Message):
    __slots__ = ("shortest", "min_ratio")
    SHORTEST_FIELD_NUMBER: _ClassVar[int]
    MIN_RATIO_FIELD_NUMBER: _ClassVar[int]
    shortest: int
    min_ratio: float
    def __init__(self, shortest: _Optional[int] = ..., min_ratio: _Optional[float] = ...) -> None: ...

class SpikeSettings(_message.Message):
    __slots__ = ("window", "threshold")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    window: int
    threshold: float
    def __init__(self, window: _Optional[int] = ..., threshold: _Optional[float] = ...) -> None: ...

class GapSettings(_message.Message):
    __slots__ = ("alpha",)
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    alpha: float
    def __init__(self, alpha: _Optional[float] = ...) -> None: ...

class CorrelationSettings(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ShapeSettings(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BreakdownSettings(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AnalyzeVolumeResponse(_message.Message):
    __slots__ = ("series", "correlations", "breakdowns", "summary")
    SERIES_FIELD_NUMBER: _ClassVar[int]
    CORRELATIONS_FIELD_NUMBER: _ClassVar[int]
    BREAKDOWNS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    series: _containers.RepeatedCompositeFieldContainer[SeriesFindings]
    correlations: _containers.RepeatedCompositeFieldContainer[Correlation]
    breakdowns: _containers.RepeatedCompositeFieldContainer[Breakdown]
    summary: _volume_pb2.Summary
    def __init__(self, series: _Optional[_Iterable[_Union[SeriesFindings, _Mapping]]] = ..., correlations: _Optional[_Iterable[_Union[Correlation, _Mapping]]] = ..., breakdowns: _Optional[_Iterable[_Union[Breakdown, _Mapping]]] = ..., summary: _Optional[_Union[_volume_pb2.Summary, _Mapping]] = ...) -> None: ...

class SeriesFindings(_message.Message):
    __slots__ = ("name", "rrtype", "shifts", "spikes", "gaps", "shape", "filter")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RRTYPE_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    SPIKES_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    rrtype: str
    shifts: _containers.RepeatedCompositeFieldContainer[Shift]
    spikes: _containers.RepeatedCompositeFieldContainer[Spike]
    gaps: _containers.RepeatedCompositeFieldContainer[Gap]
    shape: Shape
    filter: _common_pb2.RowFilter
    def __init__(self, name: _Optional[str] = ..., rrtype: _Optional[str] = ..., shifts: _Optional[_Iterable[_Union[Shift, _Mapping]]] = ..., spikes: _Optional[_Iterable[_Union[Spike, _Mapping]]] = ..., gaps: _Optional[_Iterable[_Union[Gap, _Mapping]]] = ..., shape: _Optional[_Union[Shape, _Mapping]] = ..., filter: _Optional[_Union[_common_pb2.RowFilter, _Mapping]] = ...) -> None: ...

class Shift(_message.Message):
    __slots__ = ("time", "before", "after", "ratio", "score")
    TIME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time: int
    before: float
    after: float
    ratio: float
    score: float
    def __init__(self, time: _Optional[int] = ..., before: _Optional[float] = ..., after: _Optional[float] = ..., ratio: _Optional[float] = ..., score: _Optional[float] = ...) -> None: ...

class Spike(_message.Message):
    __slots__ = ("time", "count", "expected", "score")
    TIME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time: int
    count: int
    expected: float
    score: float
    def __init__(self, time: _Optional[int] = ..., count: _Optional[int] = ..., expected: _Optional[float] = ..., score: _Optional[float] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("start", "stop", "kind", "expected", "open")
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    start: int
    stop: int
    kind: GapKind
    expected: float
    open: bool
    def __init__(self, start: _Optional[int] = ..., stop: _Optional[int] = ..., kind: _Optional[_Union[GapKind, str]] = ..., expected: _Optional[float] = ..., open: _Optional[bool] = ...) -> None: ...

class Shape(_message.Message):
    __slots__ = ("buckets", "seen", "total", "mean", "median", "low", "high", "variation", "weekdays", "hours")
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    VARIATION_FIELD_NUMBER: _ClassVar[int]
    WEEKDAYS_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    buckets: int
    seen: int
    total: int
    mean: float
    median: float
    low: float
    high: float
    variation: float
    weekdays: _containers.RepeatedScalarFieldContainer[float]
    hours: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, buckets: _Optional[int] = ..., seen: _Optional[int] = ..., total: _Optional[int] = ..., mean: _Optional[float] = ..., median: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., variation: _Optional[float] = ..., weekdays: _Optional[_Iterable[float]] = ..., hours: _Optional[_Iterable[float]] = ...) -> None: ...

class Correlation(_message.Message):
    __slots__ = ("x", "y", "slope", "intercept", "r", "r_squared", "slope_error", "n", "levels", "within_r", "difference_r", "level_driven")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    SLOPE_FIELD_NUMBER: _ClassVar[int]
    INTERCEPT_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    R_SQUARED_FIELD_NUMBER: _ClassVar[int]
    SLOPE_ERROR_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    WITHIN_R_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_R_FIELD_NUMBER: _ClassVar[int]
    LEVEL_DRIVEN_FIELD_NUMBER: _ClassVar[int]
    x: str
    y: str
    slope: float
    intercept: float
    r: float
    r_squared: float
    slope_error: float
    n: int
    levels: int
    within_r: float
    difference_r: float
    level_driven: bool
    def __init__(self, x: _Optional[str] = ..., y: _Optional[str] = ..., slope: _Optional[float] = ..., intercept: _Optional[float] = ..., r: _Optional[float] = ..., r_squared: _Optional[float] = ..., slope_error: _Optional[float] = ..., n: _Optional[int] = ..., levels: _Optional[int] = ..., within_r: _Optional[float] = ..., difference_r: _Optional[float] = ..., level_driven: _Optional[bool] = ...) -> None: ...

class Breakdown(_message.Message):
    __slots__ = ("name", "total", "parts", "filter")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    total: int
    parts: _containers.RepeatedCompositeFieldContainer[Part]
    filter: _common_pb2.RowFilter
    def __init__(self, name: _Optional[str] = ..., total: _Optional[int] = ..., parts: _Optional[_Iterable[_Union[Part, _Mapping]]] = ..., filter: _Optional[_Union[_common_pb2.RowFilter, _Mapping]] = ...) -> None: ...

class Part(_message.Message):
    __slots__ = ("rrtype", "total", "share")
    RRTYPE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    rrtype: str
    total: int
    share: float
    def __init__(self, rrtype: _Optional[str] = ..., total: _Optional[int] = ..., share: _Optional[float] = ...) -> None: ...
