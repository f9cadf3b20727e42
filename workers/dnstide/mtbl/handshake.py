"""Python and native code that were built apart would misread each other."""

from importlib import metadata

from dnstide.mtbl import _native


def require_same_version() -> None:
    """Raises ImportError where the native reader is not of the installed version."""
    try:
        installed = metadata.version("dnstide-workers")
    except metadata.PackageNotFoundError:
        return  # run from a source tree: there is nothing to compare with
    if _native.__version__ != installed:
        raise ImportError(
            f"the native reader is version {_native.__version__}, dnstide-workers {installed}: reinstall it"
        )
