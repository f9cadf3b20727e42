"""Prints what others made that our distributions need: `python third_party.py [--build] NAME[EXTRA,...]...`

The image installs it in layers of its own, before our sources are copied, so that a change of ours does not
fetch it again. Reads the pyproject.toml files of the folders beside the one that it is started in. --build:
what builds them, instead.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path.cwd()


def split(requirement: str) -> tuple[str, list[str]]:
    """`dnstide-workers[ray]` to its name and extras. Ours have no versions, markers or urls."""
    match = re.fullmatch(r"([\w-]+)(?:\[([\w,]+)\])?", requirement)
    assert match, f"{requirement!r} is not NAME[EXTRA,...]"
    return match[1], match[2].split(",") if match[2] else []


def third_party(wanted: list[str], projects: dict[str, dict[str, dict]], build: bool) -> set[str]:
    """The requirements that are not among the projects, of those wanted and all that they need."""
    found: set[str] = set()
    seen: set[str] = set()
    pending = list(wanted)
    while pending:
        requirement = pending.pop()
        if requirement in seen:
            continue
        seen.add(requirement)
        if re.split(r"[^\w-]", requirement, maxsplit=1)[0] not in projects:
            found.add(requirement)
            continue
        name, extras = split(requirement)
        project = projects[name]["project"]
        pending += project["dependencies"]
        for extra in extras:
            pending += project["optional-dependencies"][extra]
    if build:
        names = {split(requirement)[0] for requirement in seen - found}
        return {needed for name in names for needed in projects[name]["build-system"]["requires"]}
    return found


def main(arguments: list[str]) -> None:
    parsed = [tomllib.loads(path.read_text()) for path in sorted(ROOT.glob("*/pyproject.toml"))]
    projects = {one["project"]["name"]: one for one in parsed}
    build = arguments[:1] == ["--build"]
    print("\n".join(sorted(third_party(arguments[build:], projects, build))))


if __name__ == "__main__":
    main(sys.argv[1:])
