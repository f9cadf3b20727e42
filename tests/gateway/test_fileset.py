"""Filesets beside the tables: which of these are live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dnstide.cli.main import run
from dnstide.client import AnswerIncomplete, DirectoryUnreadable, LocalClient
from dnstide.gateway.testing import running_gateway

DAYS = [f"dns.2024010{day}.D.mtbl" for day in range(1, 6)]
WWW = "www.example.com"
COUNTS = [10 + 1 + day for day in range(5)]
"""What each day counts for the name: addresses of both kinds."""


def total(directory: Path, **settings: Any) -> int:
    with LocalClient(directory, **settings) as client:
        return int(client.volume(WWW, start="2024-01-01", stop="2024-01-05").series[0].counts.sum())


@pytest.fixture
def days(tables: Path) -> Path:
    """Five days, and nothing else."""
    for path in tables.iterdir():
        if path.name not in DAYS:
            path.unlink()
    return tables


def write(days: Path, text: bytes) -> None:
    (days / "dns.fileset").write_bytes(text)


@pytest.mark.parametrize(
    "form",
    ["{0}\n{1}\n", "{0}\r\n\r\n {1}\r\n{0}", "./{0}\n{here}/{1}\n"],
    ids=["plain", "windows, twice", "with folders"],
)
def test_only_what_the_fileset_names_counts(days: Path, form: str) -> None:
    """Names, each once, in whatever way it leads into this folder; the others are shown as ignored."""
    write(days, form.format(DAYS[0], DAYS[2], here=days).encode())
    assert total(days) == COUNTS[0] + COUNTS[2]
    with LocalClient(days) as client:
        tables = client.tables()
    assert [table.name for table in tables.tables] == [DAYS[0], DAYS[2]]
    assert dict(tables.ignored)[DAYS[1]] == "dns.fileset does not name it among the live tables"
    assert total(days, all_files=True) == sum(COUNTS)


def test_a_fileset_is_read_again(days: Path) -> None:
    """When it is replaced, also in a client that is open."""
    write(days, DAYS[0].encode())
    with LocalClient(days) as client:
        assert len(client.tables()) == 1
        (days / "new").write_bytes("\n".join(DAYS).encode())
        (days / "new").rename(days / "dns.fileset")
        assert len(client.tables()) == 5


def test_a_table_that_is_named_and_not_there_is_missing(days: Path) -> None:
    """As one that cannot be read: the answer is refused, or says what it lacks."""
    write(days, "\n".join([*DAYS, "dns.20240106.D.mtbl"]).encode())
    with LocalClient(days) as client:
        with pytest.raises(
            AnswerIncomplete, match=r"dns.fileset names it among the live tables, and it is not there"
        ):
            client.volume(WWW, start="2024-01-01", stop="2024-01-06")
        volume = client.volume(WWW, start="2024-01-01", stop="2024-01-06", partial=True)
    assert not volume.complete
    assert int(volume.series[0].counts.sum()) == sum(COUNTS)


def test_lines_that_name_nothing_here_are_shown(days: Path) -> None:
    """Files elsewhere, folders and bytes of any kind; the rest counts."""
    write(days, f"{DAYS[0]}\n/elsewhere/{DAYS[1]}\n..\nsub/{DAYS[2]}\n\0\n\xff\xfe".encode("latin-1"))
    assert total(days) == COUNTS[0]
    with LocalClient(days) as client:
        ignored = dict(client.tables().ignored)
    assert "is no file of this directory" in ignored["dns.fileset:2"]
    assert {"dns.fileset:3", "dns.fileset:4", "dns.fileset:5"} <= ignored.keys()


def test_an_empty_fileset_names_no_table(days: Path) -> None:
    write(days, b"")
    with LocalClient(days) as client:
        assert len(client.tables()) == 0


def test_a_fileset_of_the_other_dataset_does_not_concern_these(days: Path) -> None:
    (days / "dnssec.fileset").write_text("")
    assert total(days) == sum(COUNTS)


def test_a_fileset_that_cannot_be_read_is_told(days: Path) -> None:
    (days / "dns.fileset").symlink_to(days / "loop")
    (days / "loop").symlink_to(days / "dns.fileset")
    with pytest.raises(DirectoryUnreadable):
        total(days)


def test_commands_and_servers(
    days: Path, ask: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """--all-files, of commands that read a directory and of serve."""
    write(days, DAYS[0].encode())
    question = ["vot", WWW, "--start", "20240101", "--stop", "20240101", "--mtbl-dir", str(days)]
    assert run(question) == 0
    assert run(["vot", WWW, "--start", "20240102", "--stop", "20240102", "--mtbl-dir", str(days)]) != 0
    capsys.readouterr()
    assert run(["tables", "--mtbl-dir", str(days), "--all-files"]) == 0
    assert DAYS[4] in capsys.readouterr().out
    assert run([*question[:-2], "--server", "127.0.0.1:1", "--all-files"]) == 2
    for all_files, tables in ((False, 1), (True, 5)):
        with running_gateway(days, all_files=all_files) as running:
            assert ask(running.address, names=[WWW])[-1].summary.tables_asked == tables
