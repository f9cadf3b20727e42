"""No module of dnstide reaches itself through its imports: not at its top, in a function, or for types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.packaging.imports import HOMES, ROOT, Import, imports_in, imports_of, module_of

Imports = Mapping[str, Iterable[Import]]


def imports_of_all() -> Imports:
    """The imports of every module, by its name. A compiled module is known by its stub."""
    paths = [
        path
        for home in HOMES
        for suffix in ("*.pyi", "*.py")
        for path in sorted((ROOT / home / "dnstide").rglob(suffix))
    ]
    return {module_of(path): list(imports_in(path)) for path in paths}


def circles(modules: Imports) -> Iterator[str]:
    """Circles among these modules, as `a -> b -> a`, until none would be left without them.

    An import of `package.module` needs that module. The package's own `__init__` is needed only where a name
    is taken from it, so that a package may import its modules, but they may take nothing through it.
    """
    needs = {
        module: {needed for each in imports for needed in _needed(each, modules)}
        for module, imports in modules.items()
    }
    while True:
        try:
            TopologicalSorter(needs).prepare()
            return
        except CycleError as error:
            needed_first: list[str] = error.args[1]
            yield " -> ".join(reversed(needed_first))
            needs[needed_first[1]].discard(needed_first[0])


def _needed(each: Import, modules: Imports) -> Iterator[str]:
    if each.module in modules:
        yield each.module
    if each.name is not None and f"{each.module}.{each.name}" in modules:
        yield f"{each.module}.{each.name}"


def test_no_module_reaches_itself() -> None:
    """A circle makes the order of imports matter, and of its modules one that is understood as a whole."""
    modules = imports_of_all()
    assert len(modules) > 100
    found = list(circles(modules))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "second",
    [
        "from p.first import thing",
        "import p.first as other",
        "from . import first",
        "from .first import thing",
        "def late():\n    from p.first import thing",
        "if TYPE_CHECKING:\n    from p.first import thing",
        "importlib.import_module('p.first')",
        "from p import thing",
    ],
)
def test_every_kind_of_import_closes_a_circle(second: str) -> None:
    """The reader of imports misses none of the ways in which `p.second` gets at `p.first`, which needs it."""
    texts = {"p": "from p.first import thing", "p.first": "import p.second", "p.second": second}
    modules = {module: list(imports_of(text, "p")) for module, text in texts.items()}
    assert list(circles(modules))


def test_a_package_may_import_its_modules() -> None:
    """Submodules that import each other by their full names leave the face of the package alone."""
    inner = "import p.a as a\nfrom p.a import y\nfrom .a import z"
    texts = {"p": "from p.b import x", "p.b": inner, "p.a": ""}
    assert not list(circles({module: list(imports_of(text, "p")) for module, text in texts.items()}))


def test_two_circles_are_both_told() -> None:
    """One of them must not hide the other."""
    texts = {"a": "import b", "b": "import a", "c": "import d", "d": "def late(): import c"}
    found = list(circles({module: list(imports_of(text, "")) for module, text in texts.items()}))
    assert sorted(sorted(set(circle.split(" -> "))) for circle in found) == [["a", "b"], ["c", "d"]]
