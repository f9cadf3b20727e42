"""A picture as one HTML file that needs no network: data, style and script are inside."""

from __future__ import annotations

import html
import json
from importlib import resources
from typing import Any

import dnstide.client.plot.styles as styles
import numpy as np
import numpy.typing as npt
from dnstide.client.plot.picture import Line, Picture

EXACT = 2**53
"""Above this a script's numbers are no longer exact: such counts travel as text."""

_SCRIPTS = ("page.js", "page_controls.js")
"""They share one closure."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
{above}<div id="tools"></div>
<div id="plot"><canvas tabindex="0" role="img" aria-label="{title}"></canvas><div id="panels" hidden></div>
<div id="tip" role="status" hidden></div></div>
<ul id="key"></ul>
<p id="help">Drag to zoom, scroll to zoom around the pointer, drag with Shift to move, double-click for
everything. Click a name to hide or show it, the name of a panel to see it large. Keys: left and right for the
bucket, up and down for the name, + and - to zoom, 0 for everything. Times are UTC.</p>
{source}{below}<noscript>This page draws with a script; the counts are in its source, as JSON.</noscript>
<script id="data" type="application/json">{data}</script>
<script>
{script}</script>
</body>
</html>
"""


def page(picture: Picture, above: str = "", below: str = "") -> str:
    """The page as text. No text of the picture can end the script or become markup. `above` and `below`: what
    stands before and after the picture, as HTML.
    """
    home = resources.files(__package__)
    return _PAGE.format(
        title=html.escape(picture.title),
        above=above,
        below=below,
        style=home.joinpath("page.css").read_text("utf-8"),
        script="".join(home.joinpath(name).read_text("utf-8") for name in _SCRIPTS),
        data=embedded(_data(picture)),
        source=source_of(picture.command, picture.dataset),
    )


def source_of(command: str, dataset: str) -> str:
    """What was asked, and of which tables: whoever is sent the page can ask again."""
    asked = f"<code>{html.escape(command)}</code>" if command else ""
    said = "<br>\n".join(part for part in (asked, html.escape(dataset)) if part)
    return f'<p id="source">{said}</p>\n' if said else ""


def embedded(value: Any) -> str:
    """JSON that is safe inside a <script> element: pure ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _data(picture: Picture) -> dict[str, Any]:
    return {
        "edges": picture.edges.astype("datetime64[s]").astype(np.int64).tolist(),
        "fine": picture.granularity.fine,
        "kind": picture.kind,
        "log": picture.log,
        "ylim": list(picture.ylim or (None, None)),
        "panels": picture.panels and len(picture.lines) > 1,
        "raw": picture.raw,
        "smoothing": picture.smoothing if picture.smoothed_drawn else "",
        "lines": [_line(picture, line, i) for i, line in enumerate(picture.lines)],
        "stretches": [[s.first, s.stop, str(s.coverage)] for s in picture.stretches],
        "marks": [[mark.line, _second(mark.time), mark.text] for mark in picture.marks],
    }


def _line(picture: Picture, line: Line, i: int) -> dict[str, Any]:
    look = styles.look(i, len(picture.lines))
    dash = [] if look.dash == "solid" else list(look.dash[1])
    return {
        "label": line.label,
        "colour": look.colour,
        "dark": look.dark,
        "dash": dash,
        "counts": [_count(n) if ok else None for n, ok in zip(line.counts.tolist(), line.known, strict=True)],
        "smoothed": None if line.smoothed is None or not picture.smooth else _floats(line.smoothed),
    }


def _second(time: np.datetime64) -> int:
    return int(time.astype("datetime64[s]").astype(np.int64))


def _count(n: int) -> int | str:
    return n if n <= EXACT else str(n)


def _floats(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.tolist()]


_STILL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}{source}</body>
</html>
"""


def still_page(title: str, style: str, body: str, command: str = "", dataset: str = "") -> str:
    """A page without a script, in the style of the others and `style`; the body is HTML, all else text.
    `command` and `dataset` say at its foot what was asked, and of which tables.
    """
    source = source_of(command, dataset)
    shared = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    return _STILL.format(title=html.escape(title), style=shared + style, body=body, source=source)
