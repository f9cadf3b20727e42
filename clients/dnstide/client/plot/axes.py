"""The axes of a figure: dates on round moments, counts on a linear or logarithmic scale, room for marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from dnstide.client.plot.picture import Picture
from dnstide.client.plot.texts import number
from dnstide.client.plot.ticks import date_ticks

if TYPE_CHECKING:
    from dnstide.model.granularity import Granularity
    from matplotlib.axes import Axes

LAST_DATE = np.datetime64("9990-01-01", "s")
"""Python's dates, which matplotlib takes, end with the year 9999; so far a margin stays within them."""
LANE = 11.0
"""Height of a mark's text, in points."""


def dress(axes: Any, picture: Picture, *, small: bool = False, lanes: int = 0) -> None:
    """Limits, ticks, grid and labels. small: a panel among many. lanes: lines of text of the marks on top."""
    size = 7 if small else 10
    axes.tick_params(labelsize=size)
    _date_axis(axes, picture, small)
    _count_axis(axes, picture, small)
    if lanes and (picture.ylim is None or picture.ylim[1] is None):
        _keep_free(axes, 4 + LANE * lanes)
    axes.grid(True, color="#e4e4e4", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    if not small:
        axes.set_ylabel("count")
        axes.set_xlabel(span(picture))


def _date_axis(axes: Any, picture: Picture, small: bool) -> None:
    from matplotlib import dates as untyped

    dates: Any = untyped
    edges = seconds(picture.edges)
    low, high = edges[[0, -1]]
    if picture.kind in ("line", "point"):
        low, high = low - half_bucket(picture), high - half_bucket(picture)
    margin = (high - low) * 0.01
    axes.set_xlim(days(low - margin), days(high + margin))
    classic = picture.classic and not picture.granularity.fine
    if classic:
        axes.tick_params(axis="x", labelrotation=90)
    room = int(_inches(axes)[0] / (0.56 if small else 0.8))
    if len(picture.starts) <= room:  # each bucket can have a tick with its own date
        places = (edges[:-1] + edges[1:]) / 2 if picture.kind == "bar" else edges[:-1]
        names = [_bucket_name(start, picture.granularity) for start in picture.starts]
        axes.set_xticks(days(places), [name.replace("-", "") for name in names] if classic else names)
        return
    if picture.edges[-1] > LAST_DATE:
        moments, texts = date_ticks(picture.edges[0], picture.edges[-1], max(2, room))
        axes.set_xticks(days(seconds(moments)), texts)
        return
    locator: Any = dates.AutoDateLocator(minticks=2 if room < 6 else 4, maxticks=4 if room < 6 else 10)
    axes.xaxis.set_major_locator(locator)
    form = dates.ConciseDateFormatter(locator, show_offset=False)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%Y%m%d") if classic else form)


def _count_axis(axes: Any, picture: Picture, small: bool) -> None:
    """A logarithmic axis gets a linear foot from 0 to 1 where the series has zeros, so that they show."""
    from matplotlib.ticker import (
        EngFormatter,
        FixedLocator,
        FuncFormatter,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        NullLocator,
    )

    axis = axes.yaxis
    most = 4 if small else 8
    low, high = (axes.dataLim.y0, axes.dataLim.y1) if np.isfinite(axes.dataLim.y1) else (0.0, 1.0)
    if not picture.log:
        axes.set_ylim(min(0.0, low), max(1.0, high) * 1.05)  # below zero only where a parabola was fitted
        axis.set_major_locator(MaxNLocator(most, steps=(1, 2, 2.5, 5, 10), integer=True))
    elif low >= 1:
        axes.set_yscale("log", nonpositive="mask")
        around = (high / low) ** 0.05 if high > low else 2.0
        axes.set_ylim(low / around, high * around)
        if high < 10 * low:  # within a decade powers of ten leave the axis bare
            even: Any = MaxNLocator(most, steps=(1, 2, 2.5, 5, 10)).tick_values(low / around, high * around)
            axis.set_major_locator(FixedLocator(even[even > 0]))
            axis.set_minor_locator(NullLocator())
        else:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 60 * low else (1.0,)))
        axis.set_minor_formatter(NullFormatter())
    else:
        axes.set_yscale("symlog", linthresh=1.0, linscale=0.4)
        top = max(1.0, high) * 2
        axes.set_ylim(0, top)
        decades = np.arange(np.ceil(np.log10(top)) + 1)
        axis.set_major_locator(FixedLocator([0.0, *10.0 ** decades[:: -(-len(decades) // most)]]))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(EngFormatter(sep="") if small else FuncFormatter(number))
    if picture.ylim is not None:
        bottom, top = picture.ylim
        axes.set_ylim(bottom=bottom if bottom or not picture.log or low < 1 else None, top=top)


def _keep_free(axes: Axes, points: float) -> None:
    """Raise the upper limit of the counts, so that nothing is drawn in the topmost `points`."""
    height = _inches(axes)[1] * 72.0
    scale = axes.yaxis.get_transform()
    low, high = scale.transform(np.array(axes.get_ylim()))
    above = low + (high - low) / (1.0 - min(points / height, 0.5))
    axes.set_ylim(top=float(scale.inverted().transform(np.array([above]))[0]))


def _inches(axes: Axes) -> tuple[float, float]:
    """Width and height, before a layout is made up to a tenth or so."""
    figure: Any = axes.figure
    place = axes.get_position()
    return place.width * figure.get_figwidth(), place.height * figure.get_figheight()


def span(picture: Picture) -> str:
    """`2018-10-31 to 2018-11-27 (UTC)`: the first and the last bucket."""
    ends = [_bucket_name(picture.starts[i], picture.granularity, whole=True) for i in (0, -1)]
    return f"{' to '.join(dict.fromkeys(ends))} (UTC)"


def _bucket_name(start: np.datetime64, granularity: Granularity, *, whole: bool = False) -> str:
    """A bucket's date, or its time of day (whole: with the date) where steps are finer."""
    if granularity.fine:
        text = str(start.astype("datetime64[m]")).replace("T", " ")
        return text if whole else text[11:]
    unit = {"year": "Y", "quarter": "M", "month": "M"}.get(str(granularity), "D")
    return str(start.astype(f"datetime64[{unit}]"))


def half_bucket(picture: Picture) -> float:
    """Half a bucket, in seconds."""
    return float(np.median(np.diff(seconds(picture.edges)))) / 2


def seconds(times: Any) -> npt.NDArray[np.float64]:
    """Moments as unix seconds."""
    return np.asarray(times, dtype="datetime64[s]").astype(np.float64)


def days(unix: Any) -> Any:
    """Unix seconds as matplotlib's days since 1970."""
    return unix / 86_400.0
