"""Runs mutants in processes of their own and prints what became of them.

python -m tests.mtbl.mutant_run [--count 50000] [--seed 1] [--jobs 2]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.mtbl.mutants import bases

ROOT = Path(__file__).parents[2]


@dataclass
class Outcome:
    """How often each (kind, asked, outcome) was seen, and all that went wrong."""

    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    grown: int = 0
    mutants: int = 0

    def table(self) -> Iterable[str]:
        """One line to each kind: mutants, how many answers were right, and which errors came."""
        kinds = sorted({kind.split(":")[0] for kind, _, _ in self.outcomes})
        yield f"{'kind':30} {'mutants':>8} {'right':>8} {'error':>8} {'beside':>7} {'wrong':>6}  errors"
        for kind in kinds:
            mine = {key: n for key, n in self.outcomes.items() if key[0].split(":")[0] == kind}
            sums: Counter[str] = Counter()
            codes: Counter[str] = Counter()
            for (_, _, outcome), n in mine.items():
                known = {"same": "right", "beside forged bytes": "beside", "WRONG": "wrong"}
                sums[known.get(outcome, "error")] += n
                if outcome not in known:
                    codes[outcome] += n
            total = sum(n for (_, asked, _), n in mine.items() if asked == "verify")
            listed = " ".join(f"{code} {n}" for code, n in codes.most_common())
            yield (
                f"{kind:30} {total:8} {sums['right']:8} {sums['error']:8} {sums['beside']:7}"
                f" {sums['wrong']:6}  {listed}"
            )


def run(count: int, seed: int, jobs: int, slice_size: int = 2000) -> Outcome:
    """`count` mutants over all tables; a process that dies or hangs is one of the things that went wrong."""
    total = Outcome()
    each = -(-count // len(bases()))
    slices = [
        (number, seed * 1000 + part, min(slice_size, each - part * slice_size))
        for part in range(-(-each // slice_size))
        for number in range(len(bases()))
    ]
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda args: _slice(*args), slices):
            total.outcomes.update(part.outcomes)
            total.wrong.extend(part.wrong)
            total.grown = max(total.grown, part.grown)
            total.mutants += part.mutants
    return total


def _slice(number: int, seed: int, count: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.mtbl.judge", str(number), str(seed), str(count), folder]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        at = Path(folder, "at")
        which = int(at.read_bytes()) if at.exists() else -1
    if done.returncode:
        died = (
            f"{bases()[number].name}, seed {seed}, mutant {which}: the process ended with {done.returncode}"
        )
        return Outcome(wrong=[f"{died}\n{done.stderr[-3000:]}"], mutants=count)
    result = json.loads(done.stdout)
    outcomes = Counter({(kind, asked, outcome): n for kind, asked, outcome, n in result["outcomes"]})
    return Outcome(outcomes, result["wrong"], result["grown"], count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    outcome = run(arguments.count, arguments.seed, arguments.jobs)
    print("\n".join(outcome.table()))
    grown = f"no process grew by more than {outcome.grown >> 20} MiB"
    print(f"{outcome.mutants} mutants, {len(outcome.wrong)} wrong; {grown}")
    print("\n".join(outcome.wrong[:20]))
    sys.exit(bool(outcome.wrong))


if __name__ == "__main__":
    main()
