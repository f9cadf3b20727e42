"""The files of deploy/ against the program: nothing here is built or applied, but nothing may be misspelt
either.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from dnstide.cli.main import root
from dnstide.gateway import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def options_of(command: str) -> set[str]:
    """Every long option that the help of a subcommand shows."""
    result = CliRunner().invoke(root, [command, "--help"])
    assert result.exit_code == 0, result.output
    return set(re.findall(r"--[a-z][a-z-]+", result.output))


def strings(tree: Any) -> Iterator[str]:
    """All texts in a YAML document."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, str):
        yield tree


def command_lists(tree: Any) -> Iterator[list[str]]:
    """All lists of texts in a YAML document: commands and their arguments."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from command_lists(value)
    elif isinstance(tree, list):
        if tree and all(isinstance(value, str) for value in tree):
            yield tree
        for value in tree:
            yield from command_lists(value)


def check_options(words: list[str], where: str) -> int:
    """Options after `serve` or `status` exist; returns how many were looked at."""
    seen = 0
    for at, command in enumerate(words):
        if command in ("serve", "status") and (at == 0 or words[at - 1] == "dnstide"):
            given = {word for word in words[at:] if word.startswith("--")}
            assert given <= options_of(command), f"{where}: {given - options_of(command)}"
            seen += len(given)
    return seen


@pytest.mark.parametrize("name", ["compose.yaml", "ray-cluster.yaml"])
def test_options_in_yaml_exist(name: str) -> None:
    """Every option handed to `dnstide serve` and `dnstide status` is one."""
    seen = 0
    for document in yaml.safe_load_all((DEPLOY / name).read_text()):
        for words in command_lists(document):
            seen += check_options(words, name)
        for text in strings(document):
            if "dnstide serve" in text:
                seen += check_options(text.split(), name)
    assert seen >= 2


def test_options_in_the_container_file_exist() -> None:
    """Its settings, none of which serves in clear, and the module of its health check."""
    text = (DEPLOY / "Dockerfile").read_text()
    given = set(re.findall(r"\bDNSTIDE_([A-Z_]+)=", text))
    assert {"MTBL_DIR", "LISTEN", "HEALTH_LISTEN", "CACHE_DIR", "INSECURE"} == given
    assert {name.lower() for name in given} <= set(Settings.model_fields)
    assert "DNSTIDE_INSECURE=" not in re.sub(r"#.*", "", text)
    (check,) = re.findall(r"-m (dnstide[.\w]+)", text)
    assert find_spec(check)


def test_the_container_builds_with_what_make_setup_installs() -> None:
    """The compiler's stage needs the same Debian packages as the Makefile, less what the Python image
    brings.
    """
    makefile = re.search(r"^DEBS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert makefile
    wanted = set(makefile[1].split()) - {"python3-dev", "python3-venv"}
    build, run = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")[1:]
    assert wanted <= set(build.split())
    assert not {"g++", "cmake", "ninja-build"} & set(run.split())
    assert re.search(r"^USER (?!0|root)", run, re.MULTILINE)


def test_the_container_copies_what_the_builds_read() -> None:
    """Everything that is copied exists and passes the ignore file."""
    text = (DEPLOY / "Dockerfile").read_text()
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for name in line.split()
    }
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {"VERSION", "LICENSE", "model", "protos", "workers", "services", "clients"} <= copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored or f"!{name.partition('/')[0]}" in ignored


def test_what_others_made_is_found_without_our_sources() -> None:
    """The layer of dependencies holds what the extras bring, nothing of ours, and not what only builds."""
    script = [sys.executable, str(DEPLOY / "third_party.py")]

    def run(*words: str) -> set[str]:
        done = subprocess.run([*script, *words], cwd=ROOT, check=True, capture_output=True, text=True)
        return {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in done.stdout.splitlines()}

    client = run("dnstide")
    assert {"grpcio", "numpy", "click"} <= client
    whole = run("dnstide[local,server]", "dnstide-workers[savgol]")
    assert {"ray", "scipy", "dnspython", "prometheus-client"} <= whole - client
    assert not [name for name in whole if name.startswith("dnstide")]
    assert run("--build", "dnstide[local]") == {"hatchling", "scikit-build-core", "nanobind"}


def test_versions_agree() -> None:
    """Images carry our version, the cluster the Ray of the constraints."""
    version = (ROOT / "VERSION").read_text().strip()
    ray = re.search(r"^ray==(.*)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert ray
    assert f'image.version="{version}"' in (DEPLOY / "Dockerfile").read_text()
    for name in ("compose.yaml", "ray-cluster.yaml"):
        images = re.findall(r"image: dnstide:(\S+)", (DEPLOY / name).read_text())
        assert images
        assert set(images) == {version}
    cluster = next(yaml.safe_load_all((DEPLOY / "ray-cluster.yaml").read_text()))
    assert cluster["spec"]["rayVersion"] == ray[1]


def test_shards_and_gateway_see_the_same_tables() -> None:
    """One path and one claim in both worker groups, read-only; the gateway offers no CPU."""
    cluster = next(yaml.safe_load_all((DEPLOY / "ray-cluster.yaml").read_text()))
    groups = {group["groupName"]: group for group in cluster["spec"]["workerGroupSpecs"]}
    seen = []
    for group in groups.values():
        pod = group["template"]["spec"]
        mount = next(m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "tables")
        claim = next(v for v in pod["volumes"] if v["name"] == "tables")["persistentVolumeClaim"]
        assert mount["readOnly"] is claim["readOnly"] is True
        seen.append((mount["mountPath"], claim["claimName"]))
    assert len(set(seen)) == 1
    assert groups["gateway"]["rayStartParams"]["num-cpus"] == "0"
    assert "--mtbl-dir " + seen[0][0] in groups["gateway"]["template"]["spec"]["containers"][0]["args"][0]


def test_the_environment_file_lists_every_setting() -> None:
    """With its default, commented out unless it is required."""
    lines = (DEPLOY / "gateway.env.example").read_text().splitlines()
    listed = {}
    for line in lines:
        match = re.fullmatch(r"(#?)DNSTIDE_([A-Z_]+)=(.*)", line)
        if match:
            listed[match[2].lower()] = (bool(match[1]), match[3])
    assert set(listed) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        commented, value = listed[name]
        assert commented is not field.is_required()
        if not field.is_required():
            default = field.default
            text = (
                "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
            )
            assert value == text, name
