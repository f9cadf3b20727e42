"""Why tables are left out of a plan."""

from dataclasses import dataclass

import numpy as np
from dnstide.engine.catalog import Catalog, Columns, TableInfo
from dnstide.engine.granularity import Granularity
from dnstide.engine.volume.cover import Cover
from dnstide.engine.volume.question import BucketBy


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A table that a plan does not read. `needed` is True where the answer lacks it: it failed."""

    table: str
    reason: str
    needed: bool = False


def explain(
    catalog: Catalog, dataset: str, step: Granularity, bucket_by: BucketBy, cover: Cover
) -> tuple[LeftOut, ...]:
    """One entry for each table of the catalog that is not chosen, in the order of the catalog."""
    columns = catalog.columns(dataset)
    of = {info.name: i for i, info in enumerate(columns.infos)}
    chosen = np.flatnonzero(cover.chosen)
    holders = np.searchsorted(columns.start[chosen], columns.start, side="right") - 1
    found = []
    for table in catalog.tables:
        at = of.get(table.name)
        if at is None:
            found.append(LeftOut(table.name, f"belongs to the dataset {table.dataset}"))
        elif not cover.chosen[at]:
            holder = columns.infos[chosen[holders[at]]] if holders[at] >= 0 else None
            reason = _reason(columns, at, step, bucket_by, cover, holder)
            found.append(LeftOut(table.name, reason, bool(cover.missed[at])))
    return tuple(found)


def _reason(
    columns: Columns, at: int, step: Granularity, bucket_by: BucketBy, cover: Cover, holder: TableInfo | None
) -> str:
    """`holder` is the last chosen table that does not begin later."""
    table = columns.infos[at]
    if not cover.fits[at]:
        return f"a {table.granularity.label} does not fit into a bucket of one {step.label}"
    if cover.early[at]:
        return "ends before the span"
    if cover.late[at]:
        return "begins after the span"
    if cover.crossing[at] and bucket_by is BucketBy.FILE:
        return "reaches over an edge of the span, and by file its rows cannot be told apart"
    if table.problem is not None:
        what = f"{table.problem.code}: {table.problem.reason}"
        return f"{what}; nothing else covers it" if cover.missed[at] else f"{what}; other tables cover it"
    if holder is not None and holder.stop >= table.stop:
        return f"lies inside {holder.name}"
    return "reaches over an edge of the span, and finer tables cover its part"
