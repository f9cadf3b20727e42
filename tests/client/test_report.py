"""Reports: one name in one answer, the same from every client, with a sentence that is true."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from dnstide.client import AsyncClient, Client, DeadlineExceeded, InvalidQuestion, LocalClient
from dnstide.client.plot import report_page
from dnstide.client.report import report_steps, run
from dnstide.engine.analyze import analyze
from dnstide.gateway.testing import running_gateway
from dnstide.model.coverage import SpanCoverage
from dnstide.model.errors import AnalysisRefused
from dnstide.model.granularity import DAY, Granularity
from dnstide.model.question import AnalysisQuestion, VolumeQuestion
from dnstide.model.report import IN_REPORT, Report
from dnstide.model.report_tables import sections
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis, Series, Summary, Volume

START = 17_167 * DAY  # 2017-01-01


def volume(counts, granularity=Granularity.DAY, step=DAY, marks=None):
    edges = START + step * np.arange(len(counts) + 1)
    marks = np.ones(len(counts), np.uint8) if marks is None else marks
    axis = Axis.of(granularity, edges, marks)
    numbers = np.asarray(counts, np.uint64)
    seen = np.flatnonzero(numbers).astype(np.uint32)
    series = Series("a.example.", None, 0, axis, seen, numbers[seen])
    covered = SpanCoverage.of([(int(edges[0]), int(edges[-1]), Coverage.COMPLETE)])
    question = VolumeQuestion(("a.example.",), granularity=granularity)
    return Volume(question, axis, (series,), Summary(True, 1, 1, coverage=covered))


def report(counts, **axis):
    """Of counts alone, through the analyses themselves."""
    whole = volume(counts, **axis)
    found = {}
    for analysis in IN_REPORT:
        with suppress(AnalysisRefused):
            found[analysis] = analyze(whole, AnalysisQuestion(whole.question, analysis))
    return Report(whole, found)


RNG = np.random.default_rng(7)
FLAT = RNG.poisson(27_000, 200)
STEP = np.concatenate([RNG.poisson(1_500, 100), RNG.poisson(2_000_000, 100)])
SPIKED = STEP.copy()
SPIKED[150] *= 10
HOURS = RNG.poisson(500, 200)


@pytest.mark.parametrize(
    ("counts", "axis", "said"),
    [
        (np.zeros(50, int), {}, r"not seen in the span"),
        (FLAT, {}, r"steady at 27,000 a day throughout; no shift"),
        (STEP, {}, r"steady at 2 million a day since 2017-04-11, 1,3[0-9]0 times the level before; no later"),
        (STEP[::-1], {}, r"steady at 1,[45][0-9]0 a day since 2017-04-11, 0.0007.* times the level"),
        (SPIKED, {}, r"; no later shift, 1 spike$"),
        (np.append(FLAT, np.zeros(40, int)), {}, r"silent since 2017-07-20, 27,000 a day before"),
        (np.append(np.zeros(60, int), FLAT), {}, r"a day since 2017-03-02, up from nothing; no later shift"),
        (np.append(FLAT, np.zeros(3, int)), {}, r"silent since 2017-07-20, 27,000 a day before"),
        (RNG.poisson(300 * RNG.gamma(0.8, 1.2, 200)), {}, r"swinging around 1\d\d a day throughout"),
        ((np.arange(200) % 9 == 0).astype(int), {}, r"seen in 23 of 200 buckets, on average 0.115 a day"),
        (HOURS, {"granularity": Granularity.HOUR, "step": 3_600}, r"steady at 500 an hour throughout; no"),
        (FLAT, {"marks": np.full(200, 2, np.uint8)}, r"seen 5.4 million times, in no bucket that"),
    ],
)  # fmt: skip
def test_the_verdict(counts, axis, said) -> None:
    """What is the level, since when, against what, and what came after."""
    assert re.search(said, report(counts, **axis).verdict), report(counts, **axis).verdict


def test_levels_add_up() -> None:
    """They lie side by side over the whole span, with exact totals."""
    one = report(STEP)
    first, second = one.levels
    assert (first.start, first.stop, second.stop) == (
        one.volume.axis.starts[0],
        second.start,
        one.volume.axis.stop,
    )
    assert first.total + second.total == one.total == int(STEP.sum())
    assert first.ratio is None
    assert second.ratio == pytest.approx(second.rate / first.rate)
    assert one.columns().names == ("start", "stop", "rate", "ratio", "total", "coverage")
    assert len(one.to_pandas()) == 2
    assert [title for title, _ in sections(one)] == [
        "levels", "spikes", "silent spans", "weekly shape", "record types", "names under it",
    ]  # fmt: skip


def test_weeks_are_told_per_day() -> None:
    """Rates of long steps are those of a day."""
    one = report(7 * FLAT, granularity=Granularity.ISO_WEEK, step=7 * DAY)
    assert one.verdict.startswith("steady at 27,000 a day throughout")


def comparable(found):
    """All but what depends on who answered."""
    ranks = None if found.children is None else found.children.ranks
    parts = [(one.series, one.breakdowns) for one in found.found.values()]
    return found.name, found.verdict, found.levels, parts, found.coverage, str(ranks), found.childless


async def test_all_clients_report_the_same(small_dir, gateway, tmp_path) -> None:
    """In process, over gRPC and awaited; with and without names under it."""
    with LocalClient(small_dir, cache_dir=tmp_path) as local, Client(gateway) as client:
        async with AsyncClient(gateway) as waiting:
            for name, options in (
                ("example.com", {"start": "2024-01-01"}),
                ("www.example.com/A", {"children": 0}),
                ("*.example.com", {"rrtypes": "MX", "granularity": "iso-week", "start": "2024-01-01"}),
                ("nosuch.example", {}),
            ):
                here, there = local.report(name, **options), client.report(name, **options)
                later = await waiting.report(name, **options)
                assert comparable(here) == comparable(there) == comparable(later), name
            report = local.report("*.example.com", start="2024-01-01", children=2)
            assert [rank.name for rank in report.under] == ["www.example.com.", "mail.example.com."]
            with pytest.raises(DeadlineExceeded):
                client.report("www.example.com", timeout=0.0001)


def test_the_names_under_it_are_within_the_span_and_the_types(small_dir, tmp_path) -> None:
    """The ranking counts what the report counts."""
    with LocalClient(small_dir, cache_dir=tmp_path) as local:
        report = local.report("*.example.com/MX", start="2024-01-10", stop="2024-01-11")
        assert [(rank.name, rank.count) for rank in report.under] == [("mail.example.com.", 10)]
        within = local.report("www.example.com/A/example.com", start="2024-01-10")
        assert (within.under, within.childless) == ((), "rankings do not tell bailiwicks apart")
        exact = local.report("www.example.com", start="2024-01-10", case_sensitive=True)
        assert exact.childless == ""


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        (["a.", "b."], {}, "a report is about one name"),
        ("a.", {"children": -1}, "children: -1 is not a number from 0"),
        ("a.", {"children": True}, "True is not a number"),
        ("..", {}, "names"),
    ],
)
def test_what_cannot_be_reported(small_dir, name, options, said) -> None:
    """Each in words."""
    with LocalClient(small_dir) as local, pytest.raises(InvalidQuestion, match=said):
        local.report(name, **options)


class Changing:
    """A client whose tables change at the first question of each of so many rounds."""

    def __init__(self, client: LocalClient, rounds: int) -> None:
        self.client, self.rounds, self.asked = client, rounds, 0

    def volume(self, *arguments, **options):
        self.asked += 1
        answer = self.client.volume(*arguments, **options)
        if self.asked > self.rounds:
            return answer
        return replace(answer, summary=replace(answer.summary, catalog_version=f"old {self.asked}"))

    def __getattr__(self, name):
        return getattr(self.client, name)


@pytest.mark.parametrize(("rounds", "asked", "changed"), [(0, 1, False), (2, 3, False), (9, 3, True)])
def test_tables_that_change_meanwhile(small_dir, tmp_path, rounds, asked, changed) -> None:
    """A report begins again, and says so where they do not rest."""
    with LocalClient(small_dir, cache_dir=tmp_path) as local:
        client = Changing(local, rounds)
        found = run(report_steps("www.example.com", {"start": "2024-01-01"}, 2), client, None)
    assert (client.asked, found.changed) == (asked, changed)
    assert found.complete is not changed


def test_the_page_holds_every_part_and_no_markup_of_a_name(small_dir, tmp_path) -> None:
    """Verdict, levels, types and names; what tables hold stays text."""
    with LocalClient(small_dir, cache_dir=tmp_path) as local:
        found = local.report("*.example.com", start="2024-01-01", children=2)
        page = report_page(found)
        assert f'<p class="verdict">{found.verdict}</p>' in page
        assert all(f"<h2>{title}</h2>" in page for title, _ in sections(found))
        assert "<td>mail.example.com.</td>" in page
        odd = report_page(local.report("<script>alert(1).example.com", start="2024-01-01"))
        assert "<script>alert" not in odd


def test_a_report_by_a_gateway_of_its_own(small_dir) -> None:
    """A span that cuts tables has no ranking, and says why."""
    with running_gateway(small_dir) as gateway, Client(gateway.address) as client:
        found = client.report("www.example.com", start="2023-11-10", stop="2024-01-31", granularity="month")
        assert found.under == ()
        assert "dns.202311.M.mtbl" in found.childless
