"""A shard over real tables."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dns.name
import numpy as np
import pytest
from dnstide.model.errors import Failure
from dnstide.mtbl import Cancel, DnstableWriter, LookupQuery, Row, owner_prefix
from dnstide.shard import Partial, Shard, ShardError, ShardPlan, ShardQuestion
from dnstide.shard.batch import batches

DAY = 86400
FIRST = int(datetime(2018, 11, 1, tzinfo=UTC).timestamp())
NAMES = [f"dns.201811{day:02}.D.mtbl" for day in range(1, 6)]
COM = dns.name.from_text("com")

Write = Callable[..., None]


def write(path: Path, *rows: tuple[str, int, int, int]) -> None:
    """A table of (owner, rrtype, time_first, count), in place of what was there."""
    with DnstableWriter(path) as writer:
        for i, (owner, rrtype, seen, count) in enumerate(rows):
            writer.add(Row(dns.name.from_text(owner), rrtype, COM, (bytes([i] * 4),), seen, seen, count))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five days: a.com. A with counts 1 to 5, b.com. A and AAAA with 10 and 100 each day."""
    for i, name in enumerate(NAMES):
        seen = FIRST + i * DAY + 60
        write(tmp_path / name, ("a.com", 1, seen, i + 1), ("b.com", 1, seen, 10), ("b.com", 28, seen, 100))
    return tmp_path


def query(name: str) -> LookupQuery:
    return LookupQuery(owner_prefix(dns.name.from_text(name)))


def plan(tables: list[str] = NAMES, buckets: list[int] | None = None) -> ShardPlan:
    edges = np.arange(FIRST, FIRST + 6 * DAY, DAY, dtype="<i8").tobytes()
    return ShardPlan(tuple(tables), None if buckets is None else np.array(buckets, "<i4").tobytes(), edges)


def question(name: str, *names: str, of: ShardPlan | None = None, **more: object) -> ShardQuestion:
    queries = tuple(query(owner) for owner in (name, *names))
    return ShardQuestion(f"{name} {len(names)}", of or plan(), queries, **more)  # type: ignore[arg-type]


def ask(shard: Shard, asked: ShardQuestion) -> Partial:
    (answer,) = shard.answer([asked])
    assert isinstance(answer, Partial), answer
    return answer


def rows(partial: Partial) -> list[tuple[int, ...]]:
    columns = (partial.query, partial.rrtype, partial.bucket, partial.count)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[12] ^= 1
    path.unlink()
    path.write_bytes(data)


def test_one_question(folder: Path) -> None:
    """Counts by bucket of first sight, with what it took to find them."""
    partial = ask(Shard(folder, threads=1), question("a.com"))
    assert rows(partial) == [(0, 0, i, i + 1) for i in range(5)]
    assert (partial.rows, partial.answered, partial.failures) == (5, 5, ())
    assert partial.blocks == 5
    assert partial.seconds > 0


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_a_question_that_came_twice_is_answered_from_memory(folder: Path, memory: int) -> None:
    """It needs the files no more, unless it has no memory; the next look at the directory sees the change."""
    shard = Shard(folder, block_cache_bytes=memory)
    asked = [ask(shard, question("a.com")) for _ in range(2)]
    for name in NAMES:
        os.truncate(folder / name, 10)
    asked.append(ask(shard, question("a.com")))
    assert [failure.code for failure in asked[2].failures] == ([] if memory else ["TABLE_CHANGED"] * 5)
    assert rows(asked[0]) == rows(asked[1])
    assert rows(asked[2]) == (rows(asked[0]) if memory else [])
    shard.inventory()
    assert [failure.code for failure in ask(shard, question("a.com")).failures] == ["TABLE_TOO_SHORT"] * 5


def test_split_and_buckets_of_tables(folder: Path) -> None:
    """Types apart where asked; a table's own bucket where the plan gives one."""
    shard = Shard(folder)
    split = ask(shard, question("b.com", of=plan(NAMES[:2]), split_by_rrtype=True))
    assert rows(split) == [(0, 1, 0, 10), (0, 1, 1, 10), (0, 28, 0, 100), (0, 28, 1, 100)]
    given = ask(shard, question("a.com", of=plan(NAMES, [4, 4, 0, -1, 1])))
    assert rows(given) == [(0, 0, 0, 3), (0, 0, 1, 5), (0, 0, 3, 4), (0, 0, 4, 3)]


def test_buckets_of_tables_without_the_bad_ones(folder: Path) -> None:
    """Where a table fails, the others keep their own buckets."""
    (folder / NAMES[1]).unlink()
    partial = ask(Shard(folder), question("a.com", of=plan(NAMES, [4, 0, 3, 2, 1])))
    assert rows(partial) == [(0, 0, 1, 5), (0, 0, 2, 4), (0, 0, 3, 3), (0, 0, 4, 1)]


def test_questions_together_answer_as_alone(folder: Path) -> None:
    """Whatever travels together, each gets what it would get alone."""
    asked = [
        question("a.com"),
        question("b.com", "nobody.com", "a.com"),
        question("a.com", of=plan(NAMES[1:3])),
        question("nobody.com"),
        question("b.com", split_by_rrtype=True),
        question("b.com"),
    ]
    shard = Shard(folder)
    together = shard.answer(asked)
    assert all(isinstance(answer, Partial) for answer in together)
    assert [rows(answer) for answer in together if isinstance(answer, Partial)] == [
        rows(ask(shard, each)) for each in asked
    ]
    assert [len(batch.questions) for batch in batches(asked)] == [4, 1, 1]


def test_batches_share_a_plan_by_value() -> None:
    """Plans that came over a wire are different objects, but the same plan."""
    again = ShardPlan(tuple(map(str, NAMES)), None, bytes(bytearray(plan().edges)))
    assert len(batches([question("a.com"), question("b.com", of=again)])) == 1


def test_a_bad_table_costs_only_itself(folder: Path) -> None:
    """Damage of a trailer or a block and a missing file are failures; the others answer."""
    damage(folder / NAMES[1])
    (folder / NAMES[2]).write_bytes(b"short")
    (folder / NAMES[3]).unlink()
    partial = ask(Shard(folder), question("a.com"))
    assert rows(partial) == [(0, 0, 0, 1), (0, 0, 4, 5)]
    assert partial.answered == 2
    assert [(f.table, f.code, f.retryable) for f in partial.failures] == [
        (NAMES[1], "BAD_CHECKSUM", False),
        (NAMES[2], "TABLE_TOO_SHORT", False),
        (NAMES[3], "TABLE_MISSING", True),
    ]
    assert partial.failures[0].offset is not None


def test_damage_is_remembered_until_the_file_changes(folder: Path) -> None:
    """The inventory names what a question met, and forgets it with a new file."""
    shard = Shard(folder)
    damage(folder / NAMES[1])
    ask(shard, question("a.com"))
    known = {status.name: status for status in shard.inventory()}
    problem = known[NAMES[1]].problem
    assert problem is not None
    assert problem.code == "BAD_CHECKSUM"
    assert known[NAMES[0]].opened
    assert not known[NAMES[1]].opened
    write(folder / NAMES[1], ("a.com", 1, FIRST + DAY, 77))
    assert all(status.problem is None for status in shard.inventory())
    assert rows(ask(shard, question("a.com")))[1] == (0, 0, 1, 77)


def test_a_replaced_file_is_opened_anew(folder: Path) -> None:
    """After a look at the directory, answers come from the file that is there now."""
    shard = Shard(folder)
    assert rows(ask(shard, question("a.com")))[0] == (0, 0, 0, 1)
    write(folder / NAMES[0], ("a.com", 1, FIRST, 50))
    shard.inventory()
    assert rows(ask(shard, question("a.com")))[0] == (0, 0, 0, 50)


def test_a_missing_file_is_found_when_it_comes(folder: Path) -> None:
    """What may pass by itself is tried again with every question."""
    shard = Shard(folder)
    late = question("a.com", of=plan([*NAMES, "dns.20181106.D.mtbl"]))
    assert [failure.code for failure in ask(shard, late).failures] == ["TABLE_MISSING"]
    write(folder / "dns.20181106.D.mtbl", ("a.com", 1, FIRST, 100))
    partial = ask(shard, late)
    assert partial.failures == ()
    assert rows(partial)[0] == (0, 0, 0, 101)


def test_a_file_that_shrinks_while_open(folder: Path) -> None:
    """It is an error that names the table, and the next answer is from what is there then."""
    shard = Shard(folder)
    ask(shard, question("a.com"))
    whole = (folder / NAMES[0]).read_bytes()
    os.truncate(folder / NAMES[0], 10)
    partial = ask(shard, question("a.com"))
    assert [failure.table for failure in partial.failures] == [NAMES[0]]
    assert len(rows(partial)) == 4
    (folder / NAMES[0]).write_bytes(whole)
    shard.inventory()
    assert ask(shard, question("a.com")).failures == ()


def test_inventory_lists_every_file(folder: Path) -> None:
    """Tables or not: names are judged elsewhere. Folders are left out."""
    (folder / ".dns.20181107.D.mtbl.tmp").touch()
    (folder / "README").touch()
    (folder / "sub").mkdir()
    assert [status.name for status in Shard(folder).inventory()] == [
        ".dns.20181107.D.mtbl.tmp",
        "README",
        *NAMES,
    ]


def test_opening_ahead(folder: Path) -> None:
    """open tells what cannot be read, and the inventory what is open."""
    (folder / NAMES[2]).write_bytes(b"x" * 600)
    shard = Shard(folder)
    assert [failure.table for failure in shard.open(NAMES)] == [NAMES[2]]
    assert [status.opened for status in shard.inventory()] == [True, True, False, True, True]
    shard.close()
    assert not any(status.opened for status in shard.inventory())


@pytest.mark.parametrize("name", ["../secret.D.mtbl", "/etc/passwd", "", ".", "..", "a\0b"])
def test_names_cannot_leave_the_directory(folder: Path, name: str) -> None:
    """Whatever a plan names, nothing outside is opened."""
    inner = folder / "inner"
    inner.mkdir()
    (folder / "secret.D.mtbl").write_bytes((folder / NAMES[0]).read_bytes())
    assert [failure.code for failure in Shard(inner).open([name])] == ["TABLE_MISSING"]


def test_cancel_before_and_deadline(folder: Path) -> None:
    """A question nobody waits for, or too late, is no answer at all; the others of its batch get theirs."""
    shard = Shard(folder)
    shard.cancel("a.com 0")
    assert shard.answer([question("a.com")]) == [
        ShardError("a.com 0", "CANCELLED", "the question was cancelled")
    ]
    assert isinstance(shard.answer([question("a.com")])[0], Partial), "a cancel counts once"
    late = shard.answer([question("a.com", seconds_left=0.0)])[0]
    assert isinstance(late, ShardError)
    assert late.code == "DEADLINE_PASSED"
    both = shard.answer([question("a.com", seconds_left=0.0), question("b.com", seconds_left=60.0)])
    assert isinstance(both[1], Partial)
    shard.cancel("a.com 0")
    both = shard.answer([question("a.com"), question("b.com")])
    assert isinstance(both[1], Partial)


def test_a_cancel_of_the_caller(folder: Path) -> None:
    """One handle stops all that it is given with."""
    cancel = Cancel()
    cancel.cancel()
    stopped = Shard(folder).answer([question("a.com"), question("a.com", of=plan(NAMES[:2]))], cancel)
    assert [answer.code for answer in stopped if isinstance(answer, ShardError)] == ["CANCELLED", "CANCELLED"]


def test_an_overflow_costs_only_its_question(folder: Path) -> None:
    """The sum that passes 2**64-1 is an error for who asked for it."""
    write(
        folder / NAMES[0], ("big.com", 1, FIRST, 2**64 - 1), ("big.com", 28, FIRST, 1), ("a.com", 1, FIRST, 9)
    )
    over, fine = Shard(folder).answer([question("big.com"), question("a.com")])
    assert isinstance(over, ShardError)
    assert over.code == "COUNT_OVERFLOW"
    assert isinstance(fine, Partial)
    assert rows(fine)[0] == (0, 0, 0, 9)


def test_a_plan_without_tables(folder: Path) -> None:
    """Nothing to read is an empty answer."""
    partial = ask(Shard(folder), question("a.com", of=plan([])))
    assert (rows(partial), partial.answered, partial.failures) == ([], 0, ())


def test_failures_tell_what_may_pass() -> None:
    """Only trouble that may go away by itself is worth another try."""
    assert Failure("x", "SHARD_TIMEOUT", "late").unreachable
    assert not Failure("x", "BAD_MAGIC", "bad").unreachable
