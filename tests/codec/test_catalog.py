"""Pages of the catalog: what a client asks and what a server tells beside the tables."""

from __future__ import annotations

import numpy as np
from dnstide.api.v1 import tables_pb2
from dnstide.codec.catalog import MAX_LISTED_IGNORED, MAX_PAGE_SIZE, catalog, tables_request, tables_response
from dnstide.codec.common import moment, unix_seconds
from dnstide.model.catalog import Catalog


def test_requests() -> None:
    """Pages as long as they get, of one dataset or of all, from where the page before ended."""
    assert tables_request(None) == tables_pb2.ListTablesRequest(page_size=MAX_PAGE_SIZE)
    assert tables_request("dns", "7") == tables_pb2.ListTablesRequest(
        page_size=MAX_PAGE_SIZE, dataset="dns", page_token="7"
    )


def test_pages() -> None:
    """The number of all tables stands on each page; the last one has no token."""
    page = tables_response([], version="v", total_count=12)
    assert page == tables_pb2.ListTablesResponse(catalog_version="v", total_count=12)
    assert tables_response([], version="v", total_count=12, next_page_token="5").next_page_token == "5"


def test_ignored_files_are_bounded() -> None:
    """A directory of other files does not make a page of megabytes."""
    ignored = [(str(number), "no table") for number in range(MAX_LISTED_IGNORED + 1)]
    page = tables_response([], version="v", total_count=0, ignored=ignored)
    assert [(file.name, file.reason) for file in page.ignored] == ignored[:MAX_LISTED_IGNORED]


def test_no_pages() -> None:
    """A catalog of nothing is an empty one; of several versions the last counts."""
    assert (len(catalog([])), catalog([]).version) == (0, Catalog().version)
    pages = [tables_response([], version=version, total_count=0) for version in ("1", "2")]
    assert catalog(pages).version == "2"


def test_moments() -> None:
    """Whole seconds, whatever unit a time has."""
    assert unix_seconds(np.datetime64("1970-01-02", "D")) == 86400
    assert unix_seconds(moment(7)) == 7
    assert moment(7).dtype == np.dtype("datetime64[s]")
