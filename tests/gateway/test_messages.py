"""Answers to messages: whole again at the other end, and never too large."""

from pathlib import Path

import numpy as np
import pytest
from dnstide.engine import LocalEngine, Series, VolumeAnswer, VolumeQuestion
from dnstide.gateway.messages import volume_messages

MIB = 1 << 20


@pytest.fixture(scope="module")
def template(small_dir: Path) -> VolumeAnswer:
    """A real answer, whose series the tests replace."""
    with LocalEngine(small_dir, threads=1) as engine:
        return engine.volume(VolumeQuestion.build(["www.example.com"]))


def answer_of(
    template: VolumeAnswer, series: list[Series], edges: "np.ndarray | None" = None
) -> VolumeAnswer:
    edges = template.edges if edges is None else edges
    fields = {name: getattr(template, name) for name in VolumeAnswer.__dataclass_fields__}
    coverage = np.ones(len(edges) - 1, np.uint8)
    return VolumeAnswer(**{**fields, "series": tuple(series), "edges": edges, "coverage": coverage})


def make_series(name: str, points: int, smooth: bool = False) -> Series:
    buckets = np.arange(points, dtype=np.int32)
    counts = np.full(points, 2**64 - 1, np.uint64)
    return Series(name, "A", 0, buckets, counts, 0, np.full(points, 0.5) if smooth else None)


def test_a_small_answer_is_one_message(template: VolumeAnswer) -> None:
    """Axis, series and summary together."""
    edges = np.arange(0, 400 * 60, 60, dtype=np.int64)
    (message,) = volume_messages(answer_of(template, [make_series("a.", 399)], edges), explain=False)
    assert len(message.axis.bucket_starts) == 399
    assert [(s.name, s.rrtype, len(s.counts), s.last) for s in message.series] == [("a.", "A", 399, True)]
    assert message.HasField("summary")


@pytest.mark.parametrize("smooth", [False, True])
def test_large_answers_come_in_messages_below_a_mebibyte(template: VolumeAnswer, smooth: bool) -> None:
    """Many series, long series, long names and the worst case of each number; joined, they are what was
    sent.
    """
    sizes = [0, 1, 100_000, 70_000, 3, *([5] * 9_000), 39_999]
    sent = [make_series(f"{i:05}-{'n' * 200}.", points, smooth) for i, points in enumerate(sizes)]
    messages = list(volume_messages(answer_of(template, sent), explain=False))
    assert max(message.ByteSize() for message in messages) < MIB
    assert [message.HasField("summary") for message in messages] == [False] * (len(messages) - 1) + [True]
    joined: dict[str, list[int]] = {}
    closed = []
    for message in messages:
        for chunk in message.series:
            assert chunk.name not in closed
            joined.setdefault(chunk.name, []).extend(chunk.buckets)
            assert len(chunk.counts) == len(chunk.buckets)
            assert len(chunk.smoothed) == (len(chunk.buckets) if smooth else 0)
            if chunk.last:
                closed.append(chunk.name)
    assert closed == [series.name for series in sent]
    assert [len(joined[series.name]) for series in sent] == sizes
    assert joined[sent[2].name] == list(range(100_000))


def test_a_long_axis_comes_in_pieces_before_the_first_series(template: VolumeAnswer) -> None:
    """A million minutes, joined again; every piece names the end of the whole."""
    edges = np.arange(0, 60 * 1_000_001, 60, dtype=np.int64)
    messages = list(volume_messages(answer_of(template, [make_series("a.", 10)], edges), explain=False))
    assert max(message.ByteSize() for message in messages) < MIB
    starts = [start for message in messages for start in message.axis.bucket_starts]
    assert starts == edges[:-1].tolist()
    assert {message.axis.end for message in messages if message.HasField("axis")} == {60_000_000}
    first_series = next(i for i, message in enumerate(messages) if message.series)
    assert not any(message.HasField("axis") for message in messages[first_series + 1 :])
    assert sum(len(message.axis.coverage) for message in messages) == 1_000_000
