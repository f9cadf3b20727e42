"""Columns as JSON: an object for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import TYPE_CHECKING, Any

from dnstide.cli.write.csv import chunks
from dnstide.cli.write.fields import Spelling, spell
from dnstide.model.columns import Columns
from dnstide.model.coverage import SpanCoverage, time_text

if TYPE_CHECKING:
    from dnstide.model.top import TopSummary
    from dnstide.model.volume import Summary

JSON = Spelling(word=dumps, unknown="null")


def compact(value: Any) -> str:
    """A document without blanks."""
    return dumps(value, separators=(",", ":"))


def coverage_object(coverage: SpanCoverage) -> dict[str, Any]:
    """What an answer could look at of its span: lengths, and every stretch; a stop is exclusive."""
    return {
        "expected_seconds": coverage.seconds,
        "covered_seconds": coverage.covered_seconds,
        "stretches": [
            {"start": time_text(start), "stop": time_text(stop), "coverage": str(mark)}
            for start, stop, mark in coverage.stretches
        ],
    }


def json_objects(
    columns: Columns, spelling: Spelling = JSON, extra: Mapping[str, Sequence[str]] | None = None
) -> list[str]:
    """Each row as an object in one line. `extra` holds further members that are JSON already."""
    names = [column.title for column in columns]
    fields: list[Sequence[str]] = [spell(column, spelling) for column in columns]
    if extra:
        names += extra
        fields += extra.values()
    template = "{" + ",".join(f"{dumps(name)}:".replace("%", "%%") + "%s" for name in names) + "}"
    return list(map(template.__mod__, zip(*fields, strict=True)))


def json_lines(columns: Columns, spelling: Spelling = JSON) -> Iterator[str]:
    """An object a line."""
    for chunk in chunks(columns):
        yield "\n".join(json_objects(chunk, spelling)) + "\n"


def json_array(columns: Columns, spelling: Spelling = JSON) -> Iterator[str]:
    """One document: an array of objects."""
    yield "["
    separator = "\n"
    for chunk in chunks(columns):
        yield separator + ",\n".join(json_objects(chunk, spelling))
        separator = ",\n"
    yield "\n]\n"


def skipped_object(summary: Summary | TopSummary) -> dict[str, Any]:
    """The rows that an answer leaves out since they are none."""
    tables = [
        {"table": one.table, "rows": one.rows, "offset": one.offset, "reason": one.reason}
        for one in summary.skipped
    ]
    return {"rows_skipped": summary.rows_skipped, "skipped": tables}
