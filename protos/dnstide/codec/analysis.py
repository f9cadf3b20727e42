"""What counts show: question and findings, to messages and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from dnstide.api.v1 import analysis_pb2
from dnstide.codec.common import filter_message, filter_of, moment, unix_seconds
from dnstide.codec.enums import GAP_KIND
from dnstide.codec.volume import fill_summary, summary_of, volume_question, volume_request
from dnstide.model.analysis import (
    Breakdown,
    Correlation,
    Findings,
    Gap,
    Part,
    SeriesFindings,
    Shape,
    Shift,
    Spike,
)
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import AnalysisQuestion, VolumeQuestion
from dnstide.model.vocabulary import MAX_PROBLEMS, Analysis

_CHOICES = {
    field.name for field in analysis_pb2.AnalyzeVolumeRequest.DESCRIPTOR.oneofs_by_name["analysis"].fields
}

if {str(analysis) for analysis in Analysis} != _CHOICES:
    raise ValueError("the analyses of the model and of the contract differ")


def analysis_request(question: AnalysisQuestion) -> analysis_pb2.AnalyzeVolumeRequest:
    """The message that asks."""
    request = analysis_pb2.AnalyzeVolumeRequest(question=volume_request(question.volume))
    settings = getattr(request, question.analysis)
    settings.SetInParent()
    for name, value in question.settings.items():
        setattr(settings, name, value)
    return request


def analysis_question(
    request: analysis_pb2.AnalyzeVolumeRequest, also: Callable[[VolumeQuestion], object] | None = None
) -> AnalysisQuestion:
    """The question that a message asks. Raises InvalidQuestion and calls `also` as `volume_question` does."""
    chosen = request.WhichOneof("analysis")
    problems: list[tuple[str, str]] = []
    if chosen is None:
        problems.append(("analysis", f"choose one of {', '.join(Analysis)}"))
    try:
        volume = volume_question(request.question, also)
    except InvalidQuestion as error:
        problems.extend(error.problems)
    if problems:
        raise InvalidQuestion(problems[:MAX_PROBLEMS])
    message = getattr(request, chosen)
    settings: Any = {field.name: value for field, value in message.ListFields()}
    return AnalysisQuestion(volume, Analysis(chosen), settings)


def findings_message(findings: Findings) -> analysis_pb2.AnalyzeVolumeResponse:
    """Findings as a message."""
    message = analysis_pb2.AnalyzeVolumeResponse(
        series=map(_series_message, findings.series),
        correlations=[
            analysis_pb2.Correlation(
                x=line.x,
                y=line.y,
                slope=line.slope,
                intercept=line.intercept,
                r=line.r,
                r_squared=line.r_squared,
                slope_error=line.slope_error,
                n=line.n,
                levels=line.levels,
                within_r=line.within_r,
                difference_r=line.difference_r,
                level_driven=line.level_driven,
            )
            for line in findings.correlations
        ],
        breakdowns=[
            analysis_pb2.Breakdown(
                name=breakdown.name,
                total=breakdown.total,
                parts=[
                    analysis_pb2.Part(rrtype=part.rrtype, total=part.total, share=part.share)
                    for part in breakdown.parts
                ],
                filter=filter_message(breakdown.filter),
            )
            for breakdown in findings.breakdowns
        ],
    )
    fill_summary(message.summary, findings.summary)
    return message


def findings(
    question: AnalysisQuestion, message: analysis_pb2.AnalyzeVolumeResponse, request_id: str = ""
) -> Findings:
    """The findings of a message. Raises ServerDefect for a word that is not known."""
    return Findings(
        question=question,
        summary=summary_of(message.summary, request_id),
        series=tuple(map(_series, message.series)),
        correlations=tuple(
            Correlation(
                line.x,
                line.y,
                line.slope,
                line.intercept,
                line.r,
                line.r_squared,
                line.slope_error,
                line.n,
                line.levels,
                line.within_r if line.HasField("within_r") else None,
                line.difference_r if line.HasField("difference_r") else None,
                line.level_driven,
            )
            for line in message.correlations
        ),
        breakdowns=tuple(
            Breakdown(
                breakdown.name,
                breakdown.total,
                tuple(Part(part.rrtype, part.total, part.share) for part in breakdown.parts),
                filter_of(breakdown.filter),
            )
            for breakdown in message.breakdowns
        ),
    )


def _series_message(series: SeriesFindings) -> analysis_pb2.SeriesFindings:
    return analysis_pb2.SeriesFindings(
        name=series.name,
        rrtype=series.rrtype or "",
        shifts=[
            analysis_pb2.Shift(
                time=unix_seconds(shift.time),
                before=shift.before,
                after=shift.after,
                ratio=shift.ratio,
                score=shift.score,
            )
            for shift in series.shifts
        ],
        spikes=[
            analysis_pb2.Spike(
                time=unix_seconds(spike.time),
                count=spike.count,
                expected=spike.expected,
                score=spike.score,
            )
            for spike in series.spikes
        ],
        gaps=[
            analysis_pb2.Gap(
                start=unix_seconds(gap.start),
                stop=unix_seconds(gap.stop),
                kind=GAP_KIND.number[gap.kind],
                expected=gap.expected,
                open=gap.open,
            )
            for gap in series.gaps
        ],
        shape=None if series.shape is None else _shape_message(series.shape),
        filter=filter_message(series.filter),
    )


def _series(message: analysis_pb2.SeriesFindings) -> SeriesFindings:
    return SeriesFindings(
        name=message.name,
        rrtype=message.rrtype or None,
        shifts=tuple(Shift(moment(s.time), s.before, s.after, s.ratio, s.score) for s in message.shifts),
        spikes=tuple(Spike(moment(s.time), s.count, s.expected, s.score) for s in message.spikes),
        gaps=tuple(
            Gap(moment(g.start), moment(g.stop), GAP_KIND.told(g.kind), g.expected, g.open)
            for g in message.gaps
        ),
        shape=_shape(message.shape) if message.HasField("shape") else None,
        filter=filter_of(message.filter),
    )


def _shape_message(shape: Shape) -> analysis_pb2.Shape:
    return analysis_pb2.Shape(
        buckets=shape.buckets,
        seen=shape.seen,
        total=shape.total,
        mean=shape.mean,
        median=shape.median,
        low=shape.low,
        high=shape.high,
        variation=shape.variation,
        weekdays=_profile_message(shape.weekdays),
        hours=_profile_message(shape.hours),
    )


def _shape(message: analysis_pb2.Shape) -> Shape:
    return Shape(
        buckets=message.buckets,
        seen=message.seen,
        total=message.total,
        mean=message.mean,
        median=message.median,
        low=message.low,
        high=message.high,
        variation=message.variation if message.HasField("variation") else None,
        weekdays=_profile(message.weekdays),
        hours=_profile(message.hours),
    )


def _profile_message(values: Iterable[float | None]) -> list[float]:
    """NaN travels for None."""
    return [math.nan if value is None else value for value in values]


def _profile(values: Iterable[float]) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else value for value in values)
