"""Everything that can be wrong has its own message and exit code, and leaves standard output empty."""

from __future__ import annotations

import os
import socket

import pytest

WWW = "www.example.com"
DAY_2 = "dns.20240102.D.mtbl"


def refuse(done, code, *words):
    """The command ended with this code, said these words, and printed no data."""
    assert done.code == code, done
    assert done.out == ""
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'NAME...'"),
        (["a..b"], "NAME 1: a label is empty"),
        ([WWW, "x" * 64], "NAME 2: a label is longer than 63 octets"),
        ([WWW, "-t", "AAAAA"], "--rrtype: no such record type (got 'AAAAA')"),
        ([WWW, "-t", "A,"], "--rrtype: \"A,\" holds an empty record type"),
        ([f"{WWW}/NOPE"], "NAME 1: no such record type"),
        ([f"{WWW}/A", "-t", "A"], "NAME 1: a name with its own type"),
        ([WWW, "-b", "a..b"], "--bailiwick: a label is empty"),
        ([WWW, "--start", "20240132"], "--start: \"20240132\" is not a date: write YYYY-MM-DD"),
        ([WWW, "--stop", "2024-01-01T10:00:00"], "--stop: \"2024-01-01T10:00:00\" lacks its offset"),
        ([WWW, "--start", "20240110", "--stop", "20240109"], "--stop: \"20240109\" lies before the start"),
        ([WWW, "--days-back", "0"], "--days-back: 0 is not a number of days"),
        ([WWW, "--days-back", "x"], "'x' is not a valid integer"),
        ([WWW, "--days-back", "7", "--start", "20240101"], "--days-back: cannot be combined"),
        ([WWW, "--granularity", "fortnight"],
         "--granularity: \"fortnight\" is not a granularity: choose one of"),
        ([WWW, "--bucket-by", "last-seen"], "'last-seen' is not one of 'auto', 'first-seen', 'file'"),
        ([WWW, "--smooth", "0"], "--smooth: 0 is not between 1 and 100000"),
        ([WWW, "--dataset", "dnsec"], "'dnsec' is not one of"),
        ([WWW, "--format", "xml"], "'xml' is not one of"),
        ([WWW, "--timeout", "-1"], "-1.0 is not in the range"),
        ([WWW, "--no-such-option"], "No such option"),
        ([WWW, "--server", "localhost:1"], "--server and --mtbl-dir exclude each other"),
        ([WWW, "--ca", "x"], "go with --server"),
        (["bad\udce9name"], "NAME: 'bad\\udce9name' is not UTF-8 text"),
        ([WWW, "--output", "/no/such/folder/file"], "there is no directory /no/such/folder"),
    ],
    ids=lambda value: ascii(" ".join(value)[:60]) if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_usage(arguments, words, dnstide, small_dir) -> None:
    """What is asked wrongly ends with 2 and names the option."""
    refuse(dnstide("vot", *arguments, "--mtbl-dir", small_dir), 2, words)


@pytest.mark.parametrize("command", [["vot", WWW], ["top"]], ids=["vot", "top"])
def test_a_cache_of_ours_for_a_server(command, dnstide, monkeypatch) -> None:
    """It would do nothing there; in the environment it may stand for other commands."""
    arguments = [*command, "--server", "localhost:1"]
    refuse(dnstide(*arguments, "--cache-dir", "x"), 2, "--cache-dir goes with --mtbl-dir")
    monkeypatch.setenv("DNSTIDE_CACHE_DIR", "x")
    refuse(dnstide(*arguments, "--timeout", "5"), 1, "no server answers at localhost:1")


def test_nobody_to_ask(dnstide) -> None:
    """Without a server or a directory both ways are told."""
    refuse(dnstide("vot", WWW), 2, "DNSTIDE_SERVER", "DNSTIDE_MTBL_DIR")


def test_unknown_command(dnstide) -> None:
    """A command that does not exist."""
    refuse(dnstide("nonsense"), 2, "No such command 'nonsense'")
    refuse(dnstide("analyse", "shape", WWW), 2, "No such command 'analyse'. Did you mean 'analyze'?")
    refuse(dnstide("vot", WWW, "--granularty", "day"), 2, "--granularty", "--granularity")


def test_empty_directory(dnstide, tmp_path) -> None:
    """No tables: an error, not an empty answer."""
    refuse(dnstide("vot", WWW, "--mtbl-dir", tmp_path), 1, "there are no tables of the dataset dns")


def test_no_directory(dnstide, tmp_path) -> None:
    """A directory that is not there, or is a file."""
    refuse(dnstide("vot", WWW, "--mtbl-dir", tmp_path / "absent"), 1, "absent: no such directory")
    (tmp_path / "file").write_text("")
    refuse(dnstide("vot", WWW, "--mtbl-dir", tmp_path / "file"), 1, "file: not a directory")


def test_no_tables_for_the_span(dnstide, small_dir) -> None:
    """A span before all tables tells what there is."""
    refuse(
        dnstide("vot", WWW, "--mtbl-dir", small_dir, "--stop", "2001-01-01"),
        1,
        "there are",
        "60 day tables from",
    )


def test_damaged_table(dnstide, own_dir) -> None:
    """A flipped bit is found, named with its place, and ends the question; a partial answer is marked."""
    flip(own_dir / DAY_2)
    ask = ("vot", WWW, "--mtbl-dir", own_dir, "--start", "20240101", "--stop", "20240103")
    refuse(dnstide(*ask), 1, DAY_2, "(at byte", "ask for a partial answer")
    done = dnstide(*ask, "--partial")
    assert done.code == 3
    assert done.out == "20240101 11\n20240103 13\n"
    assert "dnstide: covers 2 of 3 days: damaged 2024-01-02\n" in done.err
    assert f"dnstide: failed: {DAY_2}: " in done.err
    assert "tables answered; counts that need the others are lower bounds" in done.err


def test_damage_elsewhere_does_not_matter(dnstide, own_dir) -> None:
    """A table that the question does not need may be bad."""
    flip(own_dir / "dns.20240220.D.mtbl")
    assert dnstide("vot", WWW, "--mtbl-dir", own_dir, "--start", "20240101", "--stop", "20240103").code == 0


def test_half_written_files(dnstide, own_dir) -> None:
    """A file under its dot-name is left out with a reason; one cut short is damage."""
    whole = (own_dir / DAY_2).read_bytes()
    (own_dir / DAY_2).rename(own_dir / f".{DAY_2}")
    ask = ("vot", WWW, "--mtbl-dir", own_dir, "--start", "20240101", "--stop", "20240103")
    done = dnstide(*ask)
    assert (done.code, done.out) == (0, "20240101 11\n20240103 13\n")
    assert "no table for 2024-01-02" in done.err
    listed = dnstide("tables", "--mtbl-dir", own_dir).out
    assert "a name that begins with a dot is a file still being written" in listed
    for length in (0, 100, 511, len(whole) - 1):
        (own_dir / DAY_2).write_bytes(whole[:length])
        refuse(dnstide(*ask), 1, DAY_2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_as_user(dnstide, own_dir) -> None:
    """A file that the system refuses."""
    (own_dir / DAY_2).chmod(0)
    refuse(dnstide("vot", WWW, "--mtbl-dir", own_dir, "--start", "20240101"), 1, DAY_2, "ermission denied")


def test_unreadable_file(dnstide, own_dir) -> None:
    """A name that leads nowhere cannot be read, whoever asks."""
    (own_dir / DAY_2).unlink()
    (own_dir / DAY_2).symlink_to(DAY_2)
    refuse(dnstide("vot", WWW, "--mtbl-dir", own_dir, "--start", "20240101", "--stop", "20240103"), 1, DAY_2)


def test_foreign_file(dnstide, own_dir) -> None:
    """A file of another kind under a table's name."""
    (own_dir / DAY_2).write_bytes(b"no table at all\n" * 100)
    refuse(dnstide("vot", WWW, "--mtbl-dir", own_dir, "--start", "20240101", "--stop", "20240103"), 1, DAY_2)


def test_no_server(dnstide) -> None:
    """Nobody at the address: which address, why, and what to do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        refuse(
            dnstide("vot", WWW, "--server", address),
            1,
            f"no server answers at {address}",
            "refused",
            "dnstide serve",
        )
        refuse(dnstide("status", "--server", address), 1, f"no server answers at {address}")
        refuse(dnstide("tables", "--server", address), 1, f"no server answers at {address}")


@pytest.mark.parametrize("address", ["localhost", "http://localhost:1", "localhost:99999"])
def test_bad_address(address, dnstide) -> None:
    """An address that cannot be one."""
    refuse(dnstide("vot", WWW, "--server", address), 2, "--server: ", address)


def test_wrong_server_version(dnstide, gateway, monkeypatch) -> None:
    """Both numbers, and what to do."""
    monkeypatch.setattr("dnstide.client.version.client_version", lambda: "7.3.1")
    refuse(dnstide("vot", WWW, "--server", gateway), 1, "this client is 7.3.1", "the same MAJOR.MINOR")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["a..b"], 2, "NAME 1: a label is empty"),
        (["a", "b..c"], 2, "NAME 2: a label is empty"),
        ([WWW, "-t", "AAAAA"], 2, "--rrtype: no such record type (got 'AAAAA')"),
        ([WWW, "-b", "a..b"], 2, "--bailiwick: a label is empty"),
        ([WWW, "--stop", "2001-01-01"], 1, "no table covers any part of the span; there are"),
        ([WWW, "--dataset", "dnssec"], 1, "there are no tables of the dataset dnssec"),
        ([WWW, "--smooth", "9", "--start", "20240101", "--stop", "20240102"], 2, "--smooth"),
    ],
)
def test_server_and_directory_refuse_alike(arguments, code, words, dnstide, small_dir, gateway) -> None:
    """The same words and codes, whoever answers."""
    here = dnstide("vot", *arguments, "--mtbl-dir", small_dir)
    there = dnstide("vot", *arguments, "--server", gateway)
    refuse(here, code, words)
    assert there == here


def flip(path):
    """Change one bit in the middle of the first data block."""
    data = bytearray(path.read_bytes())
    data[20] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("source", ["--mtbl-dir", "--server"])
def test_deadline(source, dnstide, small_dir, gateway) -> None:
    """Too little time has an exit code of its own and says how to get more."""
    place = small_dir if source == "--mtbl-dir" else gateway
    done = dnstide("vot", "*.", source, place, "--timeout", "0.000001")
    refuse(done, 5, "in time: allow more with a longer timeout, or ask for less")


def test_deadline_counts_in_a_partial_answer(dnstide, small_dir) -> None:
    """A partial answer is for tables that fail, not for time that runs out before anything was looked at."""
    refuse(dnstide("vot", "*.", "--mtbl-dir", small_dir, "--partial", "--timeout", "0.000001"), 5, "in time")
