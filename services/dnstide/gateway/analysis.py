"""The RPC of AnalysisService: the answer of a question about volume, and what it shows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable

import grpc
from dnstide.api.v1 import analysis_pb2, analysis_pb2_grpc
from dnstide.engine import InvalidQuestion
from dnstide.engine.analyze import (
    Analysis,
    AnalysisSettings,
    Findings,
    GapKind,
    SeriesFindings,
    analyze,
    question_for,
)
from dnstide.gateway.convert import GRANULARITY_NUMBERS
from dnstide.gateway.messages import fill_summary
from dnstide.gateway.service import Context, DnstideService, abort

KINDS = {
    GapKind.SILENT: analysis_pb2.GAP_KIND_SILENT,
    GapKind.NO_DATA: analysis_pb2.GAP_KIND_NO_DATA,
}


class AnalysisService(analysis_pb2_grpc.AnalysisServiceServicer):
    """Stands on the service that answers questions about volume, and shares its limits."""

    def __init__(self, volume: DnstideService) -> None:
        self._volume = volume

    async def AnalyzeVolume(  # noqa: N802
        self, request: analysis_pb2.AnalyzeVolumeRequest, context: Context
    ) -> analysis_pb2.AnalyzeVolumeResponse:
        """See analysis.proto."""
        self._volume.introduce(context)
        try:
            with self._volume.admission:
                return await self._analyze(request, context)
        except Exception as error:
            await abort(context, error)
            raise

    async def _analyze(
        self, request: analysis_pb2.AnalyzeVolumeRequest, context: grpc.aio.ServicerContext
    ) -> analysis_pb2.AnalyzeVolumeResponse:
        analysis, settings = asked(request)
        question = question_for(await self._volume.question(request.question), analysis)
        answer = await self._volume.answer(question, context, None)
        # The arithmetic takes milliseconds a series, too long for the loop that serves all calls.
        loop = asyncio.get_running_loop()
        findings = await loop.run_in_executor(None, analyze, answer, analysis, settings)
        return response(findings)


def asked(request: analysis_pb2.AnalyzeVolumeRequest) -> tuple[Analysis, AnalysisSettings]:
    """Which analysis, and how. Raises InvalidQuestion where none was chosen."""
    chosen = request.WhichOneof("analysis")
    if chosen is None:
        known = ", ".join(one.value for one in Analysis)
        raise InvalidQuestion("analysis", None, f"choose one of {known}")
    message = getattr(request, chosen)
    given = {field.name: value for field, value in message.ListFields()}
    return Analysis(chosen), AnalysisSettings(**given)


def response(findings: Findings) -> analysis_pb2.AnalyzeVolumeResponse:
    """Findings as a message."""
    answer = findings.answer
    message = analysis_pb2.AnalyzeVolumeResponse(
        granularity=GRANULARITY_NUMBERS[answer.plan.step],  # type: ignore[arg-type]
        series=[_series(answer.edges.tolist(), one) for one in findings.series],
        correlations=[
            analysis_pb2.Correlation(
                x=x, y=y, slope=line.slope, intercept=line.intercept, r=line.r, r_squared=line.r_squared,
                slope_error=line.slope_error, n=line.n,
            )
            for x, y, line in findings.correlations
        ],
        breakdowns=[
            analysis_pb2.Breakdown(
                name=name,
                total=parts.total,
                parts=[analysis_pb2.Part(rrtype=p.label, total=p.total, share=p.share) for p in parts.parts],
            )
            for name, parts in findings.breakdowns
        ],
    )  # fmt: skip
    fill_summary(message.summary, answer, explain=False)
    return message


def _series(edges: list[int], found: SeriesFindings) -> analysis_pb2.SeriesFindings:
    message = analysis_pb2.SeriesFindings(
        name=found.name,
        rrtype=found.rrtype or "",
        shifts=[
            analysis_pb2.Shift(
                time=edges[one.bucket], before=one.before, after=one.after, ratio=one.ratio, score=one.score
            )
            for one in found.shifts
        ],
        spikes=[
            analysis_pb2.Spike(
                time=edges[one.bucket], count=one.count, expected=one.expected, score=one.score
            )
            for one in found.spikes
        ],
        gaps=[
            analysis_pb2.Gap(
                start=edges[one.start], end=edges[one.stop], kind=KINDS[one.kind], expected=one.expected,
                open=one.edge,
            )
            for one in found.gaps
        ],
    )  # fmt: skip
    shape = found.shape
    if shape is not None:
        message.shape.CopyFrom(
            analysis_pb2.Shape(
                buckets=shape.buckets, seen=shape.seen, total=shape.total, mean=shape.mean,
                median=shape.median, low=shape.low, high=shape.high, variation=shape.variation,
                weekdays=_profile(shape.weekdays), hours=_profile(shape.hours),
            )
        )  # fmt: skip
    return message


def _profile(values: Iterable[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]
