"""From a question to an answer over any shards: catalog, plan, merge, smooth."""

from dnstide.engine.catalog import Catalog, TableInfo, parse_table_name, scan_directory
from dnstide.engine.errors import AnswerIncomplete, DirectoryError, EngineError, InvalidQuestion, NoTables
from dnstide.engine.granularity import Granularity
from dnstide.engine.local import LocalEngine
from dnstide.engine.parse import OwnerTarget
from dnstide.engine.volume.answer import Series, Timings, VolumeAnswer
from dnstide.engine.volume.coverage import Coverage
from dnstide.engine.volume.explain import LeftOut
from dnstide.engine.volume.merge import Accumulator
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.question import BucketBy, FailurePolicy, VolumeQuestion
from dnstide.engine.volume.smooth import Smoothing, SmoothingMethod

__all__ = [
    "Accumulator",
    "AnswerIncomplete",
    "BucketBy",
    "Catalog",
    "Coverage",
    "DirectoryError",
    "EngineError",
    "FailurePolicy",
    "Granularity",
    "InvalidQuestion",
    "LeftOut",
    "LocalEngine",
    "NoTables",
    "OwnerTarget",
    "Series",
    "Smoothing",
    "SmoothingMethod",
    "TableInfo",
    "Timings",
    "VolumeAnswer",
    "VolumePlan",
    "VolumeQuestion",
    "parse_table_name",
    "plan_volume",
    "scan_directory",
]
