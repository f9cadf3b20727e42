"""Why tables are left out of a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dnstide.engine.catalog import TableColumns
from dnstide.engine.volume.cover import Cover
from dnstide.model.catalog import TableInfo
from dnstide.model.granularity import Granularity
from dnstide.model.vocabulary import BucketBy


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A table that a plan does not read. `needed` is True where the answer lacks it: it failed."""

    table: str
    reason: str
    needed: bool = False


def explain(
    tables: tuple[TableInfo, ...],
    columns: TableColumns,
    granularity: Granularity,
    bucket_by: BucketBy,
    cover: Cover,
) -> tuple[LeftOut, ...]:
    """One entry for each table that is not chosen, in the order of `tables`, which are those of the catalog.

    `columns` are those of the dataset in question.
    """
    place = {info.name: i for i, info in enumerate(columns.infos)}
    chosen = np.flatnonzero(cover.chosen)
    holders = np.searchsorted(columns.start[chosen], columns.start, side="right") - 1
    left_out = []
    for table in tables:
        at = place.get(table.name)
        if at is None:
            left_out.append(LeftOut(table.name, f"belongs to the dataset {table.dataset}"))
        elif not cover.chosen[at]:
            holder = columns.infos[chosen[holders[at]]] if holders[at] >= 0 else None
            reason = _reason(columns, at, granularity, bucket_by, cover, holder)
            left_out.append(LeftOut(table.name, reason, bool(cover.missed[at])))
    return tuple(left_out)


def _reason(
    columns: TableColumns,
    at: int,
    granularity: Granularity,
    bucket_by: BucketBy,
    cover: Cover,
    holder: TableInfo | None,
) -> str:
    """`holder` is the last chosen table that does not begin later."""
    table = columns.infos[at]
    if not cover.fits[at]:
        return f"a {table.granularity} does not fit into a bucket of one {granularity}"
    if cover.before[at]:
        return "ends before the span"
    if cover.after[at]:
        return "begins after the span"
    if cover.crossing[at] and bucket_by is BucketBy.FILE:
        return "reaches over an edge of the span, and by file its rows cannot be told apart"
    if table.problem is not None:
        what = f"{table.problem.code}: {table.problem.reason}"
        return f"{what}; nothing else covers it" if cover.missed[at] else f"{what}; other tables cover it"
    if holder is not None and holder.stop >= table.stop:
        return f"lies inside {holder.name}"
    return "reaches over an edge of the span, and finer tables cover its part"
