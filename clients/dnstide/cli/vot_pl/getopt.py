"""Command lines as Perl's Getopt::Long reads them, as far as vot.pl uses it (case counts, nothing bundled).

An option begins with `--`, `-` or `+`; its value follows after `=` or as the next argument, whatever that
looks like. A name may be cut short as long as all names that begin with it belong to one option; a name in
full always means itself. `--` ends the options. Options and other arguments may be mixed; the last of two
values holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_OPTION = re.compile(r"(--|-|\+)(?P<name>[^=]+)(?:=(?P<value>.*))?", re.S)


class BadCommandLine(Exception):
    """The command line cannot be read; the text says which part and why."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its names, the first of them the canonical one, and whether a value follows."""

    names: tuple[str, ...]
    takes_value: bool

    @classmethod
    def of(cls, spec: str) -> Option:
        """From Getopt::Long's own notation: `smooth|ma|m=s`, `plot|p`."""
        names, equals, _ = spec.partition("=")
        return cls(tuple(names.split("|")), bool(equals))


@dataclass(slots=True)
class Parsed:
    """`values` by canonical name ("" for a flag that was given), and the arguments that are no options."""

    values: dict[str, str] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def flag(self, name: str) -> bool:
        return name in self.values


def parse(arguments: Sequence[str], options: Sequence[Option]) -> Parsed:
    """Read a command line. Raises BadCommandLine for an unknown, ambiguous, empty or surplus value."""
    by_name = {name: option for option in options for name in option.names}
    parsed = Parsed()
    queue = list(arguments)
    while queue:
        argument = queue.pop(0)
        if argument == "--":
            parsed.rest += queue
            break
        match = _OPTION.fullmatch(argument)
        if match is None:
            parsed.rest.append(argument)
            continue
        name, value = match["name"], match["value"]
        option = _find(name, by_name)
        if not option.takes_value:
            if value is not None:
                raise BadCommandLine(f"option {name} does not take an argument")
            value = ""
        elif value is None and queue:
            value = queue.pop(0)
        elif not value:
            raise BadCommandLine(f"option {name} requires an argument")
        parsed.values[option.names[0]] = value
    return parsed


def _find(name: str, by_name: Mapping[str, Option]) -> Option:
    if name in by_name:
        return by_name[name]
    hits = sorted(full for full in by_name if full.startswith(name))
    if not hits:
        raise BadCommandLine(f"unknown option: {name}")
    if len({by_name[hit].names[0] for hit in hits}) > 1:
        raise BadCommandLine(f"option {name} is ambiguous ({', '.join(hits)})")
    return by_name[hits[0]]
