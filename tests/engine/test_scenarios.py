"""The scripts of scenarios/: on these days these records, this question, these rows.

table NAME                              a file, with a row a line:
    OWNER TYPE BAILIWICK TIME COUNT
flip|cut|remove NAME                    damage in a data block, half a file, no file
ask NAME… KEY=VALUE…                    a question, and its whole answer:
    series NAME [TYPE]                  (left out where there is only one)
    DATE COUNT COVERAGE [SMOOTHED]
    failed TABLE [CODE]
    error CODE
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dns.name
import dns.rdatatype
import pytest
from dnstide.engine import LocalEngine
from dnstide.engine.catalog import utc_text
from dnstide.model.errors import DnstideError
from dnstide.model.vocabulary import Coverage
from dnstide.model.volume import Volume
from dnstide.mtbl import DnstableWriter, Row

from tests.engine.questions import volume_question

SCRIPTS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
OPTIONS = {"split": "split_by_rrtype"}


@dataclass
class Step:
    """One line that stands at the margin, and the lines under it."""

    words: list[str]
    place: str
    body: list[str] = field(default_factory=list)


def read_script(path: Path) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if words and line[0].isspace():
            steps[-1].body.append(" ".join(words))
        elif words:
            steps.append(Step(words, f"{path.name}:{number}"))
    return steps


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def write_table(path: Path, lines: list[str]) -> None:
    with DnstableWriter(path) as writer:
        for number, line in enumerate(lines):
            owner, rrtype, bailiwick, time, count = line.split()
            name, within = dns.name.from_text(owner), dns.name.from_text(bailiwick)
            rdata = (bytes([number]) * 4,)
            kind = int(dns.rdatatype.from_text(rrtype))
            writer.add(Row(name, kind, within, rdata, unix(time), unix(time) + 1, int(count)))


def change(verb: str, path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    if verb == "flip":
        path.write_bytes(data[:12] + bytes([data[12] ^ 1]) + data[13:])
    elif verb == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        assert verb == "remove", verb


def ask(engine: LocalEngine, words: list[str]) -> list[str]:
    """The answer as a script writes it."""
    options: dict[str, object] = {"bucket_by": "first-seen"}
    for word in words:
        key, _, value = word.partition("=")
        if _:
            number = unix(value) if key in ("start", "stop") else int(value) if key == "smooth" else value
            options[OPTIONS.get(key, key)] = True if value == "yes" else number
    names = [word for word in words if "=" not in word]
    try:
        answer = engine.volume(volume_question(names, **options))
    except DnstideError as error:
        return [f"error {error.reason}"]
    return [
        *shown(answer),
        *(f"failed {failure.table} {failure.code}" for failure in answer.summary.failures),
    ]


def shown(answer: Volume) -> list[str]:
    lines = []
    for series in answer.series:
        if len(answer.series) > 1:
            lines.append(f"series {series.name}" + (f" {series.rrtype}" if series.rrtype else ""))
        for i, (bucket, count) in enumerate(
            zip(series.buckets.tolist(), series.counts.tolist(), strict=True)
        ):
            date = utc_text(int(answer.axis.edges[bucket])).removesuffix("Z")
            if answer.axis.granularity.fine and "T" not in date:
                date += "T00:00:00"
            line = f"{date} {count} {Coverage(answer.axis.coverage[bucket])}"
            if series.smoothed is not None:
                line += f" {series.smoothed[i]:.15g}".replace("nan", "NaN")
            lines.append(line)
    return lines


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scenario(script: Path, tmp_path: Path) -> None:
    """Every question of the script has the answer written under it."""
    questions = 0
    with LocalEngine(tmp_path) as engine:
        for step in read_script(script):
            verb, *words = step.words
            if verb == "table":
                write_table(tmp_path / words[0], step.body)
            elif verb == "ask":
                found = ask(engine, words)
                expected = step.body
                if any(line.startswith("failed") and len(line.split()) == 2 for line in expected):
                    found = [
                        " ".join(line.split()[:2]) if line.startswith("failed") else line for line in found
                    ]
                assert found == expected, step.place
                questions += 1
            else:
                change(verb, tmp_path / words[0])
    assert questions > 0, "a script without questions proves nothing"


def test_there_are_scripts() -> None:
    """The folder is found."""
    assert len(SCRIPTS) >= 7
