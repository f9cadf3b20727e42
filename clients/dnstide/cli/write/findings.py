"""Findings: plain rows under a line of titles; the text has figures of six significant digits."""

from __future__ import annotations

from collections.abc import Iterator

from dnstide.cli.write.fields import six_digits
from dnstide.cli.write.json import compact, coverage_object, json_array, skipped_object
from dnstide.cli.write.layout import Layout
from dnstide.cli.write.text import text_rows
from dnstide.model.analysis import Findings
from dnstide.model.columns import Columns


class FindingsLayout(Layout):
    """A row for each thing found. All formats but the text have the figures in full."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        dates = not findings.question.volume.granularity.fine
        super().__init__(findings.columns(), dates=dates, number=six_digits, header=True)

    def text(self) -> Iterator[str]:
        """Without the coverage, which is one for all rows and is told beside."""
        columns = tuple(column for column in self.columns if column.name != "coverage")
        return text_rows(Columns(columns), self._text, header=True)

    def json(self) -> Iterator[str]:
        """The findings, and what they rest on."""
        summary = self._findings.summary
        about = {
            "complete": summary.complete,
            "tables_asked": summary.tables_asked,
            "tables_answered": summary.tables_answered,
            "failures": [{"table": f.table, "code": f.code, "reason": f.reason} for f in summary.failures],
            "bucket_by": str(summary.bucket_by),
            "coverage": coverage_object(summary.coverage),
            "remarks": list(self._findings.remarks),
        }
        if summary.skipped:
            about |= skipped_object(summary)
        yield '{"findings":'
        yield from json_array(self.columns, self._json)
        yield f',"summary":{compact(about)}}}\n'
