"""Requests divide by tables, and what is answered in part keeps what was found."""

from __future__ import annotations

import numpy as np
from dnstide.engine.top.run import ShardsRequest
from dnstide.gateway.requests import (
    PlanShares,
    RankStepRequest,
    SummariesMissing,
    SummaryRequest,
    VolumeRequest,
    part_of_plan,
)
from dnstide.model.errors import Failure
from dnstide.model.vocabulary import Grouping
from dnstide.mtbl import LookupQuery
from dnstide.shard import Partial, ShardPlan
from dnstide.shard.ranking.requests import RankReply, RankScope, Totals, TotalsRequest

FAILURES = (Failure("b", "BAD_CHECKSUM", "the checksum does not match", 12),)
PLAN = ShardPlan(("a", "b", "c"), np.array([0, 1, 2], "<i4").tobytes(), bytes(32))
TOTALS = Totals(5, 0, None)


def test_a_part_of_a_plan_keeps_the_bucket_of_each_table() -> None:
    """In the order asked."""
    part = part_of_plan(PLAN, ("c", "a"))
    assert (part.tables, part.edges) == (("c", "a"), PLAN.edges)
    assert part.table_buckets == np.array([2, 0], "<i4").tobytes()
    assert part_of_plan(ShardPlan(("a", "b"), None, b""), ("b",)) == ShardPlan(("b",), None, b"")


def test_the_same_part_of_the_same_plan_is_the_same_object() -> None:
    """Whoever packs it knows it again; the whole plan is a part of itself."""
    shares = PlanShares()
    tables = ("a", "c")
    assert shares.share(PLAN, tables) is shares.share(PLAN, tables)
    assert shares.share(PLAN, ("a", "b", "c")) is PLAN
    assert shares.share(PLAN, ("b",)).tables == ("b",)


def test_many_parts_are_not_kept_for_ever() -> None:
    """And a part of a plan that is gone is never taken for that of another."""
    shares = PlanShares()
    for i in range(3000):
        plan = ShardPlan((f"a{i}", f"b{i}"), None, b"")
        assert shares.share(plan, (f"a{i}",)).tables == (f"a{i}",)
    assert len(shares._shares) <= 1024


def test_volume_in_part() -> None:
    """Failures are set, the rest of a partial stays."""
    request = VolumeRequest(PLAN, (LookupQuery(b"\0"),), True, PlanShares())
    assert request.share(("b",)).tables == ("b",)
    assert request.share(("b",)).split_by_rrtype
    assert request.with_failures(Partial(rows=3, answered=2, failures=FAILURES), ()) == Partial(
        rows=3, answered=2
    )
    assert request.with_failures(None, FAILURES) == Partial(failures=FAILURES)


def test_a_ranking_in_part() -> None:
    """A reply that holds nothing is none, so that it does not stand among those that are added up."""
    step = ShardsRequest(("a", "b"), RankScope(Grouping.FQDN), TotalsRequest())
    request = RankStepRequest(step, step.tables)
    assert request.share(("b",)).tables == ("b",)
    kept = request.with_failures(RankReply(TOTALS, FAILURES), ())
    assert kept is not None
    assert (kept.value, kept.failures) == (TOTALS, ())
    assert request.with_failures(RankReply(None, FAILURES), ()) is None
    lost = request.with_failures(None, FAILURES)
    assert lost is not None
    assert (lost.value, lost.failures) == (None, FAILURES)


def test_summaries_in_part() -> None:
    """Tables that failed lack no summary that could be made."""
    request = SummaryRequest(("a", "b"), 3, RankScope(Grouping.FQDN))
    assert request.share(("b",)) == SummaryRequest(("b",), 3, RankScope(Grouping.FQDN))
    assert request.with_failures(None, FAILURES) == SummariesMissing(0, FAILURES)
    assert request.with_failures(SummariesMissing(2), FAILURES) == SummariesMissing(2, FAILURES)
