"""The exception tree, and that no status is without a place in it."""

import re
from pathlib import Path

import dnstide.api.v1
import grpc
import pytest
from dnstide.cli.exits import exit_code
from dnstide.client import errors
from dnstide.model import errors as model_errors
from dnstide.client.errors import (
    DnstideError,
    Failure,
    InvalidQuestion,
    MissingExtra,
    ServerDefect,
    TablesDamaged,
    error_class,
)


def tree(kind=DnstideError):
    """All classes below and including one."""
    return {kind}.union(
        *(tree(child) for child in kind.__subclasses__() if child.__module__ == errors.DnstideError.__module__)
    )


def documented_reasons():
    """(status, reason) pairs from the table at the top of the service's contract."""
    (folder,) = dnstide.api.v1.__path__
    text = (Path(folder) / "service.proto").read_text()
    rows = re.findall(r"^//   ([A-Z_]+) +([A-Z_, ]+[A-Z])\s{2,}", text, re.MULTILINE)
    return [(status, reason) for status, reasons in rows for reason in reasons.split(", ")]


@pytest.mark.parametrize("status", [code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_has_a_class(status):
    """Each gRPC status becomes an exception that says more than "some error"."""
    assert error_class(status) in tree() - {DnstideError, errors.ServerError, errors.AnswerIncomplete}
    assert error_class(status, "A_REASON_FROM_THE_FUTURE") is error_class(status)


def test_every_documented_reason_has_its_class():
    """The contract's reasons are told apart where what to do differs."""
    reasons = documented_reasons()
    assert len(reasons) >= 10
    classes = {reason: error_class(status, reason) for status, reason in reasons}
    assert ServerDefect not in {kind for reason, kind in classes.items() if reason != "INTERNAL"}
    assert classes["SHARD_UNREACHABLE"] is errors.ShardsUnreachable
    assert error_class("UNAVAILABLE", "SHARD_TIMEOUT") is errors.ShardsUnreachable
    assert classes["NOT_READY"] is classes["DRAINING"] is errors.ServerNotReady
    assert errors.ServerUnreachable not in classes.values()


def test_every_class_has_a_way_in():
    """No class of the tree is dead: a status leads to it, it is a parent, or it arises in the client."""
    reached = {error_class(status, reason) for status, reason in errors._BY_STATUS}
    parents = {kind.__base__ for kind in tree()}
    assert tree() - reached - parents == {MissingExtra, model_errors.AnalysisRefused}


def test_tree_is_drawn():
    """The drawing at the top of the module names every class."""
    drawn = re.findall(r"[├└]── (\w+)", model_errors.__doc__ or "")
    assert {kind.__name__ for kind in tree()} == {"DnstideError", *drawn}


def test_exit_codes():
    """Wrong questions, deadlines and the rest end with codes of their own."""
    codes = {kind.__name__: exit_code(kind.__new__(kind)) for kind in tree()}
    assert codes.pop("InvalidQuestion") == codes.pop("AnalysisRefused") == 2
    assert codes.pop("DeadlineExceeded") == 5
    assert codes.pop("Cancelled") == 130
    assert set(codes.values()) == {1}


def test_builtin_parents():
    """Callers that know nothing of dnstide catch what they expect."""
    assert issubclass(InvalidQuestion, ValueError)
    assert issubclass(errors.DeadlineExceeded, TimeoutError)
    assert issubclass(errors.ServerUnreachable, ConnectionError)
    assert issubclass(MissingExtra, ImportError)


def test_texts():
    """Messages name field, table, place and remedy."""
    assert (
        str(InvalidQuestion([("start", "no date"), ("names[1]", "empty")]))
        == "start: no date; names[1]: empty"
    )
    failure = Failure("dns.20181031.D.mtbl", "BAD_CHECKSUM", "checksum of a data block differs", 4096)
    assert str(failure) == "dns.20181031.D.mtbl: checksum of a data block differs (at byte 4096)"
    assert str(MissingExtra("to_pandas()", "pandas")).endswith("pip install 'dnstide[pandas]'")
    assert TablesDamaged("x", "BAD_MAGIC", [failure]).failures == (failure,)
    assert TablesDamaged("x", "BAD_MAGIC").reason == "BAD_MAGIC"
    assert TablesDamaged.reason == "DAMAGED"
