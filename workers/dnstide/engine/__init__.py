"""From a question to an answer over any shards: catalog, plan, merge, smooth."""

from dnstide.engine.analyze import analyze, volume_question
from dnstide.engine.catalog import build_catalog, parse_table_name, scan_directory
from dnstide.engine.local import LocalEngine
from dnstide.engine.top.query import TopQuery
from dnstide.engine.top.run import RefreshCatalog, ShardsRequest, plan_spans, top_steps
from dnstide.engine.volume.execution import VolumeExecution
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.query import VolumeQuery

__all__ = [
    "LocalEngine",
    "RefreshCatalog",
    "ShardsRequest",
    "TopQuery",
    "VolumeExecution",
    "VolumePlan",
    "VolumeQuery",
    "analyze",
    "build_catalog",
    "parse_table_name",
    "plan_spans",
    "plan_volume",
    "scan_directory",
    "top_steps",
    "volume_question",
]
