"""Refuses native code of another version than the Python code, since each would misread the other."""

from __future__ import annotations

from importlib import metadata

import dnstide.mtbl._native as _native


def require_same_version() -> None:
    """Check that the native reader has the version of the installed package. Raises ImportError."""
    try:
        installed = metadata.version("dnstide-workers")
    except metadata.PackageNotFoundError:
        return  # run from a source tree: there is nothing to compare with
    if _native.__version__ != installed:
        raise ImportError(
            f"the native reader is version {_native.__version__}, dnstide-workers {installed}: reinstall it"
        )
