"""What has been looked at for one question, while tables turn out to be unreadable and the plan changes.

A table that fails may be covered by others: finer ones, or the coarser one into which it was just
merged. So after a failure the question is planned anew without it, and only what the new plan reads
beside the old one is asked.
"""

from collections.abc import Mapping
from dataclasses import replace

from dnstide.engine.catalog import Catalog
from dnstide.engine.volume.answer import Timings, VolumeAnswer
from dnstide.engine.volume.merge import Accumulator
from dnstide.engine.volume.plan import VolumePlan, plan_volume
from dnstide.engine.volume.question import VolumeQuestion
from dnstide.mtbl import TableChanged, TableMissing
from dnstide.shard.partial import Failure, Partial
from dnstide.shard.question import ShardPlan

#: Plans tried for one question before failures are taken as they are.
MAX_PLANS = 8


class Looks:
    """Plan, add partials, replan, finish. `todo` are the tables of the plan that have not been asked."""

    def __init__(self, catalog: Catalog, question: VolumeQuestion) -> None:
        """Raises NoTables, InvalidQuestion."""
        self._catalog, self._question = catalog, question
        self._partials: list[Partial] = []
        self._plans = 1
        self.plan: VolumePlan = plan_volume(catalog, question)
        self.todo: tuple[str, ...] = self.plan.tables

    @property
    def shard_plan(self) -> ShardPlan:
        """What is to be read of the tables of todo."""
        whole = len(self.todo) == len(self.plan.tables)
        return self.plan.shard_plan(None if whole else self.todo)

    @property
    def answered(self) -> int:
        """Tables whose rows are in."""
        return sum(partial.answered for partial in self._partials)

    @property
    def failed(self) -> Mapping[str, Failure]:
        """Tables of the present plan that were asked and failed, each with one reason."""
        return {failure.table: failure for partial in self._partials for failure in partial.failures}

    @property
    def may_replan(self) -> bool:
        """Whether a table failed and another plan is worth a try."""
        return self._plans < MAX_PLANS and any(partial.failures for partial in self._partials)

    def add(self, partial: Partial) -> None:
        """What a shard found. Every table of todo is answered for once, as answered or as failed."""
        self._partials.append(partial)

    def replan(self, fresh: Catalog) -> None:
        """Plans without the tables that failed. `fresh` is the catalog as it is now. Raises as the
        constructor.
        """
        failed = self.failed
        asked = {*self.plan.tables} - failed.keys()
        self._catalog = without(failed, self._catalog, fresh)
        self._plans += 1
        self.plan = plan_volume(self._catalog, self._question)
        self._partials = [replace(partial, failures=()) for partial in self._partials]
        if not asked <= {*self.plan.tables}:
            # Tables came or went, so that what was counted may overlap with the new choice: begin again.
            self._partials, asked = [], set()
        self.todo = tuple([name for name in self.plan.tables if name not in asked])

    def finish(self, timings: Timings) -> VolumeAnswer:
        """As `Accumulator.finish`."""
        found = Accumulator(self.plan, self._question)
        for partial in self._partials:
            found.add(partial)
        return found.finish(timings)


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
    return fresh.with_problems([failed[name] for name in failed if name not in again], gone)
