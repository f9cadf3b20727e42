"""The Python client of dnstide: DNS query volume over time.

`Client` and `AsyncClient` ask a server, `LocalClient` reads a directory of tables in this process; all three
answer alike. Names are loaded when they are first used, so that this import costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnstide.client.aio import AsyncClient
    from dnstide.client.blocking import Client
    from dnstide.client.channel import Tls
    from dnstide.client.local import LocalClient
    from dnstide.client.timeouts import DEFAULT
    from dnstide.model.analysis import Findings
    from dnstide.model.catalog import Catalog, ServerInfo, ShardInfo, TableInfo, TableReport
    from dnstide.model.errors import (
        AccessDenied,
        AnswerIncomplete,
        Cancelled,
        ClientClosed,
        CountOverflow,
        DeadlineExceeded,
        DirectoryUnreadable,
        DnstideError,
        Failure,
        InvalidQuestion,
        MissingExtra,
        NoTables,
        ServerBusy,
        ServerDefect,
        ServerError,
        ServerNotReady,
        ServerUnreachable,
        ShardsUnreachable,
        TablesDamaged,
        VersionMismatch,
    )
    from dnstide.model.missing import Missing, MissingTables
    from dnstide.model.question import Smoothing
    from dnstide.model.report import Level, Report
    from dnstide.model.top import Certificate, Change, Rank, Top, TopProgress, TopSummary
    from dnstide.model.vocabulary import AnalysisSettings, Coverage
    from dnstide.model.volume import Axis, PlanEntry, Progress, Series, Summary, Timings, Volume

_HOMES = {
    "dnstide.client.aio": ("AsyncClient",),
    "dnstide.client.blocking": ("Client",),
    "dnstide.client.channel": ("Tls",),
    "dnstide.client.local": ("LocalClient",),
    "dnstide.client.timeouts": ("DEFAULT",),
    "dnstide.model.analysis": ("Findings",),
    "dnstide.model.catalog": ("Catalog", "ServerInfo", "ShardInfo", "TableInfo", "TableReport"),
    "dnstide.model.errors": (
        "AccessDenied",
        "AnswerIncomplete",
        "Cancelled",
        "ClientClosed",
        "CountOverflow",
        "DeadlineExceeded",
        "DirectoryUnreadable",
        "DnstideError",
        "Failure",
        "InvalidQuestion",
        "MissingExtra",
        "NoTables",
        "ServerBusy",
        "ServerDefect",
        "ServerError",
        "ServerNotReady",
        "ServerUnreachable",
        "ShardsUnreachable",
        "TablesDamaged",
        "VersionMismatch",
    ),
    "dnstide.model.missing": ("Missing", "MissingTables"),
    "dnstide.model.question": ("Smoothing",),
    "dnstide.model.report": ("Level", "Report"),
    "dnstide.model.top": ("Certificate", "Change", "Rank", "Top", "TopProgress", "TopSummary"),
    "dnstide.model.vocabulary": ("AnalysisSettings", "Coverage"),
    "dnstide.model.volume": ("Axis", "PlanEntry", "Progress", "Series", "Summary", "Timings", "Volume"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT",
    "AccessDenied",
    "AnalysisSettings",
    "AnswerIncomplete",
    "AsyncClient",
    "Axis",
    "Cancelled",
    "Catalog",
    "Certificate",
    "Change",
    "Client",
    "ClientClosed",
    "CountOverflow",
    "Coverage",
    "DeadlineExceeded",
    "DirectoryUnreadable",
    "DnstideError",
    "Failure",
    "Findings",
    "InvalidQuestion",
    "Level",
    "LocalClient",
    "Missing",
    "MissingExtra",
    "MissingTables",
    "NoTables",
    "PlanEntry",
    "Progress",
    "Rank",
    "Report",
    "Series",
    "ServerBusy",
    "ServerDefect",
    "ServerError",
    "ServerInfo",
    "ServerNotReady",
    "ServerUnreachable",
    "ShardInfo",
    "ShardsUnreachable",
    "Smoothing",
    "Summary",
    "TableInfo",
    "TableReport",
    "TablesDamaged",
    "Timings",
    "Tls",
    "Top",
    "TopProgress",
    "TopSummary",
    "VersionMismatch",
    "Volume",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
