"""Every error of the model, to a gRPC status with its details, and back."""

from __future__ import annotations

import base64
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from dnstide.codec import errors as codec
from dnstide.codec.errors import ERRORS, error_class, error_of, retry_seconds_of, rich_status, status_of
from dnstide.model import errors as model
from dnstide.model.errors import (
    AnalysisRefused,
    AnswerIncomplete,
    ClientClosed,
    DnstideError,
    Failure,
    InvalidQuestion,
    MissingExtra,
    NoTables,
    ServerBusy,
    ServerDefect,
    ServerError,
    ServerNotReady,
    ShardsUnreachable,
    TablesDamaged,
)
from google.rpc import code_pb2, error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from tests.codec.values import TEXTS, WORDS, difference, of

SERVICE = Path(__file__).parents[2] / "protos" / "dnstide" / "api" / "v1" / "service.proto"

STAY = {DnstideError, ServerError, AnswerIncomplete, ClientClosed, MissingExtra}
"""Classes that no server answers with: the roots of others, and one of the installation."""

KINDS = [
    kind
    for _, kind in inspect.getmembers(model, inspect.isclass)
    if issubclass(kind, DnstideError) and kind not in STAY
]

REASONS: dict[type[DnstideError], list[str]] = {
    ShardsUnreachable: ["SHARD_UNREACHABLE", "SHARD_TIMEOUT"],
    ServerNotReady: ["NOT_READY", "DRAINING"],
    TablesDamaged: ["DAMAGED", "BAD_CHECKSUM", "TABLE_MISSING"],
}
"""The reasons of classes that have several."""


NOT_PROMISED: set[object] = {
    *("UNKNOWN", "NOT_FOUND", "ALREADY_EXISTS", "ABORTED"),
    *(model.ServerUnreachable, model.VersionMismatch, model.AccessDenied, TablesDamaged),
}
"""What lies between client and server answers with; and TablesDamaged, whose reasons are codes of tables."""


def errors(kind: type[DnstideError]) -> st.SearchStrategy[Any]:
    """Errors of a class, by the arguments that its constructor has."""
    arguments: dict[str, st.SearchStrategy[Any]] = {
        "message": TEXTS,
        "reason": st.sampled_from(REASONS.get(kind, [kind.reason])),
        "failures": st.lists(of(Failure), max_size=4),
        "problems": st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4),
    }
    names = list(inspect.signature(kind).parameters)
    made = st.builds(kind, **{name: arguments[name] for name in names})

    def again_after(error: DnstideError, seconds: float | None) -> DnstideError:
        error.retry_after = seconds
        return error

    return st.builds(again_after, made, st.none() | st.integers(0, 10**7).map(lambda ms: ms / 1000))


def travelled(error: BaseException) -> DnstideError:
    """The error that arrives."""
    rich = rich_status(error)
    return error_of(code_pb2.Code.Name(rich.code), rich.message, rich.SerializeToString())


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_errors_come_back(kind: type[DnstideError], data: st.DataObject) -> None:
    """An error arrives as its class, with its text, its reason, and all else that it holds."""
    sent = data.draw(errors(kind))
    arrived = travelled(sent)
    assert type(arrived) is kind
    assert str(arrived) == str(sent)
    assert arrived.reason == sent.reason
    assert arrived.retry_after == status_of(sent).retry_seconds
    beside = {"retry_after", "reason"}
    expected = {name: value for name, value in vars(sent).items() if name not in beside}
    assert difference(expected, {k: v for k, v in vars(arrived).items() if k not in beside}) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_worth_repeating(kind: type[DnstideError]) -> None:
    """What the error says of a repetition goes before what the table says of its class."""
    error = kind.__new__(kind)
    DnstideError.__init__(error, "text")
    if isinstance(error, InvalidQuestion):
        error.problems = (("", "text"),)
    if isinstance(error, AnswerIncomplete):
        error.failures = ()
    usual = {
        ShardsUnreachable: 1.0,
        ServerNotReady: 1.0,
        model.DirectoryUnreadable: 5.0,
        ServerBusy: 0.1,
    }.get(kind)
    assert travelled(error).retry_after == usual
    error.retry_after = 0.25
    assert travelled(error).retry_after == 0.25


def test_every_class_has_a_row() -> None:
    """A class that the model gets needs a status, or a word here that it has none."""
    assert {row.kind for row in ERRORS} == set(KINDS)
    for kind in STAY - {MissingExtra}:
        assert status_of(kind("text")) == codec.INTERNAL


def test_the_table_of_the_contract() -> None:
    """The statuses and reasons that service.proto promises are those of the table."""
    lines = re.findall(r"^//   ([A-Z_]+) +([A-Z_]+(?:, [A-Z_]+)*) {2,}", SERVICE.read_text(), re.MULTILINE)
    promised = {(status, reason) for status, reasons in lines for reason in reasons.split(", ")}
    assert len(promised) >= 12
    rows = {(row.status, row.reason or row.kind.reason) for row in ERRORS}
    assert promised <= rows
    for status, reason in rows - promised:
        assert status in NOT_PROMISED or error_class(status, reason) in NOT_PROMISED


@pytest.mark.parametrize("name", sorted(set(code_pb2.Code.keys()) - {"OK"}))
def test_statuses_of_others(name: str) -> None:
    """A status without details, from a proxy or a runtime, is an error of the model, its text kept."""
    error = error_of(name, "what was said")
    assert isinstance(error, DnstideError)
    assert str(error) == "what was said"
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("name", "reason", "kind"),
    [
        ("UNAVAILABLE", "", model.ServerUnreachable),
        ("UNAVAILABLE", "SOMETHING_NEW", model.ServerUnreachable),
        ("UNAVAILABLE", "SHARD_TIMEOUT", ShardsUnreachable),
        ("UNAVAILABLE", "DRAINING", ServerNotReady),
        ("INVALID_ARGUMENT", "ANALYSIS_REFUSED", AnalysisRefused),
        ("INVALID_ARGUMENT", "", InvalidQuestion),
        ("UNIMPLEMENTED", "", model.VersionMismatch),
        ("UNAUTHENTICATED", "", model.AccessDenied),
        ("PERMISSION_DENIED", "", model.AccessDenied),
        ("DATA_LOSS", "BAD_BLOCK", TablesDamaged),
        ("FAILED_PRECONDITION", "NO_TABLES", NoTables),
        ("INTERNAL", "", ServerDefect),
        ("NO_SUCH_STATUS", "", ServerDefect),
    ],
)
def test_classes(name: str, reason: str, kind: type[DnstideError]) -> None:
    """The status decides, and the reason within it; a reason that is not known counts as none."""
    assert error_class(name, reason) is kind


@pytest.mark.parametrize("name", sorted(set(code_pb2.Code.keys()) - {"OK"}))
@given(st.binary(max_size=64))
def test_any_details(name: str, rich: bytes) -> None:
    """Bytes that are no details do not hide the error."""
    assert isinstance(error_of(name, "text", rich), DnstideError)


def test_details_of_others() -> None:
    """The reason of another domain says nothing here."""
    rich = rich_status(ServerNotReady("text", "DRAINING"))
    info = error_details_pb2.ErrorInfo(reason="DRAINING", domain="elsewhere")
    rich.details[0].Pack(info)
    assert type(error_of("UNAVAILABLE", "text", rich.SerializeToString())) is model.ServerUnreachable


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError("secret"), ServerError("secret")])
def test_a_defect_keeps_its_text(error: Exception) -> None:
    """What is no error of the table is told as a defect, and its text stays in the log."""
    rich = rich_status(error)
    assert rich.code == code_pb2.Code.INTERNAL
    assert b"secret" not in rich.SerializeToString()
    assert rich.message == f"a defect of the server: {type(error).__name__}"
    arrived = travelled(error)
    assert type(arrived) is ServerDefect
    assert arrived.reason == "INTERNAL"


ROOM = 8192 - 400
"""Bytes of trailers: gRPC takes 8 KiB by default, and the version and a name of the call are in them."""

LONG: st.SearchStrategy[str] = TEXTS | st.builds(
    lambda sign, times: sign * times, st.sampled_from("a%é語😀"), st.integers(1, 3000)
)
"""Texts of one to four bytes a character, and of one that is escaped, some of them far too long."""


def trailer_bytes(error: DnstideError) -> int:
    """What the status and the text of an error take in trailers: base64, and escapes of three bytes."""
    rich = rich_status(error)
    text = sum(1 if 32 <= byte < 127 and byte != ord("%") else 3 for byte in rich.message.encode())
    return len(base64.b64encode(rich.SerializeToString())) + text


@given(
    st.one_of(
        st.lists(st.tuples(LONG, LONG), min_size=1, max_size=40).map(InvalidQuestion),
        st.builds(
            TablesDamaged,
            LONG,
            st.just("BAD_BLOCK"),
            st.lists(st.builds(Failure, LONG, WORDS, LONG), max_size=40),
        ),
        LONG.map(NoTables),
    )
)
def test_details_fit_into_trailers(error: DnstideError) -> None:
    """However long its texts are, an error fits into the trailers, and arrives as its class."""
    assert trailer_bytes(error) < ROOM
    assert type(travelled(error)) is type(error)


@pytest.mark.parametrize("sign", ["a", "%", "\n", "é", "語", "😀"])
@pytest.mark.parametrize("items", [1, 3, 16, 20, 1000])
def test_the_longest_details_fit_into_trailers(sign: str, items: int) -> None:
    """The worst texts of each kind, one of them and many, leave room, and something of each is told."""
    long = sign * 5000
    refused = InvalidQuestion([(long, long)] * items)
    lost = TablesDamaged(long, "BAD_CHECKSUM", [Failure(long, "BAD_CHECKSUM", long, 2**64 - 1, True)] * items)
    assert max(map(trailer_bytes, (refused, lost, NoTables(long)))) < ROOM
    problems, failures = travelled(refused), travelled(lost)
    assert isinstance(problems, InvalidQuestion)
    assert isinstance(failures, AnswerIncomplete)
    assert len(problems.problems) >= min(items, 10)
    assert len(failures.failures) >= min(items, 5)


def test_one_long_text_has_all_the_room() -> None:
    """What stands alone is not cut for the sake of others that are not there."""
    reason = "r" * 3_000
    problems, failures = (
        travelled(InvalidQuestion([("f" * 64, reason)])),
        travelled(TablesDamaged("text", None, [Failure("dns.20240101.D.mtbl", "BAD_BLOCK", reason)])),
    )
    assert isinstance(problems, InvalidQuestion)
    assert isinstance(failures, AnswerIncomplete)
    assert problems.problems == (("f" * 64, reason),)
    assert failures.failures[0].reason == reason
    longer = travelled(InvalidQuestion([("f" * 65, "text")]))
    assert isinstance(longer, InvalidQuestion)
    assert longer.problems == (("f" * 61 + "…", "text"),)


def test_what_is_cut() -> None:
    """Of many problems and failures the first are told, whole texts before more of them."""
    asked = InvalidQuestion([(f"names[{number}]", "is no name") for number in range(30)])
    arrived = travelled(asked)
    assert isinstance(arrived, InvalidQuestion)
    assert arrived.problems == asked.problems[:20]
    failures = [Failure(f"dns.{number}.D.mtbl", "BAD_BLOCK", "broken", number) for number in range(30)]
    lost = travelled(TablesDamaged("text", "BAD_BLOCK", failures))
    assert isinstance(lost, AnswerIncomplete)
    assert list(lost.failures) == failures[:16]
    long = travelled(NoTables("語" * 2000))
    assert str(long).endswith("…")
    assert len(str(long).encode()) <= codec.TEXT_BYTES_ESCAPED
    assert len(str(travelled(NoTables("a" * 2000))).encode()) <= codec.TEXT_BYTES
    assert str(travelled(NoTables("a" * codec.TEXT_BYTES))) == "a" * codec.TEXT_BYTES


def test_the_number_of_failed_tables_is_told() -> None:
    """Of a thousand failures sixteen are named, but all are counted."""
    failures = [Failure(str(number), "BAD_BLOCK", "broken") for number in range(1000)]
    info = error_details_pb2.ErrorInfo()
    assert rich_status(TablesDamaged("text", None, failures)).details[0].Unpack(info)
    assert info.metadata["failed_tables"] == "1000"
    assert (info.domain, info.reason) == ("dnstide", "DAMAGED")


def test_texts_of_other_bytes() -> None:
    """A path that is not UTF-8 does not turn one error into another."""
    arrived = travelled(TablesDamaged("/x\udcff", None, [Failure("a\udcff", "BAD_BLOCK", "b\udcff")]))
    assert type(arrived) is TablesDamaged
    assert str(arrived) == "/x?"


def test_the_status_is_whole() -> None:
    """The text and the code of the call stand in the rich status, too, as gRPC wants them."""
    rich = rich_status(NoTables("none"))
    again = status_pb2.Status.FromString(rich.SerializeToString())
    assert (code_pb2.Code.Name(again.code), again.message) == ("FAILED_PRECONDITION", "none")


def test_when_to_ask_again_is_read_from_the_details() -> None:
    """And nothing where they say nothing, are missing or are no status."""
    busy, wrong = ServerBusy("too many"), InvalidQuestion.of("names", None, "give one")
    assert retry_seconds_of(rich_status(busy).SerializeToString()) == status_of(busy).retry_seconds
    assert retry_seconds_of(rich_status(wrong).SerializeToString()) is None
    assert retry_seconds_of(None) is None
    assert retry_seconds_of(b"\xff") is None
