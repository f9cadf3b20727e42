"""The public surface."""

from __future__ import annotations

import subprocess
import sys

import dnstide.client
import pytest
from dnstide.model import errors


def test_all_is_sorted_and_resolves() -> None:
    """Every public name exists, and none is missing from the list."""
    names = dnstide.client.__all__
    assert len(names) == len(set(names)) == len(dnstide.client._HOME_OF)
    assert set(names) == set(dnstide.client._HOME_OF) == set(dir(dnstide.client))
    for name in names:
        assert getattr(dnstide.client, name) is not None


def test_every_error_is_public() -> None:
    """Whoever must catch an exception can import it."""
    kinds = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert kinds - {"AnalysisRefused"} <= set(dnstide.client.__all__)  # it is an InvalidQuestion


def test_unknown_name() -> None:
    """A name that does not exist is an AttributeError, not an import that hangs around."""
    with pytest.raises(AttributeError, match="no attribute 'Klient'"):
        _ = dnstide.client.Klient


@pytest.mark.parametrize("module", ["dnstide.client", "dnstide.model.errors", "dnstide.cli.main"])
def test_imports_stay_light(module) -> None:
    """Importing the package loads nothing heavy; that comes with first use."""
    code = (
        f"import sys, {module}; print([m for m in ('numpy', 'grpc', 'rich', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
