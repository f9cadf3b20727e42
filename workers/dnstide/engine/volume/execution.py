"""One question on its way to an answer, while tables turn out to be unreadable and the plan changes.

A table that fails may be covered by others: finer ones, or the coarser one into which it was just
merged. So after a failure the question is planned anew without it, and only what the new plan reads
beside the old one is asked. Rows first seen outside an axis that the question leaves open make it longer, and
all is asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from dnstide.engine.catalog import with_problems
from dnstide.engine.volume.merge import merge_volume
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.query import VolumeQuery
from dnstide.model.catalog import Catalog
from dnstide.model.errors import DeadlineExceeded, Failure
from dnstide.model.volume import Timings, Volume
from dnstide.mtbl import TableChanged, TableMissing
from dnstide.shard.partial import Partial, hull
from dnstide.shard.question import ShardPlan

log = logging.getLogger(__name__)

MAX_PLANS = 8
"""Plans that are tried for one question before failures are taken as they are."""


class VolumeExecution:
    """Plans, takes partials, plans anew, finishes. `pending` are the tables of the plan that have not been
    asked.
    """

    def __init__(self, catalog: Catalog, query: VolumeQuery) -> None:
        """Raises NoTables, InvalidQuestion."""
        self._catalog, self.query = catalog, query
        self._partials: list[Partial] = []
        self._plans = 1
        self.plan: VolumePlan = plan_volume(catalog, query)
        self.pending: tuple[str, ...] = self.plan.tables

    @property
    def shard_plan(self) -> ShardPlan:
        """What is to be read of the pending tables."""
        whole = len(self.pending) == len(self.plan.tables)
        return self.plan.shard_plan(None if whole else self.pending)

    @property
    def tables_asked(self) -> int:
        """Tables that the answer needs by the present plan."""
        return self.plan.tables_asked

    @property
    def tables_answered(self) -> int:
        """Tables whose rows are in."""
        return sum(partial.answered for partial in self._partials)

    @property
    def tables_failed(self) -> int:
        """Tables that the answer lacks so far: those that the plan knew of, and those that failed since."""
        return len(self.plan.failures) + len(self.failed)

    @property
    def failed(self) -> Mapping[str, Failure]:
        """Tables of the present plan that were asked and failed, each with one reason."""
        return {failure.table: failure for partial in self._partials for failure in partial.failures}

    @property
    def may_replan(self) -> bool:
        """Whether a table failed and another plan is worth a try, or the axis is too short."""
        failed = any(partial.failures for partial in self._partials)
        return self._beyond is not None or (self._plans < MAX_PLANS and failed)

    @property
    def _beyond(self) -> tuple[int, int] | None:
        """The reach of an axis that holds all rows, where the present one does not."""
        outside = hull(partial.outside for partial in self._partials)
        return None if outside is None else self.plan.beyond(outside)

    def add(self, partial: Partial) -> None:
        """Take what a shard found. Every pending table is answered for once, as answered or as failed."""
        self._partials.append(partial)

    def replan(self, fresh: Catalog) -> None:
        """Plan without the tables that failed, and with an axis that holds all rows. `fresh` is the catalog
        as it is now. Raises as the constructor.
        """
        failed, reach = self.failed, self._beyond or self.plan.key.reach
        longer = reach != self.plan.key.reach
        asked = {*self.plan.tables} - failed.keys()
        self._catalog = without(failed, self._catalog, fresh)
        self._plans += 1
        self.plan = plan_volume(self._catalog, self.query, reach)
        self._partials = [replace(partial, failures=()) for partial in self._partials]
        if longer or not asked <= {*self.plan.tables}:
            # Tables came or went, so that what was counted may overlap with the new choice, or all buckets
            # have new numbers: begin again.
            self._partials, asked = [], set()
        self.pending = tuple([name for name in self.plan.tables if name not in asked])
        log.debug("plan %d without %s: %d tables pending", self._plans, sorted(failed), len(self.pending))

    def finish(self, timings: Timings) -> Volume:
        """The answer. Raises as `merge_volume`, and DeadlineExceeded where it would lack rows for want of
        time.
        """
        if self._beyond is not None:
            raise DeadlineExceeded("no time was left to look again for rows first seen outside the tables")
        return merge_volume(self.plan, self.query, self._partials, timings)


def without(failed: Mapping[str, Failure], before: Catalog, fresh: Catalog) -> Catalog:
    """The fresh catalog without the tables that failed. One that vanished is still expected, unless
    others cover it; one that was replaced may be asked again.
    """
    known = fresh.by_name
    passing = (TableMissing.code, TableChanged.code)
    again = {
        name
        for name, failure in failed.items()
        if failure.code in passing and name in known and known[name].problem is None
    }
    gone = [before.by_name[name] for name in failed if name not in known]
    return with_problems(fresh, [failed[name] for name in failed if name not in again], gone)
