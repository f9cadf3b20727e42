"""Series with known changes."""

from dataclasses import dataclass, field

import numpy as np
import pytest


def bucket(moment):
    """The index of a bucket: without edges, bucket i begins at second i."""
    return int(moment.astype(int))


WEEK = np.array([1.1, 1.1, 1.1, 1.1, 1.1, 0.75, 0.75])


def negative_binomial(rng, mean, size):
    """Counts of the given mean with variance mean + mean²/size."""
    mean = np.asarray(mean, dtype=float)
    return rng.poisson(mean * rng.gamma(size, 1 / size, mean.shape)).astype(np.uint64)


@dataclass
class Score:
    """How often what was found is true, and what is true was found."""

    hits: int = 0
    false: int = 0
    missed: int = 0
    errors: list = field(default_factory=list)

    def add(self, found, truth, slack=0):
        near = {t: min((abs(f - t) for f in found), default=10**9) for t in truth}
        self.errors += [d for d in near.values() if d <= slack]
        self.hits += sum(d <= slack for d in near.values())
        self.missed += sum(d > slack for d in near.values())
        self.false += sum(min((abs(f - t) for t in truth), default=10**9) > slack for f in found)

    @property
    def precision(self):
        return self.hits / (self.hits + self.false)

    @property
    def recall(self):
        return self.hits / (self.hits + self.missed)


@pytest.fixture
def rng():
    return np.random.default_rng(20170914)


@pytest.fixture
def stationary(rng):
    """Series in which nothing changes: Poisson or negative binomial, with or without a week."""

    def make(count):
        for i in range(count):
            days = int(rng.choice([28, 90, 365, 900]))
            mean = np.full(days, 10.0 ** rng.uniform(-1.5, 5.0))
            if i % 2:
                mean *= np.where(np.arange(days) % 7 < 5, 1.2, rng.uniform(0.2, 0.9))
            if i % 4 < 2:
                yield rng.poisson(mean).astype(np.uint64)
            else:
                yield negative_binomial(rng, mean, rng.uniform(2.0, 50.0))

    return make


@pytest.fixture
def story(rng):
    """The article's series with noise: 1,500 a day, a trough of 500, 3,000, then 2,500,000.

    Returns the counts and the first days of the three new levels.
    """

    def make(spikes=()):
        days = 900
        trough = 150 + int(rng.integers(0, 100))
        double = trough + int(rng.integers(28, 60))
        jump = double + int(rng.integers(150, 250))
        mean = np.full(days, 1_500.0)
        mean[trough:double], mean[double:jump], mean[jump:] = 500, 3_000, 2_500_000
        mean *= np.resize(WEEK, days)
        counts = negative_binomial(rng, mean, rng.uniform(8.0, 60.0))
        for day, factor in spikes:
            counts[day] = int(mean[day] * factor)
        return counts, [trough, double, jump]

    return make


@pytest.fixture
def score():
    return Score()
