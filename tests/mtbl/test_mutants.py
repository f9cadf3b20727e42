"""Damaged tables end in the right answer or a typed error: no crash, no hang, no silent difference."""

from tests.mtbl.mutant_run import run
from tests.mtbl.mutants import KINDS


def test_mutants() -> None:
    """A few thousand of all kinds over both versions and all compressions; `make mutants` runs many more."""
    outcome = run(count=3000, seed=7, jobs=2)
    assert outcome.wrong == []
    assert outcome.mutants >= 3000
    # The run cannot pass by asking nothing, or by refusing everything.
    asked = {asked for _, asked, _ in outcome.outcomes}
    assert asked == {"verify", "open", "entries", "lookup"}
    kinds = {kind.split(":")[0] for kind, _, _ in outcome.outcomes}
    assert len(kinds) >= len(KINDS) - 1
    codes = {code for _, _, code in outcome.outcomes}
    assert {
        "TABLE_TOO_SHORT",
        "BAD_MAGIC",
        "BAD_OFFSET",
        "BAD_CHECKSUM",
        "BAD_BLOCK",
        "UNKNOWN_COMPRESSION",
        "same",
    } <= codes
