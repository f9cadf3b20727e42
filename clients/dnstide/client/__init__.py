"""The Python client of dnstide: DNS query volume over time.

`Client` and `AsyncClient` ask a server, `LocalClient` reads a directory of tables in this process; all three
answer alike. Names are loaded when they are first used, so that this import costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aio import AsyncClient
    from .analyses import AnalysisSettings, Findings
    from .blocking import Client
    from .catalog import Catalog, ServerInfo, ShardInfo, TableInfo, TableReport
    from .channel import Tls
    from .errors import (
        AccessDenied,
        AnswerIncomplete,
        Cancelled,
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
    from .local import LocalClient
    from .question import Smoothing
    from .rankings import Certificate, Change, Rank, Top, TopSummary
    from .results import Axis, Coverage, PlanEntry, Progress, Series, Summary, Timings, Volume
    from .timeouts import DEFAULT

_HOMES = {
    "aio": ("AsyncClient",),
    "analyses": ("AnalysisSettings", "Findings"),
    "blocking": ("Client",),
    "catalog": ("Catalog", "ServerInfo", "ShardInfo", "TableInfo", "TableReport"),
    "channel": ("Tls",),
    "errors": (
        "AccessDenied",
        "AnswerIncomplete",
        "Cancelled",
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
    "local": ("LocalClient",),
    "question": ("Smoothing",),
    "rankings": ("Certificate", "Change", "Rank", "Top", "TopSummary"),
    "results": ("Axis", "Coverage", "PlanEntry", "Progress", "Series", "Summary", "Timings", "Volume"),
    "timeouts": ("DEFAULT",),
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
    "CountOverflow",
    "Coverage",
    "DeadlineExceeded",
    "DirectoryUnreadable",
    "DnstideError",
    "Failure",
    "Findings",
    "InvalidQuestion",
    "LocalClient",
    "MissingExtra",
    "NoTables",
    "PlanEntry",
    "Progress",
    "Rank",
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
    "TopSummary",
    "VersionMismatch",
    "Volume",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
