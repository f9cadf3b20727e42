"""One series against another, with the line of least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from dnstide.client.plot.figure import new_figure
from dnstide.client.plot.style import own_style
from dnstide.client.plot.texts import number, put

if TYPE_CHECKING:
    from dnstide.model.analysis import Correlation
    from matplotlib.figure import Figure

SIZE = (7.0, 7.0)


def words_of(line: Correlation) -> str:
    """The equation, R² and n; and R² within the levels, where R² rests on them."""
    sign = "+" if line.slope >= 0 else "−"
    said = [
        f"y = {line.intercept:,.6g} {sign} {abs(line.slope):.4g} x",
        f"R² = {line.r_squared:.3f}, n = {line.n:,}",
    ]
    if line.level_driven:
        within = "not defined" if line.within_r is None else f"{line.within_r**2:.2g}"
        said.append(f"R² within the {line.levels} levels: {within}")
    return "\n".join(said)


@own_style
def scatter(
    x: npt.NDArray[np.uint64] | npt.NDArray[np.float64],
    y: npt.NDArray[np.uint64] | npt.NDArray[np.float64],
    *,
    labels: tuple[str, str],
    slope: float,
    intercept: float,
    words: str,
    title: str = "",
    size: tuple[float, float] = SIZE,
) -> Figure:
    """A point for each bucket that both series have, and y = intercept + slope·x. `words` stand in a corner.
    Raises MissingExtra.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = new_figure(*size)
    axes: Any = figure.add_subplot()
    dot = 18 if len(x) <= 400 else 5
    axes.scatter(x, y, s=dot, facecolors="none", edgecolors="black", linewidths=0.7)
    ends = np.array([float(x.min()), float(x.max())]) if len(x) else np.array([0.0, 1.0])
    axes.plot(ends, intercept + slope * ends, color="#d55e00", linewidth=1.6)
    note = axes.text(0.03, 0.97, "", transform=axes.transAxes, va="top", fontsize=10,
                     bbox={"facecolor": "white", "edgecolor": "#999999"})  # fmt: skip
    put(note, words, 200)
    put(axes.set_xlabel(""), labels[0], 70)
    put(axes.set_ylabel(""), labels[1], 70)
    put(figure.suptitle("", fontsize=12), title, 80)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(number))
        axis.set_major_locator(MaxNLocator(5, steps=(1, 2, 2.5, 5, 10), integer=True))
    axes.set_xlim(left=min(0.0, ends[0]))
    axes.set_ylim(bottom=0.0)
    axes.grid(True, color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure
