"""Analyses in this process: the engine's findings in the client's form. Loaded by `local` alone."""

from __future__ import annotations

from typing import Any

from dnstide.engine import VolumeAnswer, VolumeQuestion
from dnstide.engine.analyze import (
    Analysis,
    AnalysisSettings,
    Findings,
    SeriesFindings,
    analyze,
    question_for,
)

from . import analyses
from .analyses import moment, profile
from .results import Summary


def question_of(question: VolumeQuestion, analysis: str) -> VolumeQuestion:
    """The question whose answer is analysed. Raises the engine's AnalysisError."""
    return question_for(question, Analysis(analysis))


def find(
    answer: VolumeAnswer, analysis: str, settings: dict[str, Any], granularity: str, summary: Summary
) -> analyses.Findings:
    """Analyse an answer of the engine. Raises the engine's AnalysisError."""
    found: Findings = analyze(answer, Analysis(analysis), AnalysisSettings(**settings))
    edges = answer.edges.tolist()
    return analyses.Findings(
        analysis=analysis,
        granularity=granularity,
        summary=summary,
        series=tuple(_series(one, edges) for one in found.series),
        correlations=tuple(
            analyses.Correlation(x, y, c.slope, c.intercept, c.r, c.r_squared, c.slope_error, c.n)
            for x, y, c in found.correlations
        ),
        breakdowns=tuple(
            analyses.Breakdown(
                name, b.total, tuple(analyses.Part(p.label, p.total, p.share) for p in b.parts)
            )
            for name, b in found.breakdowns
        ),
    )


def _series(one: SeriesFindings, edges: list[int]) -> analyses.SeriesFindings:
    shape = one.shape
    return analyses.SeriesFindings(
        name=one.name,
        rrtype=one.rrtype,
        shifts=tuple(
            analyses.Shift(moment(edges[s.bucket]), s.before, s.after, s.ratio, s.score) for s in one.shifts
        ),
        spikes=tuple(
            analyses.Spike(moment(edges[s.bucket]), s.count, s.expected, s.score) for s in one.spikes
        ),
        gaps=tuple(
            analyses.Gap(moment(edges[g.start]), moment(edges[g.stop]), g.kind.value, g.expected, g.edge)
            for g in one.gaps
        ),
        shape=None
        if shape is None
        else analyses.Shape(
            shape.buckets, shape.seen, shape.total, shape.mean, shape.median, shape.low, shape.high,
            shape.variation, profile(shape.weekdays), profile(shape.hours),
        ),
    )  # fmt: skip
