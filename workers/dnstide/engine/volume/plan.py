"""Which tables a question reads, and why the others are left out.

A table is used only where its period fits into one bucket of the step. Periods of tables are nested or
disjoint, so the coarsest tables that fit never overlap and cover all that can be covered. By first seen,
tables up to a day outside the span are read too, since a row may be first seen before the period of its
table; and a table that reaches over an edge of the span is read where finer tables do not cover its part:
rows outside are cut by the edges, and its bucket counts as partial.

A question without a start begins where its tables do. By first seen, the buckets of the day before are added
in front, so that no row is lost; those without rows are taken away again from the answer (`VolumePlan.lead`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import Catalog, Columns
from dnstide.engine.errors import InvalidQuestion, NoTables
from dnstide.engine.granularity import Granularity, Seconds
from dnstide.engine.volume.cover import Cover, choose_tables
from dnstide.engine.volume.coverage import GRACE, Coverage, base_coverage, mark
from dnstide.engine.volume.explain import LeftOut, explain
from dnstide.engine.volume.question import MAX_BUCKETS, MAX_CELLS, BucketBy, VolumeQuestion
from dnstide.engine.volume.span import Span, find_span
from dnstide.shard.partial import Failure
from dnstide.shard.question import ShardPlan

_KEPT_PLANS = 64
_lock = Lock()


@dataclass(frozen=True, eq=False)
class VolumePlan:
    """What is read for a question, and into which buckets.

    `edges` are n+1 unix seconds; `coverage` has n codes that do not yet know of failures; the first
    `lead` buckets are there only for rows first seen before the first table. `tables` are names in the
    order of their periods; `buckets` is the bucket of each, or None where time_first decides. `failures`
    are tables that the catalog knows to be unreadable and that no others cover.
    """

    catalog: Catalog = field(repr=False)
    span: Span
    step: Granularity
    bucket_by: BucketBy
    dataset: str
    edges: Seconds = field(repr=False)
    coverage: npt.NDArray[np.uint8] = field(repr=False)
    tables: tuple[str, ...] = field(repr=False)
    buckets: npt.NDArray[np.int32] | None = field(repr=False)
    failures: tuple[Failure, ...]
    cover: Cover = field(repr=False)

    @property
    def lead(self) -> int:
        return self.span.lead

    @property
    def asked(self) -> int:
        """Tables that the answer needs, the known failures included."""
        return len(self.tables) + len(self.failures)

    @cached_property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Every table of the catalog that is not read, each with its reason, in the order of the catalog."""
        return explain(self.catalog, self.dataset, self.step, self.bucket_by, self.cover)

    def shard_plan(self, names: Sequence[str] | None = None) -> ShardPlan:
        """What a shard is asked to read: these tables, or all."""
        if names is None:
            return self._whole
        at = sorted(self._index[name] for name in names)
        buckets = None if self.buckets is None else self.buckets[at].astype("<i4").tobytes()
        return ShardPlan(tuple([self.tables[i] for i in at]), buckets, self._whole.edges)

    @cached_property
    def _whole(self) -> ShardPlan:
        buckets = None if self.buckets is None else self.buckets.astype("<i4").tobytes()
        return ShardPlan(self.tables, buckets, self.edges.astype("<i8").tobytes())

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.tables)}


def plan_volume(catalog: Catalog, question: VolumeQuestion) -> VolumePlan:
    """The plan for a question, kept with the catalog for the next one over the same span.

    Raises NoTables where no table covers any part of the span, InvalidQuestion for too many buckets.
    """
    key = (question.start, question.stop, question.step, question.bucket_by, question.dataset)
    plan = catalog.plans.get(key)
    if not isinstance(plan, VolumePlan):
        plan = _plan(catalog, question)
        with _lock:
            while len(catalog.plans) >= _KEPT_PLANS:
                del catalog.plans[next(iter(catalog.plans))]
            catalog.plans[key] = plan
    cells = len(plan.coverage) * len(question.targets)
    if cells > MAX_CELLS and (question.fill or question.smooth is not None):
        raise InvalidQuestion(
            "names", len(question.targets), _too_many("names times buckets", cells, MAX_CELLS)
        )
    return plan


def _plan(catalog: Catalog, question: VolumeQuestion) -> VolumePlan:
    step, by_file = question.step, question.bucket_by is BucketBy.FILE
    columns = catalog.columns(question.dataset)
    fits = columns.rank <= step.rank
    span = find_span(columns, fits, question)
    if span is None:
        raise NoTables(_nothing(columns, fits, question), catalog.available(question.dataset))
    if step.count(span.first, span.stop) > MAX_BUCKETS + 2:
        buckets = step.count(span.first, span.stop)
        raise InvalidQuestion("granularity", step.label, _too_many("buckets", buckets, MAX_BUCKETS))
    cover = choose_tables(columns, fits, span, 0 if by_file else GRACE)
    if not (cover.chosen | cover.missed).any():
        raise NoTables("every table reaches over an edge of the span", catalog.available(question.dataset))
    edges = step.edges(span.first, span.stop)
    chosen = cover.chosen
    starts, stops = columns.start[chosen], columns.stop[chosen]
    coverage = base_coverage(edges, starts, stops)
    cut = cover.cut
    coverage = mark(coverage, edges, columns.start[cut], columns.stop[cut], Coverage.PARTIAL)
    buckets_of = (np.searchsorted(edges, starts, side="right") - 1).astype(np.int32) if by_file else None
    failures = [columns.infos[i].problem for i in np.flatnonzero(cover.missed)]
    return VolumePlan(
        catalog=catalog,
        span=span,
        step=step,
        bucket_by=question.bucket_by,
        dataset=question.dataset,
        edges=edges,
        coverage=coverage,
        tables=tuple([columns.infos[i].name for i in np.flatnonzero(chosen)]),
        buckets=buckets_of,
        failures=tuple([failure for failure in failures if failure is not None]),
        cover=cover,
    )


def _nothing(columns: Columns, fits: npt.NDArray[np.bool_], question: VolumeQuestion) -> str:
    if not len(columns.infos):
        dataset = question.dataset
        return f"there are no tables of the dataset {dataset}, such as {dataset}.20150208.D.mtbl"
    if not fits.any():
        return f"no table fits into a bucket of one {question.step.label}"
    return "no table covers any part of the span"


def _too_many(what: str, found: int, limit: int) -> str:
    return f"about {found:,} {what}, at most {limit:,}; take a coarser granularity or a shorter span"
