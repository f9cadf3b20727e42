"""Reports about tables that were checked, and about a server: words as text, plain rows otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from json import dumps

from dnstide.cli.write.layout import Layout
from dnstide.model.catalog import ServerInfo, TableReport
from dnstide.model.columns import Columns, count_column, text_column


class ReportsLayout(Layout):
    """What was counted in a sound table, or what is wrong and where."""

    def __init__(self, reports: Sequence[TableReport]) -> None:
        self._reports = reports
        super().__init__(_columns(reports))

    def text(self) -> Iterator[str]:
        for report in self._reports:
            problem = report.problem
            if problem is not None:
                yield f"{report.path}: {problem.code}{str(problem).removeprefix(report.path)}\n"
            else:
                yield (
                    f"{report.path}: OK (version {report.version}, {report.compression}, "
                    f"{report.entries} entries, {report.blocks} blocks)\n"
                )
                if report.skipped is not None:
                    yield f"{report.skipped}\n"


class StatusLayout(Layout):
    """A server about itself as text and JSON; a shard a row otherwise."""

    def __init__(self, info: ServerInfo) -> None:
        self._info = info
        super().__init__(info.columns())

    def text(self) -> Iterator[str]:
        info = self._info
        state = "draining" if info.draining else "serving" if info.ready else "not serving"
        yield f"dnstide {info.version}, {state}, started at {info.started:%Y-%m-%dT%H:%M:%SZ}\n"
        damaged = f", {info.tables_damaged} of them not usable" if info.tables_damaged else ""
        away = f", {info.tables_unreachable} of them out of reach" if info.tables_unreachable else ""
        yield f"{info.tables_total} tables{damaged}{away}\n"
        for shard in info.shards:
            health = "alive" if shard.alive else "not alive"
            problem = f"; {shard.problem}" if shard.problem else ""
            yield (
                f"shard {shard.name}: {health}, on {shard.node}, {shard.tables_owned} tables, "
                f"{shard.threads} threads, restarted {shard.restarts} times{problem}\n"
            )

    def json(self) -> Iterator[str]:
        about = {**asdict(self._info), "started": f"{self._info.started:%Y-%m-%dT%H:%M:%SZ}"}
        del about["limits"]
        yield dumps(about, indent=1) + "\n"


def _columns(reports: Sequence[TableReport]) -> Columns:
    problems = [report.problem for report in reports]
    faults = [report.problem or report.skipped for report in reports]
    sound = [None if report.problem else report for report in reports]
    return Columns(
        (
            text_column("path", [report.path for report in reports]),
            text_column("health", [problem.code if problem else "OK" for problem in problems]),
            count_column("version", [report.version if report else None for report in sound]),
            text_column("compression", [report.compression if report else None for report in sound]),
            count_column("entries", [report.entries if report else None for report in sound]),
            count_column("blocks", [report.blocks if report else None for report in sound]),
            count_column("bytes", [report.size if report else None for report in sound]),
            text_column("reason", [fault.reason if fault else None for fault in faults]),
            count_column("offset", [fault.offset if fault else None for fault in faults]),
            count_column(
                "rows_skipped", [report.skipped.rows if report.skipped else 0 for report in reports]
            ),
        )
    )
