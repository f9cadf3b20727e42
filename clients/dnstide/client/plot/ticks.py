"""Dates along an axis, as many as have room, on round moments."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

# (numpy unit, multiples of it, characters of the label that str(datetime64[m]) is cut to)
_STEPS = (
    ("m", (1, 5, 15, 30), 16),
    ("h", (1, 3, 6, 12), 16),
    ("D", (1, 2, 4, 7, 14), 10),
    ("M", (1, 2, 3, 6), 7),
    ("Y", (1, 2, 5, 10, 20, 50, 100, 1_000, 10_000, 100_000, 1_000_000, 10**8, 10**10), 4),
)


def date_ticks(
    first: np.datetime64, last: np.datetime64, most: int
) -> tuple[npt.NDArray[np.datetime64], list[str]]:
    """At most `most` moments from `first` to `last`, on the smallest round step that keeps to it, and their
    labels.

    Days count from the first of a month, so that a step of 7 days never puts two dates side by side. Within
    one day the labels are times of day.
    """
    for unit, multiples, length in _STEPS:
        for multiple in multiples:
            moments = _moments(first, last, unit, multiple)
            if moments is not None and len(moments) <= most:
                texts = [_text(moment, length) for moment in moments]
                if length == 16 and len({text.split(" ")[0] for text in texts}) == 1:
                    texts = [text.split(" ")[1] for text in texts]
                return moments, texts
    return np.array([first]), [_text(first, 4)]


def _text(moment: np.datetime64, length: int) -> str:
    """The moment, cut to `length` where its year has four digits; later years are longer."""
    text = str(moment.astype("datetime64[m]"))
    return text[: length + text.index("-", 1) - 4].replace("T", " ")


def _moments(
    first: np.datetime64, last: np.datetime64, unit: str, multiple: int
) -> npt.NDArray[np.datetime64] | None:
    """The round moments of one step; None where there would be very many."""
    low, high = first.astype(f"datetime64[{unit}]"), last.astype(f"datetime64[{unit}]")
    if int((high - low).astype(np.int64)) > 5_000 * (multiple if unit == "Y" else 1):
        return None
    if unit == "Y":
        years = range(-(-(int(low.astype(np.int64)) + 1970) // multiple) * multiple,
                      int(high.astype(np.int64)) + 1971, multiple)  # fmt: skip
        every = np.array([year - 1970 for year in years], dtype="datetime64[Y]")
    else:
        every = np.arange(low, high + 1)
    if unit == "D":
        phase = (every - every.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
        keep = (phase % multiple == 0) & (phase + multiple // 2 < 31 if multiple > 1 else True)
    elif unit == "Y":
        keep = np.ones(len(every), dtype=np.bool_)
    else:
        keep = every.astype(np.int64) % multiple == 0
    moments = every[keep].astype("datetime64[s]")
    inside = moments[(moments >= first) & (moments <= last)]
    return inside if len(inside) else None


def round_steps(top: float, most: int) -> list[float]:
    """0 and up to `most` equal steps of 1, 2 or 5 times a power of ten that reach `top`."""
    raw = max(top, 1.0) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = max(1.0, next(m * power for m in (1, 2, 5, 10) if m * power >= raw))
    return [step * k for k in range(math.ceil(max(top, 1.0) / step) + 1)]
