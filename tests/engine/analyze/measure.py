"""The figures of docs/analyses.md: generated series, what is found in them, and what is not there.

Run it as `python tests/engine/analyze/measure.py [SERIES]`.

Levels of 20 to 2,000,000 a day; noise of Poisson alone, or times a gamma or lognormal factor of 5 to 30 %, or
one with a lag-one correlation of 0.2 to 0.5; no week, one of ±30 %, weekends at 70 %, weekends at a fifth.
"""

import sys

import numpy as np
from dnstide.engine.analyze import find_gaps, find_shifts, find_spikes, season_for
from dnstide.model.vocabulary import GapKind

DAY = 86_400


def bucket(moment):
    """The index of a bucket: without edges, bucket i begins at second i."""
    return int(moment.astype(int))


WEEKS = {
    "no week": lambda day: np.ones(day.size),
    "±30 %": lambda day: 1 + 0.3 * np.sin(2 * np.pi * day / 7),
    "weekends 70 %": lambda day: np.where(day % 7 < 5, 1.0, 0.7),
    "weekends 20 %": lambda day: np.where(day % 7 < 5, 1.0, 0.2),
}


def poisson(rng, mean):
    return rng.poisson(mean)


def gamma(rng, mean):
    size = 1 / rng.uniform(0.05, 0.3) ** 2
    return rng.poisson(mean * rng.gamma(size, 1 / size, mean.size))


def lognormal(rng, mean):
    return rng.poisson(mean * np.exp(rng.uniform(0.05, 0.3) * rng.standard_normal(mean.size)))


def correlated(rng, mean):
    steps, r = rng.standard_normal(mean.size), rng.uniform(0.2, 0.5)
    for i in range(1, mean.size):
        steps[i] = r * steps[i - 1] + np.sqrt(1 - r * r) * steps[i]
    return rng.poisson(mean * np.exp(rng.uniform(0.05, 0.2) * steps))


NOISES = (poisson, gamma, lognormal, correlated)


def level(rng, days, week="±30 %"):
    """The mean of each day."""
    return np.exp(rng.uniform(np.log(20), np.log(2e6))) * WEEKS[week](np.arange(days) + rng.integers(7))


def shifts(counts):
    return [bucket(found.time) for found in find_shifts(counts, season=season_for(DAY, counts.size))]


def spikes(counts):
    return [bucket(found.time) for found in find_spikes(counts, season=season_for(DAY, counts.size))]


def silences(counts):
    return [(bucket(gap.start), bucket(gap.stop)) for gap in find_gaps(counts) if gap.kind is GapKind.SILENT]


def alarms(rng, series):
    """The share of stationary series with an alarm, the worst week of each noise."""
    for days in (28, 60, 365, 730):
        for noise in NOISES:
            worst = np.zeros(3)
            for week in WEEKS:
                found = np.zeros(3)
                for _ in range(series):
                    counts = noise(rng, level(rng, days, week))
                    found += [bool(find(counts)) for find in (shifts, spikes, silences)]
                worst = np.maximum(worst, found)
            told = "shifts {:.1f}, spikes {:.1f}, silence {:.1f}".format(*(100 * worst / series))
            print(f"{days:4d} days, {noise.__name__:10s}: {told} %")


def detected(what, rng, series, make, find, slack):
    """Recall and precision: `make` gives means and the true places, or counts where noise is None."""
    hits = truths = false = 0
    for i in range(series):
        counts, truth = make(rng, NOISES[1 + i % 2])
        found = find(counts)
        hits += sum(any(abs(f - t) <= slack for f in found) for t in truth)
        false += sum(all(abs(f - t) > slack for t in truth) for f in found)
        truths += len(truth)
    print(f"{what}: recall {hits / truths:.3f}, precision {hits / max(1, hits + false):.3f}")


def main(series=200, days=730):
    rng = np.random.default_rng(1912)
    alarms(rng, series)
    for factor in (1.5, 2.0, 3.0, 1000.0):

        def step(rng, noise, factor=factor):
            at, mean = int(rng.integers(60, days - 60)), level(rng, days)
            mean[at:] *= factor ** rng.choice([1, -1]) if factor < 10 else factor
            return noise(rng, mean), [at]

        detected(f"shift of x{factor:g}", rng, series, step, shifts, 3)
    for length in (14, 21, 28, 40):

        def block(rng, noise, length=length):
            at, mean = int(rng.integers(60, days - 100)), level(rng, days)
            mean[at : at + length] *= 3
            return noise(rng, mean), [at, at + length]

        detected(f"{length} days of x3", rng, series, block, shifts, 3)
    for factor in (2.0, 4.0, 6.0, 10.0):

        def spiked(rng, noise, factor=factor):
            mean, at = level(rng, days), rng.choice(days, 4, replace=False)
            counts = noise(rng, mean)
            counts[at] = mean[at] * factor
            return counts, at.tolist()

        detected(f"spike of x{factor:g}", rng, series, spiked, spikes, 0)
    for length in (1, 2, 30):

        def silent(rng, noise, length=length):
            counts, at = noise(rng, level(rng, days)), int(rng.integers(20, days - 60))
            counts[at : at + length] = 0
            return counts, [1_000 * at + length]

        exact = lambda counts: [1_000 * a + b - a for a, b in silences(counts)]  # noqa: E731
        detected(f"silence of {length} days", rng, series, silent, exact, 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
