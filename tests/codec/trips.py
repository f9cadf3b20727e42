"""Each kind of value that travels: the messages that carry it, and how it is read from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dnstide.codec import analysis, catalog, top, volume
from dnstide.model.analysis import Findings
from dnstide.model.catalog import Catalog, ServerInfo
from dnstide.model.question import EVERYTHING, AnalysisQuestion, TopQuestion, VolumeQuestion
from dnstide.model.top import Top, TopProgress
from dnstide.model.volume import Progress, Volume
from google.protobuf.message import Message

PAGE = 2
"""Tables on a page of the catalog in these trips."""


@dataclass(frozen=True, slots=True)
class Trip:
    """`there` makes the messages of a value. `back` reads them; it is given the value, too, for what does not
    travel with an answer: its question, and the name of the call.
    """

    there: Callable[[Any], Iterable[Message]]
    back: Callable[[Any, list[Any]], Any]

    def messages(self, value: Any) -> list[Any]:
        """The messages as they arrive, each through its bytes."""
        return [type(message).FromString(message.SerializeToString()) for message in self.there(value)]


def _read_volume(value: Volume, messages: list[Any]) -> Volume:
    reader = volume.VolumeReader(value.question)
    for message in messages:
        reader.feed(message)
    return reader.finish(value.summary.request_id)


def _read_top(value: Top, messages: list[Any]) -> Top:
    reader = top.TopReader(value.question)
    for message in messages:
        reader.feed(message)
    return reader.finish(value.summary.request_id)


def _read_progress(value: Progress, messages: list[Any]) -> Progress:
    told: list[Progress] = []
    volume.VolumeReader(VolumeQuestion((".",)), told.append).feed(messages[0])
    return told[0]


def _read_top_progress(value: TopProgress, messages: list[Any]) -> TopProgress:
    told: list[TopProgress] = []
    top.TopReader(TopQuestion(span=EVERYTHING), told.append).feed(messages[0])
    return told[0]


def _pages(value: Catalog) -> Iterable[Message]:
    tables = value.tables
    for first in range(0, max(len(tables), 1), PAGE):
        stop = first + PAGE
        yield catalog.tables_response(
            tables[first:stop],
            version=value.version,
            total_count=len(tables),
            ignored=() if first else value.ignored,
            unlisted=() if first else value.unlisted,
            next_page_token=str(stop) if stop < len(tables) else "",
        )


TRIPS: dict[type, Trip] = {
    VolumeQuestion: Trip(
        lambda value: [volume.volume_request(value)], lambda _, messages: volume.volume_question(messages[0])
    ),
    Volume: Trip(volume.volume_messages, _read_volume),
    Progress: Trip(lambda value: [volume.volume_progress(value)], _read_progress),
    TopQuestion: Trip(
        lambda value: [top.top_request(value)], lambda _, messages: top.top_question(messages[0])
    ),
    Top: Trip(top.top_messages, _read_top),
    TopProgress: Trip(lambda value: [top.top_progress(value)], _read_top_progress),
    AnalysisQuestion: Trip(
        lambda value: [analysis.analysis_request(value)],
        lambda _, messages: analysis.analysis_question(messages[0]),
    ),
    Findings: Trip(
        lambda value: [analysis.findings_message(value)],
        lambda value, messages: analysis.findings(value.question, messages[0], value.summary.request_id),
    ),
    Catalog: Trip(_pages, lambda _, messages: catalog.catalog(messages)),
    ServerInfo: Trip(
        lambda value: [catalog.server_info_message(value)],
        lambda _, messages: catalog.server_info(messages[0]),
    ),
}
