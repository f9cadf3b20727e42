"""Fenced blocks of the documents: found, run, compared, rewritten."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACEHOLDER = "localhost:8453"
"""Where the documents say that the server is."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its document, the line that it begins on, its language and text."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(language: str, documents: list[Path] | None = None) -> list[Block]:
    """All blocks of one language."""
    found = []
    for document in DOCUMENTS if documents is None else documents:
        text = document.read_text()
        for match in FENCE.finditer(text):
            if match[1] == language:
                found.append(Block(document, text.count("\n", 0, match.start()) + 1, match[1], match[2]))
    return found


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown for it."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0], f"{block} does not begin with a command"
    for part in parts[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def environment(mtbl_dir: Path) -> dict[str, str]:
    """What a command sees: the programs of this environment, and the sample directory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DNSTIDE_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    cache, config = str(mtbl_dir.parent / "cache"), str(mtbl_dir.parent / "config")
    ours = {
        "PATH": path,
        "DNSTIDE_MTBL_DIR": str(mtbl_dir),
        "XDG_CACHE_HOME": cache,
        "XDG_CONFIG_HOME": config,
    }
    return {**kept, **ours, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def run_command(command: str, server: str, env: Mapping[str, str], cwd: Path) -> tuple[str, str, int]:
    """Output, messages and exit code of a command line, asked of our server."""
    done = subprocess.run(
        ["bash", "-c", command.replace(PLACEHOLDER, server)],
        capture_output=True, text=True, env=dict(env), cwd=cwd, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout, done.stderr, done.returncode


def run_python(block: Block, server: str, env: Mapping[str, str], cwd: Path) -> tuple[str, str, int]:
    """The same for a Python block, run as a script."""
    script = cwd / f"{block.document.stem}_{block.line}.py"
    script.write_text(block.text.replace(PLACEHOLDER, server))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=dict(env), cwd=cwd, timeout=120
    )
    return done.stdout, done.stderr, done.returncode
