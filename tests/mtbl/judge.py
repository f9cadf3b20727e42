"""Asks a mutant everything that a table can be asked, and holds each answer against the right one.

Run as a process of its own, so that a crash or a hang of the reader is seen as such:

    python -m tests.mtbl.judge BASE SEED COUNT FOLDER

BASE is an index into `mutants.bases()`. The number of the mutant at hand stands in FOLDER/at; the outcomes
are printed as JSON at the end.
"""

import faulthandler
import json
import os
import resource
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from dnstide.mtbl import LookupQuery, RowFilter, Table, TableError, lookup, verify_table

from tests.mtbl import reference
from tests.mtbl.codecs import BadStream
from tests.mtbl.mutants import DAMAGED, HARMLESS, Base, Mutant, bases, mutants
from tests.mtbl.reference import BadTable, Entry, Question
from tests.mtbl.tables import DAY

PATIENCE = 60.0  # seconds for fifty mutants, which take a fraction of one
MEMORY = 256 << 20  # by which a process may grow over all of its mutants, bombs included
EDGES = tuple(day * DAY for day in range(11))

QUESTIONS = (
    Question(b"\0"),
    Question(b"\0\3com\7example\2d3"),
    Question(b"\0\3com\7example\2d3", rrtypes=(1, 257, 16384)),
    Question(b"\0\3com\7example", bailiwick=b"\3com\7example\0"),
    Question(b"\0\3com\7example\2d0\2h0\0"),
    Question(b"\0\3com\7example\2d4\3h18\0", rrtypes=(2,)),
    Question(b"\0\3com\7example\2d6\3h29\0"),
    Question(b"\0\3com\7example\2d6\4none\0"),
    Question(b"\0\3org\0"),
)

CODES = {
    "TABLE_TOO_SHORT",
    "BAD_MAGIC",
    "BAD_OFFSET",
    "BAD_CHECKSUM",
    "BAD_BLOCK",
    "UNKNOWN_COMPRESSION",
    "NOT_DNSTABLE",
}

Answer = dict[tuple[int, int, int], int]


class Wrong(Exception):
    """An answer that is neither right nor an error."""


@dataclass(frozen=True)
class Truth:
    """What a mutant may answer beside an error."""

    must: bool = False  # it must answer, an error is wrong
    entries: list[Entry] | None = None  # None: only an error is right
    verified: bool = False
    answers: tuple[Answer | None, ...] = (None,) * len(QUESTIONS)
    loose: bool = False  # a lookup may miss what stands beside forged bytes: only its safety is judged


def answer(entries: list[Entry], question: Question) -> Answer | None:
    try:
        return reference.lookup([entries], [question], EDGES)[0]
    except (BadTable, IndexError):
        return None


@cache
def sound(base: Base) -> Truth:
    return Truth(False, base.entries, True, tuple(answer(base.entries, question) for question in QUESTIONS))


def truth_of(base: Base, mutant: Mutant) -> Truth:
    truth = sound(base)
    if mutant.how == HARMLESS:
        return replace(truth, must=True)
    if mutant.how == DAMAGED:
        return truth
    try:
        entries = reference.read_table(mutant.data).entries
        return Truth(False, entries, True, tuple(answer(entries, question) for question in QUESTIONS))
    except (BadTable, BadStream):
        pass
    try:
        entries = reference.read_table(mutant.data, strict=False).entries
    except (BadTable, BadStream):
        entries = None
    return Truth(False, entries, False, truth.answers, loose=True)


def may_leave_out(truth: Truth, counted: Answer, right: Answer | None) -> bool:
    """Whether rows may be left out: a checksum fits the bytes of some that are none. The others stay."""
    return truth.loose or right is None or all(count <= right.get(key, 0) for key, count in counted.items())


class Judge:
    """Asks one mutant after the other, through one file."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "mutant")
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        self.size = 0

    def ask(self, base: Base, mutant: Mutant) -> None:
        """Every question to one mutant; Wrong names the first that is answered wrongly."""
        with open(self.path, "wb") as file:
            file.write(mutant.data)
        self.size = len(mutant.data)
        truth = truth_of(base, mutant)
        self.note(mutant, "verify", self.verify(truth))
        try:
            table = Table(self.path)
        except TableError as error:
            self.note(mutant, "open", self.error(error, truth))
            return
        self.note(mutant, "open", "same")
        self.note(mutant, "entries", self.entries(table, truth))
        for question, right in zip(QUESTIONS, truth.answers, strict=True):
            self.note(mutant, "lookup", self.lookup(table, question, right, truth))
        table.close()

    def note(self, mutant: Mutant, asked: str, outcome: str) -> None:
        self.outcomes[mutant.kind, asked, outcome] += 1

    def error(self, error: TableError, truth: Truth) -> str:
        if truth.must:
            raise Wrong(f"an error for damage that means nothing: {error}")
        if error.code not in CODES or not error.damaged or error.path != self.path or not error.reason:
            raise Wrong(f"not the error of a damaged table: {error!r}")
        if error.offset is not None and not 0 <= error.offset <= self.size:
            raise Wrong(f"the error points outside of the file: {error}")
        return error.code

    def verify(self, truth: Truth) -> str:
        try:
            report = verify_table(self.path)
        except TableError as error:
            return self.error(error, truth)
        if not truth.verified or truth.entries is None or report.entries != len(truth.entries):
            raise Wrong("verified, but it is not sound")
        return "same"

    def entries(self, table: Table, truth: Truth) -> str:
        try:
            entries = list(table.entries())
        except TableError as error:
            return self.error(error, truth)
        if entries != truth.entries:
            raise Wrong("the entries differ")
        return "same"

    def lookup(self, table: Table, question: Question, right: Answer | None, truth: Truth) -> str:
        query = LookupQuery(
            question.prefix,
            wildcard=question in QUESTIONS[:4],
            filter=RowFilter(question.rrtypes, question.bailiwick),
        )
        result = lookup([table], [query], np.array(EDGES, dtype=np.int64))
        columns = (result.query, result.rrtype, result.bucket)
        keys = list(zip(*(column.tolist() for column in columns), strict=True))
        counted = dict(zip(keys, result.count.tolist(), strict=True))
        if result.failures:
            if counted:
                raise Wrong("a failing table has added counts")
            return self.error(result.failures[0][1], truth)
        if result.skipped and not truth.must and may_leave_out(truth, counted, right):
            return "without odd rows"
        if counted == right:
            return "same"
        if truth.loose:
            return "beside forged bytes"
        raise Wrong(f"{question} is answered {counted}, not {right}")


def run(base: Base, seed: int, count: int, folder: Path) -> dict[str, object]:
    judge = Judge(folder)
    wrong: list[str] = []
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(folder / "at", "wb", buffering=0) as at:
        for which, mutant in enumerate(mutants(base, count, seed)):
            os.pwrite(at.fileno(), b"%010d" % which, 0)
            if which % 50 == 0:
                faulthandler.dump_traceback_later(PATIENCE, exit=True)
            try:
                judge.ask(base, mutant)
            except Wrong as error:
                judge.note(mutant, "WRONG", "WRONG")
                wrong.append(f"{base.name}, seed {seed}, mutant {which} ({mutant.kind}): {error}")
    faulthandler.cancel_dump_traceback_later()
    os.unlink(judge.path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begin) * 1024
    if grown > MEMORY and "DNSTIDE_SANITIZE" not in os.environ:
        wrong.append(f"{base.name}, seed {seed}: the process grew by {grown >> 20} MiB")
    outcomes = [[*key, n] for key, n in sorted(judge.outcomes.items())]
    return {"outcomes": outcomes, "wrong": wrong, "grown": grown}


def main() -> None:
    number, seed, count = (int(argument) for argument in sys.argv[1:4])
    base = bases()[number]
    sound(base)
    json.dump(run(base, seed, count, Path(sys.argv[4])), sys.stdout)


if __name__ == "__main__":
    main()
