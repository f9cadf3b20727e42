"""A question about volume whose names are parsed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from dnstide.engine.parse import NotParsed, OwnerTarget, parse_rrtypes, read_name, read_target
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import VolumeQuestion
from dnstide.model.vocabulary import MAX_NAMES, MAX_PROBLEMS
from dnstide.mtbl import LookupQuery, RowFilter, reversed_name


@dataclass(frozen=True)
class VolumeQuery:
    """A question with one target for each of its names."""

    question: VolumeQuestion
    targets: tuple[OwnerTarget, ...]

    @classmethod
    def parse(cls, question: VolumeQuestion, max_names: int = MAX_NAMES) -> VolumeQuery:
        """Parse the texts of a question. Raises InvalidQuestion that names the wrong fields, 20 at most."""
        names, row_filter = question.names, question.filter
        if len(names) > max_names:
            raise InvalidQuestion.of("names", len(names), f"at most {max_names:,} names at once")
        keep_case = question.case_sensitive
        problems: list[tuple[str, str]] = []
        rrtypes: tuple[int, ...] = ()
        bailiwick: bytes | None = None
        text = (row_filter.bailiwick or "").strip()
        try:
            rrtypes = parse_rrtypes(row_filter.rrtypes)
        except InvalidQuestion as error:
            problems += error.problems
        try:
            bailiwick = reversed_name(read_name(text, keep_case), keep_case) if text else None
        except NotParsed as error:
            problems += InvalidQuestion.of("bailiwick", text, str(error)).problems
        filtered = bool(row_filter.rrtypes) or bool(text)
        targets: list[OwnerTarget] = []
        for i, name in enumerate(names):
            try:
                target = read_target(name, keep_case)
                targets.append(_alone(target) if filtered else target)
            except NotParsed as error:
                problems += InvalidQuestion.of(f"names[{i}]", name, str(error)).problems
                if len(problems) >= MAX_PROBLEMS:
                    break
        if problems:
            raise InvalidQuestion(problems[:MAX_PROBLEMS])
        if filtered:
            wanted = RowFilter(rrtypes, bailiwick)
            targets = [target.narrowed(wanted) for target in targets]
        return cls(question, tuple(targets))

    def replaced(self, **changes: object) -> VolumeQuery:
        """The same names with these fields of the question changed."""
        return VolumeQuery(replace(self.question, **changes), self.targets)  # type: ignore[arg-type]

    @cached_property
    def distinct(self) -> tuple[OwnerTarget, ...]:
        """The targets without repetition, in the order of their first mention: query i looks for
        distinct[i], and the answer has one series for it.
        """
        return self.targets if len(self.targets) == 1 else tuple(dict.fromkeys(self.targets))

    def queries(self) -> tuple[LookupQuery, ...]:
        """What readers look for, one for each distinct target."""
        return tuple([target.query for target in self.distinct])


def _alone(target: OwnerTarget) -> OwnerTarget:
    """The target, where it brings no filter of its own. Raises NotParsed."""
    if target.filter:
        raise NotParsed("a name with its own type or bailiwick goes without those of the whole question")
    return target
