"""What is asked again elsewhere, and what is final."""

from __future__ import annotations

from dnstide.gateway.retry import Attempt, after_answer, after_loss
from dnstide.model.errors import SHARD_UNREACHABLE, Failure

ATTEMPT = Attempt("s1", ("a", "b", "c"), frozenset({"s1"}), frozenset({"n1"}))
BROKEN = Failure("b", "BAD_CHECKSUM", "the checksum does not match", 12)


def nobody(table: str, attempt: Attempt) -> None:
    return None


def test_a_sound_answer_is_final() -> None:
    """Nothing to ask, and nothing failed."""
    decision = after_answer(ATTEMPT, (), nobody)
    assert (decision.reassigned, decision.failures) == ({}, ())


def test_a_failed_table_is_asked_where_there_is_another_copy() -> None:
    """Its failure is not final; that of a table without a copy is."""
    other = Failure("c", "BAD_BLOCK", "a block is too long", 9)
    decision = after_answer(ATTEMPT, (BROKEN, other), lambda table, _: "s2" if table == "b" else None)
    assert decision.reassigned == {"b": "s2"}
    assert decision.failures == (other,)


def test_a_failed_table_without_another_copy_has_failed() -> None:
    """The failure stays as the shard told it."""
    decision = after_answer(ATTEMPT, (BROKEN,), nobody)
    assert decision.reassigned == {}
    assert decision.failures == (BROKEN,)


def test_all_tables_of_a_lost_shard_go_elsewhere() -> None:
    """Then nothing of the lost shard is final."""
    decision = after_loss(ATTEMPT, "killed", lambda table, _: {"a": "s2", "b": "s3", "c": "s2"}[table])
    assert decision.reassigned == {"a": "s2", "b": "s3", "c": "s2"}
    assert decision.failures == ()


def test_tables_that_only_the_lost_shard_sees_are_unreachable() -> None:
    """Each is a failure of its own, worth asking again later."""
    decision = after_loss(ATTEMPT, "killed", lambda table, _: "s2" if table == "b" else None)
    assert decision.reassigned == {"b": "s2"}
    assert [(f.table, f.code, f.reason, f.retryable) for f in decision.failures] == [
        ("a", SHARD_UNREACHABLE, "killed", True),
        ("c", SHARD_UNREACHABLE, "killed", True),
    ]


def test_the_choice_knows_what_was_tried() -> None:
    """The attempt itself is handed to the choice, with its shards and nodes."""
    seen = []
    after_loss(ATTEMPT, "killed", lambda table, attempt: seen.append((table, attempt)))
    after_answer(ATTEMPT, (BROKEN,), lambda table, attempt: seen.append((table, attempt)))
    assert seen == [("a", ATTEMPT), ("b", ATTEMPT), ("c", ATTEMPT), ("b", ATTEMPT)]
