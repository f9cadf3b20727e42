"""The stubs `_native.pyi` and `_scan.pyi` have the signatures of the built modules."""

import ast
from importlib import metadata
from pathlib import Path
from types import ModuleType

import dnstide.mtbl
import pytest
from dnstide.mtbl import _native, _scan, handshake

FOLDER = Path(dnstide.mtbl.__file__).parent
Signatures = dict[str, str]


def normal(signature: str) -> str:
    """A `def` line as Python's own parser prints it, so that layout makes no difference."""
    return ast.unparse(ast.parse(f"{signature}: ..."))


def stub_signatures(module: ModuleType) -> Signatures:
    signatures = {}
    for node in ast.parse((FOLDER / f"{module.__name__.split('.')[-1]}.pyi").read_text()).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                assert isinstance(method, ast.FunctionDef)
                method.decorator_list = []
                signatures[f"{node.name}.{method.name}"] = ast.unparse(method)
        elif isinstance(node, ast.FunctionDef):
            signatures[node.name] = ast.unparse(node)
    return signatures


def built_signatures(module: ModuleType) -> Signatures:
    built = {}
    for name, thing in vars(module).items():
        members = vars(thing).items() if isinstance(thing, type) else [("", thing)]
        for member, function in members:
            getter = function.fget if isinstance(function, property) else function
            signatures = getattr(getter, "__nb_signature__", ())
            assert len(signatures) <= 1, "overloads need a stub of their own"
            for signature, _, _ in signatures:
                built[f"{name}.{member}" if member else name] = normal(signature)
    return built


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (_native, {"lookup", "Table.get", "Cancel.cancelled"}),
        (_scan, {"scan", "sum_groups", "SuffixTrie.__init__"}),
    ],
)
def test_every_signature_is_in_the_stub(module: ModuleType, expected: set[str]) -> None:
    """Names, arguments, defaults and types agree, and nothing is missing on either side."""
    built = built_signatures(module)
    assert expected <= set(built)
    assert stub_signatures(module) == built


def test_versions_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed module is of the package's version; another is refused, and the text names both."""
    assert _native.__version__ == metadata.version("dnstide-workers")
    monkeypatch.setattr(_native, "__version__", "0.0.1-old")
    with pytest.raises(ImportError, match=r"0\.0\.1-old.*reinstall"):
        handshake.require_same_version()
