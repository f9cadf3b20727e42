"""Columns as JSON: an object for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import Any

from dnstide.cli.write.csv import chunks
from dnstide.cli.write.fields import Spelling, spell
from dnstide.model.columns import Columns
from dnstide.model.coverage import SpanCoverage, time_text

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
