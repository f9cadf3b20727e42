"""Answers to draw, without a server: arrays in, a Volume out."""

import numpy as np
import pytest
from dnstide.model.granularity import Granularity
from dnstide.model.question import Smoothing, VolumeQuestion
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Axis, Series, Summary, Volume

SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}
YAHOO = """30779 24464 29553 20790 31577 26500 30638 29298 30591 21037 28302 28388 27235 28350 26326 24542
31130 26718 23614 31338 24308 27419 28067 22076 23211 29751 22494 30519"""


def averaged(counts, period):
    out = np.full(len(counts), np.nan)
    for i in range(period - 1, len(counts)):
        window = counts[i - period + 1 : i + 1]
        if np.all(window > 0):
            out[i] = window.mean()
    return out


@pytest.fixture
def volume():
    """volume({name: counts}, start, step, coverage, smooth): an answer in which zeros are not listed."""

    def make(series, start="2016-09-01", step="day", coverage=None, smooth=None):
        length = len(next(iter(series.values())))
        first = int(np.datetime64(start, "s").astype(np.int64))
        starts = first + SECONDS[step] * np.arange(length)
        marks = np.full(length, Coverage.COMPLETE) if coverage is None else np.asarray(coverage)
        axis = Axis.of(Granularity(step), np.append(starts, first + SECONDS[step] * length), marks)
        made = []
        for name, counts in series.items():
            counts = np.asarray(counts, dtype=np.uint64)
            listed = np.flatnonzero(counts)
            smoothed = averaged(counts.astype(float), smooth)[listed] if smooth else None
            made.append(Series(name + ".", None, len(made), axis, listed, counts[listed], smoothed))
        smoothing = Smoothing(smooth) if smooth else None
        question = VolumeQuestion(tuple(series), granularity=Granularity(step), smoothing=smoothing)
        return Volume(question, axis, tuple(made), Summary(True, 1, 1))

    return make


@pytest.fixture
def rng():
    return np.random.default_rng(20170914)


@pytest.fixture
def yahoo(volume):
    """The article's 28 days of www.yahoo.com, with a 7-day average."""
    return volume({"www.yahoo.com": [int(n) for n in YAHOO.split()]}, "2018-10-31", smooth=7)


@pytest.fixture
def two_years(volume, rng):
    """730 days from 1,500 a day to 2,500,000, with every kind of coverage and twelve silent days."""
    mean = np.repeat([1_500.0, 500, 2_800, 2_500_000], [150, 40, 188, 352])
    counts = rng.poisson(mean * rng.gamma(20, 1 / 20, 730))
    counts[300:330] = counts[540:552] = 0
    marks = np.full(730, Coverage.COMPLETE)
    marks[300:330], marks[500:520], marks[600:606] = Coverage.NONE, Coverage.DAMAGED, Coverage.PARTIAL
    return volume({"laveeneld.k12.az.us": counts}, coverage=marks, smooth=14)


@pytest.fixture
def twelve(volume, rng):
    """Twelve names over a year, one of them beginning with an underscore."""
    days = np.arange(365)
    names = ["_ldap._tcp.laveeneld.k12.az.us", *(f"host{i}.example.com" for i in range(11))]
    counts = (rng.poisson((i + 1) * 300 * (1 + 0.5 * np.sin(days / 50 + i))) for i in range(12))
    return volume(dict(zip(names, counts, strict=True)), smooth=14)
