"""A picture as text, for a terminal."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
from dnstide.client.plot.picture import Line, Picture
from dnstide.client.plot.texts import number
from dnstide.client.plot.ticks import date_ticks, round_steps
from dnstide.model.errors import MissingExtra
from dnstide.model.vocabulary import Coverage

HEIGHT = 24
PANEL_HEIGHT = 9
PLAIN_MARKERS = ("*", "x", "+", "o", "#", "@", "%", "&", "=", "$", "~", "^")
COLOURS = (12, 10, 9, 14, 13, 11, 4, 2, 1, 6, 5, 3)
"""Of the terminal's own sixteen, which its user has chosen to be read on that ground."""
_PLAIN = str.maketrans({**dict.fromkeys("─━", "-"), **dict.fromkeys("│┤├┃", "|"),
                        **dict.fromkeys("┌┐└┘┬┴┼", "+"), "…": "~", "·": ".", "█": "#", "→": ">",
                        **dict.fromkeys("▏▎▍▌▋▊▉", "")})  # fmt: skip
MARKERS = ("braille", "●", "■", "▲", "◆", "x", "+", "o", "★", "%", "#", "@")
ONE_AT_A_TIME = threading.Lock()  # plotext has one figure for the whole process
_FOOT = -0.4  # where a zero stands on a logarithmic axis


def chart(
    picture: Picture, width: int = 80, height: int = HEIGHT, *, colour: bool = True, plain: bool = False
) -> str:
    """The picture as lines of text, each at most `width` wide; plain: in ASCII. Raises MissingExtra without
    plotext.
    """
    try:
        import plotext
    except ImportError:
        raise MissingExtra("a chart in the terminal", "plot") from None
    width = max(width, 40)
    with ONE_AT_A_TIME:
        if not picture.panels or len(picture.lines) == 1:
            text = _draw(
                plotext, picture, list(picture.lines), picture.title, width, max(height, 10), colour, plain
            )
        else:
            parts = [picture.title.center(width).rstrip() + "\n"]
            for line in picture.lines:
                parts.append(_draw(plotext, picture, [line], line.label, width, PANEL_HEIGHT, colour, plain))
            text = "".join(parts)
    text += _remarks(picture)
    return in_ascii(text) if plain else text


def in_ascii(text: str) -> str:
    """Frames and bars from ASCII, for terminals and locales without UTF-8; what has no likeness is a ?."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode()


def _draw(
    plotext: Any,
    picture: Picture,
    lines: list[Line],
    title: str,
    width: int,
    height: int,
    colour: bool,
    plain: bool,
) -> str:
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")  # frame and ground are the terminal's own, light or dark
    figure.plot_size(width, height)
    figure.title(title if len(title) <= width - 4 else title[: width - 5] + "…")
    key = []
    for i, line in enumerate(lines):
        smooth = line.smoothed if picture.smooth else None
        marker = (PLAIN_MARKERS if plain else MARKERS)[i % len(MARKERS)]
        ink = plotext.pixel(foreground=COLOURS[i % len(COLOURS)]) if colour else None
        dots = "." if plain else "·"
        if picture.raw and (smooth is None or len(lines) == 1):
            sign = plotext.marker(dots if smooth is not None else marker, ink)
            _trace(figure, picture, line.raw(), sign, joined=smooth is None)
        if smooth is not None:
            _trace(figure, picture, smooth, plotext.marker(marker, ink), joined=True)
        if len(lines) > 1:
            key.append(f"{_sign(marker)} {line.label}")
        elif smooth is not None:
            key += ["· raw"] * picture.raw + [f"{_sign(marker)} smoothed: {picture.smoothing}"]
    _axes(figure, picture, lines, width, height)
    text = str(figure.build().string(not colour))
    figure.clear()
    return text.rstrip("\n") + "\n" + _columns(key, width)


def _sign(marker: str) -> str:
    return "⠒" if marker == "braille" else marker


def _columns(key: list[str], width: int) -> str:
    """The key below a chart, side by side as far as there is room."""
    if not key:
        return ""
    wide = min(max(map(len, key)) + 3, width)
    per_line = max(1, width // wide)
    rows = [key[i : i + per_line] for i in range(0, len(key), per_line)]
    return "".join("".join(cell[:width].ljust(wide) for cell in row).rstrip() + "\n" for row in rows)


def _trace(
    figure: Any, picture: Picture, values: npt.NDArray[np.float64], marker: Any, *, joined: bool
) -> None:
    """One signal for each unbroken stretch: a gap stays a gap."""
    x = picture.starts.astype("datetime64[s]").astype(np.float64)
    y = _heights(picture, values)
    there = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        px, py = x[low:high], y[low:high]
        if picture.kind == "step" and joined:
            px, py = np.repeat(np.append(px, _end(picture, high)), 2)[1:-1], np.repeat(py, 2)
        signal = figure.signal(px.tolist(), py.tolist(), marker=marker)
        if picture.kind == "bar":
            signal.fillx()
        elif picture.kind != "point" and joined:
            signal.lines()
        figure.draw(signal)


def _end(picture: Picture, bucket: int) -> float:
    return float(picture.edges[bucket].astype("datetime64[s]").astype(np.int64))


def _heights(picture: Picture, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if not picture.log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.maximum(np.log10(values), _FOOT), np.where(values <= 0, _FOOT, np.nan))


def _axes(figure: Any, picture: Picture, lines: list[Line], width: int, height: int) -> None:
    tops = [float(np.nanmax(_shown(picture, line), initial=1.0)) for line in lines]
    top = max(tops)
    rows = max(2, (height - 4) // 4)
    if picture.log:
        decades = max(1, math.ceil(math.log10(max(top, 1.0))))
        stride = max(1, math.ceil(decades / rows))
        places = [float(k) for k in range(0, decades + 1, stride)]
        labels = [number(10.0**k) for k in places]
        lows = [float(np.nanmin(_shown(picture, line), initial=1.0)) for line in lines]
        foot = min(lows) < 1
        if foot:
            places, labels = [_FOOT, *places], ["0", *labels]
        figure.ruler("y").lim(_FOOT if foot else 0.0, max(math.log10(max(top, 1.0)), places[-1]))
    else:
        places = round_steps(top, rows)
        labels = [number(place) for place in places]
        figure.ruler("y").lim(0.0, max(top, places[-1]))
    if picture.ylim is not None and not picture.log:
        low, high = picture.ylim
        figure.ruler("y").lim(low or 0.0, high or max(top, places[-1], (low or 0.0) + 1.0))
    figure.ruler("y").ticks(places, labels)
    moments, texts = date_ticks(picture.edges[0], picture.edges[-1], max(2, (width - 12) // 18))
    figure.ruler("x").ticks(moments.astype("datetime64[s]").astype(np.float64).tolist(), texts)
    edges = picture.edges.astype("datetime64[s]").astype(np.float64)
    figure.ruler("x").lim(float(edges[0]), float(edges[-1]))


def _shown(picture: Picture, line: Line) -> npt.NDArray[np.float64]:
    if picture.raw or line.smoothed is None:
        return line.raw()
    return line.smoothed


def _remarks(picture: Picture) -> str:
    """What shades and marks say in a picture with room for them."""
    lines = []
    for mark in picture.marks:
        lines.append(f"{_moment(mark.time)}: {picture.lines[mark.line].label} {mark.text}")
    words = {Coverage.NONE: "no table", Coverage.PARTIAL: "covered in part"}
    for stretch in picture.stretches:
        first, last = picture.edges[stretch.first], picture.edges[stretch.stop]
        text = words.get(stretch.coverage, "lower bound")
        lines.append(f"{_moment(first)} until {_moment(last)}: {text}")
    return "".join(f"{line}\n" for line in lines[:12]) + ("…\n" if len(lines) > 12 else "")


def _moment(time: np.datetime64) -> str:
    text = str(time.astype("datetime64[m]")).replace("T", " ")
    return text.removesuffix(" 00:00")
