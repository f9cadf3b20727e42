"""Gaps: spans in which a name that is usually seen was silent, told apart from spans without tables."""

from __future__ import annotations

import math

import numpy as np
from dnstide.engine.analyze.columns import SHORT, Bools, Floats, columns, moments, rates, refusal
from dnstide.model.analysis import Gap
from dnstide.model.vocabulary import GapKind
from numpy.typing import ArrayLike, NDArray

NEIGHBOURS = 28  # buckets on either side that tell how likely silence is there
RARE = 60  # at most one silent span in so many buckets, or two, is out of the ordinary


def find_gaps(
    counts: ArrayLike,
    known: ArrayLike | None = None,
    *,
    edges: ArrayLike | None = None,
    alpha: float = 0.01,
) -> tuple[Gap, ...]:
    """Every span without data, and every silent span that chance does not explain, in order of time.

    Seen and silent buckets are taken as a two-state Markov chain. The K longest silent spans (one in
    60 buckets, two at least) are judged by the others: of R spans, D = R − K ended within T = (their
    buckets) + K·(the longest of them) silent buckets, the estimate of a geometric law from a sample
    censored at the top.
    Chance makes

        E = seen · (D + p) / (seen + 1) · P(L)

    spans of L buckets or more, where P(L) is the mean of q^(L − 1) over all q that the sample leaves likely,
    q ~ Beta(T − D + p, D + 1 − p); and one is reported where E < `alpha`. p is the probability of a zero that
    the nearest buckets outside such spans imply (negative binomial with three times their variance). So one
    silent day of a busy name is a gap, the weekend of an office's name is not. Buckets may differ in length:
    L and T are in buckets of the usual one, p is that of the first bucket of the span at the rate of those
    around, and a span of less than 0.9 of the usual length is not judged: it is some other days of the week.

    Sources: M. F. Schilling, "The longest run of heads", College Math. J. 21, 1990; C. I. Bliss and
    R. A. Fisher, "Fitting the negative binomial distribution to biological data", Biometrics 9, 1953.
    Raises AnalysisRefused for bad arguments. A series that was never seen has no silent span. `edges` are
    the n+1 borders of the buckets, unix seconds; without them bucket i begins at second i.
    """
    numbers, mask = columns("gaps", counts, known)
    times = moments(edges, numbers.size)
    if not 0 < alpha < 1:
        raise refusal("gaps", f"alpha must lie between 0 and 1, not {alpha}")
    gaps = [Gap(times[a], times[b], GapKind.NO_DATA, 0.0, a == 0 or b == mask.size) for a, b in runs(~mask)]
    seen = int(np.count_nonzero(mask & (numbers > 0)))
    spans = runs(mask & (numbers == 0))
    scaled, lengths, _ = rates(numbers, edges, None)
    if seen and spans:
        until = np.concatenate([[0.0], np.cumsum(lengths)])

        def length(span: tuple[int, int]) -> float:
            return float(until[span[1]] - until[span[0]])

        spans.sort(key=length, reverse=True)
        rare = max(2, mask.size // RARE)
        long = [span for span in spans if length(span) >= SHORT]
        judged, usual = long[:rare], [*long[rare:], *spans[len(long) :]]
        lasted = [max(1.0, length(span)) for span in usual]
        at_risk = sum(lasted) + len(judged) * max(lasted, default=0.0)
        ordinary = mask.copy()
        for a, b in judged:
            ordinary[a:b] = False
        where = np.flatnonzero(ordinary)
        for a, b in judged:
            p = _zero_chance(scaled, where, a, float(lengths[a]))
            begins = (len(usual) + p) / (seen + 1)
            ends, goes_on = len(usual) + 1.0 - p, at_risk - len(usual) + p
            expected = seen * begins * _survival(length((a, b)), ends, goes_on)
            if expected < alpha:
                open_end = a == 0 or b == mask.size or not mask[a - 1] or not mask[b]
                gaps.append(Gap(times[a], times[b], GapKind.SILENT, expected, bool(open_end)))
    return tuple(sorted(gaps, key=lambda gap: gap.start))


def _survival(length: float, ends: float, goes_on: float) -> float:
    """The chance that a silence lasts `length` buckets or more: E[q^(length−1)], q ~ Beta(goes_on, ends)."""
    if length <= 1.0:
        return 1.0
    if goes_on <= 0.0:
        return 0.0
    more, whole = length - 1.0, goes_on + ends
    upper = math.lgamma(goes_on + more) - math.lgamma(whole + more)
    return math.exp(upper + math.lgamma(whole) - math.lgamma(goes_on))


def runs(flags: Bools) -> list[tuple[int, int]]:
    """The spans [start, stop) of consecutive true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _zero_chance(scaled: Floats, where: NDArray[np.intp], start: int, length: float) -> float:
    """The probability of a zero in a bucket of that length that the buckets of `where` nearest to `start`
    imply.
    """
    cut = int(np.searchsorted(where, start))
    near = scaled[where[max(0, cut - NEIGHBOURS) : cut + NEIGHBOURS]]
    # Thrice the variance: from few buckets it often comes out too small, and silence would look impossible.
    mean, variance = float(near.mean()), 3.0 * float(near.var())
    if mean == 0:
        return 1.0
    if variance <= mean:
        return math.exp(-mean * length)
    size = mean * mean / (variance - mean)
    return math.exp(-size * math.log1p(mean * length / size))
