"""The N largest sums over many lists, proved: a threshold algorithm that asks until no unlisted key can
belong.

Notation (Fagin, Lotem, Naor 2003; Cao and Wang 2004): every table i gives a list of its largest keys and a
floor τ_i that bounds all others. L(o) is the sum of the listed counts of key o, U(o) = L(o) + the floors of
the lists that do not hold it, Θ = Σ τ_i bounds a key on no list. λ₁ is the N-th largest L; keys with U ≥ λ₁
get their missing counts; λ is then the N-th largest exact sum. Θ < λ proves the answer, ties included; so
does Θ = 0, and, with a single list that is itself in rank order, Θ ≤ λ.

The algorithm is a generator: it yields questions to be put to every shard and is sent their answers, so that
the same code runs in one process and across a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from dnstide.engine.top.merged import Merged, add_exact, merge, nth_largest
from dnstide.model.top import Certificate, capped
from dnstide.shard.ranking.requests import AboveRequest, ExactRequest, RankRequest, TopRequest

FIRST_DEPTH = 500
LOOKUPS_WORTH = 20_000
"""More look-ups of single keys than this cost more than reading further down the lists."""

Steps = Generator[RankRequest, Any, "Ranking"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Keys with exact counts, the largest first; equal counts in canonical order."""

    keys: tuple[bytes, ...]
    counts: tuple[int, ...]
    certificate: Certificate


def rank(n: int, tie_order: Callable[[bytes], Any]) -> Steps:
    """Yield questions, be sent the answers of all shards to each, return the `Ranking` of the `n`
    largest.
    """
    request: TopRequest | AboveRequest = TopRequest(max(FIRST_DEPTH, 5 * n), send_for(n))
    rounds = looked_up = scanned = 0
    while True:
        merged = merge((yield request))
        rounds += 1
        scanned += merged.scanned
        survivors = np.flatnonzero(merged.high >= np.uint64(nth_largest(merged.low, n)))
        cost = int(merged.lookups[survivors].sum())
        if cost > LOOKUPS_WORTH and can_lengthen(request, merged):
            request = longer(request, n)
            continue
        exact = merged.low[survivors]
        open_ = np.flatnonzero(exact < merged.high[survivors])
        if len(open_):
            exact[open_] = add_exact((yield ExactRequest(merged.keys.take(survivors[open_]))), len(open_))
            rounds += 1
            looked_up += cost
        threshold = nth_largest(exact, n)
        certificate = Certificate(
            theta=capped(merged.theta),
            threshold=threshold,
            lists=merged.lists,
            depth=merged.depth,
            candidates=len(survivors),
            lookups=looked_up,
            scanned=scanned,
            rounds=rounds,
        )
        if certificate.proved:
            best = np.flatnonzero(exact >= np.uint64(max(threshold, 1)))
            ranked = zip(merged.keys.take(survivors[best]), exact[best].tolist(), strict=True)
            top = sorted(ranked, key=lambda item: (-item[1], tie_order(item[0])))[:n]
            return Ranking(tuple(key for key, _ in top), tuple(count for _, count in top), certificate)
        request = deepen(request, merged, n, threshold)


def send_for(n: int) -> int:
    """How many of its best keys a shard sends: a few times what is wanted, so that one round is mostly
    enough.
    """
    return max(1_000, 4 * n)


def deepen(
    request: TopRequest | AboveRequest, merged: Merged, n: int, threshold: int, span: int = 0
) -> TopRequest | AboveRequest:
    """The next question when the proof did not close: longer lists while there are, then whatever settles it.

    With a threshold, no key can belong that reaches less than threshold / lists in each list. Without one,
    fewer than `n` keys are known: lists of `n` places hold that many whenever they exist, and after that
    everything is asked.
    """
    if can_lengthen(request, merged):
        return longer(request, n)
    if isinstance(request, TopRequest) and not request.scan and (threshold == 0 or merged.lists == 1):
        return TopRequest(n, send_for(n), scan=True, span=span)
    return AboveRequest(max(1, -(-threshold // max(merged.lists, 1))), span=span)


def can_lengthen(request: TopRequest | AboveRequest, merged: Merged) -> bool:
    """Whether more can be learnt without reading a table in full."""
    return merged.exhaustible and isinstance(request, TopRequest) and not request.scan


def longer(request: TopRequest | AboveRequest, n: int) -> TopRequest:
    """Four times as far down every list."""
    depth = request.depth if isinstance(request, TopRequest) else FIRST_DEPTH
    return TopRequest(4 * depth, 4 * max(send_for(n), depth), span=request.span)
