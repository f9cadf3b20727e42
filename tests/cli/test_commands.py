"""The other commands: tables, verify, status, serve."""

from __future__ import annotations

import json
import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.gateway.test_server import wait_until


def test_tables(dnstide, own_dir) -> None:
    """Sound, damaged and foreign files, each with its state."""
    (own_dir / "README").write_text("no table")
    (own_dir / "dns.20240103.D.mtbl").write_bytes(b"short")
    done = dnstide("tables", "--mtbl-dir", own_dir, "--format", "jsonl")
    rows = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
    assert done.code == 0
    assert rows["dns.20240101.D.mtbl"] == {
        "name": "dns.20240101.D.mtbl",
        "dataset": "dns",
        "granularity": "day",
        "start": "2024-01-01T00:00:00Z",
        "stop": "2024-01-02T00:00:00Z",
        "size": (own_dir / "dns.20240101.D.mtbl").stat().st_size,
        "health": "sound",
        "reason": None,
    }
    assert rows["dns.20240103.D.mtbl"]["health"] == "TABLE_TOO_SHORT"
    assert (rows["README"]["health"], rows["README"]["size"]) == ("ignored", None)
    assert done.err == "dnstide: 62 tables, 1 of them not usable; 1 other files\n"


def test_tables_of_a_dataset(dnstide, small_dir, tmp_path) -> None:
    """Only those of the dataset; none at all is "nothing found"."""
    assert dnstide("tables", "--mtbl-dir", small_dir, "--dataset", "dnssec").code == 4
    assert dnstide("tables", "--mtbl-dir", tmp_path).code == 4
    assert dnstide("tables", "--mtbl-dir", tmp_path, "--missing").code == 4


def test_missing_tables(dnstide, own_dir, gateway) -> None:
    """Stretches without a sound table, the same from a server as in process; the data are the rows alone."""
    for day in ("05", "06", "09"):
        (own_dir / f"dns.202401{day}.D.mtbl").unlink()
    (own_dir / "dns.20240109.D.mtbl").write_bytes(b"short")
    done = dnstide("tables", "--missing", "--mtbl-dir", own_dir)
    assert [line.split() for line in done.out.splitlines()] == [
        ["dns", "day", "2024-01-05T00:00:00Z", "2024-01-07T00:00:00Z", "2", "absent", "none"],
        ["dns", "day", "2024-01-09T00:00:00Z", "2024-01-10T00:00:00Z", "1", "TABLE_TOO_SHORT", "none"],
    ]
    assert done.err == "dnstide: 3 periods without a sound table\n"
    rows = json.loads(dnstide("tables", "--missing", "--mtbl-dir", own_dir, "--format", "json").out)
    assert [(row["periods"], row["health"]) for row in rows] == [(2, "absent"), (1, "TABLE_TOO_SHORT")]
    whole = dnstide("tables", "--missing", "--server", gateway, "--format", "csv")
    assert (whole.code, whole.err) == (0, "dnstide: no period lacks its table\n")
    assert whole.out == "dataset,granularity,start,stop,periods,health,covered\n"


def test_verify(dnstide, own_dir) -> None:
    """Each file is told OK or what is wrong and where; one bad file makes the exit code 1."""
    good, bad = own_dir / "dns.20240101.D.mtbl", own_dir / "dns.20240102.D.mtbl"
    done = dnstide("verify", good)
    assert done.code == 0
    assert done.out.startswith(f"{good}: OK (version 2, zlib, ")
    data = bytearray(bad.read_bytes())
    data[20] ^= 1
    bad.write_bytes(data)
    done = dnstide("verify", good, bad, own_dir / "absent", own_dir)
    assert done.code == 1
    ok, damaged, absent, folder = done.out.splitlines()
    assert ok.startswith(f"{good}: OK")
    assert damaged.startswith(f"{bad}: BAD_")
    assert "(at byte " in damaged
    assert absent.startswith(f"{own_dir / 'absent'}: TABLE_MISSING: ")
    assert folder.startswith(f"{own_dir}: TABLE_UNREADABLE: ")
    assert done.err == "dnstide: 3 of 4 files are bad\n"


def test_verify_as_json(dnstide, own_dir) -> None:
    """The same as data."""
    done = dnstide("verify", own_dir / "dns.20240101.D.mtbl", own_dir / "absent", "--format", "json")
    good, bad = json.loads(done.out)
    assert (good["health"], good["version"], good["reason"]) == ("OK", 2, None)
    assert good["bytes"] == (own_dir / "dns.20240101.D.mtbl").stat().st_size
    assert (bad["health"], bad["entries"]) == ("TABLE_MISSING", None)


def test_status(dnstide, gateway) -> None:
    """A server that serves: exit code 0, version, tables and shards."""
    done = dnstide("status", "--server", gateway, "--wait", "5")
    assert (done.code, done.err) == (0, "")
    assert ", serving, started at 20" in done.out
    assert "62 tables\n" in done.out
    assert done.out.count("\nshard ") == 2
    found = json.loads(dnstide("status", "--server", gateway, "--format", "json").out)
    assert found["ready"]
    assert found["tables_total"] == 62


def test_status_says_why_nothing_is_answered(dnstide, small_dir, tmp_path) -> None:
    """Exit code 1 and the reason, as soon as the shards cannot list their directory; the shards are alive."""
    from dnstide.gateway.testing import running_gateway

    tables = Path(shutil.copytree(small_dir, tmp_path / "tables"))
    with running_gateway(tables, shards=1, rescan_seconds=0.05, ping_seconds=0.05) as running:
        tables.rename(tmp_path / "elsewhere")
        wait_until(lambda: dnstide("status", "--server", running.address).code == 1)
        done = dnstide("status", "--server", running.address)
        reason = f"{tables}: No such file or directory"
        assert ", not serving, started at 20" in done.out
        assert re.search(rf"^shard local/0: alive, .*; {reason}$", done.out, re.MULTILINE)
        assert f"does not answer questions: no shard can list its tables; shard local/0: {reason}" in done.err
        waited = dnstide("status", "--server", running.address, "--wait", "0.2")
        assert waited.code == 1
        assert f"not ready after 0.2 s: no shard can list its tables; shard local/0: {reason}" in waited.err
        found = json.loads(dnstide("status", "--server", running.address, "--format", "json").out)
        assert (found["ready"], found["shards"][0]["problem"]) == (False, reason)
        (tmp_path / "elsewhere").rename(tables)
        wait_until(lambda: dnstide("status", "--server", running.address).code == 0)


def test_status_gives_up(dnstide) -> None:
    """--wait ends in time with the error that stands in the way."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        done = dnstide("status", "--server", f"127.0.0.1:{probe.getsockname()[1]}", "--wait", "0.3")
    assert done.code == 1
    assert "no server answers" in done.err


def test_serve_help_comes_from_the_settings(dnstide) -> None:
    """Every setting of the gateway is an option."""
    from dnstide.gateway import Settings

    done = dnstide("serve", "--help")
    assert done.code == 0
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--mtbl-dir: give it, or set DNSTIDE_MTBL_DIR"),
        (["--mtbl-dir", "{dir}", "--shards", "many"], 2, "--shards: "),
        (["--mtbl-dir", "{dir}", "--listen", "nowhere"], 2, "is not HOST:PORT"),
        (["--mtbl-dir", "{dir}", "--listen", "0.0.0.0:8453"], 2, "open to others"),
        (["--mtbl-dir", "{dir}", "--no-such"], 2, "No such option"),
    ],
)
def test_serve_refuses(arguments, code, words, dnstide, tmp_path) -> None:
    """Settings that cannot be are told by option, before anything starts."""
    done = dnstide("serve", *(argument.format(dir=tmp_path) for argument in arguments))
    assert done.code == code
    assert words in done.err


def test_serve_on_a_port_in_use(process, tmp_path) -> None:
    """The port is looked at before the cluster takes its seconds to start."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        serving = process("serve", "--mtbl-dir", tmp_path, "--listen", address)
        out, err = serving.communicate(timeout=60)
    assert (serving.returncode, out) == (1, "")
    assert f"cannot listen on {address}: address already in use; choose another port" in err


def test_serve_without_a_directory(process, tmp_path) -> None:
    """A directory that is not there."""
    serving = process("serve", "--mtbl-dir", tmp_path / "absent", "--listen", "127.0.0.1:0")
    assert serving.communicate(timeout=60)[1].count("is not a directory") == 1
    assert serving.returncode == 2
