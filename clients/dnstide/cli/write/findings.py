"""Findings: plain rows under a line of titles, figures with six significant digits."""

from __future__ import annotations

from dnstide.cli.write.fields import six_digits
from dnstide.cli.write.layout import Layout
from dnstide.model.analysis import Findings


def findings_layout(findings: Findings) -> Layout:
    """A row for each thing found. Files (Parquet, Arrow) have the figures in full."""
    dates = not findings.question.volume.granularity.fine
    return Layout(findings.columns(), dates=dates, number=six_digits, header=True)
