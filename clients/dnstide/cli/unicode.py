"""Names in Unicode, for people to read: an answer with its A-labels replaced."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import idna

if TYPE_CHECKING:
    from dnstide.model.analysis import Findings
    from dnstide.model.question import RowFilter
    from dnstide.model.top import Top
    from dnstide.model.volume import Series, Volume

_A_LABEL = re.compile(r"(?<![^./])xn--[^./]+", re.IGNORECASE)

unicode_option = click.option(
    "--unicode", "in_unicode", is_flag=True,
    help="Show names in Unicode in text and pictures; other formats keep A-labels.",
)  # fmt: skip


def unicode_name(name: str) -> str:
    """The name with its A-labels as U-labels, where reading them gives the same A-labels again.

    A name with escapes stays as it is, since escapes and Unicode do not go together when names are read.
    """
    return name if "\\" in name else _A_LABEL.sub(lambda match: _u_label(match[0]), name)


def unicode_volume(volume: Volume) -> Volume:
    """The answer with the names of its series in Unicode."""
    return replace(volume, series=tuple(map(_in_unicode, volume.series)))


def unicode_top(top: Top) -> Top:
    """The ranking with its names in Unicode; data of records stay as they are."""
    if not top.question.group_by.by_name:
        return top
    return replace(
        top,
        ranks=tuple(replace(rank, name=unicode_name(rank.name)) for rank in top.ranks),
        rises=tuple(replace(change, name=unicode_name(change.name)) for change in top.rises),
        falls=tuple(replace(change, name=unicode_name(change.name)) for change in top.falls),
    )


def unicode_findings(findings: Findings) -> Findings:
    """The findings with their names in Unicode."""
    return replace(
        findings,
        series=tuple(
            replace(one, name=unicode_name(one.name), filter=_filter(one.filter)) for one in findings.series
        ),
        correlations=tuple(
            replace(one, x=unicode_name(one.x), y=unicode_name(one.y)) for one in findings.correlations
        ),
        breakdowns=tuple(
            replace(one, name=unicode_name(one.name), filter=_filter(one.filter))
            for one in findings.breakdowns
        ),
    )


def _in_unicode(series: Series) -> Series:
    return replace(series, name=unicode_name(series.name), filter=_filter(series.filter))


def _filter(row_filter: RowFilter) -> RowFilter:
    within = row_filter.bailiwick
    return replace(row_filter, bailiwick=None if within is None else unicode_name(within))


def _u_label(label: str) -> str:
    try:
        text = idna.decode(label)
        same = idna.encode(text).decode() == label.lower()
    except (idna.IDNAError, UnicodeError):
        return label
    return text if same else label
