"""The sample directory as it is written: what lies in it, and what a question of it gives."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dns.rdatatype
import pytest
from dnstide.engine.local import LocalEngine
from dnstide.mtbl import Row, Table, decode_entry, verify_table
from dnstide.sample import SEED, write_sample
from dnstide.sample.periods import HOLE
from dnstide.sample.stories import DAYS, FIRST_DAY, GESD_RANK_DAY, LAVEEN_RANK_DAY, day, tell
from publicsuffixlist import PublicSuffixList

from tests.engine.questions import volume_question

DAY = 86_400
FIRST = int(datetime(2016, 9, 1, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def engine(sample_dir: Path) -> Iterator[LocalEngine]:
    with LocalEngine(sample_dir, threads=1) as engine:
        yield engine


def rows_of(path: Path) -> Iterator[Row]:
    """The RRsets of a table."""
    table = Table(str(path))
    for key, value in table.entries(b"\x00", b"\x01"):
        row = decode_entry(key, value)
        assert isinstance(row, Row)
        yield row
    table.close()


def by_day(engine: LocalEngine, name: str, **options: object) -> dict[int, int]:
    """Counts by index of the day, from the first daily table to the last."""
    options = {"bucket_by": "first-seen", **options}
    question = volume_question([name], start=FIRST, stop=FIRST + DAYS * DAY, **options)
    answer = engine.volume(question)
    series = answer.series[0]
    return {
        (int(answer.axis.edges[bucket]) - FIRST) // DAY: count
        for bucket, count in zip(series.buckets.tolist(), series.counts.tolist(), strict=True)
    }


def test_all_granularities_are_there(engine: LocalEngine) -> None:
    """A live directory holds years to minutes, both datasets, and files that are no tables."""
    catalog = engine.tables()
    found = Counter((table.dataset, table.granularity.letter) for table in catalog.tables)
    assert found[("dns", "D")] == DAYS - len(HOLE)
    assert {letter for dataset, letter in found if dataset == "dns"} == set("YQMDHXm")
    assert found[("dnssec", "D")] == 10
    assert [name for name, _ in catalog.ignored] == ["ABOUT.txt"]


@pytest.mark.parametrize("name", ["dns.20160901.D", "dns.20181203.D", "dns.201812.M", "dns.20190218.1824.m"])
def test_tables_are_sound(sample_dir: Path, name: str) -> None:
    """Every checksum, the order of keys, and every row decodes."""
    assert verify_table(str(sample_dir / f"{name}.mtbl")).entries > 20


def test_the_districts_by_first_sight_are_the_series_told(engine: LocalEngine) -> None:
    """Rows first seen the evening before their file's day do not shift a count to another date."""
    hole = {day(when) for when in HOLE}
    for name, series in (("laveeneld.k12.az.us", tell(SEED).laveen), ("gesd.k12.az.us", tell(SEED).gesd)):
        expected = {i: int(count) for i, count in enumerate(series) if i not in hole}
        assert by_day(engine, name) == expected


def test_yahoo_by_type_and_bailiwick_is_the_series_told(engine: LocalEngine) -> None:
    """The name changes its target on the way; both targets add up to one series."""
    hole = {day(when) for when in HOLE}
    expected = {i: int(count) for i, count in enumerate(tell(SEED).yahoo) if i not in hole}
    assert by_day(engine, "www.yahoo.com", rrtypes=["CNAME"], bailiwick="yahoo.com") == expected


def test_some_rows_are_first_seen_before_their_files_day(sample_dir: Path) -> None:
    """By first sight and by file differ, as they do in real directories."""
    midnight = FIRST + 40 * DAY
    early = [row for row in rows_of(sample_dir / "dns.20161011.D.mtbl") if row.time_first < midnight]
    assert early
    assert all(midnight - 6 * 3600 < row.time_first for row in early)


def test_one_days_ranks_of_the_districts(sample_dir: Path) -> None:
    """8th and 16th among the registered domains, with the published totals over all names under them."""
    psl = PublicSuffixList()
    totals: Counter[str] = Counter()
    for row in rows_of(sample_dir / "dns.20181203.D.mtbl"):
        name = row.owner.to_text(omit_final_dot=True)
        totals[psl.privatesuffix(name) or name] += row.count
    ranks = totals.most_common(16)
    assert ranks[7] == ("laveeneld.k12.az.us", LAVEEN_RANK_DAY)
    assert ranks[15] == ("gesd.k12.az.us", GESD_RANK_DAY)


def test_the_merged_month_is_the_sum_of_its_days(engine: LocalEngine) -> None:
    """December 2018 exists twice; whichever tables are read, the month's count is the same."""
    start, stop = (
        int(datetime(2018, 12, 1, tzinfo=UTC).timestamp()),
        int(datetime(2019, 1, 1, tzinfo=UTC).timestamp()),
    )
    month = volume_question(
        ["laveeneld.k12.az.us"], start=start, stop=stop, granularity="month", bucket_by="file"
    )
    days = volume_question(["laveeneld.k12.az.us"], start=start, stop=stop, bucket_by="file")
    totals = [sum(engine.volume(question).series[0].counts.tolist()) for question in (month, days)]
    assert totals[0] == totals[1] > 31 * 1_000_000


def test_many_types_and_a_few_thousand_names(sample_dir: Path) -> None:
    """Enough variety for types, wildcards, services, reverse names."""
    names, types = set(), Counter[str]()
    for path in sorted(sample_dir.glob("dns.201[56]*.[QM].mtbl")):
        for row in rows_of(path):
            names.add(row.owner)
            types[dns.rdatatype.to_text(dns.rdatatype.RdataType.make(row.rrtype))] += 1
    assert len(names) > 2500
    assert {"A", "AAAA", "NS", "CNAME", "MX", "TXT", "SOA", "PTR", "SRV", "HTTPS"} <= set(types)


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    """In whatever number of processes."""
    digests = []
    for processes in (1, 2):
        directory = tmp_path / str(processes)
        sample = write_sample(directory, days=60, processes=processes)
        assert sample.tables == 60
        digest = hashlib.sha256()
        for path in sorted(directory.iterdir()):
            digest.update(path.name.encode() + path.read_bytes())
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]


def test_progress_counts_up_to_the_end(tmp_path: Path) -> None:
    """The hook is told of every table once."""
    seen: list[tuple[int, int]] = []
    write_sample(tmp_path / "s", days=5, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)
    assert seen == sorted(seen)


def test_a_directory_with_tables_is_left_alone(tmp_path: Path) -> None:
    """Somebody's real tables are not mixed with made-up ones."""
    (tmp_path / "dns.20160901.D.mtbl").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="holds tables already"):
        write_sample(tmp_path, days=1)
    assert (tmp_path / "dns.20160901.D.mtbl").read_bytes() == b"mine"


def test_no_day_is_refused(tmp_path: Path) -> None:
    """A number below 1 is a mistake, not an empty directory."""
    with pytest.raises(ValueError, match="at least one day"):
        write_sample(tmp_path / "s", days=0)
    assert not (tmp_path / "s").exists()


def test_the_first_day_is_the_articles() -> None:
    """The day count behind the other tests."""
    assert (FIRST_DAY.isoformat(), DAYS) == ("2016-09-01", 900)
