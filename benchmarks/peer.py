"""Drives ``peer/peer.c``: libmtbl in one thread of a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import data


@dataclass(frozen=True)
class Answer:
    """What the peer answered: seconds spent, rows met, (name, day) pairs and their checksum."""

    seconds: float
    rows: int
    days: int
    check: int


class Peer:
    """A running peer. Its times are taken inside it, around the look-ups alone."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(data.build("peer"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def _ask(self, line: str) -> list[int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the peer ended at: {line[:60]}")
        return [int(word) for word in answer.split()]

    def open(self, paths: Iterable[Path]) -> float:
        """Open the tables; seconds."""
        return self._ask("open " + " ".join(map(str, paths)))[0] / 1e9

    def close(self) -> None:
        """Close and unmap every table."""
        self._ask("close")

    def volume(self, prefix: bytes) -> Answer:
        """Rows under `prefix` in every open table, by day of time_first."""
        spent, rows, days, check = self._ask(f"volume {prefix.hex()}")
        return Answer(spent / 1e9, rows, days, check)

    def batch(self, prefixes: Path) -> Answer:
        """The same for each prefix of a file, one in hex a line."""
        spent, rows, days, check = self._ask(f"batch {prefixes}")
        return Answer(spent / 1e9, rows, days, check)

    def scan(self, index: int) -> tuple[float, int]:
        """Step through every entry of one table: seconds, entries."""
        spent, rows = self._ask(f"scan {index}")
        return spent / 1e9, rows

    def inflate(self, path: Path) -> float:
        """Decompress every data block of one zlib table, and nothing else: seconds."""
        return self._ask(f"inflate {path}")[0] / 1e9
