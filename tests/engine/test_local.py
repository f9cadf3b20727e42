"""Questions answered in this process, from real tables."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import dns.name
import numpy as np
import pytest
from dnstide.engine import LocalEngine, VolumeQuery, parse_table_name
from dnstide.engine.catalog import unix_seconds
from dnstide.model.errors import (
    AnswerIncomplete,
    Cancelled,
    DeadlineExceeded,
    DirectoryUnreadable,
    NoTables,
)
from dnstide.model.granularity import Granularity
from dnstide.model.question import VolumeQuestion
from dnstide.model.vocabulary import BucketBy, Coverage
from dnstide.model.volume import Progress, Volume
from dnstide.mtbl import Cancel, DnstableWriter, Row, reversed_name
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.questions import volume_question

DAY = 86400
FIRST = int(datetime(2018, 10, 25, tzinfo=UTC).timestamp())
OWNERS = ["a.com", "b.com", "x.b.com", "c.org"]
BAILIWICKS = ["com", "org", "b.com"]
TYPES = [1, 28, 65280]


def write(path: Path, rows: list[Row]) -> None:
    with DnstableWriter(path) as writer:
        for row in rows:
            writer.add(row)


def row(owner: str, seen: int, count: int, rrtype: int = 1, bailiwick: str = "com", rdata: int = 0) -> Row:
    names = dns.name.from_text(owner), dns.name.from_text(bailiwick)
    return Row(names[0], rrtype, names[1], (rdata.to_bytes(4, "big"),), seen, seen + 5, count)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalEngine, dict[str, list[Row]]]:
    """A directory of all kinds of tables with random rows, some first seen before their period."""
    folder, random = tmp_path_factory.mktemp("mixed"), Random(20181031)
    names = [f"dns.{datetime.fromtimestamp(FIRST + i * DAY, UTC):%Y%m%d}.D.mtbl" for i in range(20) if i != 9]
    names += ["dns.201810.M.mtbl", "dns.20181101.W.mtbl", "dns.2017.Y.mtbl", "dnssec.20181101.D.mtbl"]
    names += [f"dns.20181114.{hour:02}00.H.mtbl" for hour in range(12)]
    tables = {}
    for name in names:
        table = parse_table_name(name)
        assert not isinstance(table, str)
        rows = {}
        for _ in range(random.randrange(12)):
            seen = random.randrange(unix_seconds(table.start) - DAY // 3, unix_seconds(table.stop))
            one = row(random.choice(OWNERS), seen, random.randrange(1, 1000), random.choice(TYPES),
                      random.choice(BAILIWICKS), random.randrange(3))  # fmt: skip
            rows[one.owner, one.rrtype, one.bailiwick, one.rdata] = one
        tables[name] = list(rows.values())
        write(folder / name, tables[name])
    return LocalEngine(folder, threads=2), tables


QUESTIONS = st.builds(
    volume_question,
    names=st.lists(
        st.sampled_from(
            ["a.com", "*.b.com", "b.com/A", "c.org//org", "*", "no.where", "*.com/TYPE65280/com"]
        ),
        min_size=1,
        max_size=4,
    ),
    start=st.none() | st.integers(FIRST // 3600, FIRST // 3600 + 480).map(lambda hour: hour * 3600),
    stop=st.none() | st.integers(FIRST // 3600 + 481, FIRST // 3600 + 700).map(lambda hour: hour * 3600),
    granularity=st.sampled_from(
        [
            *(Granularity.HOUR, Granularity.DAY, Granularity.WEEK, Granularity.ISO_WEEK),
            *(Granularity.MONTH, Granularity.YEAR),
        ]
    ),
    bucket_by=st.sampled_from(BucketBy),
    split_by_rrtype=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(question=QUESTIONS)
def test_answers_against_brute_force(
    mixed: tuple[LocalEngine, dict[str, list[Row]]], question: VolumeQuestion
) -> None:
    """Each series is the sum over the rows of the planned tables, looked at one by one."""
    engine, tables = mixed
    try:
        answer = engine.volume(question)
    except NoTables:
        return
    targets = VolumeQuery.parse(question).targets
    expected: list[Counter[tuple[int, str | None, int]]] = [Counter() for _ in targets]
    edges = answer.axis.edges.tolist()
    for name in engine.plan(question).tables:
        table = parse_table_name(name)
        assert not isinstance(table, str)
        for one in tables[name]:
            by_file = answer.summary.bucket_by is BucketBy.FILE
            moment = unix_seconds(table.start) if by_file else one.time_first
            if not edges[0] <= moment < edges[-1]:
                continue
            bucket = int(np.searchsorted(edges, moment, side="right")) - 1
            for i, target in enumerate(targets):
                if target not in targets[:i] and (
                    (one.owner.is_subdomain(target.name) if target.wildcard else one.owner == target.name)
                    and (not target.filter.rrtypes or one.rrtype in target.filter.rrtypes)
                    and target.filter.bailiwick in (None, reversed_name(one.bailiwick))
                ):
                    kind = _kind(one.rrtype)
                    expected[i][i, kind if question.split_by_rrtype else None, bucket] += one.count
    found: list[Counter[tuple[int, str | None, int]]] = [Counter() for _ in targets]
    for series in answer.series:
        for bucket, count in zip(series.buckets.tolist(), series.counts.tolist(), strict=True):
            found[series.name_index][series.name_index, series.rrtype, bucket] += count
        assert series.total == sum(series.counts.tolist())
        assert series.name == str(targets[series.name_index])
    assert found == expected


def _kind(rrtype: int) -> str:
    return {1: "A", 28: "AAAA"}.get(rrtype, f"TYPE{rrtype}")


def dailies(folder: Path, count: int = 5) -> list[str]:
    """Daily tables with a.com. A, count 1 on the first day, 2 on the second and so on."""
    names = []
    for i in range(count):
        start = FIRST + i * DAY
        names.append(f"dns.{datetime.fromtimestamp(start, UTC):%Y%m%d}.D.mtbl")
        write(folder / names[-1], [row("a.com", start + 60, i + 1)])
    return names


def listed(answer: Volume) -> list[int]:
    counts: list[int] = answer.series[0].counts.tolist()
    return counts


A = volume_question(["a.com"])


def test_tables_that_come_and_go_are_noticed(tmp_path: Path) -> None:
    """The next question sees a new file, a replaced one and that one has gone."""
    names = dailies(tmp_path)
    with LocalEngine(tmp_path) as engine:
        assert listed(engine.volume(A)) == [1, 2, 3, 4, 5]
        write(tmp_path / "dns.20181030.D.mtbl", [row("a.com", FIRST + 5 * DAY, 60)])
        assert listed(engine.volume(A)) == [1, 2, 3, 4, 5, 60]
        write(tmp_path / names[0], [row("a.com", FIRST, 10)])
        assert listed(engine.volume(A)) == [10, 2, 3, 4, 5, 60]
        (tmp_path / names[1]).unlink()
        answer = engine.volume(A)
        assert listed(answer) == [10, 3, 4, 5, 60]
        assert answer.axis.coverage[1] == Coverage.NONE


def test_the_same_catalog_serves_until_something_changes(tmp_path: Path) -> None:
    """Plans are made once; a look at an unchanged directory keeps them."""
    dailies(tmp_path)
    with LocalEngine(tmp_path) as engine:
        first = engine.plan(A)
        assert engine.plan(A) is first
        assert engine.tables() is engine.tables()
        assert engine.volume(A).summary.catalog_version == engine.tables().version


def test_a_table_that_vanishes_while_the_question_runs(tmp_path: Path) -> None:
    """It was expected, so the question fails and names it, or the answer is marked."""
    names = dailies(tmp_path)
    many = ["a.com", *(f"n{i}.com" for i in range(9999))]

    def lose(_: Progress) -> None:
        (tmp_path / names[4]).unlink(missing_ok=True)

    with LocalEngine(tmp_path) as engine, pytest.raises(AnswerIncomplete) as caught:
        engine.volume(volume_question(many, bucket_by="first-seen"), progress=lose)
    assert [(f.table, f.code) for f in caught.value.failures] == [(names[4], "TABLE_MISSING")]

    write(tmp_path / names[4], [row("a.com", FIRST + 4 * DAY, 5)])
    with LocalEngine(tmp_path) as engine:
        question = volume_question(many, bucket_by="first-seen", failure_policy="partial")
        answer = engine.volume(question, progress=lose)
    assert listed(answer) == [1, 2, 3, 4]
    assert answer.axis.coverage.tolist()[-2:] == [Coverage.PARTIAL, Coverage.DAMAGED]


def test_days_that_become_a_month_while_the_question_runs(tmp_path: Path) -> None:
    """Where finer files are merged into a coarser one meanwhile, nothing is lost or counted twice."""
    names = dailies(tmp_path)
    many = ["a.com", *(f"n{i}.com" for i in range(9999))]

    def merge(_: Progress) -> None:
        if (tmp_path / names[0]).exists():
            rows = [row("a.com", FIRST + 60, 15)]
            write(tmp_path / "dns.201810.M.mtbl", rows)
            for name in names:
                (tmp_path / name).unlink()

    with LocalEngine(tmp_path) as engine:
        answer = engine.volume(volume_question(many, granularity="month", explain=True), progress=merge)
    assert listed(answer) == [15]
    assert [entry.table for entry in answer.summary.plan if entry.used] == ["dns.201810.M.mtbl"]


def test_progress_tells_of_every_part(tmp_path: Path) -> None:
    """A long look reports as it goes, and answers as one that is not watched."""
    dailies(tmp_path, 6)
    question = volume_question(["a.com", *(f"n{i}.com" for i in range(9999))])
    seen: list[Progress] = []
    with LocalEngine(tmp_path) as engine:
        watched = engine.volume(question, progress=seen.append)
        assert seen == [Progress(6, i + 1) for i in range(6)]
        alone = engine.volume(question)
    assert listed(watched) == listed(alone) == [1, 2, 3, 4, 5, 6]
    assert watched.summary.rows_read == alone.summary.rows_read
    assert (watched.summary.tables_asked, watched.summary.tables_answered) == (6, 6)
    timings = watched.summary.timings
    assert min(timings.plan, timings.ask, timings.merge) > 0


def test_cancel_and_deadline(tmp_path: Path) -> None:
    """Both stop a question before it is answered."""
    dailies(tmp_path)
    stop = Cancel()
    stop.cancel()
    with LocalEngine(tmp_path) as engine:
        with pytest.raises(Cancelled):
            engine.volume(A, cancel=stop)
        with pytest.raises(DeadlineExceeded):
            engine.volume(A, cancel=Cancel(0.0))
        assert listed(engine.volume(A, cancel=Cancel(60.0))) == [1, 2, 3, 4, 5]


def test_threads_ask_side_by_side(tmp_path: Path) -> None:
    """Many callers, one engine, the same answers."""
    names = dailies(tmp_path, 30)
    with LocalEngine(tmp_path, threads=2) as engine, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: listed(engine.volume(A)), range(64)))
    assert answers == [list(range(1, len(names) + 1))] * 64


def test_wrong_directories(tmp_path: Path) -> None:
    """Missing, no directory, empty, and gone between two questions: each says so."""
    with pytest.raises(DirectoryUnreadable, match="no such directory"):
        LocalEngine(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryUnreadable, match="not a directory"):
        LocalEngine(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with LocalEngine(tmp_path / "empty") as engine:
        with pytest.raises(NoTables, match="there are no tables of the dataset dns"):
            engine.volume(A)
        (tmp_path / "empty").rmdir()
        with pytest.raises(DirectoryUnreadable, match="no such directory"):
            engine.volume(A)


def test_verify_and_check(tmp_path: Path) -> None:
    """verify reads every block, check only what opening reads; each names the bad table and goes on."""
    names = dailies(tmp_path, 3)
    data = bytearray((tmp_path / names[1]).read_bytes())
    data[12] ^= 1
    (tmp_path / names[1]).write_bytes(data)
    (tmp_path / names[2]).write_bytes(b"short")
    with LocalEngine(tmp_path) as engine:
        good, flipped, short = engine.verify()
        assert good.problem is None
        assert good.entries > 0
        assert flipped.problem is not None
        assert (flipped.problem.table, flipped.problem.code) == (names[1], "BAD_CHECKSUM")
        assert short.problem is not None
        assert short.problem.code == "TABLE_TOO_SHORT"
        (report,) = engine.verify([names[1]])
        assert report.problem is not None
        checked = engine.tables(check=True)
        assert [table.problem is None for table in checked.tables] == [True, True, False]
