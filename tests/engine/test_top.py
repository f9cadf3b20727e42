"""Rankings over real tables against brute force: every grouping, filter and plan, any number of shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import dns.name
import numpy as np
import pytest
from dnstide.engine import LocalEngine, RefreshCatalog, TopQuery, scan_directory, top_steps
from dnstide.engine.top import threshold as rank
from dnstide.engine.top.query import key_text
from dnstide.model.errors import AnswerIncomplete, CountOverflow, InvalidQuestion, NoTables
from dnstide.model.top import Top
from dnstide.model.vocabulary import Grouping, Movement
from dnstide.mtbl import DnstableWriter, Row, reversed_name
from dnstide.mtbl.keys import tie_order
from dnstide.mtbl.psl import suffix_list
from dnstide.shard.ranking import store
from dnstide.shard.ranking.ranker import Ranker
from dnstide.shard.summaries.cache import SummaryCache
from dnstide.shard.summaries.format import KEEP
from dnstide.shard.tables import OpenTables

from tests.engine.questions import top_query, top_question

DAY = 86_400
FIRST = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp())
SUFFIXES = [".", "com.", "co.uk.", "amazonaws.com.", "compute.amazonaws.com.", "github.io."]
NAMES = [
    dns.name.from_text((front + suffix) if suffix != "." else front or ".")
    for suffix in SUFFIXES
    for front in ("", "a.", "b.", "b.a.", "c.b.a.", "d.")
]
RDATA = {
    1: [bytes((1, 2, 3, i)) for i in range(4)],
    28: [bytes(16)],
    33: [bytes(6) + b"\x01a\x00"],
    16: [b"\x01x"],
}
Day = list[Row]


def rows_of(random: Random, size: int) -> Day:
    rows: dict[object, Row] = {}
    for _ in range(size):
        rrtype = random.choice(list(RDATA))
        owner, data = random.choice(NAMES), random.choice(RDATA[rrtype])
        count = random.choice([1, 1, 2, 3, 50, 1000])
        rows[owner, rrtype, data] = Row(owner, rrtype, dns.name.root, (data,), 1, 1, count)
    return list(rows.values())


def write(folder: Path, days: Sequence[Day], first: int = FIRST) -> None:
    for i, rows in enumerate(days):
        stamp = datetime.fromtimestamp(first, UTC) + timedelta(days=i)
        with DnstableWriter(folder / f"dns.{stamp:%Y%m%d}.D.mtbl", block_size=1024, sync=False) as table:
            for row in rows:
                table.add(row)


def key_of(row: Row, by: Grouping) -> bytes:
    name = reversed_name(row.owner)
    match by:
        case Grouping.FQDN:
            return name
        case Grouping.DOMAIN:
            return suffix_list().registered_domain(name)
        case Grouping.TLD:
            return reversed_name(dns.name.Name(row.owner.labels[-2:]))
        case Grouping.RRTYPE:
            return row.rrtype.to_bytes(2, "big")
        case Grouping.RDATA:
            return row.rrtype.to_bytes(2, "big") + row.rdata[0]


def counts_of(query: TopQuery, rows: list[Row], under: str | None) -> tuple[dict[bytes, int], int]:
    """What is ranked, and the excluded count, by the words of the question."""
    scope = query.scope
    suffix = dns.name.from_text(under) if under else dns.name.root
    sums: Counter[bytes] = Counter()
    for row in rows:
        if (not scope.rrtypes or row.rrtype in scope.rrtypes) and row.owner.is_subdomain(suffix):
            sums[key_of(row, scope.grouping)] += row.count
    prefixes = tuple(name[:-1] for name in scope.excluded_under)
    gone = {k for k in sums if k in scope.excluded or (prefixes and k.startswith(prefixes))}
    return {k: c for k, c in sums.items() if k not in gone}, sum(sums[k] for k in gone)


def expected(query: TopQuery, counts: dict[bytes, int]) -> list[tuple[str, str | None, int]]:
    order = tie_order(query.scope.grouping)
    best = sorted(counts.items(), key=lambda item: (-item[1], order(item[0])))[: query.question.limit]
    return [(*key_text(query.scope.grouping, key), count) for key, count in best]


def listed(answer: Top) -> list[tuple[str, str | None, int]]:
    assert [entry.rank for entry in answer.ranks] == list(range(1, len(answer.ranks) + 1))
    return [(entry.name, entry.rrtype, entry.count) for entry in answer.ranks]


@pytest.fixture(autouse=True)
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists so short that every proof has to work for its certificate."""
    monkeypatch.setattr(rank, "FIRST_DEPTH", 2)
    monkeypatch.setattr(rank, "send_for", lambda n: n + 1)
    monkeypatch.setattr(store, "KEEP", 4)


def run(folder: Path, query: TopQuery, shards: int, cache: Path | None) -> Top:
    """The answer of several shards that share the tables among them, each with short lists."""
    rankers = [
        Ranker(
            OpenTables(str(folder)), 1, None if cache is None else SummaryCache(str(folder), cache, keep=4)
        )
        for _ in range(shards)
    ]
    steps = top_steps(scan_directory(str(folder)), query)
    reply: Any = None
    while True:
        try:
            request = steps.send(reply)
        except StopIteration as done:
            answer: Top = done.value
            return answer
        if isinstance(request, RefreshCatalog):
            reply = scan_directory(str(folder))
            continue
        reply = [
            ranker.answer(request.share(request.tables[i::shards], "", None))
            for i, ranker in enumerate(rankers)
            if request.tables[i::shards]
        ][::-1]


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"rrtypes": ["A"]},
    {"rrtypes": ["A", "AAAA"]},
    {"rrtypes": ["SRV"]},
    {"rrtypes": ["SRV", "TXT"]},
    {"under": "com"},
    {"under": "amazonaws.com", "rrtypes": ["A"]},
    {"under": "a.amazonaws.com"},
    {"under": "nothing.example"},
    {"exclude": ["a.com", "*.co.uk", "b.a.com"]},
    {"exclude": ["*.amazonaws.com", "d.com", "."], "under": "com"},
    {"exclude": ["b.amazonaws.com"], "rrtypes": ["TXT", "SRV"]},
]


@pytest.mark.parametrize("by", list(Grouping))
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: "-".join(map(str, q.values())) or "plain")
def test_top_is_brute_force(tmp_path: Path, by: Grouping, asked: dict[str, Any]) -> None:
    """Whatever is asked, however many shards, with or without a cache: the same, exact answer."""
    if not by.by_name and "exclude" in asked:
        asked = {**asked, "exclude": ["TXT"] if by is Grouping.RRTYPE else ["1.2.3.1", "TXT x"]}
    random = Random(f"{by}{asked}")
    days = [rows_of(random, random.choice([0, 3, 40, 120])) for _ in range(6)]
    write(tmp_path, days)
    rows = [row for day in days for row in day]
    for n in (1, 3, 200):
        query = top_query(n, by, **asked)
        counts, excluded = counts_of(query, rows, asked.get("under"))
        for shards, cache in ((1, None), (2, tmp_path / "cache"), (4, tmp_path / "cache")):
            answer = run(tmp_path, query, shards, cache)
            assert listed(answer) == expected(query, counts)
            assert (answer.summary.total_count, answer.summary.excluded_count) == (
                sum(counts.values()),
                excluded,
            )
            assert all(certificate.proved for certificate in answer.summary.certificates)
            assert answer.complete
            assert (answer.summary.tables_asked, answer.summary.tables_answered) == (6, 6)
            assert sum(entry.share for entry in answer.ranks) <= 1 + 1e-9


@pytest.mark.parametrize("by", [Grouping.FQDN, Grouping.DOMAIN, Grouping.RRTYPE, Grouping.RDATA])
@pytest.mark.parametrize("ratio_from", [None, 1, 60])
@pytest.mark.parametrize("movement", Movement)
@pytest.mark.parametrize("lost", [(), (1, 4)])
def test_movers_over_tables(
    tmp_path: Path, by: Grouping, ratio_from: int | None, movement: Movement, lost: tuple[int, ...]
) -> None:
    """Rises and falls between two spans equal those of plain sums, per day that has a table."""
    random = Random(f"{by}{ratio_from}{movement}{lost}")
    days = [rows_of(random, 25) for _ in range(5)]
    write(tmp_path, days)
    for day in lost:
        (tmp_path / f"dns.2024030{day + 1}.D.mtbl").unlink()
        days[day] = []
    cut = FIRST + 3 * DAY
    query = top_query(
        4, by, start=cut, stop=FIRST + 5 * DAY, baseline=(FIRST, cut), ratio_min_count=ratio_from,
        movement=movement,
    )  # fmt: skip
    after, _ = counts_of(query, [row for day in days[3:] for row in day], None)
    before, _ = counts_of(query, [row for day in days[:3] for row in day], None)
    length = {"after": sum(map(bool, days[3:])), "before": sum(map(bool, days[:3]))}
    rises = expected_changes(query, after, before, length["after"], length["before"])
    falls = expected_changes(query, before, after, length["before"], length["after"])
    if movement in (Movement.NEW, Movement.GONE):
        rises, falls = [m for m in rises if not m[2]], [m for m in falls if not m[2]]
    for shards in (1, 3):
        answer = run(tmp_path, query, shards, tmp_path / "cache")
        told = [(c.name, c.after, c.before) for c in answer.rises]
        assert told == (rises[:4] if movement not in (Movement.FALLS, Movement.GONE) else [])
        told = [(c.name, c.before, c.after) for c in answer.falls]
        assert told == (falls[:4] if movement not in (Movement.RISES, Movement.NEW) else [])
        assert all(certificate.proved for certificate in answer.summary.certificates)
        assert answer.complete is not bool(lost)
        for change in (*answer.rises, *answer.falls):
            assert change.after_per_day == change.after / length["after"]
            assert change.before_per_day == change.before / length["before"]


def expected_changes(
    query: TopQuery, up: dict[bytes, int], down: dict[bytes, int], up_days: int, down_days: int
) -> list[tuple[str, int, int]]:
    """What rose from `down` to `up`, the most first, in fractions in place of whole numbers."""
    by, least = query.scope.grouping, query.question.ratio_min_count
    rates = {key: (Fraction(n, up_days), Fraction(down.get(key, 0), down_days)) for key, n in up.items()}
    moved = [key for key, (a, b) in rates.items() if a > b and up[key] >= (least or 0)]
    order = tie_order(by)

    def place(key: bytes) -> tuple[Any, ...]:
        a, b = rates[key]
        if least is None:
            return b - a, order(key)
        return (1, -a / b, -up[key], order(key)) if b else (0, 0, -up[key], order(key))

    return [(key_text(by, key)[0], up[key], down.get(key, 0)) for key in sorted(moved, key=place)]


@pytest.mark.parametrize("by", [Grouping.FQDN, Grouping.DOMAIN, Grouping.RRTYPE, Grouping.RDATA])
def test_series_of_the_winners(tmp_path: Path, by: Grouping) -> None:
    """Each winner's counts by day are those of its table, and add up to its rank's count."""
    random = Random(5)
    days = [rows_of(random, 80) for _ in range(4)]
    write(tmp_path, days)
    query = top_query(3, by, series_granularity="day")
    answer = run(tmp_path, query, 2, tmp_path / "cache")
    assert answer.axis is not None
    assert answer.axis.edges.tolist() == [FIRST + i * DAY for i in range(5)]
    by_day = [counts_of(query, day, None)[0] for day in days]
    texts = [{key_text(by, key): count for key, count in counts.items()} for counts in by_day]
    for entry in answer.ranks:
        assert entry.series is not None
        assert entry.series.tolist() == [text.get((entry.name, entry.rrtype), 0) for text in texts]
        assert int(entry.series.sum()) == entry.count


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    """Two days, a month and a damaged day."""
    folder = tmp_path / "tables"
    folder.mkdir()
    write(folder, [rows_of(Random(1), 50), rows_of(Random(2), 50)])
    write(folder, [rows_of(Random(3), 50)], FIRST + 40 * DAY)
    (folder / "dns.20240410.D.mtbl").rename(folder / "dns.202404.M.mtbl")
    with LocalEngine(folder, 1, tmp_path / "cache") as engine:
        yield engine


def test_a_span_that_tables_cannot_cut(engine: LocalEngine) -> None:
    """Half a month is an error that says what there is; the whole month and the days before are not."""
    middle = int(datetime(2024, 4, 15, tzinfo=UTC).timestamp())
    with pytest.raises(InvalidQuestion, match="cannot be cut") as caught:
        engine.top(top_question(3, start=FIRST, stop=middle))
    assert caught.value.problems[0][0] == "stop"
    assert "1 month table" in str(caught.value)
    assert engine.top(top_question(3, start=FIRST)).summary.tables_answered == 3
    assert engine.top(top_question(3, stop=FIRST + DAY)).summary.tables_answered == 1
    with pytest.raises(NoTables):
        engine.top(top_question(3, stop=FIRST - DAY))


def test_a_damaged_table_fails_the_answer_or_marks_it(engine: LocalEngine, tmp_path: Path) -> None:
    """Found while it is summarized: strict is an error, partial an answer that names the table."""
    path = tmp_path / "tables" / "dns.20240302.D.mtbl"
    data = bytearray(path.read_bytes())
    data[60] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(AnswerIncomplete, match=r"dns\.20240302\.D\.mtbl"):
        engine.top(top_question(5))
    answer = engine.top(top_question(5, failure_policy="partial"))
    assert [failure.table for failure in answer.summary.failures] == ["dns.20240302.D.mtbl"]
    assert not answer.complete
    whole = engine.top(top_question(5, start=FIRST, stop=FIRST + DAY))
    assert whole.complete


def test_counts_that_do_not_fit(tmp_path: Path) -> None:
    """A sum of a key past 2**64 - 1 is an error; a total is told as that, and shares are of the true one."""
    half = 2**63
    for names in (["a.com."] * 2, ["a.com.", "b.com."]):
        folder = tmp_path / "-".join(names)
        folder.mkdir()
        rows = [Row(dns.name.from_text(n), 1, dns.name.root, (bytes(4),), 1, 1, half) for n in names]
        write(folder, [[row] for row in rows])
        assert run(folder, top_query(5, stop=FIRST + DAY), 1, None).ranks[0].count == half
        if len({*names}) == 1:
            with pytest.raises(CountOverflow):
                run(folder, top_query(5), 1, None)
        else:
            answer = run(folder, top_query(5), 1, None)
            assert [(entry.count, entry.share) for entry in answer.ranks] == [(half, 0.5), (half, 0.5)]
            assert answer.summary.total_count == 2**64 - 1
        with pytest.raises(CountOverflow):
            run(folder, top_query(5, "rrtype"), 1, None)


def test_rdata_of_tables_without_rdata_entries(tmp_path: Path) -> None:
    """A table that cannot be ranked by rdata is a failure, not an empty answer."""
    with DnstableWriter(tmp_path / "dns.20240301.D.mtbl", derived=False, sync=False) as table:
        for row in rows_of(Random(1), 20):
            table.add(row)
    for cache in (None, tmp_path / "cache"):
        with pytest.raises(AnswerIncomplete, match="no rdata entries"):
            run(tmp_path, top_query(5, "rdata"), 1, cache)
    with LocalEngine(tmp_path, 1, tmp_path / "cache") as engine:
        with pytest.raises(AnswerIncomplete):
            engine.top(top_question(5, "rdata"))
        # The table itself is sound, and stays so.
        assert len(engine.top(top_question(5)).ranks) == 5
        assert engine.tables(check=True).tables[0].problem is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": 100_001}, "limit"),
        ({"group_by": "continent"}, "group_by"),
        ({"under": "a..b"}, "under"),
        ({"exclude": ["ok.com", "a..b"]}, "exclude[1]"),
        ({"exclude": ["*."]}, "exclude[0]"),
        ({"exclude": ["*.com"], "under": "example.com"}, "exclude[0]"),
        ({"group_by": "rdata", "exclude": ["A nonsense"]}, "exclude[0]"),
        ({"group_by": "rrtype", "exclude": ["NOTATYPE"]}, "exclude[0]"),
        ({"start": 10, "stop": 10}, "stop"),
        ({"dataset": "http"}, "dataset"),
        ({"failure_policy": "maybe"}, "failure_policy"),
        ({"series_granularity": "fortnight"}, "series"),
        ({"limit": 1001, "series_granularity": "day"}, "series"),
        ({"ratio_min_count": 5}, "ratio_min_count"),
        ({"start": 10, "stop": 20, "baseline": (15, 30)}, "baseline"),
        ({"start": 10, "stop": 20, "baseline": (None, 5)}, "baseline"),
        ({"baseline": (1, 5)}, "baseline"),
        ({"start": 10, "stop": 20, "baseline": (5, 3)}, "baseline.stop"),
        ({"start": 10, "stop": 20, "baseline": (1, 5), "ratio_min_count": 0}, "ratio_min_count"),
    ],
)
def test_bad_questions(arguments: dict[str, Any], field: str) -> None:
    """Each wrong field is named."""
    with pytest.raises(InvalidQuestion) as caught:
        top_query(**arguments)
    assert caught.value.problems[0][0] == field


def test_summaries_serve_the_next_engine(engine: LocalEngine, tmp_path: Path) -> None:
    """What one engine has summarized another one answers from, without reading a table in full again."""
    assert engine.summarize() == []
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.summary")}
    assert len(made) == 3
    question = top_question(5, "domain")
    with LocalEngine(tmp_path / "tables", 1, tmp_path / "cache") as other:
        answer = other.top(question)
    assert listed(answer) == listed(engine.top(question))
    assert answer.summary.method == "summary"
    assert answer.summary.keep == KEEP
    assert answer.summary.suffix_list_version == suffix_list().version
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert np.isclose(answer.ranks[0].share, answer.ranks[0].count / answer.summary.total_count)


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "com.",
        "a-b._c.example.",
        "a\\.b.example.",
        "\\000\\255.x.",
        "\\*.example.",
        "xn--p1ai.",
        "0/25.2.0.192.in-addr.arpa.",
    ],
)
def test_keys_as_people_read_them(name: str) -> None:
    """Whatever its labels hold, a name comes out so that it can be excluded by its text."""
    parsed = dns.name.from_text(name)
    assert key_text(Grouping.FQDN, reversed_name(parsed)) == (name, None)
    scope = top_query(1, exclude=[name]).scope
    assert scope.excluded == (reversed_name(parsed),)
    assert not scope.excluded_under


def test_rdata_as_people_read_it() -> None:
    """In presentation form with its type; data that its type cannot hold as RFC 3597 writes unknown data."""
    assert key_text(Grouping.RDATA, b"\0\1\xc0\0\2\1") == ("192.0.2.1", "A")
    assert key_text(Grouping.RDATA, b"\0\1\xc0") == ("\\# 1 c0", "A")
    assert key_text(Grouping.RDATA, b"\xff\x01ab") == ("\\# 2 6162", "TYPE65281")
    assert key_text(Grouping.RRTYPE, b"\0\x1c") == ("AAAA", None)


@pytest.mark.parametrize("counts", [[2**63, 2**63], [2**64 - 1, 2**64 - 1]])
def test_sums_that_nobody_asks_for(tmp_path: Path, counts: list[int]) -> None:
    """What does not fit elsewhere costs no answer, whether it is in one table or over several."""
    data = [b"\x01x", b"\x01y"] if counts[0] == 2**63 else [b"\x01x"]
    large = [
        [Row(dns.name.from_text("a.net."), 16, dns.name.root, (d,), 1, 1, count) for d in data]
        for count in counts
    ]
    rows = [
        Row(dns.name.from_text(f"{name}.com."), 1, dns.name.root, (bytes(4),), 1, 1, 7) for name in ("b", "c")
    ]
    write(tmp_path, [[*day, *rows] for day in large])
    for by in (Grouping.FQDN, Grouping.DOMAIN, Grouping.TLD):
        for cache in (None, tmp_path / "cache"):
            answer = run(tmp_path, top_query(5, by, under="com"), 2, cache)
            assert answer.summary.total_count == 28
            with pytest.raises(CountOverflow):
                run(tmp_path, top_query(5, by), 2, cache)
