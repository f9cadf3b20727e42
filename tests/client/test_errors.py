"""What people catch: exit codes, and that callers who know nothing of dnstide catch what they expect."""

from __future__ import annotations

from dnstide.cli.exits import exit_code
from dnstide.model.errors import (
    DeadlineExceeded,
    DnstideError,
    InvalidQuestion,
    MissingExtra,
    ServerUnreachable,
)


def tree(kind: type[DnstideError] = DnstideError) -> set[type[DnstideError]]:
    """All classes below and including a kind."""
    return {kind}.union(*(tree(child) for child in kind.__subclasses__()))


def test_exit_codes() -> None:
    """Wrong questions, deadlines and the rest end with codes of their own."""
    codes = {kind.__name__: exit_code(kind.__new__(kind)) for kind in tree()}
    assert codes.pop("InvalidQuestion") == codes.pop("AnalysisRefused") == 2
    assert codes.pop("DeadlineExceeded") == 5
    assert codes.pop("Cancelled") == 130
    assert set(codes.values()) == {1}


def test_builtin_parents() -> None:
    """Callers that know nothing of dnstide catch what they expect."""
    assert issubclass(InvalidQuestion, ValueError)
    assert issubclass(DeadlineExceeded, TimeoutError)
    assert issubclass(ServerUnreachable, ConnectionError)
    assert issubclass(MissingExtra, ImportError)
