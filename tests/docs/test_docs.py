"""What the documents show is what happens."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from blocks import DOCUMENTS, ROOT, Block, blocks, commands, environment, run_command, run_python
from dnstide.gateway.testing import running_gateway

# What a document may tell a reader to run that is not run here: set-up, containers, other machines.
UNTRIED = ("make", "export", "ray", ".venv/bin/python", ".venv/bin/pip", "docker", "kubectl", "systemctl")


@pytest.fixture(scope="module")
def server(sample_dir: Path) -> Iterator[str]:
    """A gateway over the sample directory."""
    with running_gateway(sample_dir) as gateway:
        yield gateway.address


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_console_blocks(block: Block, server: str, sample_dir: Path, tmp_path: Path) -> None:
    """Each command prints what is shown under it, and ends well."""
    env = environment(sample_dir)
    for command, shown in commands(block):
        output, messages, code = run_command(command, server, env, tmp_path)
        assert code == 0, f"{command}\n{messages}"
        assert output == shown, command


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_blocks(block: Block, server: str, sample_dir: Path, tmp_path: Path) -> None:
    """Each runs to its end as a script of its own."""
    _, messages, code = run_python(block, server, environment(sample_dir), tmp_path)
    assert code == 0, messages


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_shell_blocks_name_things_that_exist(block: Block) -> None:
    """Commands that are not run here name targets of the Makefile and options of the command line."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in filter(None, block.text.splitlines()):
        words = line.split()
        if words[0] == "dnstide":
            asked = [sys.executable, "-m", "dnstide.cli", words[1], "--help"]
            helped = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
            for option in re.findall(r"--[a-z-]+", line):
                assert re.search(rf"{option}\b", helped), f"{words[1]} has no option {option}"
        else:
            assert words[0] in UNTRIED, line
            if words[0] == "make":
                assert set(words[1:]) <= targets, line


def test_documents_have_blocks_to_run() -> None:
    """An extractor that finds nothing would prove nothing."""
    assert len(blocks("console")) > 8
    assert len(blocks("python")) > 5


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Files and headings that a document links to are there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name) if name else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


def test_tests_that_are_named_exist() -> None:
    """Who looks for how something was tried finds it."""
    named = {
        path for document in DOCUMENTS for path in re.findall(r"`(tests/[\w/.]+)`", document.read_text())
    }
    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_settings_table_is_complete() -> None:
    """docs/operations.md lists every setting of the gateway, and none that is not there."""
    from dnstide.gateway import Settings

    text = (ROOT / "docs" / "operations.md").read_text()
    section = text[text.index("## Settings") : text.index("## Who may ask")]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(Settings.model_fields)
