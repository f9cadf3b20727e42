"""A report on one name, put together from what the clients ask already.

`report_steps` yields the questions and is sent their answers, so that one order of work serves clients that
wait and clients that are awaited.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from dnstide.model.arguments import ReportOptions, plain_text
from dnstide.model.errors import AnalysisRefused, DnstideError, InvalidQuestion, NoTables
from dnstide.model.report import IN_REPORT, Report
from dnstide.model.top import Top
from dnstide.model.vocabulary import MAX_RANKS, Analysis
from dnstide.model.volume import Volume

ROUNDS = 3
"""How often a report begins again because the tables changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a client's method."""

    method: str
    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)


Steps = Generator[Step, Any, Report]


def report_steps(name: str, options: ReportOptions, children: int) -> Steps:
    """The questions of a report, and the report at the end. `children`: how many of the largest names under
    the name are ranked; 0 asks for none. Raises InvalidQuestion, and whatever the questions raise.
    """
    if not isinstance(name, str):
        raise InvalidQuestion([("names", f"a report is about one name, not {name!r}")])
    plain_text("names", name)
    if isinstance(children, bool) or not isinstance(children, int) or not 0 <= children <= MAX_RANKS:
        raise InvalidQuestion([("children", f"{children!r} is not a number from 0 to {MAX_RANKS:,}")])
    for left in reversed(range(ROUNDS)):
        volume = yield Step("volume", (name,), dict(options))
        found = {}
        for analysis in IN_REPORT:
            try:
                found[analysis] = yield Step("analyze", (analysis, name), dict(options))
            except AnalysisRefused:
                if analysis is not Analysis.SHAPE:
                    raise
        top, childless = (yield from _children(volume, options, children)) if children else (None, "")
        answers = [volume, *found.values(), *([] if top is None else [top])]
        changed = len({answer.summary.catalog_version for answer in answers}) > 1
        if not changed or not left:
            break
    return Report(volume, found, top, childless, changed)


def _children(
    volume: Volume, options: ReportOptions, children: int
) -> Generator[Step, Top, tuple[Top | None, str]]:
    """The ranking under the name over the span of the volume, or why there is none."""
    series = volume.series[0]
    if not volume.found:
        return None, "the name was not seen"
    bailiwick = options.get("bailiwick") or series.filter.bailiwick
    if bailiwick:
        return None, "rankings do not tell bailiwicks apart"
    edges = volume.axis.edges
    start, stop = (datetime.fromtimestamp(int(edges[place]), UTC) for place in (0, -1))
    asked = {
        "under": series.name.removeprefix("*."),
        "rrtypes": series.filter.rrtypes or options.get("rrtypes", ()),
        "start": start,
        "stop": stop,
        "partial": options.get("partial", False),
        "dataset": options.get("dataset", "dns"),
        "strict": options.get("strict", False),
        "case_sensitive": options.get("case_sensitive", False),
    }
    try:
        top = yield Step("top", (children,), asked)
    except (InvalidQuestion, NoTables) as error:  # the span cuts a table, or none covers it whole
        return None, str(error)
    return top, ""


def run(steps: Steps, client: Any, seconds: float | None) -> Report:
    """Take the steps with a client that waits, all within so many seconds."""
    end = None if seconds is None else time.monotonic() + seconds
    step = next(steps)
    while True:
        try:
            said: Any = getattr(client, step.method)(*step.arguments, **step.options, timeout=_left(end))
        except DnstideError as error:
            said = error
        try:
            step = steps.throw(said) if isinstance(said, DnstideError) else steps.send(said)
        except StopIteration as done:
            return cast(Report, done.value)


async def run_awaited(steps: Steps, client: Any, seconds: float | None) -> Report:
    """The same with one that is awaited."""
    end = None if seconds is None else time.monotonic() + seconds
    step = next(steps)
    while True:
        try:
            said: Any = await getattr(client, step.method)(
                *step.arguments, **step.options, timeout=_left(end)
            )
        except DnstideError as error:
            said = error
        try:
            step = steps.throw(said) if isinstance(said, DnstideError) else steps.send(said)
        except StopIteration as done:
            return cast(Report, done.value)


def _left(end: float | None) -> float | None:
    """Seconds until the end; hardly any are left where it has passed, which the call then tells."""
    return None if end is None else max(end - time.monotonic(), 0.001)
