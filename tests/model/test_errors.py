"""Errors: what their texts say, what programs read of them, and that they cross processes."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest
from dnstide.model import errors
from dnstide.model.errors import (
    AnalysisRefused,
    AnswerIncomplete,
    CountOverflow,
    DeadlineExceeded,
    DirectoryUnreadable,
    DnstideError,
    Failure,
    InvalidQuestion,
    MissingExtra,
    NoTables,
    ServerError,
    ServerUnreachable,
    ShardsUnreachable,
    TablesDamaged,
    answer_incomplete,
    shown,
)

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DnstideError)]
ARGUMENTS: dict[str, Any] = {
    "message": "text",
    "reason": "REASON",
    "failures": (Failure("t", "C", "r", 3, True),),
    "problems": (("limit", "is wrong"),),
    "what": "plot()",
    "extra": "plot",
}

GONE = Failure("a.mtbl", errors.SHARD_UNREACHABLE, "the shard is gone", retryable=True)
LATE = Failure("b.mtbl", errors.SHARD_TIMEOUT, "the shard is late", retryable=True)
BROKEN = Failure("c.mtbl", "BAD_CHECKSUM", "block checksum does not match", 81920)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_cross_processes(kind: Any, again: Any) -> None:
    """A copy has the class, the text, and every attribute, whatever the constructor takes."""
    error = kind(**{name: ARGUMENTS[name] for name in inspect.signature(kind).parameters})
    error.request_id, error.retry_after = "id", 0.5
    same = again(error)
    assert type(same) is kind
    assert (str(same), same.args, vars(same)) == (str(error), error.args, vars(error))
    assert same.reason == error.reason


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_has_a_reason_of_its_own(kind: type[DnstideError]) -> None:
    """A program tells classes apart by the reason; roots alone have one that says nothing."""
    if kind in (DnstideError, ServerError):
        assert kind.reason == "ERROR"
    else:
        assert [other for other in KINDS if other.reason == kind.reason] == [kind]
        assert kind.reason.replace("_", "").isalpha()
        assert kind.reason.isupper()


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InvalidQuestion, ValueError),
        (AnalysisRefused, InvalidQuestion),
        (CountOverflow, OverflowError),
        (DeadlineExceeded, TimeoutError),
        (ServerUnreachable, ConnectionError),
        (MissingExtra, ImportError),
        (TablesDamaged, AnswerIncomplete),
        (ShardsUnreachable, AnswerIncomplete),
    ],
)
def test_who_catches_them(kind: type, builtin: type) -> None:
    """Errors are caught as what they are in Python, too."""
    assert issubclass(kind, builtin)
    assert issubclass(kind, DnstideError)


def test_fresh_errors_name_no_call() -> None:
    """Only what a server answered with has the name of a call, or a time to come again."""
    error = NoTables("none")
    assert (error.reason, error.request_id, error.retry_after) == ("NO_TABLES", None, None)
    assert NoTables("none", "OTHER").reason == "OTHER"
    assert NoTables.reason == "NO_TABLES"


def test_the_text_of_a_wrong_question() -> None:
    """Each field with its text; one without a name stands for the question."""
    error = InvalidQuestion([("limit", "is 0"), ("", "makes no sense")])
    assert str(error) == "limit: is 0; makes no sense"
    assert error.problems == (("limit", "is 0"), ("", "makes no sense"))
    assert str(InvalidQuestion.of("names[3]", "a..b", "a label is empty")) == (
        "names[3]: a label is empty (got 'a..b')"
    )
    assert type(AnalysisRefused.of("", 1, "too few")) is AnalysisRefused


@pytest.mark.parametrize(("length", "whole"), [(78, True), (79, False), (5000, False)])
def test_quoted_values_are_short(length: int, whole: bool) -> None:
    """A value is quoted in 80 characters, its quotes among them."""
    text = shown("x" * length)
    assert len(text) == min(length + 2, 80)
    assert text.endswith("'" if whole else "x...")


def test_the_text_without_tables() -> None:
    """What there is instead is told where there is anything."""
    assert str(NoTables.of("no table")) == "no table"
    assert str(NoTables.of("no table", ["a", "b"])) == "no table; there are a, b"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "x"), "/d: no such directory"),
        (NotADirectoryError(20, "x"), "/d: not a directory"),
        (PermissionError(13, "x"), "/d: cannot be listed: Permission denied"),
        (OSError("odd"), "/d: cannot be listed: odd"),
    ],
)
def test_the_text_of_an_unreadable_directory(error: OSError, text: str) -> None:
    """What the operating system's refusal means for the directory."""
    assert str(DirectoryUnreadable.of("/d", error)) == text


def test_the_text_of_a_failure() -> None:
    """Table, reason, and the byte where there is one; the first byte is one, too."""
    assert str(BROKEN) == "c.mtbl: block checksum does not match (at byte 81920)"
    assert str(GONE) == "a.mtbl: the shard is gone"
    assert str(Failure("t", "BAD_MAGIC", "no table", 0)) == "t: no table (at byte 0)"


@pytest.mark.parametrize(
    ("failures", "kind", "reason", "text"),
    [
        ([GONE], ShardsUnreachable, "SHARD_UNREACHABLE", "a.mtbl: the shard is gone;"),
        ([LATE, GONE], ShardsUnreachable, "SHARD_TIMEOUT", "b.mtbl: the shard is late, and 1 more;"),
        ([GONE, BROKEN, LATE], TablesDamaged, "BAD_CHECKSUM", "(at byte 81920), and 2 more;"),
        ([BROKEN], TablesDamaged, "BAD_CHECKSUM", "(at byte 81920);"),
    ],
)
def test_incomplete_answers(failures: list[Failure], kind: type, reason: str, text: str) -> None:
    """A broken table decides over shards that are away, since asking again does not mend it."""
    error = answer_incomplete(failures)
    assert type(error) is kind
    assert error.reason == reason
    assert text in str(error)
    assert error.failures == tuple(failures)


def test_a_missing_part_is_named_with_the_way_to_get_it() -> None:
    """The command to install it stands in the text."""
    error = MissingExtra("plot()", "plot")
    assert str(error) == "plot() needs a part that is not installed: pip install 'dnstide[plot]'"
    assert error.extra == "plot"
