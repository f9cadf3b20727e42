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
    from dnstide.client.plot.picture import Picture, picture_of
    from dnstide.client.plot.report_page import report_page
    from dnstide.client.plot.scatter import scatter
    from dnstide.client.plot.terminal import chart
    from dnstide.model.analysis import Mark

_HOME_OF = {
    "FORMATS": "dnstide.client.plot.files",
    "KINDS": "dnstide.client.plot.kinds",
    "Mark": "dnstide.model.analysis",
    "Picture": "dnstide.client.plot.picture",
    "chart": "dnstide.client.plot.terminal",
    "draw": "dnstide.client.plot.figure",
    "figure_bytes": "dnstide.client.plot.files",
    "format_of": "dnstide.client.plot.files",
    "kind_name": "dnstide.client.plot.kinds",
    "picture_of": "dnstide.client.plot.picture",
    "render": "dnstide.client.plot.files",
    "report_page": "dnstide.client.plot.report_page",
    "scatter": "dnstide.client.plot.scatter",
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
    "report_page",
    "scatter",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # `scatter` and `report_page` name modules too, which importing them binds here: the function takes
    # its place.
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
