"""What each package imports, read from its source, against the arrows of docs/architecture.md."""

from __future__ import annotations

import re

import pytest

from tests.packaging.imports import HOMES, ROOT, imports_in, sources

ARROWS = re.compile(r"^\| `(dnstide\.[a-z]+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)
FOREIGN = (
    "ray",
    "filelock",
    "opentelemetry",
    "grpc",
    "grpc_health",
    "grpc_reflection",
    "grpc_status",
    "google",
    "click",
    "rich",
    "msgspec",
    "tenacity",
    "prometheus_client",
    "pydantic",
    "pydantic_settings",
    "uvloop",
)
"""Distributions of others that belong to the packages whose rows name them."""


def table() -> dict[str, tuple[set[str], set[str]]]:
    """Package → (packages of dnstide, packages of others) that it may import, from the document."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = {
        package: (set(re.findall(r"`dnstide\.([a-z]+)`", ours)), set(re.findall(r"`([a-z_]+)`", others)))
        for package, ours, others in ARROWS.findall(text)
    }
    assert len(rows) >= 10, "docs/architecture.md lost its table of imports"
    return rows


@pytest.mark.parametrize("package", sorted(table()))
def test_imports_follow_the_arrows(package: str) -> None:
    """No package imports one that its row does not name, nor a foreign one that belongs to another layer."""
    ours, others = table()[package]
    wrong = []
    for path in sources(package):
        for each in imports_in(path):
            name = f"{each.module}.{each.name}" if each.module == "dnstide" else each.module
            parts = name.split(".")
            if parts[0] == "dnstide":
                allowed = parts[1] in ours or f"dnstide.{parts[1]}" == package
            else:
                allowed = parts[0] not in FOREIGN or parts[0] in others
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{each.line}: {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", sorted(table()))
def test_no_row_allows_what_is_not_used(package: str) -> None:
    """A permission that nobody needs is an arrow that the picture lacks, or one too many."""
    ours, others = table()[package]
    modules = [each.module.split(".") for path in sources(package) for each in imports_in(path)]
    used = {parts[1] for parts in modules if parts[0] == "dnstide" and len(parts) > 1}
    assert ours <= used
    assert others <= {parts[0] for parts in modules}


def test_the_table_names_every_package() -> None:
    """A new package needs a row, or nothing would hold it."""
    found = {
        f"dnstide.{path.name}"
        for home in HOMES
        for path in (ROOT / home / "dnstide").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert set(table()) == found


@pytest.mark.parametrize(
    ("package", "wanted", "alone"),
    [
        ("client", {"engine", "shard", "mtbl"}, {"local.py"}),
        ("cli", {"sample"}, {"commands/demo.py"}),
        ("cli", {"gateway"}, {"commands/serve.py"}),
    ],
)
def test_optional_parts_are_met_in_one_place(package: str, wanted: set[str], alone: set[str]) -> None:
    """All else works where the distribution that holds them is not installed."""
    home = ROOT / "clients" / "dnstide" / package
    users = {
        str(path.relative_to(home))
        for path in sources(f"dnstide.{package}")
        for each in imports_in(path)
        if each.module.startswith(tuple(f"dnstide.{name}" for name in wanted))
    }
    assert users == alone


@pytest.mark.parametrize(("foreign", "home"), [("ray", "shard/actor.py"), ("msgspec", "shard/wire.py")])
def test_foreign_parts_stay_in_their_corner_of_the_workers(foreign: str, home: str) -> None:
    """Of the workers, one module alone knows Ray, and one the bytes that cross between processes."""
    users = {
        str(path.relative_to(ROOT / "workers" / "dnstide"))
        for package in ("dnstide.mtbl", "dnstide.shard", "dnstide.engine")
        for path in sources(package)
        for each in imports_in(path)
        if each.module.split(".")[0] == foreign
    }
    assert users <= {home}


def test_traces_are_made_in_one_place() -> None:
    """The gateway runs without OpenTelemetry, which is an extra, and imports it where traces are on alone."""
    users = {
        (path.name, line)
        for path in sources("dnstide.gateway")
        for each in imports_in(path)
        if each.module.split(".")[0] == "opentelemetry"
        for line in [path.read_text().splitlines()[each.line - 1]]
    }
    assert {name for name, _ in users} == {"tracing.py"}
    assert all(line.startswith("    ") for _, line in users)


def test_the_model_needs_numpy_alone() -> None:
    """Whatever reads a value of dnstide must be able to do so without the parts that make them."""
    import sys

    optional = {"pandas", "polars", "pyarrow"}
    allowed = {*sys.stdlib_module_names, "numpy", "dnstide", *optional}
    used = {each.module.split(".")[0] for path in sources("dnstide.model") for each in imports_in(path)}
    assert used <= allowed


def test_the_namespace_stays_open() -> None:
    """An `__init__.py` directly under `dnstide` in one distribution would hide the others."""
    assert not [path for home in HOMES for path in (ROOT / home / "dnstide").glob("__init__.py")]
