"""Analyses as messages: the request, and the findings of the response."""

from __future__ import annotations

from typing import Any

from dnstide.api.v1 import analysis_pb2

from . import analyses
from .analyses import AnalysisSettings, check_analysis, moment, profile
from .calls import granularity_word, summary, volume_request
from .question import Question

_KINDS = {analysis_pb2.GAP_KIND_SILENT: "silent", analysis_pb2.GAP_KIND_NO_DATA: "no-data"}


def analysis_request(
    question: Question, analysis: str, settings: AnalysisSettings | None
) -> analysis_pb2.AnalyzeVolumeRequest:
    """The message that asks. Raises InvalidQuestion."""
    given = check_analysis(analysis, settings)
    request = analysis_pb2.AnalyzeVolumeRequest(question=volume_request(question))
    chosen = getattr(request, analysis)
    chosen.SetInParent()
    for name, value in given.items():
        setattr(chosen, name, value)
    return request


def findings(analysis: str, message: analysis_pb2.AnalyzeVolumeResponse) -> analyses.Findings:
    """What the server found."""
    return analyses.Findings(
        analysis=analysis,
        granularity=granularity_word(message.granularity),
        summary=summary(message.summary),
        series=tuple(_series(one) for one in message.series),
        correlations=tuple(
            analyses.Correlation(c.x, c.y, c.slope, c.intercept, c.r, c.r_squared, c.slope_error, c.n)
            for c in message.correlations
        ),
        breakdowns=tuple(
            analyses.Breakdown(
                b.name, b.total, tuple(analyses.Part(p.rrtype, p.total, p.share) for p in b.parts)
            )
            for b in message.breakdowns
        ),
    )


def _series(one: Any) -> analyses.SeriesFindings:
    return analyses.SeriesFindings(
        name=one.name,
        rrtype=one.rrtype or None,
        shifts=tuple(analyses.Shift(moment(s.time), s.before, s.after, s.ratio, s.score) for s in one.shifts),
        spikes=tuple(analyses.Spike(moment(s.time), s.count, s.expected, s.score) for s in one.spikes),
        gaps=tuple(
            analyses.Gap(moment(g.start), moment(g.end), _KINDS.get(g.kind, "unknown"), g.expected, g.open)
            for g in one.gaps
        ),
        shape=_shape(one.shape) if one.HasField("shape") else None,
    )


def _shape(one: Any) -> analyses.Shape:
    return analyses.Shape(
        one.buckets, one.seen, one.total, one.mean, one.median, one.low, one.high,
        one.variation if one.HasField("variation") else None, profile(one.weekdays), profile(one.hours),
    )  # fmt: skip
