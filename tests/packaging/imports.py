"""What the source files of the distributions import, read from their text: nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOMES = ("model", "protos", "workers", "services", "sample", "clients")
"""The folders of the six distributions."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import at `line`: of `module`, and of `name` from it where it is a `from` import."""

    module: str
    name: str | None
    line: int


def sources(package: str, *suffixes: str) -> list[Path]:
    """The source files of a package, generated ones left out; by default those that end in .py."""
    found = [
        path
        for home in HOMES
        for suffix in suffixes or (".py",)
        for path in sorted((ROOT / home / package.replace(".", "/")).rglob(f"*{suffix}"))
        if "_pb2" not in path.name
    ]
    assert found, f"{package} has no source files"
    return found


def module_of(path: Path) -> str:
    """The dotted name of the module that a source file of a distribution holds."""
    home = next(folder for folder in path.parents if folder.name == "dnstide").parent
    parts = path.relative_to(home).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(text: str, package: str) -> Iterator[Import]:
    """Every import of a module in `package`: at its top, in functions, for types, and by `import_module`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: 1 - node.level or None] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            target = node.args[0]
            if called == "import_module" and isinstance(target, ast.Constant):
                yield Import(str(target.value), None, node.lineno)


def imports_in(path: Path) -> Iterator[Import]:
    """Every import of a source file."""
    module = module_of(path)
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    return imports_of(path.read_text(), package)
