"""Analyses: the same findings in this process and over gRPC, by either client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.name
import numpy as np
import pytest
from dnstide.client import AsyncClient, Client, InvalidQuestion, LocalClient
from dnstide.gateway.testing import running_gateway
from dnstide.mtbl import DnstableWriter, Row

FIRST = datetime(2017, 6, 1, tzinfo=UTC)
DAYS = 120
MISSING = range(90, 95)
BUSY, QUIET = dns.name.from_text("busy.example."), dns.name.from_text("quiet.example.")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """120 days of two names: busy rises a hundredfold on day 60, is silent on day 30, spikes on day 100; five
    days have no table. AAAA is twice A and a little more."""
    folder = tmp_path_factory.mktemp("mtbl")
    rng = np.random.default_rng(5)
    for day in range(DAYS):
        if day in MISSING:
            continue
        begin = FIRST + timedelta(days=day)
        first = int(begin.timestamp())
        count = int(rng.poisson(1_000 if day < 60 else 100_000)) * (30 if day == 100 else 1)
        with DnstableWriter(folder / f"dns.{begin:%Y%m%d}.D.mtbl") as writer:
            if day != 30:
                writer.add(Row(BUSY, 1, BUSY, (b"\xc0\x00\x02\x01",), first, first, count))
                writer.add(Row(BUSY, 28, BUSY, (bytes(16),), first, first, 2 * count + 7))
            writer.add(Row(QUIET, 16, QUIET, (b"\x01x",), first, first, 3))
    return folder


@pytest.fixture(scope="module")
def local(directory):
    with LocalClient(directory) as client:
        yield client


def day(number):
    return np.datetime64(FIRST.date() + timedelta(days=number), "s")


def test_a_shift_has_its_day_levels_and_words(local) -> None:
    """One change, on its day, with the medians of both sides; a name without changes has none."""
    busy, quiet = local.analyze("shifts", ["busy.example/A", "quiet.example"]).series
    (shift,) = busy.shifts
    assert shift.time == day(60)
    assert shift.before == pytest.approx(1_000, rel=0.02)
    assert shift.after == pytest.approx(100_000, rel=0.02)
    assert str(shift).startswith(("×100", "×99", "×101"))
    assert quiet.shifts == ()


def test_shifts_become_marks_of_a_picture(local) -> None:
    """On the line of their series."""
    question = {"names": ["quiet.example", "busy.example"]}
    volume = local.volume(**question)
    (mark,) = local.analyze("shifts", **question).marks(volume)
    assert (mark.line, mark.time) == (1, day(60))


def test_spikes_and_gaps_have_their_days(local) -> None:
    """The spike of day 100; the silence of day 30, and the five days without tables."""
    (spikes,) = local.analyze("spikes", "busy.example/A").series
    assert day(100) in [spike.time for spike in spikes.spikes if spike.score > 0]
    (gaps,) = local.analyze("gaps", "busy.example").series
    assert [(gap.start, gap.stop, gap.kind) for gap in gaps.gaps] == [
        (day(30), day(31), "silent"),
        (day(90), day(95), "no-data"),
    ]


def test_correlation_is_the_second_on_the_first(local) -> None:
    """AAAA = 7 + 2 A on every day that has tables."""
    (line,) = local.analyze("correlation", ["busy.example/A", "busy.example/AAAA"]).correlations
    assert (line.x, line.y) == ("busy.example. A", "busy.example. AAAA")
    # Day 30 has neither, which is not on the line.
    assert line.slope == pytest.approx(2, abs=0.001)
    assert line.r_squared > 0.999999
    assert line.n == DAYS - len(MISSING)


def test_breakdown_and_shape_are_exact(local) -> None:
    """Totals by type and over all are those of the series."""
    volume = local.volume("busy.example", split_by_rrtype=True)
    (parts,) = local.analyze("breakdown", "busy.example").breakdowns
    assert {part.rrtype: part.total for part in parts.parts} == {s.rrtype: s.total for s in volume}
    assert parts.total == sum(s.total for s in volume)
    (one,) = local.analyze("shape", "busy.example").series
    assert one.shape.total == parts.total
    assert (one.shape.buckets, one.shape.seen) == (DAYS - len(MISSING), DAYS - len(MISSING) - 1)
    assert len(one.shape.weekdays) == 7


ASKED = [
    ("shifts", ["busy.example"], {"shortest": 10, "min_ratio": 2.0}),
    ("spikes", ["busy.example"], {"window": 15, "threshold": 4.5}),
    ("gaps", ["busy.example", "nosuch.example"], {"alpha": 0.05}),
    ("correlation", ["busy.example/A", "busy.example/AAAA"], None),
    ("shape", ["busy.example"], None),
    ("breakdown", ["busy.example", "nosuch.example"], None),
]


def findings_of(found):
    """All but what depends on who answered."""
    return found.analysis, found.series, found.correlations, found.breakdowns


async def test_all_three_clients_find_the_same(directory, local) -> None:
    """Every analysis, with its settings, in this process, over gRPC and over asyncio."""
    with running_gateway(directory) as gateway, Client(gateway.address) as client:
        async with AsyncClient(gateway.address) as waiting:
            for analysis, names, settings in ASKED:
                here = local.analyze(analysis, names, settings=settings)
                there = client.analyze(analysis, names, settings=settings)
                later = await waiting.analyze(analysis, names, settings=settings)
                assert findings_of(here) == findings_of(there) == findings_of(later), analysis
                assert here.summary.coverage == there.summary.coverage == later.summary.coverage
                assert here.complete == there.complete == later.complete
            for analysis, names, said in REFUSED:
                for one in (local, client):
                    with pytest.raises(InvalidQuestion, match=said):
                        one.analyze(analysis, names)


REFUSED = [
    ("correlation", "busy.example", "two series"),
    ("correlation", ["busy.example", "quiet.example"], "second series does not vary: 3 in all 115"),
    ("correlation", ["nosuch.example", "busy.example"], "first series does not vary: 0"),
    ("tides", "busy.example", "not one of shifts, spikes, gaps, correlation, shape, breakdown"),
]


@pytest.mark.parametrize(
    ("analysis", "settings", "said"),
    [
        ("shifts", {"shortest": 1}, "2 buckets or more"),
        ("shifts", {"alpha": 0.5}, "no setting of shifts; it has shortest, min_ratio"),
        ("shape", {"window": 3}, "it has none"),
        ("spikes", {"window": -1}, "not a number of buckets"),
        ("spikes", {"threshold": 0.0}, "above 0"),
        ("gaps", {"alpha": 2.0}, "between 0 and 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(local, analysis, settings, said) -> None:
    """Unknown to the analysis, or out of range."""
    with pytest.raises(InvalidQuestion, match=said):
        local.analyze(analysis, "busy.example", settings=settings)
