"""Rankings from Python: both clients and the local one, and what answers are made of."""

from __future__ import annotations

import pytest
from dnstide.client import AsyncClient, Client, DeadlineExceeded, InvalidQuestion, LocalClient
from dnstide.model.arguments import top_question


def parts(top):
    return [
        (r.rank, r.name, r.rrtype, r.count, r.share, None if r.series is None else r.series.tolist())
        for r in top
    ]


async def test_three_clients_one_answer(gateway, small_dir, tmp_path) -> None:
    """Ranks, axis and summary are equal, whoever answers."""
    options = {"by": "rdata", "series": "month", "rrtypes": "A", "exclude": "192.0.2.9", "explain": True}
    with LocalClient(small_dir, cache_dir=tmp_path) as client:
        local = client.top(3, **options)
    with Client(gateway) as client:
        blocking = client.top(3, **options)
    async with AsyncClient(gateway) as client:
        awaited = await client.top(3, **options)
    assert parts(local) == parts(blocking) == parts(awaited)
    assert [(r.name, r.rrtype) for r in local] == [("192.0.2.1", "A"), ("192.0.2.2", "A")]
    assert local.axis.starts.tolist() == blocking.axis.starts.tolist()
    for name in (
        "complete",
        "tables_asked",
        "total_count",
        "excluded_count",
        "plan",
        "suffix_list_version",
        "catalog_version",
    ):
        assert (
            getattr(local.summary, name) == getattr(blocking.summary, name) == getattr(awaited.summary, name)
        )
    assert local[0].count == int(local[0].series.sum())


def test_frames(small_dir, tmp_path) -> None:
    """Ranks and changes as data frames: counts stay unsigned integers, types appear where there are some."""
    with LocalClient(small_dir, cache_dir=tmp_path) as client:
        top = client.top(2, start="2024-01-01", stop="2024-01-02")
        moved = client.top(1, start="2024-01-02", stop="2024-01-02", against=("2024-01-01", "2024-01-01"))
    frame = top.to_pandas()
    assert list(frame.columns) == ["rank", "name", "count", "share", "coverage"]
    assert str(frame["count"].dtype) == "UInt64"
    assert frame["name"].tolist() == ["www.example.com.", "mail.example.com."]
    assert moved.to_polars().select("change", "rank", "name", "before", "after", "ratio").rows() == [
        ("rise", 1, "www.example.com.", 11, 12, 12 / 11),
        ("fall", 1, "once-0.example.org.", 1, 0, 0.0),
    ]
    assert str(top) == "1. www.example.com.: 23\n2. mail.example.com.: 10"
    assert [change.difference_per_day for change in (*moved.rises, *moved.falls)] == [1, -1]
    assert "11 → 12" in str(moved)


def test_summaries_ahead(small_dir, tmp_path) -> None:
    """`summarize` tells how far it is, and leaves nothing for `top` to make."""
    seen = []
    with LocalClient(small_dir, cache_dir=tmp_path) as client:
        assert client.summarize(progress=lambda done, of: seen.append((done, of))) == ()
        assert seen[0] == (0, 62)
        assert seen[-1] == (62, 62)
        client.top(1, progress=lambda *_: pytest.fail("nothing was left to make"))


def test_no_time(small_dir, tmp_path) -> None:
    """A deadline that cannot be met is DeadlineExceeded."""
    with LocalClient(small_dir, cache_dir=tmp_path) as client, pytest.raises(DeadlineExceeded):
        client.top(1, timeout=1e-9)


@pytest.mark.parametrize(
    ("limit", "options", "field"),
    [
        (0, {}, "limit"),
        (True, {}, "limit"),
        (1, {"by": "colour"}, "by"),
        (1, {"rrtypes": "A,"}, "rrtypes"),
        (1, {"exclude": [7]}, "exclude"),
        (1, {"series": "fortnight"}, "series"),
        (1, {"against": ("2024-01-02", "2024-01-01")}, "against"),
        (1, {"against": (None, "2024-01-01")}, "against"),
        (1, {"ratio_from": 0}, "ratio_min_count"),
    ],
)
def test_bad_arguments(limit, options, field) -> None:
    """Each is refused before anything is asked."""
    with pytest.raises(InvalidQuestion) as caught:
        top_question(limit, options)
    assert caught.value.problems[0][0] == field
