"""Rows that are none under a sound checksum: left out of every answer, counted and told, however they are
asked.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dnstide.cli.main import run
from dnstide.client import Client, LocalClient, TablesDamaged
from dnstide.gateway.testing import running_gateway
from dnstide.model.vocabulary import Coverage
from dnstide.mtbl import Table, write_entries
from dnstide.mtbl.entries import encode_entry

from tests.conftest import FIRST_DAY, row

NAME = "dns.20240105.D.mtbl"
DAY = {"start": "2024-01-05", "stop": "2024-01-05"}
ADDRESS = b"\xc0\x00\x02\x01"


def _odd_entries() -> dict[str, tuple[bytes, bytes]]:
    """One entry of each kind that dnstable leaves out, all of them below example.com."""
    key, value = encode_entry(row("odd.example.com.", 1, ADDRESS, FIRST_DAY + 60, 1))
    under = b"\0\3com\7example"
    record = b"\1\3com\7example\0\4" + ADDRESS
    long = b"".join(b"\x3f" + bytes([letter]) * 63 for letter in b"abcd")
    return {
        "a value without a count": (key, value[:-1]),
        "a fourth number": (key, value + b"\1"),
        "an empty value": (key, b""),
        "a label of 64": (under + b"\x40" + b"a" * 64 + b"\0" + record, value),
        "an owner of more than 255 octets": (under + long + b"\0" + record, value),
        "rdata that is cut": (key[:-2], value),
        "an owner that is cut": (under + b"\7www", value),
        "a record type past 65535": (under + b"\3odd\0\xff\xff\x7f\3com\0\4" + ADDRESS, value),
    }


ODD = _odd_entries()


def spoiled(small_dir: Path, folder: Path, entries: list[tuple[bytes, bytes]]) -> Path:
    """small_dir, with these entries in one of its tables as well."""
    copy = Path(shutil.copytree(small_dir, folder))
    with Table(copy / NAME) as table:
        sound = list(table.entries())
    (copy / NAME).unlink()
    write_entries(copy / NAME, sorted([*sound, *entries]), block_size=1024)
    return copy


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, small_dir: Path, tmp_path: Path) -> Path:
    """small_dir, with one odd row of that kind."""
    return spoiled(small_dir, tmp_path / "odd", [ODD[request.param]])


def met(answer: Any) -> list[tuple[str, int]]:
    """Which tables have told of odd rows, and of how many."""
    assert answer.summary.rows_skipped == sum(one.rows for one in answer.summary.skipped)
    return [(one.table, one.rows) for one in answer.summary.skipped]


def refused(ask: Callable[[], object]) -> list[tuple[str, str]]:
    """The tables that a strict question is refused for."""
    with pytest.raises(TablesDamaged) as caught:
        ask()
    return [(failure.table, failure.code) for failure in caught.value.failures]


def test_it_is_left_out_counted_and_told(odd: Path, tmp_path: Path) -> None:
    """Every answer that meets it is whole, and says so; others say nothing. Both ways agree, before and after
    summaries are made.
    """
    with (
        LocalClient(odd, cache_dir=tmp_path / "local") as local,
        running_gateway(odd, cache_dir=tmp_path / "server", rescan_seconds=0.2) as running,
        Client(running.address) as client,
    ):
        for one in (local, client):
            for _ in range(2):
                beside = one.volume("www.example.com", **DAY)
                assert (int(beside.series[0].total), met(beside)) == (15, [])
                under = one.volume("*.example.com", **DAY)
                assert (int(under.series[0].total), met(under)) == (15 + 5, [(NAME, 1)])
                assert under.complete
                everything = one.volume("*.", **DAY)
                assert (int(everything.series[0].total), met(everything)) == (15 + 5 + 1, [(NAME, 1)])
                top = one.top(2, **DAY)
                assert [(rank.name, rank.count) for rank in top] == [
                    ("www.example.com.", 15),
                    ("mail.example.com.", 5),
                ]
                assert met(top) == [(NAME, 1)]
                assert met(one.top(2, by="rrtype", **DAY)) == [(NAME, 1)]
                assert met(one.top(1, start="2024-01-06", stop="2024-01-07")) == []
                assert met(one.top(1, under="example.com", **DAY)) == [(NAME, 1)]
                assert met(one.top(1, under="example.org", strict=True, **DAY)) == []
                strict = lambda one=one: one.volume("*.example.com", strict=True)  # noqa: E731
                assert refused(strict) == [(NAME, "NOT_DNSTABLE")]
                assert refused(lambda one=one: one.top(3, strict=True)) == [(NAME, "NOT_DNSTABLE")]
                assert one.volume("www.example.com", strict=True, **DAY).complete
            assert met(one.analyze("shape", "*.example.com", start="2024-01-01", stop="2024-01-10")) == [
                (NAME, 1)
            ]
            assert all(table.problem is None for table in one.tables().tables)
        assert running.gateway.metrics.registry.get_sample_value("dnstide_rows_skipped_total") > 0


def test_a_strict_question_that_takes_a_part_is_marked(small_dir: Path, tmp_path: Path) -> None:
    """The odd row is damage to its table: counts are lower bounds, and the answer says where."""
    folder = spoiled(small_dir, tmp_path / "odd", [ODD["a label of 64"]])
    span: Any = {"start": "2024-01-04", "stop": "2024-01-06", "strict": True, "partial": True}
    with (
        LocalClient(folder, cache_dir=tmp_path / "local") as local,
        running_gateway(folder, cache_dir=tmp_path / "server") as running,
        Client(running.address) as client,
    ):
        for one in (local, client):
            volume = one.volume("*.example.com", **span)
            assert volume.axis.coverage.tolist() == [Coverage.COMPLETE, Coverage.DAMAGED, Coverage.COMPLETE]
            top, series = one.top(2, **span), one.top(2, series="day", **span)
            assert series.axis is not None
            assert series.axis.coverage.tolist() == [Coverage.COMPLETE, Coverage.DAMAGED, Coverage.COMPLETE]
            for answer in (volume, top, series):
                assert [(failure.table, failure.code) for failure in answer.summary.failures] == [
                    (NAME, "NOT_DNSTABLE")
                ]
                assert (answer.summary.tables_asked, answer.summary.failures_total) == (3, 1)
                assert not answer.complete
                assert [stretch.coverage for stretch in answer.coverage.lacking()] == [Coverage.DAMAGED]
            assert (volume.summary.tables_answered, volume.summary.rows_skipped) == (2, 1)
    arguments = ["vot", "*.example.com", "--mtbl-dir", str(folder), "--strict", "--partial"]
    assert run([*arguments, "--start", "2024-01-04", "--stop", "2024-01-06"]) == 3


def test_questions_that_travel_together_tell_each_their_own(small_dir: Path, tmp_path: Path) -> None:
    """One name of a batch that meets two odd rows, one that meets none, and one of whose type they are
    not.
    """
    entries = [ODD["a value without a count"], ODD["a label of 64"]]
    folder = spoiled(small_dir, tmp_path / "odd", entries)
    with LocalClient(folder) as client:
        assert met(client.volume(["www.example.com", "*.example.com", "*.example.org"])) == [(NAME, 2)]
        assert met(client.volume("odd.example.com")) == [(NAME, 1)]
        assert met(client.volume("odd.example.com/AAAA")) == []
        assert met(client.volume(["odd.example.com", "*.example.com"])) == [(NAME, 3)]  # once for each name


def test_many_odd_rows_between_sound_ones(small_dir: Path, tmp_path: Path) -> None:
    """In many blocks, first and last in some: what is between them is counted, by every grouping."""
    entries = []
    for number in range(3000):
        key, value = encode_entry(
            row(f"n{number:04d}.x{number % 7}.example.net.", 1, ADDRESS, FIRST_DAY + 60, number)
        )
        entries.append((key, value if number % 3 else value[:-1]))
        if number % 5 == 0:
            entries.append((b"\0\3net\7example\2x%d\x05%04d" % (number % 7, number), value))
    folder = spoiled(small_dir, tmp_path / "odd", entries)
    sound = [number or 1 for number in range(3000) if number % 3]
    with LocalClient(folder, cache_dir=tmp_path / "cache") as client:
        volume = client.volume("*.example.net", **DAY)
        assert int(volume.series[0].total) == sum(sound)
        assert met(volume) == [(NAME, 1000 + 600)]
        for by, largest in (("domain", sum(sound)), ("fqdn", 2999), ("tld", sum(sound))):
            top = client.top(1, by=by, under="net", **DAY)
            assert (top[0].count, met(top)) == (largest, [(NAME, 1600)])
        assert client.top(1, by="rrtype", under="net", **DAY)[0].count == sum(sound)


def test_commands_tell_of_it(small_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One remark in text, fields in JSON, the exit code of a whole answer; --strict refuses."""
    folder = spoiled(small_dir, tmp_path / "odd", [ODD["a value without a count"]])
    asked = ["vot", "*.example.com", "--start", "20240105", "--stop", "20240105", "--mtbl-dir", str(folder)]
    said = f"{NAME}: 1 row is left out (the first at byte 0: a value is not three numbers)"
    assert run(asked) == 0
    streams = capsys.readouterr()
    assert (streams.out, said in streams.err) == ("20240105 20\n", True)
    assert run([*asked, "--format", "json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["complete"], summary["rows_skipped"], summary["skipped"][0]["table"]) == (True, 1, NAME)
    assert run(["top", "1", *asked[2:], "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["rows_skipped"] == 1
    for command in (asked, ["top", "1", *asked[2:]]):
        assert run([*command, "--strict"]) == 1
        assert "a value is not three numbers" in capsys.readouterr().err
    assert run(["verify", str(folder / NAME)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("blocks)")
    assert "1 row is left out (the first at byte 0: a value is not three numbers)" in out[1]
    assert run(["verify", str(folder / NAME), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["rows_skipped"] == 1


def test_a_table_of_something_else_is_not_one_of_odd_rows(tmp_path: Path) -> None:
    """Where no row decodes there is nothing to leave out."""
    write_entries(
        tmp_path / NAME, [(b"\0hello %05d" % number, b"x") for number in range(500)], block_size=1024
    )
    with LocalClient(tmp_path, cache_dir=tmp_path / "cache") as client:
        for ask in (lambda: client.volume("*."), lambda: client.top(1), lambda: client.top(1, by="rrtype")):
            assert refused(ask) == [(NAME, "NOT_DNSTABLE")]
