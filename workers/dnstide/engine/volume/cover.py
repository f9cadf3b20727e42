"""The choice of tables that cover a span without overlap.

Rests on one fact: of two periods, either they are disjoint or one holds the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dnstide.engine.catalog import TableColumns
from dnstide.engine.volume.coverage import covered
from dnstide.engine.volume.span import AxisSpan

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """Masks over the tables of one dataset.

    `before`, `after`: wholly before or after all that matters. `cut`: chosen although it reaches over an edge
    of the span. `crossing`: reaches over an edge, chosen or not. `missed`: unreadable, and not covered by
    chosen ones.
    """

    fits: Mask
    before: Mask
    after: Mask
    crossing: Mask
    chosen: Mask
    cut: Mask
    missed: Mask


def choose_tables(columns: TableColumns, fits: Mask, span: AxisSpan, grace: int) -> Cover:
    """The coarsest sound tables among those that fit, within the span and `grace` seconds on either side.

    Tables that cross an edge of the span are used only with grace, that is, where rows can be told apart.
    """
    start, stop = columns.start, columns.stop
    before, after = stop <= span.start - grace, start >= span.stop + grace
    crossing = ((start < span.start) & (stop > span.start)) | ((start < span.stop) & (stop > span.stop))
    wanted = fits & ~before & ~after
    if not grace:
        wanted &= ~crossing
    usable = wanted & columns.sound
    chosen = _largest(columns, usable & ~crossing)
    cut = np.zeros(len(start), bool)
    for table in _needed(columns, np.flatnonzero(usable & crossing), chosen, span):
        cut[table] = True
        chosen &= ~((start >= start[table]) & (stop <= stop[table]))
    chosen |= cut
    missed = wanted & ~columns.sound
    if missed.any():
        a = np.maximum(start[missed], span.start - grace)
        b = np.minimum(stop[missed], span.stop + grace)
        periods = start[chosen], stop[chosen]
        missed[missed] = covered(*periods, b) - covered(*periods, a) < b - a
    return Cover(fits, before, after, crossing, chosen, cut, missed)


def _largest(columns: TableColumns, allowed: Mask) -> Mask:
    """Those that no other allowed one holds. Tables come by start, coarsest first, so holders come first."""
    at = np.flatnonzero(allowed)
    stops = columns.stop[at]
    reach = np.maximum.accumulate(stops)
    keep = np.ones(len(at), bool)
    keep[1:] = stops[1:] > reach[:-1]
    chosen = np.zeros(len(allowed), bool)
    chosen[at[keep]] = True
    return chosen


def _needed(columns: TableColumns, crossing: npt.NDArray[np.intp], inside: Mask, span: AxisSpan) -> list[int]:
    """Of the crossing tables, a handful at most, the finest with which all is covered that they can cover."""
    starts, stops = columns.start[inside], columns.stop[inside]

    def within(table: int) -> tuple[int, int]:
        return max(int(columns.start[table]), span.start), min(int(columns.stop[table]), span.stop)

    def holds(outer: int, inner: int) -> bool:
        return bool(
            columns.start[outer] <= columns.start[inner] and columns.stop[inner] <= columns.stop[outer]
        )

    def inner_seconds(a: int, b: int) -> int:
        low, high = covered(starts, stops, np.array([a, b], np.int64))
        return int(high - low)

    def outermost(tables: list[int]) -> list[int]:
        outer: list[int] = []
        for table in tables:
            if not any(holds(other, table) for other in outer):
                outer.append(table)
        return outer

    def resolve(tables: list[int]) -> list[int]:
        needed = []
        for table in outermost(tables):
            finer = [other for other in tables if other != table and holds(table, other)]
            children = [within(child) for child in outermost(finer)]
            a, b = within(table)
            seconds = inner_seconds(a, b) + sum(y - x - inner_seconds(x, y) for x, y in children)
            needed += resolve(finer) if seconds == b - a else [table]
        return needed

    return resolve([int(table) for table in crossing])
