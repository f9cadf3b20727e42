"""What each package imports, read from its source, against the arrows of docs/architecture.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = ("model", "protos", "workers", "services", "sample", "clients")
ARROWS = re.compile(r"^\| `(dnstide\.[a-z]+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)
FOREIGN = ("ray", "grpc", "google", "click", "rich", "pydantic", "pydantic_settings", "uvloop")


def table() -> dict[str, tuple[set[str], set[str]]]:
    """Package → (packages of dnstide, packages of others) that it may import, from the document."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = {
        package: (set(re.findall(r"`dnstide\.([a-z]+)`", ours)), set(re.findall(r"`([a-z_]+)`", others)))
        for package, ours, others in ARROWS.findall(text)
    }
    assert len(rows) >= 7, "docs/architecture.md lost its table of imports"
    return rows


def sources(package: str) -> list[Path]:
    found = [
        path
        for home in HOMES
        for path in sorted((ROOT / home / package.replace(".", "/")).rglob("*.py"))
        if "_pb2" not in path.name
    ]
    assert found, f"{package} has no source files"
    return found


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute names imported by a module, at any depth in it, with their lines."""
    home = next(part for part in path.parents if part.name == "dnstide").parent
    package = path.relative_to(home).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module or "")))
            yield module, node.lineno
            if module in ("dnstide", ""):
                for name in node.names:
                    yield f"{module}.{name.name}", node.lineno


@pytest.mark.parametrize("package", sorted(table()))
def test_imports_follow_the_arrows(package: str) -> None:
    """No package imports one that its row does not name, nor a foreign one that belongs to another layer."""
    ours, others = table()[package]
    wrong = []
    for path in sources(package):
        for name, line in imports(path):
            parts = name.split(".")
            if parts[0] == "dnstide" and len(parts) > 1:
                allowed = parts[1] in ours or f"dnstide.{parts[1]}" == package
            else:
                allowed = parts[0] not in FOREIGN or parts[0] in others
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert not wrong, "\n".join(wrong)


def test_the_table_names_every_package() -> None:
    """A new package needs a row, or nothing would hold it."""
    found = {
        f"dnstide.{path.name}"
        for home in HOMES
        for path in (ROOT / home / "dnstide").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert set(table()) == found


def test_the_engine_and_the_client_meet_in_one_place() -> None:
    """In the client only the `local` modules know the engine, so all else works where it is not installed."""
    users = {
        str(path.relative_to(ROOT / "clients" / "dnstide" / "client"))
        for path in sources("dnstide.client")
        for name, _ in imports(path)
        if name.startswith(("dnstide.engine", "dnstide.mtbl", "dnstide.shard"))
    }
    assert "local.py" in users
    assert not [user for user in users if not user.startswith("local")]


def test_ray_stays_in_its_corner_of_the_workers() -> None:
    """Of the workers, the actor alone knows Ray."""
    users = {
        path.name
        for package in ("dnstide.mtbl", "dnstide.shard", "dnstide.engine", "dnstide.sample")
        for path in sources(package)
        for name, _ in imports(path)
        if name.split(".")[0] == "ray"
    }
    assert users <= {"actor.py"}


def test_the_namespace_stays_open() -> None:
    """An `__init__.py` directly under `dnstide` in one distribution would hide the others."""
    assert not [path for home in HOMES for path in (ROOT / home / "dnstide").glob("__init__.py")]
