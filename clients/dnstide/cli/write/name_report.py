"""A report on one name: sections of aligned text, one JSON document, a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dnstide.cli.write.fields import six_digits, spell
from dnstide.cli.write.json import compact, coverage_object, json_objects
from dnstide.cli.write.layout import Layout
from dnstide.cli.write.text import aligned
from dnstide.model.report import Report
from dnstide.model.report_tables import facts, sections


class NameReportLayout(Layout):
    """The verdict first, then a section for each part."""

    def __init__(self, report: Report) -> None:
        self._report = report
        dates = not report.granularity.fine
        super().__init__(report.columns(), dates=dates, number=six_digits, header=True)

    def text(self) -> Iterator[str]:
        report = self._report
        yield f"{report.name}: {report.verdict}\n\n"
        yield from aligned([list(column) for column in zip(*facts(report), strict=True)])
        for title, columns in sections(report):
            yield f"\n{title}\n"
            if not len(columns):
                yield "  none\n"
                continue
            texts = [[column.title, *spell(column, self._text)] for column in columns]
            for line in aligned(texts):
                yield f"  {line}"

    def json(self) -> Iterator[str]:
        report = self._report
        summary = report.summary
        document: dict[str, Any] = {
            "name": report.name,
            "verdict": report.verdict,
            "first_seen": None if report.first_seen is None else report.moment(report.first_seen),
            "last_seen": None if report.last_seen is None else report.moment(report.last_seen),
            "total": report.total,
            "granularity": str(report.granularity),
            "rates_per": str(report.granularity.per),
        }
        yield compact(document)[:-1]
        for title, columns in sections(report):
            objects = ",\n".join(json_objects(columns, self._json))
            yield f',\n"{title.replace(" ", "_")}":[{objects and chr(10) + objects}]'
        about = {
            "complete": report.complete,
            "tables_changed": report.changed,
            "not_ranked": report.childless or None,
            "bucket_by": str(summary.bucket_by),
            "failures": [{"table": f.table, "code": f.code, "reason": f.reason} for f in summary.failures],
            "coverage": coverage_object(report.coverage),
        }
        yield f',\n"summary":{compact(about)}}}\n'

    def html(self) -> Iterator[str]:
        from dnstide.client.plot import report_page

        yield report_page(self._report)

    def pieces(self, form: str) -> Iterator[str]:
        return self.html() if form == "html" else super().pieces(form)
