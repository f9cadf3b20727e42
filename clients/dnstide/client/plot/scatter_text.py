"""The scatter plot without matplotlib: as a page, and as a chart in the terminal."""

from __future__ import annotations

import html

import numpy as np
import numpy.typing as npt
from dnstide.client.plot.html import still_page
from dnstide.client.plot.texts import number
from dnstide.client.plot.ticks import round_steps
from dnstide.model.errors import MissingExtra

Values = npt.NDArray[np.uint64] | npt.NDArray[np.float64]

_WIDE, _HIGH = 720, 640
_LEFT, _BOTTOM, _TOP = 110, 60, 20

_STYLE = """svg { max-width: 100%; height: auto; }
circle { fill: none; stroke: var(--ink); stroke-width: .8; }
svg text { fill: var(--ink); font-size: 13px; }
.axis { stroke: var(--ink); fill: none; } .grid { stroke: var(--grid); }
.line { stroke: #d55e00; stroke-width: 2; }
"""


def scatter_page(
    x: Values,
    y: Values,
    *,
    labels: tuple[str, str],
    slope: float,
    intercept: float,
    words: str,
    title: str,
    command: str = "",
    dataset: str = "",
) -> str:
    """One HTML page without a script: a circle for each bucket, and the line. `command` and `dataset` as for
    `still_page`.
    """
    right, top = (max(float(values.max(initial=0)), 1.0) for values in (x, y))
    steps_x, steps_y = round_steps(right, 5), round_steps(top, 6)
    right, top = max(right, steps_x[-1]), max(top, steps_y[-1])

    def across(value: float) -> float:
        return round(_LEFT + value / right * (_WIDE - _LEFT - 20), 1)

    def up(value: float) -> float:
        return round(_HIGH - _BOTTOM - value / top * (_HIGH - _BOTTOM - _TOP), 1)

    drawn = []
    for step in steps_x:
        drawn.append(f'<path class="grid" d="M{across(step)} {_TOP}V{_HIGH - _BOTTOM}"/>')
        drawn.append(f'<text x="{across(step)}" y="{_HIGH - 40}" text-anchor="middle">{number(step)}</text>')
    for step in steps_y:
        drawn.append(f'<path class="grid" d="M{_LEFT} {up(step)}H{_WIDE - 20}"/>')
        drawn.append(f'<text x="{_LEFT - 6}" y="{up(step) + 4}" text-anchor="end">{number(step)}</text>')
    drawn.append(f'<path class="axis" d="M{_LEFT} {_TOP}V{_HIGH - _BOTTOM}H{_WIDE - 20}"/>')
    points = zip(x.tolist(), y.tolist(), strict=True)
    drawn += [f'<circle cx="{across(a)}" cy="{up(b)}" r="3"/>' for a, b in points]
    ends = [(a, intercept + slope * a) for a in (float(x.min(initial=0)), float(x.max(initial=0)))]
    (ax, ay), (bx, by) = [(across(a), up(b)) for a, b in ends]
    drawn.append(f'<path class="line" d="M{ax} {ay}L{bx} {by}"/>')
    middle = (_WIDE + _LEFT) / 2
    drawn.append(f'<text x="{middle}" y="{_HIGH - 12}" text-anchor="middle">{html.escape(labels[0])}</text>')
    drawn.append(
        f'<text transform="translate(16 {_HIGH / 2}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(labels[1])}</text>"
    )
    said = html.escape(words).replace("\n", "<br>")
    picture = (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}" role="img" '
        f'aria-label="{html.escape(title)}">\n'
    )
    marks = "\n".join(drawn)
    return still_page(title, _STYLE, f"<p>{said}</p>\n{picture}{marks}</svg>\n", command, dataset)


def scatter_chart(
    x: Values,
    y: Values,
    *,
    labels: tuple[str, str],
    slope: float,
    intercept: float,
    words: str,
    title: str,
    width: int = 80,
    height: int = 24,
) -> str:
    """Lines of text, each at most `width` wide. Raises MissingExtra without plotext."""
    try:
        import plotext
    except ImportError:
        raise MissingExtra("a chart in the terminal", "plot") from None
    from dnstide.client.plot.terminal import ONE_AT_A_TIME

    right, top = (max(float(values.max(initial=0)), 1.0) for values in (x, y))
    steps_x, steps_y = round_steps(right, 4), round_steps(top, 5)
    with ONE_AT_A_TIME:
        plotext.terminal.limit(False, False)
        figure = plotext.figure
        figure.clear()
        figure.theme("colorless")
        figure.canvas("default")
        figure.plot_size(max(width, 40), max(height, 10))
        figure.title(title[: width - 4])
        ends = [float(x.min(initial=0)), float(x.max(initial=0))]
        line = figure.signal(ends, [intercept + slope * end for end in ends], marker="braille")
        line.lines()
        figure.draw(line)
        figure.draw(figure.signal(x.tolist(), y.tolist(), marker="o"))
        for axis, steps, most in (("x", steps_x, right), ("y", steps_y, top)):
            figure.ruler(axis).lim(0.0, max(most, steps[-1]))
            figure.ruler(axis).ticks(steps, [number(step) for step in steps])
        text = str(figure.build().string(True))
        figure.clear()
    across, up = labels
    told = (f"→ {across}", f"↑ {up}", *words.splitlines())
    return "".join(f"{line[:width]}\n" for line in (*text.rstrip().splitlines(), *told))
