"""The audit log: who asked what, line by line, whatever was asked and whatever becomes of the file."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import service_pb2_grpc, tables_pb2, top_pb2, volume_pb2
from dnstide.gateway import GatewayError, Settings, audit
from dnstide.gateway.audit import AuditLog, line, peer_of, question_of
from dnstide.gateway.startup import check_start
from dnstide.gateway.testing import running_gateway
from prometheus_client import CollectorRegistry

from tests.gateway.test_rpc import CALLS, end
from tests.gateway.test_server import COMMAND, TLS, environment, wait_until

FIELDS = [
    "time", "id", "trace", "peer", "port", "client", "method", "question", "status", "reason", "tables_asked",
    "tables_answered", "rows", "seconds",
]  # fmt: skip


def records(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file."""
    return [json.loads(text) for text in path.read_text("ascii").splitlines() if text]


def test_every_call_leaves_a_line(small_dir: Path, tmp_path: Path) -> None:
    """Whether it was answered, refused, not understood or cancelled, in the order in which they ended."""
    path = tmp_path / "audit.json"
    with running_gateway(small_dir, cache_dir=tmp_path, audit_log=str(path)) as running:
        for kind in CALLS:
            end(running.address, kind, [("dnstide-request-id", f"id-{kind}")])
        end(running.address, "volume", request=volume_pb2.QueryVolumeRequest(names=["a..b"]))
        end(running.address, "info", [("dnstide-version", "99.0.0")])
        metric: CollectorRegistry = running.gateway.metrics.registry
        wait_until(lambda: metric.get_sample_value("dnstide_audit_lines_total") == len(CALLS) + 2)
        assert metric.get_sample_value("dnstide_audit_lines_lost_total") == 0
    found = records(path)
    assert all(list(record) == FIELDS for record in found)
    assert [record["id"] for record in found[: len(CALLS)]] == [f"id-{kind}" for kind in CALLS]
    assert [record["method"] for record in found[: len(CALLS)]] == [method for method, _ in CALLS.values()]
    volume, top, analysis, tables, info, wrong, other = found
    assert volume["question"] == {
        "names": 2,
        "first": ["www.example.com", "mail.example.com"],
        "rrtypes": [],
        "span": None,
    }
    assert (volume["status"], volume["reason"], volume["rows"]) == ("OK", None, 180)
    assert (volume["tables_asked"], volume["tables_answered"]) == (60, 60)
    assert (volume["peer"], volume["client"]) == ("127.0.0.1", None)
    assert volume["port"] > 0
    assert 0 < volume["seconds"] < 60
    assert volume["time"] <= top["time"] <= analysis["time"]
    assert top["question"]["limit"] == 3
    assert analysis["question"]["analysis"] == "shape"
    assert tables["question"] == {"dataset": "", "page_token": ""}
    assert info["question"] == {}
    assert (wrong["status"], wrong["reason"]) == ("INVALID_ARGUMENT", "INVALID_QUESTION")
    assert wrong["question"]["first"] == ["a..b"]
    assert (other["status"], other["reason"], other["question"]) == (
        "UNIMPLEMENTED",
        "VERSION_MISMATCH",
        None,
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_client_is_known_by_its_certificate(small_dir: Path, tmp_path: Path) -> None:
    """Its common name stands in the line."""
    chain, key = (TLS / "server.pem").read_bytes(), (TLS / "server.key").read_bytes()
    subject = subprocess.run(
        ["openssl", "x509", "-in", TLS / "server.pem", "-noout", "-subject", "-nameopt", "multiline"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (name,) = [text.split("=")[1].strip() for text in subject.splitlines() if "commonName" in text]
    path = tmp_path / "audit.json"
    settings = {
        "tls_cert": TLS / "server.pem",
        "tls_key": TLS / "server.key",
        "tls_client_ca": TLS / "server.pem",
    }
    with running_gateway(small_dir, audit_log=str(path), **settings) as running:
        credentials = grpc.ssl_channel_credentials(chain, key, chain)
        with grpc.secure_channel(running.address, credentials) as channel:
            stub = service_pb2_grpc.DnstideStub(channel)
            stub.ListTables(tables_pb2.ListTablesRequest(), timeout=20)
    (record,) = records(path)
    assert (record["client"], record["peer"]) == (name, "127.0.0.1")


HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07",
    'a"\n{"time":"2000"}\n',
    "\x7f\x9b31m\u202e\u2028",
    "é" * 1000,
    "\\",
    "",
]


def test_hostile_names_stay_in_their_line(small_dir: Path, tmp_path: Path) -> None:
    """No control character leaves, no line is ended or forged, and no text is longer than it may be."""
    path = tmp_path / "audit.json"
    with running_gateway(small_dir, audit_log=str(path)) as running:
        for name in HOSTILE:
            end(running.address, "volume", request=volume_pb2.QueryVolumeRequest(names=[name] * 5))
            end(running.address, "top", request=top_pb2.RankNamesRequest(limit=1, under=name, exclude=[name]))
            end(
                running.address, "tables", request=tables_pb2.ListTablesRequest(dataset=name, page_token=name)
            )
    raw = path.read_bytes()
    assert all(byte == 0x0A or 0x20 <= byte < 0x7F for byte in raw)
    found = records(path)
    assert len(found) == 3 * len(HOSTILE)
    for name, volume, top in zip(HOSTILE, found[::3], found[1::3], strict=True):
        told = name if len(name) <= 255 else name[:255] + "…"
        assert (volume["question"]["names"], volume["question"]["first"]) == (5, [told] * 3)
        assert (top["question"]["under"], top["question"]["exclude"]) == (told, 1)


def test_questions_are_told_in_short() -> None:
    """Spans as numbers with open ends, types, and numbers of enumerations that nobody knows."""
    request = volume_pb2.QueryVolumeRequest(
        names=["a"], span={"start": {"seconds": 5}}, filter={"rrtypes": ["A", "MX", "NS", "TXT"]}
    )
    assert question_of(request) == {
        "names": 1,
        "first": ["a"],
        "rrtypes": ["A", "MX", "NS"],
        "span": [5, None],
    }
    top = question_of(top_pb2.RankNamesRequest(limit=7, group_by=99, baseline={"stop": {"seconds": 9}}))
    assert top is not None
    assert (top["limit"], top["by"], top["span"], top["baseline"]) == (7, None, None, [None, 9])
    assert question_of(None) is None


@pytest.mark.parametrize(
    ("told", "peer"),
    [
        ("ipv4:192.0.2.1:1234", ("192.0.2.1", 1234)),
        ("ipv6:%5B2001:db8::1%5D:1234", ("2001:db8::1", 1234)),
        ("ipv6:[::1]:9", ("::1", 9)),
        ("unix:/run/x", ("unix:/run/x", None)),
        ("", ("", None)),
    ],
)
def test_peers(told: str, peer: tuple[str, int | None]) -> None:
    """As gRPC writes them."""
    assert peer_of(told) == peer


@contextmanager
def open_log(path: Path) -> Iterator[AuditLog]:
    audit_log = AuditLog(str(path))
    try:
        yield audit_log
    finally:
        audit_log.close()


def test_a_file_that_is_rotated_is_made_anew(tmp_path: Path) -> None:
    """Renamed, removed, or replaced by another one; nothing is lost, and nothing is written to the old one
    any more.
    """
    path = tmp_path / "audit.json"
    with open_log(path) as audit_log:
        for number, rotate in enumerate([rename, Path.unlink, replace, None]):
            audit_log.write({"number": number})
            wait_until(lambda number=number: audit_log.written == number + 1)
            assert records(path) == [{"number": number}]
            if rotate is not None:
                rotate(path)
        assert records(tmp_path / "audit.json.1") == [{"number": 0}]
        audit_log.reopen()
        audit_log.write({"number": 4})
    assert records(path) == [{"number": 3}, {"number": 4}]
    assert (audit_log.written, audit_log.lost) == (5, 0)


def rename(path: Path) -> None:
    path.rename(f"{path}.1")


def replace(path: Path) -> None:
    path.rename(f"{path}.2")
    path.touch()


def test_a_file_that_is_truncated_goes_on(tmp_path: Path) -> None:
    """As by a rotation that copies and truncates."""
    path = tmp_path / "audit.json"
    with open_log(path) as audit_log:
        audit_log.write({"number": 0})
        wait_until(lambda: audit_log.written == 1)
        os.truncate(path, 0)
        audit_log.write({"number": 1})
    assert records(path) == [{"number": 1}]


def test_a_folder_that_is_gone_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is open is written to until a new file can be made."""
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "audit.json"
    with open_log(path) as audit_log, caplog.at_level(logging.ERROR):
        audit_log.write({"number": 0})
        wait_until(lambda: audit_log.written == 1)
        folder.rename(tmp_path / "moved")
        audit_log.write({"number": 1})
        wait_until(lambda: audit_log.written == 2)
        assert records(tmp_path / "moved" / "audit.json") == [{"number": 0}, {"number": 1}]
        assert "cannot be opened anew: No such file or directory" in caplog.text
        folder.mkdir()
        audit_log.write({"number": 2})
    assert records(path) == [{"number": 2}]


FILL = """
import json, resource, sys, time
from dnstide.gateway.audit import AuditLog
limit = int(sys.argv[2])
audit = AuditLog(sys.argv[1])
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def put(text):
    before = audit.written + audit.lost
    audit.write({"text": text})
    while audit.written + audit.lost == before:
        time.sleep(0.001)
put("a" * 40)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
put("b" * 40)
put("c" * 40)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
put("d" * 40)
audit.close()
print(audit.written, audit.lost)
"""


def test_lines_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    """A disk that is full, here a limit of the process, tears a line; the next one stands on its own."""
    path = tmp_path / "audit.json"
    done = subprocess.run(
        [COMMAND[0], "-c", FILL, str(path), "80"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["2", "2"]
    assert done.stderr.count("are lost: it cannot be written: File too large") == 1
    lines = path.read_text().splitlines()
    assert [json.loads(text) for text in (lines[0], lines[-1])] == [{"text": "a" * 40}, {"text": "d" * 40}]
    assert len(path.read_text()) > 80
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_calls_do_not_wait_for_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_dir: Path, ask: Callable[..., Any]
) -> None:
    """A pipe that nobody reads takes what fits; what comes beyond is lost, and counted; all is answered."""
    monkeypatch.setattr(audit, "MAX_WAITING", 10)
    monkeypatch.setattr(audit, "CLOSE_SECONDS", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with running_gateway(small_dir, audit_log=str(pipe)) as running:
            lost = "dnstide_audit_lines_lost_total"
            for _ in range(600):
                assert ask(running.address, names=["www.example.com"])[-1].summary.complete
                if running.gateway.metrics.registry.get_sample_value(lost):
                    break
            assert running.gateway.metrics.registry.get_sample_value(lost)
    finally:
        os.close(reader)


def test_a_file_that_cannot_be_written_is_told_at_the_start(small_dir: Path, tmp_path: Path) -> None:
    """Before anything starts."""
    missing = tmp_path / "missing" / "audit.json"
    with pytest.raises(GatewayError, match=f"cannot write the audit log {missing}: No such file"):
        check_start(Settings(mtbl_dir=small_dir, listen="127.0.0.1:0", audit_log=str(missing)))


def test_a_line_is_one_line() -> None:
    """Of JSON, as it was given."""
    record = {"a": [1, None], "b": "\n\x00\x7f€\ud800"}
    assert json.loads(line(record)) == record
    assert line(record).count(b"\n") == 1


@pytest.mark.cluster
def test_a_service_opens_its_log_anew_on_sighup(small_dir: Path, tmp_path: Path) -> None:
    """And goes on: without a terminal SIGHUP is no end. Lines go to standard output where that is asked."""
    home, path = tmp_path / "home", tmp_path / "audit.json"
    home.mkdir()
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*COMMAND, "--mtbl-dir", str(small_dir), "--listen", "127.0.0.1:0", "--audit-log", str(path)],
            env=environment(home),
            stderr=file,
            stdout=file,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "serving 62 tables on " in log.read_text() or process.poll() is not None, 90)
        address = log.read_text().split("serving 62 tables on ")[1].split()[0]
        end(address, "info")
        wait_until(lambda: len(records(path)) == 1)
        path.rename(tmp_path / "audit.json.1")
        process.send_signal(signal.SIGHUP)
        wait_until(path.exists)
        end(address, "tables")
        wait_until(lambda: [record["method"] for record in records(path)] == ["ListTables"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)
    assert "the audit log is opened anew" in log.read_text()


def test_lines_go_to_standard_output(small_dir: Path) -> None:
    """For what collects the output of a container; the log goes to standard error."""
    program = (
        "import sys; from dnstide.gateway.testing import running_gateway; from dnstide.client import Client\n"
        "with running_gateway(sys.argv[1], audit_log='-') as running, Client(running.address) as client:\n"
        "    client.info()\n"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", program, str(small_dir)], capture_output=True, text=True, check=True, timeout=60
    )
    assert [json.loads(text)["method"] for text in done.stdout.splitlines()] == ["GetServerInfo"]
