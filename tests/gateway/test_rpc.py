"""The frame around each RPC: its name, the versions, the deadline, the log and the metrics."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
from dnstide.api.v1 import analysis_pb2, info_pb2, service_pb2_grpc, tables_pb2, top_pb2, volume_pb2
from dnstide.gateway.metrics import KINDS
from dnstide.gateway.testing import running_gateway

from tests.gateway.conftest import Refused
from tests.gateway.test_server import wait_until

CALLS: dict[str, tuple[str, Any]] = {
    "volume": ("QueryVolume", volume_pb2.QueryVolumeRequest(names=["www.example.com", "mail.example.com"])),
    "top": ("RankNames", top_pb2.RankNamesRequest(limit=3)),
    "analysis": (
        "AnalyzeVolume",
        analysis_pb2.AnalyzeVolumeRequest(
            question={"names": ["www.example.com"]}, shape=analysis_pb2.ShapeSettings()
        ),
    ),
    "tables": ("ListTables", tables_pb2.ListTablesRequest(page_size=1)),
    "info": ("GetServerInfo", info_pb2.GetServerInfoRequest()),
}


def end(address: str, kind: str, metadata: Any = (), request: Any = None) -> tuple[dict[str, Any], Any]:
    """The trailers of a call, and how it was refused where it was."""
    method, sound = CALLS[kind]
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.DnstideStub(channel)
        call = getattr(stub, method)
        request = sound if request is None else request
        try:
            if kind in ("volume", "top"):
                stream = call(request, timeout=20, metadata=metadata)
                list(stream)
                return dict(stream.trailing_metadata()), None
            _, done = call.with_call(request, timeout=20, metadata=metadata)
            return dict(done.trailing_metadata()), None
        except grpc.RpcError as error:
            return dict(error.trailing_metadata()), Refused.by(error)


@pytest.mark.parametrize("kind", CALLS)
def test_every_call_has_a_name(gateway: str, kind: str) -> None:
    """The caller's where it is well-formed, else one of 32 hexadecimal digits; another one each time."""
    names = {end(gateway, kind)[0]["dnstide-request-id"] for _ in range(2)}
    assert len(names) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    trailers, _ = end(gateway, kind, [("dnstide-request-id", "mine-1.a_B")])
    assert trailers["dnstide-request-id"] == "mine-1.a_B"


@pytest.mark.parametrize("kind", ["volume", "top", "analysis"])
def test_the_name_of_a_call_reaches_the_shards(
    gateway: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The ids of its questions at the shards begin with it, so that logs of both can be laid together."""
    with caplog.at_level(logging.DEBUG, logger="dnstide.shard.dispatch"):
        end(gateway, kind, [("dnstide-request-id", f"mine-{kind}")])
    ids = [re.search(r" id=(\S+)/", record.getMessage()) for record in caplog.records]
    assert ids
    assert {found.group(1) for found in ids if found} == {f"mine-{kind}"}


@pytest.mark.parametrize("told", ["", "a b", "x" * 65, "=;"])
def test_a_name_that_is_not_well_formed_is_replaced(gateway: str, told: str) -> None:
    """It stands in the log, so it cannot be anything."""
    trailers, _ = end(gateway, "info", [("dnstide-request-id", told)])
    assert re.fullmatch("[0-9a-f]{32}", trailers["dnstide-request-id"])


@pytest.mark.parametrize("kind", CALLS)
def test_a_client_of_another_version_is_refused(gateway: str, kind: str) -> None:
    """Where it tells its version; PATCH may differ, MAJOR.MINOR may not."""
    trailers, _ = end(gateway, kind)
    ours = trailers["dnstide-version"]
    same = ".".join([*ours.split(".")[:2], "999"])
    assert end(gateway, kind, [("dnstide-version", same)])[1] is None
    trailers, refused = end(gateway, kind, [("dnstide-version", "99.0.0")])
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNIMPLEMENTED, "VERSION_MISMATCH")
    assert ours in refused.text
    assert "99.0.0" in refused.text
    assert trailers["dnstide-version"] == ours


def test_the_longest_deadline_holds(small_dir: Path, ask: Callable[..., Any]) -> None:
    """A caller with more time than max_deadline gets that and no more: the shards would answer after 5 s."""
    import threading

    go = threading.Event()
    with running_gateway(small_dir, max_deadline=0.3) as running:
        for member in running.gateway.pool.members.values():
            shard = member.client.transport.shard
            shard.answer = lambda *arguments, answer=shard.answer: go.wait(5) or answer(*arguments)
        refused = ask(running.address, timeout=20, names=["www.example.com"])
        go.set()
    assert (refused.code, refused.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[int, dict[str, str]]]:
    """Level and fields of the log line of each call."""
    records = [r for r in caplog.records if r.name == "dnstide.gateway.rpc" and r.msg.startswith("call kind")]
    return [(r.levelno, dict(re.findall(r"(\w+)=(\S+)", r.getMessage()))) for r in records]


def test_one_line_is_logged_for_each_call(gateway: str, caplog: pytest.LogCaptureFixture) -> None:
    """What was asked, what it took and how it ended, under the name that the caller has too; at DEBUG where
    nothing is remarkable.
    """
    with caplog.at_level(logging.DEBUG, "dnstide.gateway.rpc"):
        for kind in CALLS:
            end(gateway, kind, [("dnstide-request-id", f"id-{kind}")])
    logged = lines(caplog)
    assert [level for level, _ in logged] == [logging.DEBUG] * len(CALLS)
    assert [(fields["kind"], fields["id"], fields["status"]) for _, fields in logged] == [
        (kind, f"id-{kind}", "OK") for kind in CALLS
    ]
    volume = logged[0][1]
    assert [volume[name] for name in ("names", "tables_asked", "tables_answered", "rows")] == [
        "2",
        "60",
        "60",
        "180",
    ]
    assert float(volume["ms"]) > 0
    assert int(volume["blocks"]) > 0


def test_a_failed_call_is_logged_for_the_operator(gateway: str, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO, with its status; what was asked for stays out of the log."""
    with caplog.at_level(logging.INFO, "dnstide.gateway.rpc"):
        end(gateway, "volume", request=volume_pb2.QueryVolumeRequest(names=["secret..name"]))
    ((level, fields),) = lines(caplog)
    assert (level, fields["status"], fields["names"]) == (logging.INFO, "INVALID_ARGUMENT", "1")
    assert "secret" not in caplog.text


def test_a_slow_call_is_logged_for_the_operator(
    gateway: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At INFO, though it succeeded."""
    from dnstide.gateway import rpc

    monkeypatch.setattr(rpc, "SLOW_SECONDS", 0.0)
    with caplog.at_level(logging.INFO, "dnstide.gateway.rpc"):
        end(gateway, "info")
    ((level, fields),) = lines(caplog)
    assert (level, fields["kind"], fields["status"]) == (logging.INFO, "info", "OK")


def test_a_defect_is_logged_with_its_traceback_and_told_without(
    small_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller hears its kind and the name of the call, under which the operator finds the rest."""
    with running_gateway(small_dir) as running:

        def defect(*arguments: Any) -> Any:
            raise KeyError("inside")

        for member in running.gateway.pool.members.values():
            member.client.transport.shard.answer = defect
        trailers, refused = end(running.address, "volume")
    assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "inside" not in refused.text
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert trailers["dnstide-request-id"] in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


def settled(values: dict[str, str]) -> bool:
    """Whether each call is counted, which may be after its answer has arrived, and each shard has been asked
    since, which happens twice a second, how many tables it holds open.
    """
    calls = sum(float(value) for name, value in values.items() if name.startswith("dnstide_calls_total{"))
    tables = [float(value) for name, value in values.items() if "shard_tables_open{" in name]
    return calls > len(CALLS) and values["dnstide_calls_inflight"] == "0.0" and sum(tables) >= 62


def test_metrics_are_served_and_tell_no_names(small_dir: Path, tmp_path: Path) -> None:
    """Calls by kind and status, tables, rows, blocks, shards and their calls, on an address of their own."""
    with running_gateway(small_dir, cache_dir=tmp_path, metrics_listen="127.0.0.1:0") as running:
        for kind in CALLS:
            end(running.address, kind)
        end(running.address, "volume", request=volume_pb2.QueryVolumeRequest(names=["secret..name"]))
        for _ in range(240):
            with urlopen(f"http://{running.gateway.metrics_address}/metrics") as response:
                text = response.read().decode()
            values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
            if settled(values):
                break
            time.sleep(0.25)
    assert {kind: method for kind, (method, _) in CALLS.items()} == KINDS
    for kind in CALLS:
        assert values[f'dnstide_calls_total{{kind="{kind}",status="OK"}}'] == "1.0"
    assert values['dnstide_calls_total{kind="volume",status="INVALID_ARGUMENT"}'] == "1.0"
    assert values['dnstide_call_seconds_count{kind="volume"}'] == "2.0"
    assert values['dnstide_tables_total{outcome="answered"}'] == str(60.0 + 62 + 60)
    assert float(values["dnstide_rows_read_total"]) > 0
    assert float(values["dnstide_blocks_read_total"]) > 0
    assert values['dnstide_shards{state="alive"}'] == "2.0"
    assert values['dnstide_catalog_tables{health="sound"}'] == "62.0"
    assert values["dnstide_calls_inflight"] == "0.0"
    open_tables = [float(value) for name, value in values.items() if "shard_tables_open{" in name]
    assert sum(open_tables) >= 62
    assert float(values['dnstide_shard_call_seconds_count{method="answer"}']) >= 2
    assert all(name.startswith(("dnstide_", "process_")) for name in values)
    assert "example" not in text
    assert "secret" not in text


def test_metrics_on_an_address_in_use_are_told(small_dir: Path, gateway: str) -> None:
    """The server does not start half."""
    from dnstide.gateway import GatewayError

    with (
        pytest.raises(GatewayError, match="cannot serve metrics on"),
        running_gateway(small_dir, metrics_listen=gateway),
    ):
        pass


@pytest.mark.parametrize("kind", CALLS)
def test_bytes_that_are_no_request_are_refused_as_any_mistake(
    gateway: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A status that says so, with the name of the call, one line in the log and no traceback."""
    method, _ = CALLS[kind]
    with grpc.insecure_channel(gateway) as channel, caplog.at_level(logging.INFO):
        call = channel.unary_unary(f"/dnstide.api.v1.Dnstide/{method}")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\xff\xff", timeout=20, metadata=[("dnstide-request-id", f"bytes-{kind}")])
    refused = Refused.by(caught.value)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_QUESTION")
    assert f"the 2 bytes are no dnstide.api.v1.{method}Request" in refused.text
    assert dict(caught.value.trailing_metadata())["dnstide-request-id"] == f"bytes-{kind}"
    (line,) = [record for record in caplog.records if f"id=bytes-{kind}" in record.getMessage()]
    assert "status=INVALID_ARGUMENT" in line.getMessage()
    assert not any(record.exc_info for record in caplog.records)


def test_a_caller_that_does_not_read_loses_its_place(small_dir: Path) -> None:
    """When its time is up, whatever it asked for; others are served meanwhile and afterwards."""
    names = [f"once-{day}.example.org" for day in range(60)] * 150
    request = volume_pb2.QueryVolumeRequest(names=[f"{n}.{name}" for n, name in enumerate(names)], fill=True)
    with running_gateway(small_dir, max_inflight=1, default_deadline=2.0) as running:
        # A window of 64 KiB, and nobody who reads: the answer has some megabytes.
        options = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]
        with grpc.insecure_channel(running.address, options=options) as channel:
            stream = service_pb2_grpc.DnstideStub(channel).QueryVolume(request)
            wait_until(lambda: running.gateway.admission.inflight == 1)
            wait_until(lambda: running.gateway.admission.inflight == 0, 30)
            _, refused = end(running.address, "volume")
            assert refused is None
            with pytest.raises(grpc.RpcError) as caught:
                list(stream)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
