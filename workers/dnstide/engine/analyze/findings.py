"""From a finished volume to what it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from dnstide.engine.analyze.breakdown import break_down
from dnstide.engine.analyze.columns import Bools, refusal
from dnstide.engine.analyze.correlation import correlate
from dnstide.engine.analyze.gaps import find_gaps
from dnstide.engine.analyze.season import DAY, season_for
from dnstide.engine.analyze.shape import describe_shape
from dnstide.engine.analyze.shifts import find_shifts
from dnstide.engine.analyze.spikes import find_spikes
from dnstide.engine.rrtypes import rrtype_text
from dnstide.engine.volume.query import VolumeQuery
from dnstide.model.analysis import Breakdown, Correlation, Findings, SeriesFindings
from dnstide.model.question import AnalysisQuestion, VolumeQuestion
from dnstide.model.vocabulary import Analysis, Coverage
from dnstide.model.volume import Series, Volume
from numpy.typing import NDArray


def volume_question(question: AnalysisQuestion) -> VolumeQuestion:
    """The question whose answer `analyze` takes. Raises AnalysisRefused where it cannot be analysed so."""
    volume, analysis = question.volume, question.analysis
    if analysis is Analysis.CORRELATION and len(volume.names) < 2 and not volume.split_by_rrtype:
        raise refusal("correlation", "it takes two series: give two names, or NAME/AAAA and NAME/A")
    split = volume.split_by_rrtype or analysis is Analysis.BREAKDOWN
    return replace(volume, smoothing=None, fill=False, split_by_rrtype=split)


def analyze(volume: Volume, question: AnalysisQuestion) -> Findings:
    """Analyse the answer to `volume_question`. Raises AnalysisRefused.

    Only buckets of complete coverage take part: the counts of others are not known. In the search for gaps a
    bucket with a count is not silent, whatever its coverage; a breakdown adds up all there is.
    """
    findings = Findings(question, volume.summary)
    if question.analysis is Analysis.CORRELATION:
        return replace(findings, correlations=_correlations(volume))
    if question.analysis is Analysis.BREAKDOWN:
        return replace(findings, breakdowns=_breakdowns(volume))
    return replace(findings, series=tuple(_series(volume, series, question) for series in volume.series))


def _series(volume: Volume, series: Series, question: AnalysisQuestion) -> SeriesFindings:
    counts, known = series.dense(), _known(volume)
    findings = SeriesFindings(series.name, series.rrtype, filter=series.filter)
    edges = volume.axis.edges
    settings: dict[str, Any] = dict(question.settings)
    season, per = _season(volume), _per(volume)
    match question.analysis:
        case Analysis.SHIFTS:
            return replace(
                findings, shifts=find_shifts(counts, known, edges=edges, season=season, per=per, **settings)
            )
        case Analysis.SPIKES:
            return replace(
                findings, spikes=find_spikes(counts, known, edges=edges, season=season, **settings)
            )
        case Analysis.GAPS:
            return replace(findings, gaps=find_gaps(counts, known | (counts > 0), edges=edges, **settings))
        case _:
            return replace(findings, shape=describe_shape(edges[:-1], int(edges[-1]), counts, known, per=per))


def _correlations(volume: Volume) -> tuple[Correlation, ...]:
    if len(volume.series) < 2:
        raise refusal("correlation", "there is one series only; two are needed")
    known = _known(volume)
    first, *others = volume.series
    x, edges = first.dense(), volume.axis.edges
    x_label, *labels = _labels(volume)
    season, per = _season(volume), _per(volume)
    return tuple(
        correlate(
            x, series.dense(), known, known, labels=(x_label, label), edges=edges, season=season, per=per
        )
        for label, series in zip(labels, others, strict=True)
    )


def _labels(volume: Volume) -> list[str]:
    """Each series' name, with its record type or the types that were asked for, and its bailiwick."""
    targets = VolumeQuery.parse(volume.question, len(volume.question.names)).targets
    labels = []
    for series in volume.series:
        rrtype = series.rrtype or ",".join(
            rrtype_text(number) for number in targets[series.name_index].filter.rrtypes
        )
        bailiwick = series.filter.bailiwick
        label = f"{series.name} {rrtype}" if rrtype else series.name
        labels.append(f"{label} in {bailiwick}" if bailiwick else label)
    return labels


def _breakdowns(volume: Volume) -> tuple[Breakdown, ...]:
    parts: dict[int, list[tuple[str, NDArray[np.uint64]]]] = {}
    named = {series.name_index: series for series in volume.series}
    for series in volume.series:
        group = parts.setdefault(series.name_index, [])
        if series.rrtype is not None:
            group.append((series.rrtype, series.counts))
    return tuple(
        replace(break_down(named[index].name, group), filter=named[index].filter)
        for index, group in parts.items()
    )


def _per(volume: Volume) -> int:
    """Seconds for which rates are told."""
    return volume.axis.granularity.per.seconds


def _season(volume: Volume) -> int | None:
    """Buckets of the pattern to expect in the series."""
    edges = volume.axis.edges
    longest = int(np.diff(edges).max()) if edges.size > 1 else 0
    return season_for(longest, len(volume.axis)) if 0 < longest <= DAY else None


def _known(volume: Volume) -> Bools:
    return np.asarray(volume.axis.coverage == Coverage.COMPLETE, dtype=np.bool_)
