"""Why nothing was found for a name: it is nowhere, or it is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dnstide.model.errors import DnstideError

if TYPE_CHECKING:
    from dnstide.model.volume import Series, Volume

MAX_NAMES = 20
"""Names that are looked for once more."""

Ask = Callable[..., "Volume"]
"""Asks for these names with the options of the first question, but for those given."""


def reasons(volume: Volume, ask: Ask) -> dict[str, str]:
    """For each series without rows, by what was asked, where its name has rows; empty where it has none.

    Asks again for these names alone, without types and bailiwick, and then without a span.
    """
    empty = [series for series in volume if not series.counts.any()][:MAX_NAMES]
    if not empty:
        return {}
    found: dict[str, str] = {}
    with suppress(DnstideError):  # what cannot be found out is not told
        names = list(dict.fromkeys(series.name for series in empty))
        everything = {"rrtypes": (), "bailiwick": None, "split_by_rrtype": True}
        here = _types(ask(names, **everything)) if _is_filtered(volume, empty) else {}
        outside = [name for name in names if name not in here]
        anywhere: dict[str, list[Series]] = {}
        if outside and volume.question.span != (None, None):
            always = {"start": None, "stop": None, "days_back": None, "granularity": "year"}
            anywhere = _types(ask(outside, **everything, **always))
        for series in empty:
            if series.name in here:
                has = here[series.name]
                found[series.asked] = f"it has {_words(has)} in this span{_but(volume, series, has)}"
            elif series.name in anywhere:
                found[series.asked] = _elsewhere(anywhere[series.name])
    return found


def _is_filtered(volume: Volume, empty: list[Series]) -> bool:
    return bool(volume.question.filter) or any(series.filter for series in empty)


def _types(volume: Volume) -> dict[str, list[Series]]:
    found: dict[str, list[Series]] = {}
    for series in volume:
        if series.counts.any():
            found.setdefault(series.name, []).append(series)
    return found


def _words(types: list[Series]) -> str:
    return ", ".join(sorted(str(series.rrtype) for series in types))


def _but(volume: Volume, series: Series, has: list[Series]) -> str:
    """Where the types are those that were asked for, it is the bailiwick that no row has."""
    wanted = {*volume.question.filter.rrtypes, *series.filter.rrtypes}
    seen = {str(part.rrtype) for part in has}
    return "" if wanted and not wanted & seen else ", in other bailiwicks"


def _elsewhere(types: list[Series]) -> str:
    first = min(str(series.times[0].astype("datetime64[Y]")) for series in types)
    last = max(str(series.times[-1].astype("datetime64[Y]")) for series in types)
    when = f"in {first}" if first == last else f"from {first} to {last}"
    return f"it has {_words(types)} outside this span, {when}"
