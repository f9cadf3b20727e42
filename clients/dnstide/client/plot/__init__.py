"""Pictures of answers: files through matplotlib, a page for the browser, a chart in the terminal.

`picture_of` collects what is shown; `render`, `chart` and `draw` show it. Modules are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnstide.client.plot.figure import draw
    from dnstide.client.plot.files import FORMATS, figure_bytes, format_of, render
    from dnstide.client.plot.kinds import KINDS, kind_name
    from dnstide.client.plot.picture import Mark, Picture, picture_of
    from dnstide.client.plot.scatter import scatter
    from dnstide.client.plot.terminal import chart

_HOME_OF = {
    "FORMATS": "files",
    "KINDS": "kinds",
    "Mark": "picture",
    "Picture": "picture",
    "chart": "terminal",
    "draw": "figure",
    "figure_bytes": "files",
    "format_of": "files",
    "kind_name": "kinds",
    "picture_of": "picture",
    "render": "files",
    "scatter": "scatter",
}

__all__ = [
    "FORMATS",
    "KINDS",
    "Mark",
    "Picture",
    "chart",
    "draw",
    "figure_bytes",
    "format_of",
    "kind_name",
    "picture_of",
    "render",
    "scatter",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # `scatter` names a module too, which importing it binds here: the function takes its place.
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
