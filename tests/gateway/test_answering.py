"""The work of the gateway without gRPC: the same answers as in process, and nothing of gRPC in it."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dnstide.engine import LocalEngine
from dnstide.gateway import answering as module
from dnstide.gateway.answering import Answering
from dnstide.gateway.pool import Pool
from dnstide.gateway.supervisor import Intervals, Supervisor
from dnstide.gateway.testing import LocalBackend
from dnstide.model.errors import AnalysisRefused, DeadlineExceeded, InvalidQuestion, NoTables
from dnstide.model.question import AnalysisQuestion, Smoothing, Span, TopQuestion, VolumeQuestion
from dnstide.model.top import TopProgress
from dnstide.model.vocabulary import Analysis

NAMES = ("www.example.com", "*.example.org")


async def ignore(serving: bool) -> None:
    pass


@pytest.fixture
async def answering(small_dir: Path, tmp_path: Path) -> AsyncIterator[Answering]:
    """Over two shards in threads of this process, and no server."""
    pool = Pool()
    backend = LocalBackend({"local": small_dir}, 2, cache_dir=tmp_path / "cache")
    supervisor = Supervisor(pool, backend, Intervals(rescan=1000, ping=1000), ignore)
    await supervisor.start()
    yield Answering(pool, supervisor.inventories.refresh, max_names=10)
    await supervisor.stop()


async def test_volume(answering: Answering, small_dir: Path) -> None:
    """Series, smoothing, axis and summary are those of the engine."""
    question = VolumeQuestion(NAMES, smoothing=Smoothing(3), fill=True, explain=True)
    volume = await answering.volume(question, 20)
    with LocalEngine(small_dir) as engine:
        expected = engine.volume(question)
    assert str(volume.columns().to_pandas()) == str(expected.columns().to_pandas())
    assert volume.summary.plan == expected.summary.plan
    assert volume.summary.total_count == expected.summary.total_count


async def test_top_with_progress(answering: Answering, small_dir: Path, tmp_path: Path) -> None:
    """Progress runs up to the last summary that was missing; the ranks are those of the engine."""
    told: list[TopProgress] = []

    async def on_progress(progress: TopProgress) -> None:
        told.append(progress)

    top = await answering.top(TopQuestion(4), 20, on_progress)
    with LocalEngine(small_dir, cache_dir=tmp_path / "engine") as engine:
        expected = engine.top(TopQuestion(4))
    assert str(top) == str(expected)
    assert told[0] == TopProgress(62, 0)
    assert told[-1] == TopProgress(62, 62)
    assert [progress.summaries_made for progress in told] == sorted(p.summaries_made for p in told)
    told.clear()
    await answering.top(TopQuestion(4), 20, on_progress)
    assert not told


async def test_analysis(answering: Answering, small_dir: Path) -> None:
    """Findings and their summary."""
    question = AnalysisQuestion(VolumeQuestion(NAMES), Analysis.GAPS)
    findings = await answering.analysis(question, 20)
    with LocalEngine(small_dir) as engine:
        assert findings.series == engine.analyze(question).series
    assert findings.summary.tables_answered == 60


async def test_errors_are_those_of_the_model(answering: Answering) -> None:
    """Whoever calls maps them; none of gRPC is raised."""
    with pytest.raises(InvalidQuestion) as caught:
        await answering.volume(VolumeQuestion(("a..b", "ok.example", "-" * 64)), 20)
    assert [field for field, _ in caught.value.problems] == ["names[0]", "names[2]"]
    with pytest.raises(InvalidQuestion, match="names"):
        await answering.volume(VolumeQuestion(("x.example",) * 11), 20)
    with pytest.raises(NoTables):
        await answering.volume(VolumeQuestion(NAMES, span=Span(0, 86_400)), 20)
    with pytest.raises(AnalysisRefused):
        await answering.analysis(AnalysisQuestion(VolumeQuestion(NAMES[:1]), Analysis.CORRELATION), 20)
    with pytest.raises(DeadlineExceeded):
        await answering.volume(VolumeQuestion(NAMES), 0)
    with pytest.raises(DeadlineExceeded):
        await answering.top(TopQuestion(3), 0)


async def test_pages_join(answering: Answering) -> None:
    """Without gap or repetition, each table with its shards, the owner first."""
    names: list[str] = []
    token = ""
    while True:
        page = answering.tables_page("", 25, token)
        names += [table.name for table in page.tables]
        assert all(len(table.shards) == 2 for table in page.tables)
        token = page.next_page_token
        if not token:
            break
    assert len(names) == len(set(names)) == page.total_count == 62
    assert answering.tables_page("dnssec", 25, "").tables == ()


@pytest.mark.parametrize(
    "name", ["answering", "fanout", "requests", "retry", "pool", "placement", "batching", "transports"]
)
def test_nothing_of_grpc_is_in_the_work(name: str) -> None:
    """Another edge than gRPC needs these modules as they are."""
    path = Path(module.__file__).with_name(f"{name}.py")
    imported = {
        part
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for part in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }
    wrong = {part for part in imported if part.startswith(("grpc", "google", "dnstide.api", "dnstide.codec"))}
    assert not wrong
