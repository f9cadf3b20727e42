"""Every error has one status, and the details that a client needs."""

import grpc
import pytest
from dnstide.api.v1 import common_pb2
from dnstide.engine import AnswerIncomplete, DirectoryError, EngineError, InvalidQuestion, NoTables
from dnstide.engine.analyze import AnalysisError
from dnstide.gateway import status
from dnstide.gateway.handles import ShardGoneError
from dnstide.gateway.status import MAX_FAILURES, STATUSES, rich_status, status_of
from dnstide.mtbl import Cancelled, CountOverflow, DeadlinePassed, TableError
from dnstide.shard import SHARD_TIMEOUT, SHARD_UNREACHABLE, Failure
from google.rpc import error_details_pb2, status_pb2

WRONG = InvalidQuestion("names[0]", "a..b", "a label is empty")
EXAMPLES: dict[type[BaseException], tuple[BaseException, str, str]] = {
    status.BadRequestError: (status.BadRequestError([WRONG]), "INVALID_ARGUMENT", "INVALID_QUESTION"),
    InvalidQuestion: (WRONG, "INVALID_ARGUMENT", "INVALID_QUESTION"),
    AnalysisError: (AnalysisError("gaps", "the series is empty"), "INVALID_ARGUMENT", "ANALYSIS_REFUSED"),
    NoTables: (NoTables("no table covers any part of the span"), "FAILED_PRECONDITION", "NO_TABLES"),
    DirectoryError: (DirectoryError("/data", "no such directory"), "UNAVAILABLE", "DIRECTORY_UNREADABLE"),
    AnswerIncomplete: (AnswerIncomplete((Failure("t", "BAD_BLOCK", "x", 7),)), "DATA_LOSS", "BAD_BLOCK"),
    ShardGoneError: (ShardGoneError("s", "killed"), "UNAVAILABLE", "SHARD_UNREACHABLE"),
    status.NotReadyError: (status.NotReadyError("starting"), "UNAVAILABLE", "NOT_READY"),
    status.DrainingError: (status.DrainingError("stopping"), "UNAVAILABLE", "DRAINING"),
    status.OverloadError: (status.OverloadError("full"), "RESOURCE_EXHAUSTED", "TOO_MANY_QUESTIONS"),
    CountOverflow: (CountOverflow("a sum passes 2**64-1"), "OUT_OF_RANGE", "COUNT_OVERFLOW"),
    DeadlinePassed: (DeadlinePassed("late"), "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
    Cancelled: (Cancelled("gone"), "CANCELLED", "CANCELLED"),
}


def details(rich: status_pb2.Status, kind: type) -> list[object]:
    found = []
    for packed in rich.details:
        if packed.Is(kind.DESCRIPTOR):
            found.append(kind.FromString(packed.value))
    return found


def test_the_table_is_complete() -> None:
    """Every error of the engine has a row, and every row has an example below."""
    assert set(STATUSES) == set(EXAMPLES)
    assert {*EngineError.__subclasses__()} <= set(STATUSES)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_row_gives_its_status_and_error_info(kind: type[BaseException]) -> None:
    """Code, reason and domain, and the text of the error itself."""
    error, code, reason = EXAMPLES[kind]
    rich = rich_status(error)
    (info,) = details(rich, error_details_pb2.ErrorInfo)
    assert (status_of(error).code.name, info.reason, info.domain) == (code, reason, "dnstide")
    assert rich.code == status_of(error).code.value[0]
    assert rich.message == str(error)


@pytest.mark.parametrize("kind", TableError.__subclasses__())
def test_every_damage_is_data_loss_under_its_own_code(kind: type[TableError]) -> None:
    """Whatever is wrong with a table that the answer needs, the reason says so."""
    failure = failure_of("dns.20240101.D.mtbl", kind("/data/dns.20240101.D.mtbl", 7, "broken"))
    found = status_of(AnswerIncomplete((failure,)))
    assert (found.code, found.reason) == (grpc.StatusCode.DATA_LOSS, kind.code)


def test_unreachable_shards_are_unavailable_unless_something_is_damaged_too() -> None:
    """What a retry can mend is UNAVAILABLE; what it cannot is DATA_LOSS."""
    away = Failure("a", SHARD_UNREACHABLE, "killed", retryable=True)
    late = Failure("b", SHARD_TIMEOUT, "late", retryable=True)
    broken = Failure("c", "BAD_CHECKSUM", "broken", 9)
    assert status_of(AnswerIncomplete((away, late))).code is grpc.StatusCode.UNAVAILABLE
    both = status_of(AnswerIncomplete((away, broken)))
    assert (both.code, both.reason) == (grpc.StatusCode.DATA_LOSS, "BAD_CHECKSUM")


def test_failed_tables_travel_as_details_and_fit_into_trailers() -> None:
    """Name, code, reason and offset of the first tables; how many there are in all; well under 8 KiB."""
    failures = tuple(Failure(f"dns.{i:08}.D.mtbl", "BAD_CHECKSUM", "x" * 1000, i) for i in range(500))
    rich = rich_status(AnswerIncomplete(failures))
    told = details(rich, common_pb2.Failure)
    assert len(told) == MAX_FAILURES
    assert (told[1].table, told[1].code, told[1].offset) == ("dns.00000001.D.mtbl", "BAD_CHECKSUM", 1)
    (info,) = details(rich, error_details_pb2.ErrorInfo)
    assert info.metadata["failed_tables"] == "500"
    assert len(rich.SerializeToString()) < 6000


def test_only_what_may_pass_by_itself_is_worth_a_retry() -> None:
    """RetryInfo comes with UNAVAILABLE and RESOURCE_EXHAUSTED, and with nothing else."""
    for error, code, _ in EXAMPLES.values():
        told = details(rich_status(error), error_details_pb2.RetryInfo)
        assert bool(told) == (code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"))


def test_a_defect_does_not_tell_what_is_inside() -> None:
    """The text of an unexpected error may hold anything; its kind is enough for the caller."""
    rich = rich_status(KeyError("secret"))
    assert rich.code == grpc.StatusCode.INTERNAL.value[0]
    assert "secret" not in rich.message
    assert "KeyError" in rich.message
