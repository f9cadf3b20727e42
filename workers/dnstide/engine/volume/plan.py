"""Which tables a question reads, and why the others are left out.

A table is used only where its period fits into one bucket of the step. Periods of tables are nested or
disjoint, so the coarsest tables that fit never overlap and cover all that can be covered. By first seen,
tables up to a day outside the span are read too, since a row may be first seen before the period of its
table; and a table that reaches over an edge of the span is read where finer tables do not cover its part:
rows outside are cut by the edges, and its bucket counts as partial.

What the question leaves open (`BucketBy.AUTO`) is planned by file, unless a table had to be cut.

A question without a start begins where its tables do. By first seen, the buckets of the day before are added
in front, so that no row is lost; those without rows are taken away again from the answer (`VolumePlan.lead`).
Where shards tell of rows first seen even earlier, or after the tables of a question without a stop, the
question is planned anew with an axis that reaches them (`PlanKey.reach`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import TableColumns, available, table_columns
from dnstide.engine.volume.cover import Cover, choose_tables
from dnstide.engine.volume.coverage import GRACE, base_coverage, mark, stretches
from dnstide.engine.volume.explain import LeftOut, explain
from dnstide.engine.volume.query import VolumeQuery
from dnstide.engine.volume.span import AxisSpan, find_span
from dnstide.model.catalog import Catalog, TableInfo
from dnstide.model.coverage import SpanCoverage, Stretch, time_text
from dnstide.model.errors import DnstideError, Failure, InvalidQuestion, NoTables, answer_incomplete
from dnstide.model.granularity import MAX_TIME, MIN_TIME, TABLE_GRANULARITIES, Granularity, Seconds
from dnstide.model.question import Span
from dnstide.model.vocabulary import MAX_BUCKETS, MAX_CELLS, BucketBy, Coverage
from dnstide.model.volume import Axis
from dnstide.shard.partial import hull
from dnstide.shard.question import ShardPlan

KEPT_PLANS = 64
"""Plans that are kept with one catalog, for the next questions over the same spans."""


class PlanKey(NamedTuple):
    """All of a question that its plan depends on, and which times its axis has to hold where it is open."""

    span: Span
    granularity: Granularity
    bucket_by: BucketBy
    dataset: str
    reach: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class VolumePlan:
    """What is read for a question, and into which buckets.

    `edges` are n+1 unix seconds; `coverage` has n marks that do not yet know of failures; the first
    `lead` and the last `tail` buckets are there only for rows first seen outside the tables. `tables` are
    names in the order of their periods; `buckets` is the bucket of each, or None where time_first decides.
    `failures` are tables that the catalog knows to be unreadable and that no others cover, and nodes that
    have not told their tables, where any is `unlisted`. `listed` are all
    tables of the catalog, which the plan does not hold itself, so that a catalog is gone once nobody asks it.
    """

    key: PlanKey
    catalog_version: str
    listed: tuple[TableInfo, ...] = field(repr=False)
    columns: TableColumns = field(repr=False)
    span: AxisSpan
    edges: Seconds = field(repr=False)
    coverage: npt.NDArray[np.uint8] = field(repr=False)
    tables: tuple[str, ...] = field(repr=False)
    buckets: npt.NDArray[np.int32] | None = field(repr=False)
    failures: tuple[Failure, ...]
    unlisted: bool
    cover: Cover = field(repr=False)

    @cached_property
    def lead(self) -> int:
        """Buckets in front of those asked for, or of the tables."""
        return int(np.searchsorted(self.edges, self.span.start))

    @cached_property
    def tail(self) -> int:
        """Buckets after them."""
        return len(self.edges) - 1 - int(np.searchsorted(self.edges, self.span.stop))

    def beyond(self, outside: tuple[int, int]) -> tuple[int, int] | None:
        """The reach with which no row is lost, where some were first seen at these times outside the axis.
        None where the question itself cuts them off.
        """
        before = self.key.span.start is None and outside[0] < int(self.edges[0])
        after = self.key.span.stop is None and outside[1] >= int(self.edges[-1])
        return hull((self.key.reach, outside)) if before or after else None

    @property
    def tables_asked(self) -> int:
        """Tables that the answer needs, the known failures included."""
        return len(self.tables) + len(self.failures)

    @cached_property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Every table of the catalog that is not read, each with its reason, in the order of the catalog."""
        return explain(self.listed, self.columns, self.key.granularity, self.key.bucket_by, self.cover)

    @cached_property
    def info(self) -> dict[str, TableInfo]:
        """The tables of the dataset by name."""
        return {info.name: info for info in self.columns.infos}

    def axis(self, first: int, stop: int) -> Axis:
        """The buckets [first, stop) of the axis, where every table answers. It is made once."""
        axis = self._axes.get((first, stop))
        if axis is None:
            axis = self._axes[first, stop] = self.axis_of(self.coverage, first, stop)
        return axis

    def axis_of(self, coverage: npt.NDArray[np.uint8], first: int, stop: int) -> Axis:
        """The buckets [first, stop) of the axis, with these marks of all buckets."""
        return Axis.of(self.key.granularity, self.edges[first : stop + 1], coverage[first:stop])

    @cached_property
    def _axes(self) -> dict[tuple[int, int], Axis]:
        return {}

    def coverage_of_span(self, failures: Iterable[Failure], *, to_tables: bool = False) -> SpanCoverage:
        """Which stretches of the span the answer could look at, now that these of the plan's tables failed.

        An open end is that of the axis; with `to_tables`, that of the tables.
        """
        failures = tuple(failures)
        if failures:
            return self._coverage_of_span(failures, to_tables)
        whole = self._whole_coverage.get(to_tables)
        if whole is None:
            whole = self._whole_coverage[to_tables] = self._coverage_of_span((), to_tables)
        return whole

    def _coverage_of_span(self, failures: tuple[Failure, ...], to_tables: bool) -> SpanCoverage:
        columns, cover = self.columns, self.cover
        bad = {failure.table: failure.unreachable for failure in failures}
        sound = np.array([info.name not in bad for info in columns.infos], bool)
        lost = np.array([bad.get(info.name, False) for info in columns.infos], bool)
        # What failed is covered where finer tables that answered stand in for it.
        kinds = (
            (~sound & ~lost, Coverage.DAMAGED),
            (~sound & lost, Coverage.UNREACHABLE),
            (cover.chosen & ~cover.cut & sound, Coverage.COMPLETE),
            (cover.cut & sound, Coverage.PARTIAL),
        )
        periods = [(columns.start[which], columns.stop[which], mark) for which, mark in kinds]
        span = self.span
        start, stop = (span.begins, span.ends) if to_tables else (span.start, span.stop)
        if self.unlisted:  # what no table covers may lie on a node that has not told its tables
            periods.insert(0, (np.array([start]), np.array([stop]), Coverage.UNREACHABLE))
        return stretches(start, stop, periods)

    @cached_property
    def _whole_coverage(self) -> dict[bool, SpanCoverage]:
        return {}

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


_plans: WeakKeyDictionary[Catalog, dict[PlanKey, VolumePlan]] = WeakKeyDictionary()
_lock = Lock()


def plan_volume(catalog: Catalog, query: VolumeQuery, reach: tuple[int, int] | None = None) -> VolumePlan:
    """The plan for a question. Raises as `plan_tables`, and InvalidQuestion for too many cells."""
    question = query.question
    key = PlanKey(question.span, question.granularity, question.bucket_by, question.dataset, reach)
    plan = plan_tables(catalog, key)
    cells = len(plan.coverage) * len(query.distinct)
    if cells > MAX_CELLS and (question.fill or question.smoothing is not None):
        reason = _too_many("names times buckets", cells, MAX_CELLS)
        raise InvalidQuestion.of("names", len(query.distinct), reason)
    return plan


def plan_tables(catalog: Catalog, key: PlanKey) -> VolumePlan:
    """The choice of tables, kept for the next question over the same span.

    Raises NoTables where no table covers any part of the span, InvalidQuestion for too many buckets.
    """
    with _lock:
        plan = _plans.setdefault(catalog, {}).get(key)
    if plan is None:
        plan = _plan(catalog, key)
        with _lock:
            plans = _plans[catalog]
            while len(plans) >= KEPT_PLANS:
                del plans[next(iter(plans))]
            plans[key] = plan
    return plan


def _plan(catalog: Catalog, key: PlanKey) -> VolumePlan:
    if key.bucket_by is not BucketBy.AUTO:
        return _plan_by(catalog, key)
    by_first_seen = _plan_by(catalog, key._replace(bucket_by=BucketBy.FIRST_SEEN))
    if by_first_seen.cover.cut.any():
        return by_first_seen
    try:
        return _plan_by(catalog, key._replace(bucket_by=BucketBy.FILE))
    except NoTables:
        return by_first_seen


def _plan_by(catalog: Catalog, key: PlanKey) -> VolumePlan:
    granularity, by_file = key.granularity, key.bucket_by is BucketBy.FILE
    columns = table_columns(catalog, key.dataset)
    fits = columns.rank <= granularity.rank
    span = find_span(columns, fits, key.span, granularity, key.bucket_by, key.reach)
    if span is None:
        raise _no_tables(catalog, key, _nothing(columns, fits, key))
    bound = granularity.bucket_bound(span.first, span.last)
    if bound > MAX_BUCKETS + 2 or span.last > MAX_TIME:
        raise InvalidQuestion.of("granularity", str(granularity), _too_long(key, bound))
    cover = choose_tables(columns, fits, span, 0 if by_file else GRACE)
    if not (cover.chosen | cover.missed).any():
        raise _no_tables(catalog, key, _all_cut(columns, fits, key))
    edges = granularity.edges(span.first, span.last)
    chosen = cover.chosen
    starts, stops = columns.start[chosen], columns.stop[chosen]
    coverage = base_coverage(edges, starts, stops)
    if catalog.unlisted:
        coverage[coverage == Coverage.NONE] = Coverage.UNREACHABLE
    cut = cover.cut
    coverage = mark(coverage, edges, columns.start[cut], columns.stop[cut], Coverage.PARTIAL)
    buckets_of = (np.searchsorted(edges, starts, side="right") - 1).astype(np.int32) if by_file else None
    failures = [columns.infos[i].problem for i in np.flatnonzero(cover.missed)]
    return VolumePlan(
        key=key,
        catalog_version=catalog.version,
        listed=catalog.tables,
        columns=columns,
        span=span,
        edges=edges,
        coverage=coverage,
        tables=tuple([columns.infos[i].name for i in np.flatnonzero(chosen)]),
        buckets=buckets_of,
        failures=(*[failure for failure in failures if failure is not None], *catalog.unlisted),
        unlisted=bool(catalog.unlisted),
        cover=cover,
    )


def _no_tables(catalog: Catalog, key: PlanKey, reason: str) -> DnstideError:
    """That no table covers the span, or that a node may hold one which has not told its tables."""
    if catalog.unlisted:
        return answer_incomplete(catalog.unlisted)
    return NoTables.of(reason, available(catalog, key.dataset))


def _nothing(columns: TableColumns, fits: npt.NDArray[np.bool_], key: PlanKey) -> str:
    if not len(columns.infos):
        return f"there are no tables of the dataset {key.dataset}, such as {key.dataset}.20150208.D.mtbl"
    if not fits.any():
        return f"no table fits into a bucket of one {key.granularity}"
    touching = _touching(columns, key.span)
    if touching.any():  # with tables that do not fit
        finest = TABLE_GRANULARITIES[columns.rank[touching].min()]
        reason = f"the tables of this span are those of a {finest}, or longer"
        return (
            f"{reason}, and do not fit into a bucket of one {key.granularity}: take the granularity {finest}"
        )
    return "no table covers any part of the span"


def _all_cut(columns: TableColumns, fits: npt.NDArray[np.bool_], key: PlanKey) -> str:
    """That every table reaches over an edge, and how far the finest one does."""
    said = "every table reaches over an edge of the span"
    touching = np.flatnonzero(_touching(columns, key.span) & fits)
    if not len(touching):
        return said
    finest = touching[np.argmin(columns.rank[touching])]
    period = Stretch(int(columns.start[finest]), int(columns.stop[finest]), Coverage.COMPLETE)
    return f"{said}: {columns.infos[finest].name} is one of {period}"


def _touching(columns: TableColumns, span: Span) -> npt.NDArray[np.bool_]:
    touching = columns.stop > (MIN_TIME if span.start is None else span.start)
    return touching & (columns.start < (MAX_TIME if span.stop is None else span.stop))


def _too_long(key: PlanKey, buckets: int) -> str:
    """That the axis has too many buckets, and for which rows it would need them."""
    said = _too_many("buckets", buckets, MAX_BUCKETS)
    if key.reach is None:
        return said
    first, last = (time_text(min(time, MAX_TIME - 1)) for time in key.reach)
    ends = [word for word, end in (("start", key.span.start), ("stop", key.span.stop)) if end is None]
    when = first if first == last else f"from {first} to {last}"
    return f"rows were first seen {when}: give a {' and a '.join(ends)}, or count by file"


def _too_many(what: str, number: int, limit: int) -> str:
    return f"about {number:,} {what}, at most {limit:,}; take a coarser granularity or a shorter span"
