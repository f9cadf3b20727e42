"""The day on which a cache server fell silent, as it is written: the paper's figures, asked of the engine."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dnstide.engine import LocalEngine
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Volume
from dnstide.sample import write_cache_day
from dnstide.sample.cache_day import HOLE, MIDNIGHT, SILENCE, TO_CACHE, TO_TOP

from tests.engine.questions import volume_question

START = int(MIDNIGHT.timestamp())
MAIL = "mail.to-cache.campus.example"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    directory = tmp_path_factory.mktemp("day") / "mtbl"
    assert write_cache_day(directory) == 1435
    with LocalEngine(directory, threads=1) as engine:
        yield engine


def ask(engine: LocalEngine, names: list[str], **options: object) -> Volume:
    """The whole day."""
    question = volume_question(names, start=START, stop=START + 86_400, **options)
    return engine.volume(question)


def test_totals_by_type_are_the_papers(engine: LocalEngine) -> None:
    """A 133,303, AAAA 139,794, PTR 13,942, MX 35,474, TXT 16,681."""
    answer = ask(engine, [MAIL], split_by_rrtype=True, bucket_by="file")
    assert {series.rrtype: series.total for series in answer.series} == TO_CACHE


def test_top_clients_are_the_papers(engine: LocalEngine) -> None:
    """Five clients of the top server, by AAAA queries."""
    answer = ask(engine, [f"{client}.to-top.campus.example" for client in TO_TOP], bucket_by="file")
    assert [series.total for series in answer.series] == list(TO_TOP.values())


def test_silence_and_hole_are_told_apart(engine: LocalEngine) -> None:
    """From 11:07 to 23:07 there are tables and no queries; for five minutes there is no table."""
    answer = ask(engine, [MAIL], granularity="minute", bucket_by="file")
    listed = np.zeros(1440, bool)
    listed[answer.series[0].buckets] = True
    uncovered = answer.axis.coverage == Coverage.NONE
    assert np.flatnonzero(uncovered).tolist() == list(HOLE)
    assert np.flatnonzero(~listed & ~uncovered).tolist() == list(SILENCE)


def test_a_and_aaaa_go_together_as_in_the_paper(engine: LocalEngine) -> None:
    """R² = 0.963 from 00:00 to 11:07."""
    answer = ask(engine, [f"{MAIL}/A", f"{MAIL}/AAAA"], granularity="minute", bucket_by="file")
    a, aaaa = (series.counts[series.buckets < SILENCE.start].astype(np.float64) for series in answer.series)
    assert f"{np.corrcoef(a, aaaa)[0, 1] ** 2:.3f}" == "0.963"


def test_another_directorys_tables_are_left_alone(tmp_path: Path) -> None:
    """Made-up tables are not mixed with others."""
    (tmp_path / "dns.20060820.0000.m.mtbl").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="holds tables already"):
        write_cache_day(tmp_path)
