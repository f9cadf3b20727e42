"""Names of the command line and of files, and what is wrong with which of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click
from dnstide.cli.diagnostics import warn
from dnstide.model.errors import InvalidQuestion
from dnstide.model.vocabulary import MAX_PROBLEMS

_REMARK = re.compile(r"(^|\s)#.*", re.DOTALL)
_PLACE = re.compile(r"(?:names|exclude)\[(\d+)\]")

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Listed:
    """A name that was given; `place` is where: `NAME 3`, or the line of a file."""

    text: str
    place: str
    in_file: bool = False


class Names:
    """The names of a question as they were given, each once; wrong ones are told, or told and left out.

    `left_out` is how many were.
    """

    def __init__(self, given: Sequence[Listed], skip_bad: bool = False, cure: str = "") -> None:
        self._given: dict[str, list[Listed]] = {}
        for name in given:
            self._given.setdefault(name.text, []).append(name)
        self._skip_bad = skip_bad
        self._cure = cure
        self.left_out = 0

    def __len__(self) -> int:
        return len(self._given)

    @property
    def texts(self) -> list[str]:
        """The names that are asked."""
        return list(self._given)

    def ask(self, question: Callable[[list[str]], Answer]) -> Answer:
        """The answer to a question about the names.

        Where names of a file are wrong, every one is told in a line of its own. With `skip_bad` all wrong
        names are told, and the others are asked. Raises InvalidQuestion else.
        """
        wrong = 0
        while True:
            try:
                answer = question(self.texts)
            except InvalidQuestion as error:
                problems = self._problems(error)
                if len(problems) < len(error.problems):
                    raise self._placed(error) from None
                if not (wrong or self._skip_bad or any(self._first(text).in_file for text in problems)):
                    raise
                for name, reason in problems.items():
                    for given in self._given.pop(name):
                        warn(f"{'left out: ' if self._skip_bad else ''}{given.place}: {reason}")
                wrong += len(problems)
                # A full error may have left some out, which the next one tells.
                if not self._given or not (self._skip_bad or len(problems) >= MAX_PROBLEMS):
                    raise self._refusal(wrong) from None
            else:
                if wrong and not self._skip_bad:
                    raise self._refusal(wrong)
                self.left_out += wrong
                return answer

    def _problems(self, error: InvalidQuestion) -> dict[str, str]:
        """What is wrong with which name."""
        named = ((self._name(field), text) for field, text in error.problems)
        return {name: text for name, text in named if name is not None}

    def _placed(self, error: InvalidQuestion) -> InvalidQuestion:
        """The error with the names of files called by their lines."""
        problems = []
        for field, text in error.problems:
            name = self._name(field)
            listed = name is not None and self._first(name).in_file
            problems.append(("", f"{self._first(name).place}: {text}") if name and listed else (field, text))
        return InvalidQuestion(problems)

    def _name(self, field: str) -> str | None:
        """The name in this field of a question."""
        match = _PLACE.fullmatch(field)
        return self.texts[int(match[1])] if match and int(match[1]) < len(self._given) else None

    def _first(self, name: str) -> Listed:
        return self._given[name][0]

    def _refusal(self, wrong: int) -> InvalidQuestion:
        if self._skip_bad:
            return InvalidQuestion([("", "no name is left to ask")])
        names = "1 name is" if wrong == 1 else f"{wrong} names are"
        return InvalidQuestion([("", f"{names} wrong: correct what is told above{self._cure}")])


def read_names(names: Sequence[str], files: Sequence[str], skip_bad: bool = False) -> Names:
    """The names of the command line, then those of the files that are new. Raises click.UsageError."""
    given = [Listed(name, f"NAME {number}") for number, name in enumerate(names, 1)]
    listed = [name for path in dict.fromkeys(files) for name in read_list(path)]
    asked = Names([*given, *listed], skip_bad, ", or leave it out by --skip-bad")
    if not len(asked):
        missing = "Missing argument 'NAME...': give one or more names, or -f FILE"
        raise click.UsageError(missing if not files else f"{' and '.join(files)} holds no name")
    return asked


def read_list(path: str) -> list[Listed]:
    """The names in a file, one a line, without blanks and remarks; - is standard input.

    A remark begins with # where a line does, or after white space. Raises click.UsageError.
    """
    try:
        with click.open_file(path, encoding="utf-8") as lines:
            return list(_named(lines, "standard input" if path == "-" else path))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise click.UsageError(f"cannot read the names in {path}: {why}") from None


def _named(lines: Iterable[str], path: str) -> Iterator[Listed]:
    for number, line in enumerate(lines, 1):
        text = _REMARK.sub("", line.removeprefix("\ufeff") if number == 1 else line).strip()
        if text:
            yield Listed(text, f"{path}, line {number}", in_file=True)
