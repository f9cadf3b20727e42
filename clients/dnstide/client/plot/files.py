"""Pictures as files."""

from __future__ import annotations

import io
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from dnstide.client.plot.picture import Picture
from dnstide.client.plot.style import own_style
from dnstide.model.errors import InvalidQuestion
from dnstide.model.top import Top

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


def check_look(form: str | None, size: object, dpi: object) -> None:
    """Refuse what would have no effect in that format, None for a figure. Raises InvalidQuestion."""
    if size is not None and form == "html":
        raise InvalidQuestion([("size", "a page takes the room that its window has")])
    if dpi is not None and form != "png":
        raise InvalidQuestion([("dpi", "only a .png has dots; the others are drawn in lines")])


def render(
    picture: Picture, form: str, size: tuple[float, float] | None = None, dpi: int | None = None
) -> bytes:
    """The bytes of a picture in one of FORMATS. Raises MissingExtra without matplotlib (html needs none)."""
    if form == "html":
        from dnstide.client.plot.html import page

        return page(picture).encode()
    from dnstide.client.plot.figure import draw

    return figure_bytes(draw(picture, size), form, dpi)


@own_style
def figure_bytes(figure: Figure, form: str, dpi: int | None = None) -> bytes:
    """A figure of matplotlib as bytes, without a trace of when it was made."""
    import matplotlib as mpl

    out = io.BytesIO()
    wide = figure.get_figwidth() > figure.get_figheight()
    options: dict[str, Any] = {"orientation": "landscape"} if form == "ps" and wide else {}
    with mpl.rc_context(_SETTINGS):
        figure.savefig(out, format=form, dpi=dpi or DPI, metadata=_METADATA[form], **options)
    return out.getvalue()


def plot_answer(
    answer: Volume | Top,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
    dpi: int | None = None,
    **options: Any,
) -> Figure | None:
    """Draw an answer: with a path into that file, else as a figure, which belongs to nobody's pyplot.

    This is what `Volume.plot` and `Top.plot` call, by the entry point `dnstide.plot`. `size` is in inches.
    Options are those of `picture_of`, for a ranking those of `draw_ranking`. Raises InvalidQuestion for a
    suffix that is no format and for options that have no effect there, MissingExtra without matplotlib.
    """
    form = None if path is None else format_of(os.fspath(path))
    check_look(form, size, dpi)
    if isinstance(answer, Top):
        from dnstide.client.plot.ranking import draw_ranking, ranking_page

        if form == "html":
            made = ranking_page(answer, **options).encode()
        else:
            figure = draw_ranking(answer, size=size, **options)
            if form is None:
                return figure
            made = figure_bytes(figure, form, dpi)
    else:
        from dnstide.client.plot.figure import draw
        from dnstide.client.plot.picture import picture_of

        picture = picture_of(answer, **options)
        if form is None:
            return draw(picture, size)
        made = render(picture, form, size, dpi)
    Path(os.fspath(path or "")).write_bytes(made)
    return None
