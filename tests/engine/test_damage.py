"""Whatever is damaged: a bucket said to be complete has the true count, and no count is too high."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import dns.name
import pytest
from dnstide.engine import LocalEngine, parse_table_name
from dnstide.engine.catalog import unix_seconds
from dnstide.model.errors import AnswerIncomplete
from dnstide.model.question import VolumeQuestion
from dnstide.model.vocabulary import Coverage, FailurePolicy
from dnstide.model.volume import Volume
from dnstide.mtbl import DnstableWriter, Row
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.questions import volume_question

DAY = 86400
FIRST = int(datetime(2018, 10, 29, tzinfo=UTC).timestamp())
DAYS = 14
DAILY = [f"dns.{datetime.fromtimestamp(FIRST + i * DAY, UTC):%Y%m%d}.D.mtbl" for i in range(DAYS)]
COARSE = ["dns.20181029.W.mtbl", "dns.20181101.W.mtbl", "dns.201810.M.mtbl", "dns.2018.Y.mtbl"]
NAMES = [*DAILY, *COARSE]
OWNER, WITHIN = dns.name.from_text("a.com"), dns.name.from_text("com")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """Folders good, flip and cut with all tables in each state, and the rows. Coarse tables hold what the
    daily ones of their period hold; some rows are first seen the day before."""
    base, random = tmp_path_factory.mktemp("versions"), Random(1)
    everything: list[Row] = []
    for state in ("good", "flip", "cut"):
        (base / state).mkdir()
    daily: dict[str, list[Row]] = {}
    for i, name in enumerate(DAILY):
        seen = [FIRST + i * DAY + random.randrange(-DAY // 2, DAY) for _ in range(random.randrange(8))]
        daily[name] = [
            Row(
                OWNER,
                1,
                WITHIN,
                (len(everything).to_bytes(3, "big") + bytes([k]),),
                time,
                time,
                random.randrange(1, 99),
            )
            for k, time in enumerate(seen)
        ]
        everything += daily[name]
    for name in NAMES:
        table = parse_table_name(name)
        assert not isinstance(table, str)
        start, stop = unix_seconds(table.start), unix_seconds(table.stop)
        inside = [FIRST + i * DAY for i in range(DAYS) if start <= FIRST + i * DAY < stop]
        with DnstableWriter(base / "good" / name, sync=False) as writer:
            for day in inside:
                for row in daily[DAILY[(day - FIRST) // DAY]]:
                    writer.add(row)
        data = (base / "good" / name).read_bytes()
        (base / "flip" / name).write_bytes(data[:12] + bytes([data[12] ^ 1]) + data[13:])
        (base / "cut" / name).write_bytes(data[: len(data) // 2])
    return base, everything


QUESTIONS = st.builds(
    volume_question,
    names=st.just(["a.com"]),
    start=st.none() | st.integers(0, DAYS - 1).map(lambda day: FIRST + day * DAY),
    stop=st.none() | st.integers(DAYS, DAYS + 3).map(lambda day: FIRST + day * DAY),
    granularity=st.sampled_from(["day", "week", "month", "quarter", "year"]),
    bucket_by=st.just("first-seen"),
    failure_policy=st.sampled_from(["fail", "partial"]),
)


def ask(engine: LocalEngine, question: VolumeQuestion) -> Volume | AnswerIncomplete:
    try:
        return engine.volume(question)
    except AnswerIncomplete as error:
        return error


@settings(max_examples=100, deadline=None)
@given(
    states=st.lists(
        st.sampled_from(["good", "good", "good", "flip", "cut", "none"]), min_size=18, max_size=18
    ),
    question=QUESTIONS,
)
def test_never_wrong_and_unmarked(
    versions: tuple[Path, list[Row]], states: list[str], question: VolumeQuestion
) -> None:
    """Random damage in random tables; coarse ones may be absent, daily ones are always there."""
    base, everything = versions
    with TemporaryDirectory() as folder:
        for name, state in zip(NAMES, states, strict=True):
            if state != "none" or name in DAILY:
                os.link(base / (state if state != "none" else "good") / name, Path(folder) / name)
        with LocalEngine(folder, threads=1) as engine:
            answer, again = ask(engine, question), ask(engine, question)
    if isinstance(answer, AnswerIncomplete) or isinstance(again, AnswerIncomplete):
        assert str(answer) == str(again)
        assert question.failure_policy is FailurePolicy.FAIL
        assert {states[NAMES.index(failure.table)] for failure in answer.failures} <= {"flip", "cut"}
        return
    assert question.failure_policy is FailurePolicy.PARTIAL or not answer.summary.failures_total
    truth = Counter[int]()
    edges = answer.axis.edges.tolist()
    for row in everything:
        inside = [i for i in range(len(edges) - 1) if edges[i] <= row.time_first < edges[i + 1]]
        truth.update(dict.fromkeys(inside, row.count))
    (series,) = answer.series
    found = dict(zip(series.buckets.tolist(), series.counts.tolist(), strict=True))
    for bucket, coverage in enumerate(answer.axis.coverage.tolist()):
        assert found.get(bucket, 0) <= truth[bucket]
        if coverage == Coverage.COMPLETE:
            assert found.get(bucket, 0) == truth[bucket]
    if answer.complete:
        assert found == {bucket: count for bucket, count in truth.items() if count}
    assert again.series[0].counts.tolist() == series.counts.tolist()
    assert (again.axis.coverage.tolist(), again.summary.failures) == (
        answer.axis.coverage.tolist(),
        answer.summary.failures,
    )
