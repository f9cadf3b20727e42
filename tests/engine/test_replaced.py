"""Tables that are replaced while they are asked, or in secret: an answer reads one version of each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dnstide.engine import LocalEngine, RefreshCatalog, TopQuery, top_steps
from dnstide.engine.top import threshold
from dnstide.model.errors import AnswerIncomplete
from dnstide.model.granularity import Granularity
from dnstide.model.question import Span, TopQuestion, VolumeQuestion
from dnstide.model.top import Top
from dnstide.model.vocabulary import BucketBy
from dnstide.shard import Shard

from tests.conftest import FIRST_DAY
from tests.engine.versions import FILES, counts_of, ranked, truth, write


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    for day, name in enumerate(FILES):
        write(folder / name, 0, day)
    return folder


@pytest.fixture(autouse=True)
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists so short that a ranking takes several rounds."""
    monkeypatch.setattr(threshold, "FIRST_DEPTH", 2)
    monkeypatch.setattr(threshold, "send_for", lambda n: n + 1)


@pytest.mark.parametrize("how", ["renamed over", "written over"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_table_of_the_same_size_and_time_is_another_one(
    tables: Path, tmp_path: Path, how: str, restart: bool
) -> None:
    """`cp -p` and `rsync -t` keep both. No summary of the old table answers for the new one."""
    engine = LocalEngine(tables, 1, tmp_path / "cache")
    everything = VolumeQuestion(("*.",), bucket_by=BucketBy.FILE)
    assert ranked(engine.top(TopQuestion(3))) == truth(0, 0)
    before = (tables / FILES[0]).stat()
    write(tables / FILES[0] if how == "renamed over" else tmp_path / FILES[0], 1, 0)
    if how == "written over":
        (tables / FILES[0]).write_bytes((tmp_path / FILES[0]).read_bytes())
        os.utime(tables / FILES[0], ns=(before.st_mtime_ns, before.st_mtime_ns))
    after = (tables / FILES[0]).stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    if restart:
        engine.close()
        engine = LocalEngine(tables, 1, tmp_path / "cache")
    with engine:
        engine.tables()
        assert ranked(engine.top(TopQuestion(3))) == truth(1, 0)
        total = sum(counts_of(1, 0).values()) + sum(counts_of(0, 1).values())
        assert engine.volume(everything).series[0].total == total


def test_a_copy_of_the_tables_keeps_its_summaries(tables: Path, tmp_path: Path) -> None:
    """Another inode and change time, the same bytes: the summary is found true and is not made again."""
    with LocalEngine(tables, 1, tmp_path / "cache") as engine:
        assert engine.summarize() == []
    for name in FILES:
        shutil.copy2(tables / name, tmp_path / name)
        os.replace(tmp_path / name, tables / name)
    made: list[tuple[int, int]] = []
    with LocalEngine(tables, 1, tmp_path / "cache") as engine:
        assert engine.summarize(progress=lambda done, wanted: made.append((done, wanted))) == []
        assert not made
        assert ranked(engine.top(TopQuestion(3))) == truth(0, 0)


def drive(shard: Shard, engine: LocalEngine, query: TopQuery, between: Iterator[Any]) -> tuple[Top, int]:
    """The answer, and how often it began again; before each round but the first, `between` goes a step on."""
    steps = top_steps(engine.tables(), query)
    reply: Any = None
    again = 0
    while True:
        try:
            request = steps.send(reply)
        except StopIteration as done:
            return done.value, again
        if isinstance(request, RefreshCatalog):
            again += 1
            reply = engine.tables()
            continue
        if reply is not None:
            next(between, None)
            shard.inventory()
        reply = [shard.ranker.answer(request.share(request.tables, "", None))]


@pytest.mark.parametrize("round_", range(2))
@pytest.mark.parametrize("span", [Span(), Span(FIRST_DAY, FIRST_DAY + 2 * 86_400)])
def test_a_table_replaced_between_two_rounds(tables: Path, tmp_path: Path, round_: int, span: Span) -> None:
    """Ranks, totals and series are of the new version together; a mixture would be of neither."""
    query = TopQuery.parse(TopQuestion(3, span=span, series_granularity=Granularity.DAY))

    def between() -> Iterator[None]:
        for _ in range(round_):
            yield
        write(tables / FILES[1], 1, 1)
        yield

    shard = Shard(tables, 1, tmp_path / "cache")
    with LocalEngine(tables, 1, tmp_path / "cache") as engine:
        answer, again = drive(shard, engine, query, between())
    assert again == 1
    assert ranked(answer) == truth(0, 1)
    assert answer.summary.total_count == sum(counts_of(0, 0).values()) + sum(counts_of(1, 1).values())
    assert [int(rank.series.sum()) for rank in answer] == [rank.count for rank in answer]


def test_a_table_that_never_rests(tables: Path, tmp_path: Path) -> None:
    """Whoever replaces it faster than it can be ranked gets an error that names it, not a mixture."""

    def between() -> Iterator[None]:
        version = 0
        while True:
            version = 1 - version
            write(tables / FILES[1], version, 1)
            yield

    shard = Shard(tables, 1, tmp_path / "cache")
    with (
        LocalEngine(tables, 1, tmp_path / "cache") as engine,
        pytest.raises(AnswerIncomplete, match="replaced while") as caught,
    ):
        drive(shard, engine, TopQuery.parse(TopQuestion(3)), between())
    assert [failure.table for failure in caught.value.failures] == [FILES[1]]
