"""A report as one HTML page: the verdict, the picture with its changes of level, and every part as a
table.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np
from dnstide.client.plot.html import page
from dnstide.client.plot.picture import default_title, picture_of
from dnstide.model.columns import Columns
from dnstide.model.report import Report
from dnstide.model.report_tables import facts, sections
from dnstide.model.vocabulary import Analysis

_FAR = 20.0
"""Levels that lie this many times apart show on a logarithmic axis only."""


def report_page(report: Report) -> str:
    """The page as text; it needs no network, and no text of a table can become markup."""
    marks = report.found[Analysis.SHIFTS].marks(report.volume)
    rates = [level.rate for level in report.levels if level.rate > 0]
    log = bool(rates) and max(rates) > _FAR * min(rates)
    picture = picture_of(
        report.volume, log=log, marks=marks, title=default_title(report.volume, [report.name])
    )
    return page(picture, above=_said(report), below=_parts(report))


def _said(report: Report) -> str:
    """The verdict and the facts."""
    rows = "".join(
        f"<tr><th>{html.escape(word)}</th><td>{html.escape(text)}</td></tr>" for word, text in facts(report)
    )
    return f'<p class="verdict">{html.escape(str(report.verdict))}</p>\n<table class="part">{rows}</table>\n'


def _parts(report: Report) -> str:
    parts = []
    for title, columns in sections(report):
        body = _table(report, columns) if len(columns) else "<p>none</p>"
        parts.append(f"<section><h2>{html.escape(title)}</h2>\n{body}</section>\n")
    if report.seen and report.childless:
        parts.append(f"<p>Nothing is ranked under it: {html.escape(report.childless)}</p>\n")
    return f'<div class="parts">{"".join(parts)}</div>\n' if parts else ""


def _table(report: Report, columns: Columns) -> str:
    head = "".join(f"<th>{html.escape(column.title.replace('_', ' '))}</th>" for column in columns)
    rows = "".join(
        "<tr>" + "".join(_cell(report, value) for value in row) + "</tr>\n" for row in columns.rows()
    )
    return f'<table class="part"><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>\n'


def _cell(report: Report, value: Any) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, np.datetime64):
        return f"<td>{report.moment(value)}</td>"
    if isinstance(value, (int, float)):
        return (
            f'<td class="number">{value:,}</td>'
            if isinstance(value, int)
            else f'<td class="number">{value:,.6g}</td>'
        )
    return f"<td>{html.escape(str(value))}</td>"
