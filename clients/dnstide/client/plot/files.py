"""Pictures as files."""

from __future__ import annotations

import io
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from dnstide.client.plot.picture import Picture
from dnstide.client.plot.style import own_style
from dnstide.model.errors import InvalidQuestion

if TYPE_CHECKING:
    from dnstide.model.volume import Volume
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf", "ps", "eps", "html")
"""What a picture's file name may end with."""

DPI = 150

# No time of making and fixed ids: the same question gives the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "dnstide"},
    "pdf": {"CreationDate": None, "Creator": "dnstide", "Producer": None},
    "png": {"Software": "dnstide"},
    "ps": {"Creator": "dnstide"},
    "eps": {"Creator": "dnstide"},
}
_SETTINGS: Any = {
    "svg.hashsalt": "dnstide",
    "svg.fonttype": "none",  # text that can be searched, copied and edited
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "hatch.linewidth": 0.6,
}


def format_of(path: str) -> str:
    """The format that a file name ends with. Raises InvalidQuestion with the list."""
    suffix = PurePath(path).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        known = ", ".join("." + name for name in FORMATS)
        raise InvalidQuestion([("plot", f'"{path}" must end with one of {known}, or be - for the terminal')])
    return suffix


def render(picture: Picture, form: str, size: tuple[float, float] | None = None, dpi: int = DPI) -> bytes:
    """The bytes of a picture in one of FORMATS. Raises MissingExtra without matplotlib (html needs none)."""
    if form == "html":
        from dnstide.client.plot.html import page

        return page(picture).encode()
    from dnstide.client.plot.figure import draw

    return figure_bytes(draw(picture, size), form, dpi)


@own_style
def figure_bytes(figure: Figure, form: str, dpi: int = DPI) -> bytes:
    """A figure of matplotlib as bytes, without a trace of when it was made."""
    import matplotlib as mpl

    out = io.BytesIO()
    wide = figure.get_figwidth() > figure.get_figheight()
    options: dict[str, Any] = {"orientation": "landscape"} if form == "ps" and wide else {}
    with mpl.rc_context(_SETTINGS):
        figure.savefig(out, format=form, dpi=dpi, metadata=_METADATA[form], **options)
    return out.getvalue()


def plot_volume(
    volume: Volume,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
    dpi: int = DPI,
    **options: Any,
) -> Figure | None:
    """Draw a volume: with a path into that file, else as a figure, which belongs to nobody's pyplot.

    This is what `Volume.plot` calls, by the entry point `dnstide.plot`. `size` is in inches. Options are
    those of `picture_of`. Raises InvalidQuestion for a suffix that is no format, MissingExtra without
    matplotlib.
    """
    from dnstide.client.plot.figure import draw
    from dnstide.client.plot.picture import picture_of

    picture = picture_of(volume, **options)
    if path is None:
        return draw(picture, size)
    Path(path).write_bytes(render(picture, format_of(os.fspath(path)), size, dpi))
    return None
