"""What is asked again elsewhere, and what is final."""

from dnstide.gateway.pool import Part
from dnstide.gateway.retry import Attempt, after_answer, after_loss
from dnstide.shard import SHARD_UNREACHABLE, Failure, Partial, ShardPlan

ATTEMPT = Attempt(Part("s1", ShardPlan(("a", "b", "c"), None, b"")), frozenset({"s1"}), frozenset({"n1"}))
BROKEN = Failure("b", "BAD_CHECKSUM", "the checksum does not match", 12)


def nobody(table: str, attempt: Attempt) -> None:
    return None


def test_a_sound_answer_is_final() -> None:
    """Nothing to ask, and the very same partial."""
    partial = Partial(answered=3)
    again = after_answer(ATTEMPT, partial, nobody)
    assert again.elsewhere == {}
    assert again.final is partial


def test_a_failed_table_is_asked_where_there_is_another_copy() -> None:
    """Its failure leaves the partial, and the rest of the partial stays."""
    again = after_answer(ATTEMPT, Partial(answered=2, failures=(BROKEN,)), lambda table, attempt: "s2")
    assert again.elsewhere == {"b": "s2"}
    assert again.final == Partial(answered=2)


def test_a_failed_table_without_another_copy_has_failed() -> None:
    """The failure stays as the shard told it."""
    again = after_answer(ATTEMPT, Partial(answered=2, failures=(BROKEN,)), nobody)
    assert again.elsewhere == {}
    assert again.final is not None
    assert again.final.failures == (BROKEN,)


def test_all_tables_of_a_lost_shard_go_elsewhere() -> None:
    """Then nothing of the lost shard is final."""
    again = after_loss(ATTEMPT, "killed", lambda table, attempt: {"a": "s2", "b": "s3", "c": "s2"}[table])
    assert again.elsewhere == {"a": "s2", "b": "s3", "c": "s2"}
    assert again.final is None


def test_tables_that_only_the_lost_shard_sees_are_unreachable() -> None:
    """Each is a failure of its own, worth asking again later."""
    again = after_loss(ATTEMPT, "killed", lambda table, attempt: "s2" if table == "b" else None)
    assert again.elsewhere == {"b": "s2"}
    assert again.final is not None
    assert again.final.answered == 0
    assert [(f.table, f.code, f.reason, f.retryable) for f in again.final.failures] == [
        ("a", SHARD_UNREACHABLE, "killed", True),
        ("c", SHARD_UNREACHABLE, "killed", True),
    ]


def test_the_choice_knows_what_was_tried() -> None:
    """The attempt itself is handed to the choice, with its shards and nodes."""
    seen = []
    after_loss(ATTEMPT, "killed", lambda table, attempt: seen.append((table, attempt)))
    assert seen == [("a", ATTEMPT), ("b", ATTEMPT), ("c", ATTEMPT)]
