"""The demo's two pictures: a chart in the terminal and a PNG."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dnstide.client.errors import MissingExtra
from dnstide.client.results import Volume


def draw_terminal(volume: Volume, width: int) -> str:
    """All series over one logarithmic axis, as text."""
    try:
        import plotext
    except ImportError:
        raise MissingExtra("a chart in the terminal", "plot") from None
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, 22)
    plotext.date_form("Y-m-d")
    plotext.yscale("log")
    for series, marker in zip(volume.series, ("braille", "dot"), strict=False):
        days = [str(day) for day in series.times.astype("datetime64[D]")]
        plotext.plot(days, series.counts.tolist(), label=series.name, marker=marker)
    plotext.title("queries seen per day")
    text = str(plotext.build())
    plotext.clear_figure()
    return text


def draw_file(volume: Volume, folder: Path) -> Path:
    """A PNG in the folder, or in a temporary one where that cannot be written."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtra("a picture", "plot") from None
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(10, 5.2), layout="constrained")
    for series, style in zip(volume.series, ("-", "--"), strict=False):
        assert series.smoothed is not None
        axes.plot(
            series.times.astype("datetime64[D]"), series.smoothed, "k", linestyle=style, label=series.name
        )
    axes.set_yscale("log")
    axes.set_title("queries seen per day, moving average of 14")
    axes.grid(alpha=0.3)
    axes.legend()
    try:
        folder.mkdir(exist_ok=True)
        path = folder.absolute() / "districts.png"
        figure.savefig(path)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="dnstide-picture-")) / "districts.png"
        figure.savefig(path)
    plt.close(figure)
    return path
