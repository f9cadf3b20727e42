"""Rankings as text, CSV, JSON and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from dnstide.client.rankings import Change, Rank, Top

from .render import bucket_labels, rows_pieces

BARS = "▁▂▃▄▅▆▇█"
GAP = "·"
MOST_BARS = 60


def top_pieces(answer: Top, form: str) -> Iterator[str]:
    """A ranking in one of the four formats."""
    if form == "text":
        return _text(answer)
    if form == "csv":
        return _csv(answer)
    return _jsonl(answer) if form == "jsonl" else _json(answer)


def sparkline(
    counts: np.ndarray[Any, np.dtype[np.uint64]], known: np.ndarray[Any, np.dtype[np.bool_]]
) -> str:
    """The counts as bars of eight heights, neighbours added up where there are more than fit; a blank is
    zero, a dot a gap.
    """
    values = counts.astype(np.float64)
    if len(counts) > MOST_BARS:
        edges = np.linspace(0, len(counts), MOST_BARS + 1).astype(np.intp)[:-1]
        values, known = np.add.reduceat(values, edges), np.logical_or.reduceat(known, edges)
    largest = values.max(initial=0.0) or 1.0
    heights = np.ceil(values / largest * len(BARS)).astype(np.intp)
    bars = zip(heights.tolist(), known.tolist(), strict=True)
    return "".join(BARS[height - 1] if height else " " if seen else GAP for height, seen in bars)


def _text(answer: Top) -> Iterator[str]:
    if answer.rises or answer.falls:
        rows: list[list[Any]] = [
            [word, one.rank, f"{one.difference:+d}", one.before, one.after, _title(one)]
            for word, one in _changes(answer)
        ]
        return _aligned(rows, "<>>>>")
    rows = [[r.rank, r.count, f"{r.share:.2%}", *_bars(answer, r), _title(r)] for r in answer.ranks]
    return _aligned(rows, ">>>" + "<" * (answer.axis is not None))


def _bars(answer: Top, one: Rank) -> list[str]:
    return [] if one.series is None else [sparkline(one.series, answer.known(one))]


def _aligned(rows: list[list[Any]], sides: str) -> Iterator[str]:
    widths = [max((len(str(row[i])) for row in rows), default=0) for i in range(len(sides))]
    for row in rows:
        cells = [f"{cell!s:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=False)]
        yield "  ".join([*cells, *map(str, row[len(sides) :])]).rstrip() + "\n"


def _title(one: Rank | Change) -> str:
    return one.name if one.rrtype is None else f"{one.rrtype} {one.name}"


def _changes(answer: Top) -> list[tuple[str, Change]]:
    return [("rise", one) for one in answer.rises] + [("fall", one) for one in answer.falls]


def _csv(answer: Top) -> Iterator[str]:
    if answer.rises or answer.falls:
        columns = ["change", "rank", "name", "rrtype", "before", "after"]
        changes = [[word, c.rank, c.name, c.rrtype, c.before, c.after] for word, c in _changes(answer)]
        return rows_pieces(columns, changes, "csv")
    labels = [] if answer.axis is None else bucket_labels(answer.axis)
    columns = ["rank", "name", "rrtype", "count", "share", *labels]
    ranks = [[r.rank, r.name, r.rrtype, r.count, r.share, *_series(answer, r)] for r in answer.ranks]
    return rows_pieces(columns, ranks, "csv")


def _series(answer: Top, one: Rank) -> list[int | None]:
    """None where there is no count."""
    if one.series is None:
        return []
    known = answer.known(one).tolist()
    return [count if seen else None for count, seen in zip(one.series.tolist(), known, strict=True)]


def _jsonl(answer: Top) -> Iterator[str]:
    for item in _items(answer):
        yield json.dumps(item, separators=(",", ":")) + "\n"


def _items(answer: Top) -> Iterator[dict[str, Any]]:
    for one in answer.ranks:
        typed = {} if one.rrtype is None else {"rrtype": one.rrtype}
        series = {} if one.series is None else {"series": _series(answer, one)}
        yield {"rank": one.rank, "name": one.name, **typed, "count": one.count, "share": one.share, **series}
    for word, c in _changes(answer):
        typed = {} if c.rrtype is None else {"rrtype": c.rrtype}
        yield {"change": word, "rank": c.rank, "name": c.name, **typed, "before": c.before, "after": c.after}


def _json(answer: Top) -> Iterator[str]:
    """What does not depend on who answered, how many shards, or what was summarized before."""
    summary = answer.summary
    yield '{"ranks":['
    for number, item in enumerate(_items(answer)):
        yield ("," if number else "") + "\n" + json.dumps(item, separators=(",", ":"))
    about: dict[str, Any] = {
        "complete": summary.complete,
        "tables_asked": summary.tables_asked,
        "tables_answered": summary.tables_answered,
        "failures": [{"table": f.table, "code": f.code, "reason": f.reason} for f in summary.failures],
        "total_count": summary.total,
        "excluded_count": summary.excluded,
        "suffix_list": summary.suffix_list,
    }
    if answer.axis is not None:
        yield f'\n],\n"buckets":{json.dumps(bucket_labels(answer.axis), separators=(",", ":"))}'
    else:
        yield "\n]"
    yield f',\n"summary":{json.dumps(about, separators=(",", ":"))}}}\n'
