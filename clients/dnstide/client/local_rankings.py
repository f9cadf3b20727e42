"""Rankings in this process: the engine's answer in the client's form. Loaded by `local` alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from dnstide import engine
from dnstide.engine.top import question as top_question
from dnstide.engine.top.answer import TopAnswer

from .errors import Failure
from .ranking_question import TopQuestion
from .rankings import Certificate, Change, Rank, Top, TopSummary
from .results import PlanEntry, make_axis


def engine_question(question: TopQuestion) -> top_question.TopQuestion:
    """The engine's question. Raises its InvalidQuestion."""
    return top_question.TopQuestion.build(
        question.limit,
        question.by,
        rrtypes=question.rrtypes,
        under=question.under,
        exclude=question.exclude,
        start=question.start,
        stop=question.stop,
        dataset=question.dataset,
        series=None if question.series is None else engine.Granularity.parse(question.series),
        against=question.against,
        ratio_from=question.ratio_from,
        policy="partial" if question.partial else "fail",
    )


def top_of(
    question: TopQuestion, answer: TopAnswer, failure: Callable[[object], Failure], most: tuple[int, int]
) -> Top:
    """The answer; `most` failures and plan entries are told, as a server does."""
    axis = None
    if answer.edges is not None and answer.coverage is not None and question.series is not None:
        axis = make_axis(question.series, answer.edges[:-1], int(answer.edges[-1]), answer.coverage)
    plan = (PlanEntry(*one) for one in answer.tables if question.explain)
    return Top(
        ranks=tuple(Rank(e.rank, e.name, e.rrtype, e.count, e.share, e.series) for e in answer.entries),
        rises=tuple(Change(c.rank, c.name, c.rrtype, c.before, c.after) for c in answer.rises),
        falls=tuple(Change(c.rank, c.name, c.rrtype, c.before, c.after) for c in answer.falls),
        summary=TopSummary(
            complete=answer.complete,
            tables_asked=answer.asked,
            tables_answered=answer.answered,
            failures=tuple(failure(one) for one in answer.failures[: most[0]]),
            failures_total=len(answer.failures),
            plan=tuple(islice(plan, most[1])),
            total=answer.total,
            excluded=answer.excluded,
            certificates=tuple(
                Certificate(
                    min(c.theta, 2**64 - 1),
                    c.threshold,
                    c.lists,
                    c.depth,
                    c.candidates,
                    c.lookups,
                    c.scanned,
                    c.rounds,
                )
                for c in answer.certificates
            ),
            method=answer.method,
            keep=answer.keep,
            suffix_list=answer.suffixes,
            rows=answer.rows,
            seconds=answer.seconds,
            catalog_version=answer.catalog_version,
        ),
        axis=axis,
    )
