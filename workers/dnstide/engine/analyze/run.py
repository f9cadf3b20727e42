"""From a finished answer to what it shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import dns.rdatatype
import numpy as np
from dnstide.engine.analyze.breakdown import Breakdown, break_down
from dnstide.engine.analyze.columns import Bools
from dnstide.engine.analyze.correlation import Correlation, correlate
from dnstide.engine.analyze.errors import AnalysisError
from dnstide.engine.analyze.gaps import Gap, find_gaps
from dnstide.engine.analyze.season import DAY, season_for
from dnstide.engine.analyze.shape import Shape, describe_shape
from dnstide.engine.analyze.shifts import Shift, find_shifts
from dnstide.engine.analyze.spikes import Spike, find_spikes
from dnstide.engine.volume.answer import Series, VolumeAnswer
from dnstide.engine.volume.coverage import Coverage
from dnstide.engine.volume.question import VolumeQuestion
from numpy.typing import NDArray


class Analysis(Enum):
    """What can be asked of an answer."""

    SHIFTS = "shifts"
    SPIKES = "spikes"
    GAPS = "gaps"
    CORRELATION = "correlation"
    SHAPE = "shape"
    BREAKDOWN = "breakdown"


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """`find_shifts`, `find_spikes` and `find_gaps` say what each means."""

    shortest: int = 7
    min_ratio: float = 1.25
    window: int = 29
    threshold: float = 6.0
    alpha: float = 0.01


@dataclass(frozen=True, slots=True)
class SeriesFindings:
    """What was found in one series; only the part that was asked for is filled."""

    name: str
    rrtype: str | None
    shifts: tuple[Shift, ...] = ()
    spikes: tuple[Spike, ...] = ()
    gaps: tuple[Gap, ...] = ()
    shape: Shape | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """`series` for shifts, spikes, gaps and shape; `correlations` hold (x, y, line); `breakdowns` one a name.

    Buckets are indexes on the axis of `answer`.
    """

    answer: VolumeAnswer
    series: tuple[SeriesFindings, ...] = ()
    correlations: tuple[tuple[str, str, Correlation], ...] = ()
    breakdowns: tuple[tuple[str, Breakdown], ...] = ()


def question_for(question: VolumeQuestion, analysis: Analysis) -> VolumeQuestion:
    """The question whose answer `analyze` takes. Raises AnalysisError where it cannot be analysed so."""
    split = analysis is Analysis.BREAKDOWN
    if analysis is Analysis.CORRELATION and len(question.targets) < 2 and not question.split_by_rrtype:
        raise AnalysisError("correlation", "it takes two series: give two names, or NAME/AAAA and NAME/A")
    return replace(question, smooth=None, fill=False, split_by_rrtype=question.split_by_rrtype or split)


def analyze(answer: VolumeAnswer, analysis: Analysis, settings: AnalysisSettings) -> Findings:
    """Analyse the answer to `question_for`. Raises AnalysisError.

    Only buckets of complete coverage take part: the counts of others are not known. In the search for gaps a
    bucket with a count is not silent, whatever its coverage; a breakdown adds up all there is.
    """
    if analysis is Analysis.CORRELATION:
        return Findings(answer, correlations=_correlations(answer))
    if analysis is Analysis.BREAKDOWN:
        return Findings(answer, breakdowns=_breakdowns(answer))
    return Findings(answer, tuple(_series(answer, series, analysis, settings) for series in answer.series))


def _series(
    answer: VolumeAnswer, series: Series, analysis: Analysis, settings: AnalysisSettings
) -> SeriesFindings:
    counts, known = _dense(answer, series), _known(answer)
    found = SeriesFindings(series.name, series.rrtype)
    edges = answer.edges
    longest = int(np.diff(edges).max()) if edges.size > 1 else 0
    season = season_for(longest, counts.size) if 0 < longest <= DAY else None
    if analysis is Analysis.SHIFTS:
        shortest, ratio = settings.shortest, settings.min_ratio
        shifts = find_shifts(counts, known, season=season, shortest=shortest, min_ratio=ratio)
        return replace(found, shifts=shifts)
    if analysis is Analysis.SPIKES:
        window, threshold = settings.window, settings.threshold
        return replace(
            found, spikes=find_spikes(counts, known, season=season, window=window, threshold=threshold)
        )
    if analysis is Analysis.GAPS:
        return replace(found, gaps=find_gaps(counts, known | (counts > 0), alpha=settings.alpha))
    return replace(found, shape=describe_shape(edges[:-1], int(edges[-1]), counts, known))


def _correlations(answer: VolumeAnswer) -> tuple[tuple[str, str, Correlation], ...]:
    if len(answer.series) < 2:
        raise AnalysisError("correlation", "there is one series only; two are needed")
    known = _known(answer)
    first, *others = answer.series
    x = _dense(answer, first)
    labels = _labels(answer)
    return tuple(
        (labels[0], label, correlate(x, _dense(answer, series), known, known))
        for label, series in zip(labels[1:], others, strict=True)
    )


def _labels(answer: VolumeAnswer) -> list[str]:
    """Each series' name, with its record type, or the types that were asked for."""
    labels = []
    for series in answer.series:
        asked = answer.question.targets[series.target].rrtypes
        rrtype = series.rrtype or ",".join(
            dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number)) for number in asked
        )
        labels.append(f"{series.name} {rrtype}" if rrtype else series.name)
    return labels


def _breakdowns(answer: VolumeAnswer) -> tuple[tuple[str, Breakdown], ...]:
    parts: dict[tuple[int, str], list[tuple[str, NDArray[np.uint64]]]] = {}
    for series in answer.series:
        group = parts.setdefault((series.target, series.name), [])
        if series.rrtype is not None:
            group.append((series.rrtype, series.count))
    return tuple(
        (name, break_down(group) if group else Breakdown(0, ())) for (_, name), group in parts.items()
    )


def _dense(answer: VolumeAnswer, series: Series) -> NDArray[np.uint64]:
    counts = np.zeros(len(answer.edges) - 1, dtype=np.uint64)
    counts[series.bucket] = series.count
    return counts


def _known(answer: VolumeAnswer) -> Bools:
    return np.asarray(answer.coverage == Coverage.COMPLETE, dtype=np.bool_)
