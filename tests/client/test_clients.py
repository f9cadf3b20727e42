"""Both clients against a real server with scripted answers: the same calls, the same results and errors."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from itertools import pairwise

import pytest
from dnstide.api.v1 import common_pb2, info_pb2, tables_pb2
from dnstide.client import (
    AsyncClient,
    Client,
    CountOverflow,
    DeadlineExceeded,
    DirectoryUnreadable,
    InvalidQuestion,
    NoTables,
    ServerBusy,
    ServerDefect,
    ServerNotReady,
    ServerUnreachable,
    ShardsUnreachable,
    TablesDamaged,
    Tls,
    VersionMismatch,
)
from google.rpc import error_details_pb2


class Blocking:
    """Runs a call with the blocking client."""

    @staticmethod
    def ask(server, call, *arguments, timeout=10.0, **options):
        with Client(server, timeout=timeout) as client:
            return getattr(client, call)(*arguments, **options)


class Awaited:
    """Runs the same call with the asyncio client."""

    @staticmethod
    def ask(server, call, *arguments, timeout=10.0, **options):
        async def main():
            async with AsyncClient(server, timeout=timeout) as client:
                return await getattr(client, call)(*arguments, **options)

        return asyncio.run(main())


both = pytest.mark.parametrize("client", [Blocking, Awaited], ids=["blocking", "aio"])


def free_address():
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@both
def test_one_name_and_many(client, scripted) -> None:
    """One call for one name and for many, in the order asked."""
    volume = client.ask(scripted.address, "volume", "a.", start="2018-10-31", smooth=None)
    assert [(one.name, one.counts.tolist()) for one in volume] == [("a.", [2**64 - 1, 7])]
    assert scripted.requests[0].span.start.seconds == 1540944000
    volume = client.ask(scripted.address, "volume", ["b.", "a.", "b."])
    assert [one.name for one in volume] == ["b.", "a.", "b."]
    assert volume.complete
    assert volume.summary.request_id == "r7"


@both
def test_deadline(client, scripted) -> None:
    """A server that takes too long is left, and told so; asked once."""
    released = threading.Event()

    def slow(_request):
        released.wait(10)
        yield from ()

    scripted.volume = slow
    try:
        with pytest.raises(DeadlineExceeded, match="allow more with a longer timeout"):
            client.ask(scripted.address, "volume", "a", timeout=0.3)
    finally:
        released.set()
    assert len(scripted.requests) == 1


@both
def test_no_deadline_reaches_the_server(client, scripted) -> None:
    """None is no deadline, which is not the client's default."""
    assert client.ask(scripted.address, "info", timeout=None).version == ""


@both
def test_no_server(client) -> None:
    """Nobody at the address is told quickly, with the address and what to do."""
    address = free_address()
    with pytest.raises(
        ServerUnreachable, match=rf"no server answers at {address} \(Connection refused\): check"
    ):
        client.ask(address, "volume", "a")


@both
@pytest.mark.parametrize("early", [True, False], ids=["early", "late"])
@pytest.mark.parametrize("call", [("volume", "a"), ("info",), ("tables",)], ids=lambda call: call[0])
def test_other_version(client, call, early, scripted) -> None:
    """MAJOR.MINOR must agree, whatever is asked; both numbers are said."""
    scripted.version, scripted.early = "99.7.1", early
    scripted.pages[""] = tables_pb2.ListTablesResponse()
    with pytest.raises(VersionMismatch, match=r"is dnstide 99\.7\.1, this client is .*same MAJOR\.MINOR"):
        client.ask(scripted.address, *call)


@both
def test_version_is_said_before_refusals(client, scripted, refused) -> None:
    """What an older server refuses may be right: the version is the reason to tell."""
    scripted.version = "0.0.1"

    def refuse(_request):
        raise refused("INVALID_ARGUMENT", "no such field")
        yield

    scripted.volume = refuse
    with pytest.raises(VersionMismatch, match=r"dnstide 0\.0\.1"):
        client.ask(scripted.address, "volume", "a")


@both
def test_patch_versions_go_together(client, scripted) -> None:
    """Only MAJOR.MINOR count."""
    scripted.version = ".".join([*scripted.version.split(".")[:2], "999"])
    assert client.ask(scripted.address, "volume", "a").complete


@both
def test_server_of_another_kind(client, scripted) -> None:
    """A gRPC server that does not tell a version is not taken for ours."""
    scripted.version = None
    with pytest.raises(VersionMismatch, match="does not tell its version"):
        client.ask(scripted.address, "volume", "a")


@both
@pytest.mark.parametrize(
    ("code", "reason", "kind", "text"),
    [
        ("FAILED_PRECONDITION", "NO_TABLES", NoTables, "^words$"),
        ("DATA_LOSS", "BAD_CHECKSUM", TablesDamaged, "^words$"),
        ("UNAVAILABLE", "SHARD_TIMEOUT", ShardsUnreachable, "^words$"),
        ("UNAVAILABLE", "DIRECTORY_UNREADABLE", DirectoryUnreadable, "^words$"),
        ("UNAVAILABLE", "NOT_READY", ServerNotReady, r"is not ready \(words\)"),
        ("RESOURCE_EXHAUSTED", "TOO_MANY_QUESTIONS", ServerBusy, r"is busy \(words\)"),
        ("OUT_OF_RANGE", "COUNT_OVERFLOW", CountOverflow, "^words$"),
        ("INTERNAL", "INTERNAL", ServerDefect, r"failed \(words\): see its log"),
        ("ABORTED", "", ServerDefect, r"failed \(words\)"),
    ],
)
def test_statuses(client, code, reason, kind, text, scripted, refused) -> None:
    """Each status becomes its exception, the reason comes along."""

    def refuse(_request):
        raise refused(code, "words", reason)
        yield

    scripted.volume = refuse
    with pytest.raises(kind, match=text) as caught:
        client.ask(scripted.address, "volume", "a")
    assert caught.value.reason == (reason or kind.reason)
    assert caught.value.request_id == "r7"


@both
def test_refused_fields(client, scripted, refused) -> None:
    """Fields keep their names and texts, which show the value that was refused."""
    first = error_details_pb2.BadRequest.FieldViolation(
        field="names[0]", description="empty label (got 'a..b')"
    )
    second = error_details_pb2.BadRequest.FieldViolation(field="rrtypes", description="no such type")
    fields = [first]

    def refuse(_request):
        bad = error_details_pb2.BadRequest(field_violations=fields)
        raise refused("INVALID_ARGUMENT", "names[0]: empty label (got 'a..b')", "INVALID_QUESTION", bad)
        yield

    scripted.volume = refuse
    with pytest.raises(InvalidQuestion) as caught:
        client.ask(scripted.address, "volume", "a..b")
    assert caught.value.problems == (("names[0]", "empty label (got 'a..b')"),)
    fields.append(second)
    with pytest.raises(InvalidQuestion) as caught:
        client.ask(scripted.address, "volume", "a..b")
    assert caught.value.problems == (("names[0]", "empty label (got 'a..b')"), ("rrtypes", "no such type"))


@both
def test_failed_tables_are_named(client, scripted, refused) -> None:
    """The tables that failed come with the exception."""
    failed = common_pb2.Failure(table="dns.20181031.D.mtbl", code="BAD_CHECKSUM", reason="differs", offset=99)

    def refuse(_request):
        raise refused("DATA_LOSS", "a table failed", "BAD_CHECKSUM", failed)
        yield

    scripted.volume = refuse
    with pytest.raises(TablesDamaged) as caught:
        client.ask(scripted.address, "volume", "a")
    assert [str(one) for one in caught.value.failures] == ["dns.20181031.D.mtbl: differs (at byte 99)"]


@both
def test_a_busy_server_is_asked_again_no_sooner_than_it_says(client, scripted, refused) -> None:
    """It knows best how long it will be busy."""
    told = error_details_pb2.RetryInfo(retry_delay={"nanos": 400_000_000})
    asked = []

    def refuse_twice(request):
        asked.append(time.monotonic())
        if len(asked) < 3:
            raise refused("RESOURCE_EXHAUSTED", "busy", "TOO_MANY_QUESTIONS", told)
        yield from answer(request)

    answer = scripted.volume
    scripted.volume = refuse_twice
    assert len(client.ask(scripted.address, "volume", "a")) == 1
    assert [later - sooner >= 0.4 for sooner, later in pairwise(asked)] == [True, True]


@both
def test_calls_that_grpc_drops_are_asked_again(client, scripted, dropped_call, monkeypatch) -> None:
    """Where more wait than it keeps, it cancels the rest, and its words are none of the server's."""
    dropped = []

    def drop_twice(request):
        if len(dropped) < 2:
            dropped.append(request)
            raise dropped_call
        yield from answer(request)

    answer, scripted.volume = scripted.volume, drop_twice
    scripted.early = False
    assert len(client.ask(scripted.address, "volume", "a")) == 1
    assert len(dropped) == 2
    monkeypatch.setattr("dnstide.client.transport.BUSY_ATTEMPTS", 2)
    dropped.clear()
    with pytest.raises(ServerBusy, match=r"is busy \(more calls wait than it keeps\): ask again"):
        client.ask(scripted.address, "volume", "a")


@both
def test_stream_that_breaks_off(client, scripted, refused) -> None:
    """Messages first, then an error: the error, not half an answer; and it is not asked again."""

    def break_off(request):
        (whole,) = answer(request)
        whole.ClearField("summary")
        yield whole
        raise refused("UNAVAILABLE", "the server stops", "DRAINING")

    answer = scripted.volume
    scripted.volume = break_off
    with pytest.raises(ServerNotReady):
        client.ask(scripted.address, "volume", "a")
    assert len(scripted.requests) == 1


@both
def test_tables_page_by_page(client, scripted) -> None:
    """All pages are fetched."""
    for token, name in (("", "a"), ("2", "b"), ("3", "c")):
        page = scripted.pages[token] = tables_pb2.ListTablesResponse(
            next_page_token={"": "2", "2": "3"}.get(token, "")
        )
        page.tables.add(name=name, granularity=4)
    assert [table.name for table in client.ask(scripted.address, "tables").tables] == ["a", "b", "c"]
    assert [request.page_token for request in scripted.requests] == ["", "2", "3"]


@both
def test_wait_until_ready(client, scripted) -> None:
    """A server that starts is waited for; one that does not come in time is an error of its own."""
    scripted.info = info_pb2.GetServerInfoResponse(ready=False)
    with pytest.raises(ServerNotReady, match=r"not ready after 0\.3 s"):
        client.ask(scripted.address, "wait_until_ready", 0.3)
    timer = threading.Timer(
        0.3, lambda: setattr(scripted, "info", info_pb2.GetServerInfoResponse(ready=True))
    )
    timer.start()
    assert client.ask(scripted.address, "wait_until_ready", 10).ready
    timer.join()
    with pytest.raises(ServerUnreachable):
        client.ask(free_address(), "wait_until_ready", 0.2)


def test_going_away_cancels(scripted) -> None:
    """A cancelled task ends its call on the server."""
    begun, released = threading.Event(), threading.Event()

    def slow(_request):
        begun.set()
        released.wait(10)
        yield from ()

    scripted.volume = slow

    async def main():
        async with AsyncClient(scripted.address) as client:
            task = asyncio.create_task(client.volume("a"))
            await asyncio.to_thread(begun.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        for _ in range(100):
            if scripted.cancelled:
                return
            await asyncio.sleep(0.05)

    try:
        asyncio.run(main())
    finally:
        released.set()
    assert scripted.cancelled


def test_many_at_once(scripted) -> None:
    """One client serves many tasks over one channel."""

    async def main():
        async with AsyncClient(scripted.address) as client:
            return await asyncio.gather(*(client.volume(f"n{i}.") for i in range(40)))

    assert [volume[0].name for volume in asyncio.run(main())] == [f"n{i}." for i in range(40)]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://localhost:1", "is a URL"),
        ("grpc://h:1", "is a URL"),
        ("localhost", "is not HOST:PORT"),
        ("localhost:", "is not HOST:PORT"),
        (":8453", "is not HOST:PORT"),
        ("localhost:0", "is not HOST:PORT"),
        ("localhost:65536", "is not HOST:PORT"),
        ("::1:8453", "is not HOST:PORT"),
        ("two words:1", "is not HOST:PORT"),
        ("", "is not HOST:PORT"),
    ],
)
def test_bad_addresses(address, why) -> None:
    """A wrong address is refused before any attempt to connect."""
    with pytest.raises(InvalidQuestion, match=why):
        Client(address)


@pytest.mark.parametrize("address", ["localhost:8453", "[::1]:8453", "10.0.0.1:1", "unix:/run/dnstide.sock"])
def test_good_addresses(address) -> None:
    """Host names, both kinds of IP addresses, and sockets."""
    with Client(address) as client:
        assert client.server == address


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_bad_timeouts(timeout) -> None:
    """A deadline is a positive number."""
    with pytest.raises(InvalidQuestion, match="timeout: "):
        Client("localhost:1", timeout=timeout)


def test_tls_files(tmp_path) -> None:
    """Files that cannot be what they should are told by name."""
    with pytest.raises(InvalidQuestion, match=r"ca: cannot read .*absent"):
        Client("localhost:1", tls=Tls(ca=tmp_path / "absent"))
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(InvalidQuestion, match=r"ca: .* is not a PEM file"):
        Client("localhost:1", tls=Tls(ca=tmp_path / "text"))
    with pytest.raises(InvalidQuestion, match="go together"):
        Client("localhost:1", tls=Tls(cert=tmp_path / "text"))


def test_tls_against_clear_text(scripted) -> None:
    """A server in clear is not talked to over TLS."""
    with Client(scripted.address, tls=Tls(), timeout=10) as client, pytest.raises(ServerUnreachable):
        client.info()
